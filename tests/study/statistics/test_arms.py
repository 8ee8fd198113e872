"""One network's runs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from scipy import stats

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
