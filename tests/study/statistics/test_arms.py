"""One network's runs."""

from __future__ import annotations

from dataclasses import astuple, replace

import numpy as np
import pytest
from hypothesis import given
from scipy import stats

from builder.study.statistics import Arm, Blocks
from builder.study.statistics.gap import gap, own
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


class TestGroups:
    """Images that are one observation together, such as the frames of one film."""

    @given(tables)
    def test_copies_of_images_add_nothing(self, pair: tuple[Arm, Arm]) -> None:
        """With three copies of each image as a group, all is as with the images alone."""
        copied = tuple(
            replace(each, correct=np.repeat(each.correct, 3, axis=1), groups=np.arange(each.images).repeat(3))
            for each in pair
        )
        for estimate in (gap, lambda *arms: Blocks(arms).estimate((1.0, -1.0)), lambda *arms: own(arms, (1.0, -1.0))):
            one, other = estimate(*pair), estimate(*copied)
            assert other.basis == one.basis
            numbers = [[each for each in astuple(found) if not isinstance(each, str)] for found in (one, other)]
            assert numbers[1] == pytest.approx(numbers[0], rel=1e-4, abs=1e-6)

    def test_groups_of_any_size_count_by_their_images(self) -> None:
        """The accuracy stays that over images; what varies is the sum of a group."""
        found = replace(arm("a", [[1, 0, 1, 1], [0, 0, 1, 1]]), groups=np.array([0, 0, 0, 1]))
        assert found.observations == 2
        assert found.answers.tolist() == [[1.0, 0.5], [0.5, 0.5]]
        assert found.answers.mean(axis=1).tolist() == found.accuracies.tolist()

    def test_images_of_a_class_keep_their_groups(self) -> None:
        """Those that are left."""
        whole = replace(arm("a", [[1, 0, 1, 1]]), groups=np.array([0, 1, 2, 2]))
        found = whole.among(np.array([True, False, True, True]))
        assert found.groups is not None
        assert found.groups.tolist() == [0, 1, 1]
        assert whole.only([0]).groups is whole.groups
