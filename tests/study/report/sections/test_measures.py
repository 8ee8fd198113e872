"""What is read from cells for a report's figures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from builder.study.report.sections.measures import ahead, confusion, curve
from builder.study.results.result import CellResult, TrueLabels
from builder.training.folder.metrics import EpochMetrics

TRUTH = TrueLabels(("cat", "dog", "emu"), np.array([0, 0, 1, 1], dtype=np.uint16))


def outcome(answers: list[int] | None, accuracies: tuple[float, ...] = (0.5,)) -> CellResult:
    """Return a cell's result with these answers to the test images and these validation accuracies."""
    predictions = None if answers is None else np.array(answers, dtype=np.uint16)
    metrics = tuple(EpochMetrics(epoch, 1, 0.5, 2, value, 0.1, 3) for epoch, value in enumerate(accuracies, 1))
    correct = None if predictions is None else predictions == TRUTH.labels
    return CellResult("id", "net", {}, 0, "confirm", 1, 0.5, 0.5, predictions, correct, metrics, 1.0)


class TestConfusion:
    """How much of a class is taken for another."""

    def test_it_is_the_mean_over_the_seeds(self) -> None:
        """In percent of the class; a class without images has zeros."""
        found = confusion([outcome([0, 1, 1, 1]), outcome([0, 0, 1, 2])], TRUTH)
        assert found is not None
        assert found.tolist() == [[75, 25, 0], [0, 75, 25], [0, 0, 0]]

    def test_cells_that_read_no_test_split_are_left_out(self) -> None:
        """Those of a screen."""
        some = confusion([outcome([0, 0, 1, 1]), outcome(None)], TRUTH)
        assert some is not None
        assert some.trace() == 200
        assert confusion([outcome(None)], TRUTH) is None


class TestCurves:
    """A value of each epoch of each seed."""

    seeds = (outcome(None, (0.5, 0.7)), outcome(None, (0.6, 0.8, 0.9)))

    def test_every_seed_has_its_own(self) -> None:
        """However many epochs it ran."""
        found = curve("net", "base", self.seeds, lambda row: row.val_accuracy)
        assert found.seeds == [[0.5, 0.7], [0.6, 0.8, 0.9]]
        assert found.means() == pytest.approx([0.55, 0.75])

    def test_how_far_one_is_ahead_of_another(self) -> None:
        """For the epochs that both have."""
        one = curve("a", "one", self.seeds[:1], lambda row: row.val_accuracy)
        other = curve("b", "base", [replace(each) for each in self.seeds[1:]], lambda row: row.val_accuracy)
        assert ahead(one, other).means() == pytest.approx([-0.1, -0.1])
