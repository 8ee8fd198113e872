"""Log loss and calibration error, by hand."""

from __future__ import annotations

from math import log

import pytest
import torch

from builder.training.evaluation.calibration import Calibration


def of(probabilities: list[list[float]], labels: list[int]) -> Calibration:
    """Return the calibration of these probabilities."""
    found = Calibration.of(torch.tensor(probabilities).log(), torch.tensor(labels))
    assert found is not None
    return found


class TestCalibration:
    """What a network's probabilities say, beside what comes true."""

    def test_log_loss_is_the_mean_of_what_the_right_class_was_given(self) -> None:
        """In nats."""
        found = of([[0.9, 0.1], [0.4, 0.6]], [0, 0])
        assert found.log_loss == pytest.approx(-(log(0.9) + log(0.4)) / 2)

    def test_error_is_how_far_sureness_is_from_being_right(self) -> None:
        """Ten answers at 90 %, of which six are right; over and under in one bin cancel, between bins they do not."""
        assert of([[0.9, 0.1]] * 10, [0] * 6 + [1] * 4).error == pytest.approx(0.3)
        assert of([[0.9, 0.1]] * 10, [0] * 9 + [1]).error == pytest.approx(0.0, abs=1e-7)
        assert of([[0.9, 0.1], [0.3, 0.7]], [1, 1]).error == pytest.approx((0.9 + 0.3) / 2)

    def test_certainty_has_a_bin(self) -> None:
        """The last one."""
        found = Calibration.of(torch.tensor([[1000.0, 0.0]]), torch.tensor([0]))
        assert found == Calibration(0.0, 0.0)

    def test_what_is_not_finite_has_none(self) -> None:
        """A network that lost its way."""
        assert Calibration.of(torch.tensor([[float("nan"), 0.0]]), torch.tensor([0])) is None
