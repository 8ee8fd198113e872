"""Seeds as blocks: one variance of all arms' runs, beside what their seeds have in common."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from builder.study.statistics import Arm, Blocks
from builder.study.statistics.gap import gap, welch
from builder.study.statistics.table import DRAWS, inequality, inequality_by_chance, table
from tests.study.statistics.arms import arm, chance_arm

MANY = 10_000


def arms_with(wrong: np.ndarray | list[list[int]]) -> list[Arm]:
    """Return arms (rows) whose runs (columns) are wrong about so many of 10,000 images, the first ones."""
    return [arm(str(place), np.arange(MANY) >= np.array(each)[:, None]) for place, each in enumerate(wrong)]


def without(whole: Arm, *seeds: int) -> Arm:
    """Return the arm with these seeds failed."""
    kept = whole.only([seed for seed in whole.seeds if seed not in seeds])
    return Arm(kept.name, kept.seeds, kept.correct, failed=seeds)


studies = st.tuples(st.integers(2, 5), st.integers(2, 5), st.integers(5, 40), st.integers(0, 2**32)).map(
    lambda sizes: [chance_arm(str(a), sizes[1], sizes[2], 0.8, sizes[3] + a) for a in range(sizes[0])]
)
"""Arms with two to five runs each over the same few images."""


class TestVariance:
    """The parts of the variance against sums written out."""

    @given(studies)
    def test_runs_are_compared_within_seeds(self, arms: list[Arm]) -> None:
        """The residual mean square of the table arms × seeds, with (arms - 1)(seeds - 1) degrees of freedom."""
        rates = np.array([each.accuracies for each in arms]) * 100
        rest = rates - rates.mean(0) - rates.mean(1, keepdims=True) + rates.mean()
        freedom = (len(arms) - 1) * (arms[0].n - 1)
        blocks = Blocks(arms)
        assert blocks.table.freedom == freedom
        assert blocks.run_variance == pytest.approx((rest**2).sum() / freedom, abs=1e-9)

    @given(studies)
    def test_the_interaction_is_the_residual_of_three_ways(self, arms: list[Arm]) -> None:
        """Arms × seeds × images, after everything that two of them explain."""
        cells = np.array([each.correct for each in arms], dtype=float) * 100
        rest = cells.copy()
        for axis in range(3):
            rest = rest - rest.mean(axis, keepdims=True)
        freedom = (len(arms) - 1) * (arms[0].n - 1) * (arms[0].images - 1)
        assert Blocks(arms).interaction_variance == pytest.approx((rest**2).sum() / freedom / arms[0].images, abs=1e-6)

    def test_two_arms_are_the_paired_t_test(self) -> None:
        """As scipy has it; nothing is pooled there."""
        a, b = chance_arm("a", 6, 300, 0.8, 1), chance_arm("b", 6, 300, 0.7, 2)
        expected = stats.ttest_rel(a.accuracies, b.accuracies)
        found = Blocks([a, b]).estimate([1, -1])
        assert (found.seeds_p, found.seeds_freedom) == (pytest.approx(expected.pvalue), 5)

    def test_images_are_paired_as_without_blocks(self) -> None:
        """With the same allowance for few of them."""
        a, b = chance_arm("a", 4, 300, 0.8, 1), chance_arm("b", 4, 300, 0.7, 2)
        found, other = Blocks([a, b]).estimate([1, -1]), gap(a, b)
        assert (found.images, found.difference) == pytest.approx((other.images, other.difference))

    def test_what_a_seed_does_to_all_does_not_count(self) -> None:
        """Seeds that cost every arm 0 to 5 points: nothing changes, where Welch's test loses everything."""
        wrong = np.array([[100, 120, 90, 110], [160, 150, 170, 165], [100, 110, 120, 90]])
        alike, apart = arms_with(wrong), arms_with(wrong + np.array([0, 500, 100, 300]))
        here, there = (Blocks(each).estimate([1, -1, 0]) for each in (alike, apart))
        assert there.difference == pytest.approx(here.difference)
        assert there.seeds == pytest.approx(here.seeds)
        assert here.p < 0.01
        assert gap(apart[0], apart[1]).p > 0.5
        assert Blocks(apart).found.common > 0.9


class TestMissing:
    """Runs that failed."""

    def test_nobody_gains_by_failing_where_it_was_hard(self) -> None:
        """Accuracies that are the sum of arm and seed: the differences are found whatever runs are missing."""
        whole = arms_with(np.array([[100], [200], [400]]) + np.array([[0, 0, 900, 100]]))
        arms = [without(whole[0], 2), whole[1], without(whole[2], 0)]
        blocks = Blocks(arms)
        assert blocks.estimate([1, -1, 0]).difference == pytest.approx(1.0)
        assert blocks.estimate([0, 1, -1]).difference == pytest.approx(2.0)
        assert gap(arms[0], arms[1]).difference > 3
        assert (blocks.found.missing, blocks.found.freedom) == (2, 4)

    @given(studies.filter(lambda arms: len(arms) > 2 and arms[0].n > 2), st.data())
    def test_it_is_least_squares(self, arms: list[Arm], data: st.DataObject) -> None:
        """Estimate and residual as numpy's solver has them, with any one run missing."""
        arms = [without(arms[0], data.draw(st.integers(0, arms[0].n - 1))), *arms[1:]]
        blocks = Blocks(arms)
        columns = [
            [float(which is each) for which in arms] + [float(seed == place) for place in range(blocks.seeds)]
            for each in arms
            for seed in each.seeds
        ]
        solved, _, rank, _ = np.linalg.lstsq(np.array(columns), blocks.accuracies, rcond=None)
        rest = blocks.accuracies - np.array(columns) @ solved
        assert blocks.table.freedom == len(columns) - rank
        assert blocks.run_variance == pytest.approx((rest**2).sum() / (len(columns) - rank) * 100**2, abs=1e-9)
        assert blocks._pooled([1, -1, *[0] * (len(arms) - 2)]).difference == pytest.approx(
            (solved[0] - solved[1]) * 100
        )

    def test_runs_that_share_no_seed_are_judged_by_welchs_test(self) -> None:
        """And this is said."""
        whole = arms_with([[100, 120, 90, 110], [160, 150, 170, 165]])
        arms = [whole[0].only([0, 1]), whole[1].only([2, 3])]
        blocks = Blocks(arms)
        assert blocks.found.refused == "the networks' runs do not share seeds"
        assert blocks.estimate([1, -1]) == gap(*arms)

    def test_one_seed_leaves_nothing(self) -> None:
        """Nor does one network."""
        assert Blocks(arms_with([[100], [110]])).found.refused == "no run is left to estimate a variance from"
        assert Blocks(arms_with([[100, 110]])).found.refused == "there are fewer than two networks with runs"


class TestCommon:
    """What the runs of one seed have in common."""

    def test_it_is_the_intraclass_correlation_with_its_f_test(self) -> None:
        """From the mean squares of the two-way table."""
        arms = arms_with([[100, 150, 90, 210], [160, 190, 170, 265], [100, 180, 120, 190]])
        rates = np.array([each.accuracies for each in arms])
        between = 3 * rates.mean(0).var(ddof=1)
        rest = (rates - rates.mean(0) - rates.mean(1, keepdims=True) + rates.mean()) ** 2
        within = rest.sum() / 6
        found = Blocks(arms).found
        assert found.common == pytest.approx((between - within) / (between + 2 * within))
        assert found.common_p == pytest.approx(stats.f.sf(between / within, 3, 6))

    def test_equal_runs_have_nothing_to_say(self) -> None:
        """No variance, and no part of it."""
        found = Blocks(arms_with([[100, 100, 100], [120, 120, 120], [90, 90, 90]])).found
        assert (found.common, found.common_p, found.unequal_p) == (None, None, 1.0)


class TestUnequal:
    """Arms whose runs differ more than those of others."""

    STEADY = ([100, 103, 98, 101, 104, 99], [151, 150, 148, 152, 149, 153], [80, 83, 81, 79, 82, 84])
    WILD = (300, 100, 250, 90, 390, 200)

    @pytest.mark.parametrize(("arms", "seeds"), [(3, 3), (5, 3), (8, 6), (5, 10)])
    def test_the_test_has_its_size(self, arms: int, seeds: int) -> None:
        """Tables of chance with one variance are called unequal as often as the level says, few seeds or many."""
        pattern = tuple(np.repeat(range(arms), seeds).tolist()), tuple(np.tile(range(seeds), arms).tolist())
        here, chance = table(*pattern), np.random.default_rng(1)
        drawn = here.residual @ chance.standard_normal((here.runs, 4_000))
        above = DRAWS - np.searchsorted(inequality_by_chance(*pattern), inequality(here.squares(drawn)))
        assert ((1 + above) / (1 + DRAWS) <= 0.1).mean() == pytest.approx(0.1, abs=0.016)

    def test_a_wild_arm_is_noticed(self) -> None:
        """Six runs, whose spread is thirty times that of the others."""
        found = Blocks(arms_with([*self.STEADY, self.WILD])).found
        assert (found.unequal, found.unequal_p) == (True, pytest.approx(1e-4))
        assert Blocks(arms_with(self.STEADY)).found.unequal is False

    def test_pairs_then_have_the_variances_of_their_own_arms(self) -> None:
        """A wild arm makes the others' no larger; those of three arms are numpy's least squares of their residuals."""
        arms = arms_with([*self.STEADY, self.WILD])
        found = Blocks(arms).estimate([1, -1, 0, 0])
        assert found.basis == "separate"
        assert found.seeds < Blocks(arms).run_variance / 100
        assert Blocks(arms[:3]).estimate([1, -1, 0]).basis == "pooled"

    def test_variances_are_those_that_explain_the_residuals(self) -> None:
        """E of the squared residuals is a matrix times them; none is below what few images make of it."""
        arms = arms_with([(300, 100, 250), (600, 580, 610), (90, 390, 200), (700, 660, 680)])
        blocks = Blocks(arms)
        solved = np.linalg.solve(blocks.table.shared, blocks.squares)
        least = [each.n * each.interaction_variance / 100**2 for each in arms]
        assert blocks.variances == pytest.approx(np.maximum(solved, least))

    def test_what_a_seed_does_to_all_does_not_count_then(self) -> None:
        """Nor do Welch's variances, which hold it, where variances differ."""
        rates = np.array([*self.STEADY, self.WILD])
        alike, apart = arms_with(rates), arms_with(rates + np.array([0, 500, 100, 300, 50, 400]))
        here, there = (Blocks(each).estimate([1, 0, 0, -1]) for each in (alike, apart))
        assert (here.basis, there.basis) == ("separate", "separate")
        assert there.seeds == pytest.approx(here.seeds, rel=0.02)  # the seeds make other images wrong
        assert gap(apart[0], apart[3]).seeds > 2 * there.seeds

    def test_they_have_at_least_the_degrees_of_freedom_of_their_own_differences(self) -> None:
        """Which know less: five for six seeds."""
        found = Blocks(arms_with([*self.STEADY, self.WILD])).estimate([1, 0, 0, -1])
        assert found.seeds_freedom == pytest.approx(5, abs=0.5)

    def test_what_counts_all_arms_alike_keeps_the_pooled_one(self) -> None:
        """It is the mean of their variances, with fewer degrees of freedom."""
        arms = arms_with([*self.STEADY, self.WILD])
        blocks = Blocks(arms)
        found = blocks.estimate([0.5, 0.5, -0.5, -0.5])
        assert found.basis == "reduced"
        assert found.seeds == pytest.approx(blocks.run_variance / 6)
        assert 5 <= found.seeds_freedom < 8  # of 15; a wild arm alone would have 5

    @given(st.lists(st.floats(0.1, 3), min_size=3, max_size=6))
    def test_the_mean_variance_is_unbiased_for_it(self, deviations: list[float]) -> None:
        """Whatever the arms' variances: E of the residual mean square, by its matrix."""
        arms, seeds = len(deviations), 4
        here = table(tuple(np.repeat(range(arms), seeds).tolist()), tuple(np.tile(range(seeds), arms).tolist()))
        variances = np.array(deviations) ** 2
        assert (here.shared @ variances).sum() / here.freedom == pytest.approx(variances.mean())

    def test_two_arms_need_no_such_test(self) -> None:
        """Their differences have one variance."""
        assert Blocks(arms_with([self.STEADY[0], self.WILD])).found.unequal_p is None

    def test_an_uneven_contrast_of_many_arms_has_them_too(self) -> None:
        """Three levels of a factor: the mean of two arms beside that of two others, of six."""
        arms = arms_with([*self.STEADY, self.WILD, *self.STEADY[:2]])
        uneven = [0.5, 0.5, -0.5, -0.5, 0, 0]
        found = Blocks(arms).estimate(uneven)
        assert found.basis == "separate"
        assert found.difference == pytest.approx(welch(arms, uneven).difference)
