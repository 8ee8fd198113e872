"""Comparisons: one family, decided together, described one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.study.statistics import Arm, Comparison, Design, Group, compare, decide, family_size, pairs
from builder.study.statistics.gap import gap
from builder.study.statistics.multiplicity import holm
from tests.study.statistics.arms import arm, chance_arm, group, steady_arm

DESIGN = Design(smallest=0.5, seeds=6)


def three(better: int = 80) -> Group:
    """Return a base and a variant that are alike, and a variant that is wrong less often (the base: 160 times)."""
    return group(*(steady_arm(name, 6, wrong) for name, wrong in (("base", 160), ("same", 161), ("better", better))))


def between(found: tuple[Comparison, ...], a: str, b: str) -> Comparison:
    """Return one of the comparisons."""
    return next(each for each in found if (each.a, each.b) == (a, b))


class TestPairs:
    """What is compared."""

    def test_variants_stand_before_the_base(self) -> None:
        """So that a positive difference is in favor of the variant; then the variants among themselves."""
        assert pairs(three()) == [("same", "base"), ("better", "base"), ("same", "better")]

    def test_without_a_base_every_pair_is_there(self) -> None:
        """In order, each once."""
        assert pairs(Group("", three().arms)) == [("base", "same"), ("base", "better"), ("same", "better")]

    @given(st.integers(0, 8))
    def test_every_pair_is_there_once(self, count: int) -> None:
        """Whatever the number of arms."""
        arms = tuple(arm(str(index), np.ones((2, 3))) for index in range(count))
        found = pairs(Group("", arms, "0"))
        assert len({frozenset(each) for each in found}) == len(found) == family_size(count)


class TestFamily:
    """All comparisons are decided together."""

    def test_its_size_is_known_before(self) -> None:
        """A plan counts on it: five networks; three of them at four settings; one alone."""
        assert (family_size(5), family_size(3, groups=4), family_size(1)) == (10, 12, 0)

    def test_holm_is_over_all_groups(self) -> None:
        """Two groups of two and three arms: four comparisons in one family."""
        groups = (three(150), Group("lr=0.1", (steady_arm("c", 6, 155), steady_arm("d", 6, 140)), "c"))
        found = decide(groups, DESIGN)
        assert [each.comparisons for each in found] == [4, 4, 4, 4]
        gaps = [gap(each.a, each.b) for each in found]
        assert [each.p for each in found] == pytest.approx(holm([each.p for each in gaps]))

    def test_what_cannot_be_tested_counts(self) -> None:
        """An arm whose runs failed leaves the others no easier a test."""
        full = three(150)
        gone = Group("", (*full.arms, arm("gone", np.ones((0, 0)), failed=(0, 1))), "base")
        few = [each.p for each in decide([full], DESIGN)]
        many = [each.p for each in decide([gone], DESIGN) if each.gap is not None]
        assert min(many) == pytest.approx(2 * min(few))

    def test_a_group_of_one_has_nothing_to_compare(self) -> None:
        """And no comparison is no mistake."""
        assert compare([group(three().arms[0])], DESIGN) == ()
        assert compare([], DESIGN) == ()


class TestBlocked:
    """Seeds as blocks, and comparisons with the base only."""

    @staticmethod
    def shaken() -> Group:
        """Return the three arms where every other seed costs each of them 500 images more."""
        arms = []
        for each in three().arms:
            correct = each.correct.copy()
            correct[::2, -500:] = False
            arms.append(arm(each.name, correct))
        return group(*arms)

    def test_what_seeds_cost_all_arms_hides_nothing(self) -> None:
        """0.8 points beside 5 that half of the seeds cost: Welch's test is lost, and stays beside the blocked one."""
        apart = between(compare([self.shaken()], DESIGN), "better", "base")
        found = between(compare([self.shaken()], DESIGN, analysis="blocked"), "better", "base")
        assert (apart.verdict, found.verdict) == ("undecided", "better")
        assert found.difference == pytest.approx(apart.difference)
        assert found.welch_p == pytest.approx(apart.welch_p)

    def test_with_the_base_only_the_family_is_smaller(self) -> None:
        """Two comparisons instead of three, and their p-values as Holm has them for two."""
        found = decide([three()], DESIGN, analysis="blocked", against="base")
        assert [(each.a.name, each.b.name, each.comparisons) for each in found] == [
            ("same", "base", 2),
            ("better", "base", 2),
        ]
        assert [each.p for each in found] == pytest.approx(holm([each.gap.p for each in found]))
        assert len(found) == family_size(3, against="base")

    def test_without_a_base_nothing_is_compared_with_it(self) -> None:
        """No pair takes its place."""
        assert pairs(Group("", three().arms), "base") == []

    def test_an_arm_with_one_run_is_not_tested(self) -> None:
        """As without blocks; the others are."""
        first, *rest = three().arms
        found = decide([group(first.only([0]), *rest)], DESIGN, analysis="blocked")
        assert [each.gap is None for each in found] == [True, True, False]


class TestComparison:
    """What is said of a pair."""

    def test_a_clear_difference_is_told(self) -> None:
        """0.8 points, with every test of the field in agreement."""
        found = between(compare([three()], DESIGN), "better", "base")
        assert (found.verdict, found.can_tell, found.equivalent) == ("better", True, False)
        assert found.difference == pytest.approx(0.8)
        assert found.seeds_that_would_tell is None
        assert found.a_beats_b == 1
        assert max(found.adjusted_p, found.welch_p, found.dunnett_p, found.games_howell_p) < 0.01

    def test_turned_round_it_is_worse(self) -> None:
        """The verdict is about the one named first."""
        found = between(compare([three()], DESIGN), "same", "better")
        assert (found.verdict, found.a_beats_b) == ("worse", 0)

    def test_dunnett_is_about_the_base_alone(self) -> None:
        """Of two variants it says nothing."""
        assert between(compare([three()], DESIGN), "same", "better").dunnett_p is None

    def test_a_difference_that_does_not_matter_is_ruled_out(self) -> None:
        """0.01 points, where half a point matters: equivalent, and no seeds are needed."""
        found = between(compare([three()], DESIGN), "same", "base")
        assert (found.verdict, found.can_tell, found.equivalent) == ("equivalent", False, True)
        assert found.seeds_that_would_tell is None
        assert found.adjusted_equivalence_p <= 0.05

    def test_a_difference_can_be_told_and_not_matter(self) -> None:
        """0.8 points, where 3 matter."""
        found = between(compare([three()], Design(smallest=3.0, seeds=6)), "better", "base")
        assert (found.verdict, found.can_tell, found.equivalent) == ("better", True, True)

    def test_the_joint_interval_is_wider(self) -> None:
        """It holds together with the others."""
        found = between(compare([three()], DESIGN), "better", "base")
        assert found.joint_interval[0] < found.interval[0] < found.difference < found.interval[1]

    @pytest.mark.parametrize("runs", [(0, 6), (1, 6), (1, 1), (0, 0)])
    def test_below_two_runs_nothing_is_tested(self, runs: tuple[int, int]) -> None:
        """The difference of what is there is said, and nothing about chance."""
        a, b = (steady_arm(name, count, 100) for name, count in zip("ab", runs, strict=True))
        (found,) = compare([group(b, a)], DESIGN)
        assert (found.verdict, found.can_tell, found.equivalent) == ("untested", False, False)
        assert (found.difference is None) == (0 in runs)
        assert (found.p, found.interval, found.seeds_that_would_tell) == (None, None, None)

    @settings(max_examples=25, deadline=None)
    @given(st.integers(2, 5), st.integers(2, 5), st.integers(0, 2**32))
    def test_what_is_undecided_needs_more_seeds_than_there_are(self, one: int, other: int, seed: int) -> None:
        """Or more images; and what is decided needs none."""
        a, b = chance_arm("a", one, 300, 0.8, seed), chance_arm("b", other, 300, 0.8, seed + 1)
        (found,) = compare([group(b, a)], Design(smallest=10.0, seeds=5))
        if found.verdict != "undecided":
            assert found.seeds_that_would_tell is None
        elif found.seeds_that_would_tell is not None:
            assert found.seeds_that_would_tell > max(one, other)


class TestSeedsThatWouldTell:
    """Seeds after which an answer is likely, if the true difference equals the observed one."""

    @staticmethod
    def pair(wrong: int, seeds: int = 4) -> tuple[Arm, Arm]:
        """Return a base that is wrong 600 times and a variant; both are hard to tell for their spread."""
        chance = np.random.default_rng(0)
        rows = [np.ones((seeds, 10_000), dtype=bool) for _ in range(2)]
        for each, mistakes in zip(rows, (600, wrong), strict=True):
            for run, more in zip(each, (-30, -10, 10, 30), strict=False):
                run[chance.permutation(10_000)[: mistakes + more]] = False
        return arm("base", rows[0]), arm("a", rows[1])

    def test_a_difference_near_what_matters_needs_the_most(self) -> None:
        """At half of it, neither it nor none of it is far away."""
        needed = {}
        for wrong in (600, 590, 585, 580, 570):
            base, a = self.pair(wrong)
            (found,) = compare([group(base, a)], Design(smallest=0.3, seeds=4))
            needed[wrong] = found.seeds_that_would_tell
        assert None not in needed.values()
        assert needed[585] == max(needed.values())
        assert needed[585] > needed[590] > needed[600]
        assert needed[585] > needed[580] > needed[570]
