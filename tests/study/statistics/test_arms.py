"""One network's runs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from scipy import stats

from builder.study.statistics import Arm
from tests.study.statistics.arms import arm, tables


class TestInterval:
    """Of the mean accuracy, over new seeds."""

    @given(tables)
    def test_it_is_that_of_a_t_test(self, pair: tuple) -> None:
        """As scipy has it, inside 0 to 1."""
        (one, _) = pair
        found = one.interval(0.05)
        assert found is not None
        if np.ptp(one.accuracies):  # the deviation of equal numbers need not be 0
            expected = stats.ttest_1samp(one.accuracies, 0).confidence_interval(0.95)
            assert found == pytest.approx((max(0, expected.low), min(1, expected.high)))
        else:
            assert found == pytest.approx((one.mean, one.mean))

    def test_one_run_has_none(self) -> None:
        """Nothing is known of its spread."""
        assert arm("a", [[1, 0, 1]]).interval(0.05) is None


class TestOnly:
    """The runs of some seeds."""

    def test_runs_failures_and_gaps_of_other_seeds_are_gone(self) -> None:
        """With what belongs to each run."""
        whole = Arm("a", (0, 1, 3), np.eye(3, dtype=bool), (0.1, 0.2, 0.3), failed=(2,), missing=(4, 5))
        found = whole.only([1, 2, 3, 4])
        assert (found.seeds, found.val_accuracies, found.failed, found.missing) == ((1, 3), (0.2, 0.3), (2,), (4,))
        assert found.correct.tolist() == whole.correct[1:].tolist()
