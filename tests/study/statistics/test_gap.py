"""The difference of two networks, and its variance over seeds and images."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from builder.study.statistics import Arm
from builder.study.statistics.gap import gap
from tests.study.statistics.arms import arm, chance_arm, tables

Pair = tuple[Arm, Arm]


class TestVariance:
    """The parts of the variance against sums written out."""

    A = arm("a", [[1, 1, 1, 0], [1, 1, 0, 0]])
    B = arm("b", [[1, 0, 0, 0], [0, 1, 0, 0]])

    def test_the_difference_is_in_points(self) -> None:
        """Five of eight right answers, and two of eight."""
        assert gap(self.A, self.B).difference == pytest.approx(37.5)

    def test_the_part_of_the_seeds_is_welchs(self) -> None:
        """Accuracies 0.75 and 0.5: a variance of 1/32 over two runs; those of the other are equal."""
        assert gap(self.A, self.B).seeds == pytest.approx(1 / 32 / 2 * 100**2)

    def test_the_part_of_the_images_is_that_of_paired_differences(self) -> None:
        """Differences 0.5, 0.5, 0.5 and 0; half a disagreement in each direction is added to their squares."""
        spread = 3 * (0.5 - 0.375) ** 2 + 0.375**2
        assert gap(self.A, self.B).images == pytest.approx((spread / 3 + 1 / 4) / 4 * 100**2)

    def test_the_interaction_is_the_residual_of_the_table(self) -> None:
        """What is left of a table of seeds by images after its rows and columns, for either arm."""
        expected = 0.0
        for each in (self.A, self.B):
            table = each.correct.astype(float)
            rest = table - table.mean(0) - table.mean(1, keepdims=True) + table.mean()
            expected += (rest**2).sum() / ((2 - 1) * (4 - 1)) / (2 * 4)
        assert gap(self.A, self.B).interaction == pytest.approx(expected * 100**2)

    def test_degrees_of_freedom_are_satterthwaites(self) -> None:
        """Each part's square is divided by the degrees of freedom that it was estimated with."""
        found = gap(self.A, self.B)
        parts = (1 / 32 / 2 * 100**2) ** 2 / 1 + found.images**2 / 3
        assert found.freedom == pytest.approx(found.variance**2 / parts)
        assert found.seeds_freedom == pytest.approx(1)

    @given(tables)
    def test_it_is_never_below_that_of_the_images(self, pair: Pair) -> None:
        """Even where the seeds seem to add less than nothing."""
        found = gap(*pair)
        assert found.variance >= found.images
        assert found.variance == pytest.approx(found.images + max(0, found.seeds - found.interaction))

    @given(tables)
    def test_its_parts_add_up_again(self, pair: Pair) -> None:
        """What stays for want of images and what one run's deviation explains give the whole."""
        found = gap(*pair)
        seeds = found.deviation**2 * (1 / pair[0].n + 1 / pair[1].n)
        assert found.irreducible + seeds == pytest.approx(found.variance)


class TestP:
    """The p-value of no difference."""

    def test_beside_it_stands_welchs(self) -> None:
        """As scipy has it."""
        a, b = chance_arm("a", 5, 300, 0.8, 1), chance_arm("b", 8, 300, 0.7, 2)
        expected = stats.ttest_ind(a.accuracies, b.accuracies, equal_var=False)
        found = gap(a, b)
        assert found.seeds_p == pytest.approx(expected.pvalue)
        assert found.seeds_freedom == pytest.approx(expected.df)

    @given(tables)
    def test_it_is_never_below_welchs(self, pair: Pair) -> None:
        """Who asks for new images too does not find more."""
        found = gap(*pair)
        assert found.seeds_p <= found.p <= 1

    def test_with_many_images_it_is_welchs(self) -> None:
        """Where each run alone is right or wrong about all of 100,000 images there is nothing but seeds."""
        rows = np.zeros((6, 100_000), dtype=bool)
        for run, right in enumerate((90_000, 91_000, 92_500, 92_000, 94_000, 93_000)):
            rows[run, :right] = True
        found = gap(arm("a", rows[:3]), arm("b", rows[3:]))
        assert found.p == pytest.approx(found.seeds_p, rel=0.1)

    def test_no_difference_is_certain_of_nothing(self) -> None:
        """Equal answers: the p-value is 1, and the interval still as wide as few images make it."""
        same = arm("a", np.ones((5, 360)))
        found = gap(same, same)
        assert (found.difference, found.p) == (0, 1)
        assert found.interval(0.05)[1] == pytest.approx(1.96 * 100 / 360, rel=0.01)

    def test_all_against_nothing_is_a_difference(self) -> None:
        """Without any spread over the seeds."""
        found = gap(arm("a", np.ones((3, 360))), arm("b", np.zeros((3, 360))))
        assert found.difference == 100
        assert found.p < 1e-9

    def test_a_single_image_tells_nothing(self) -> None:
        """All runs of one network and none of the other are right about it; the seeds alone would be sure."""
        rows = np.ones((5, 400))
        missed = rows.copy()
        missed[:, 0] = 0
        found = gap(arm("a", rows), arm("b", missed))
        assert found.seeds_p == 0
        assert found.p > 0.3


class TestSymmetry:
    """What must not matter."""

    @given(tables)
    def test_the_other_way_round_it_is_the_negative(self, pair: Pair) -> None:
        """The difference and its interval; the p-values are the same."""
        one, other = gap(*pair), gap(*reversed(pair))
        assert one.difference == pytest.approx(-other.difference)
        assert one.p == pytest.approx(other.p)
        assert one.interval(0.05) == pytest.approx(tuple(-end for end in reversed(other.interval(0.05))))
        assert one.equivalence_p(10) == pytest.approx(other.equivalence_p(10))

    @given(tables, st.randoms(use_true_random=False))
    def test_the_order_of_images_and_seeds_does_not_matter(self, pair: Pair, chance: np.random.Generator) -> None:
        """Images in another order for both, seeds in another order for each."""
        images = list(range(pair[0].images))
        chance.shuffle(images)
        moved = [arm(each.name, each.correct[::-1][:, images]) for each in pair]
        one, other = gap(*pair), gap(*moved)
        assert (one.difference, one.variance, one.p) == pytest.approx((other.difference, other.variance, other.p))


class TestInterval:
    """The interval is what the test does not reject."""

    @given(tables, st.sampled_from([0.05, 0.01, 0.0005]))
    def test_it_holds_zero_where_the_test_finds_nothing(self, pair: Pair, rate: float) -> None:
        """At the same error rate."""
        found = gap(*pair)
        assume(abs(found.p - rate) > 1e-6)
        low, high = found.interval(rate)
        assert (low <= 0 <= high) == (found.p > rate)

    @given(tables)
    def test_equivalence_is_an_interval_inside(self, pair: Pair) -> None:
        """Two one-sided tests at 5 % and the 90 % interval say the same."""
        found = gap(*pair)
        low, high = found.interval(0.10)
        smallest = 12.3
        assume(abs(found.equivalence_p(smallest) - 0.05) > 1e-6)
        assert (found.equivalence_p(smallest) <= 0.05) == (-smallest <= low and high <= smallest)

    @given(tables)
    def test_more_certainty_is_wider(self, pair: Pair) -> None:
        """99 % holds 95 %."""
        found = gap(*pair)
        assert found.interval(0.01)[0] <= found.interval(0.05)[0]
