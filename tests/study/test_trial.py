"""One cell, trained as ``archcli train`` would train it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

import builder
from builder.study.cells import make_cell
from builder.study.trial import Pruned, precision_of, run_cell
from builder.training.benchmark import random_images
from builder.training.devices import Hardware
from builder.training.precision import PLAIN, Precision
from builder.training.progress import EpochDone
from builder.training.recipe import Recipe, Sgd

if TYPE_CHECKING:
    from pathlib import Path

    from builder.study.cells import Cell
    from builder.training.progress import Progress

RECIPE = Recipe(name="r", epochs=1, batch_size=32, optimizer=Sgd(name="sgd", lr=0.1))


class TestPrecision:
    """In which numbers a cell computes."""

    @pytest.mark.parametrize(
        ("hardware", "precision"),
        [
            (Hardware("cpu"), PLAIN),
            (Hardware("cpu", has_avx512=True, has_bf16=True), Precision("bf16", "channels_last")),
            (Hardware("cuda", has_tf32=True), Precision("bf16", "channels_last")),
        ],
    )
    def test_it_is_what_pays_on_the_device(
        self, monkeypatch: pytest.MonkeyPatch, hardware: Hardware, precision: Precision
    ) -> None:
        """For the network and the batches of the recipe, by the rule that ``train`` follows."""
        monkeypatch.setattr(Hardware, "of", lambda _: hardware)
        assert precision_of(builder.load("alexnet32"), RECIPE, torch.device("cpu")) == precision


class TestPruned:
    """A try that is ended after an epoch, because it promises nothing."""

    @pytest.fixture
    def cell(self, tmp_path: Path) -> Cell:
        """Give a cell of three epochs, with its page in a folder."""
        (tmp_path / "page.yaml").write_text("name: small\nextends: alexnet_tiny\nclasses: 2\n")
        recipe = RECIPE.model_copy(update={"epochs": 3, "size": 32, "batch_size": 8, "validation": 8})
        return make_cell("small", "id", {}, recipe, 0, "screen", "w")

    def test_its_result_is_that_of_the_epochs_it_had(self, cell: Cell, tmp_path: Path) -> None:
        """It is a result and no failure, and says what it is."""

        def end_after_two(event: Progress) -> None:
            if isinstance(event, EpochDone) and event.metrics.epoch == 2:
                raise Pruned

        outcome = run_cell(cell, tmp_path, random_images(32, 3, 2), torch.device("cpu"), end_after_two)
        assert outcome.is_pruned
        assert [each.epoch for each in outcome.metrics] == [1, 2]
        assert outcome.val_accuracy == max(each.val_accuracy for each in outcome.metrics)
        assert outcome.test_accuracy is None

    def test_one_that_nobody_ends_is_whole(self, cell: Cell, tmp_path: Path) -> None:
        """The control."""
        outcome = run_cell(cell, tmp_path, random_images(32, 3, 2), torch.device("cpu"), lambda _: None)
        assert (outcome.is_pruned, len(outcome.metrics)) == (False, 3)
