"""Factors, and which sums over arms are their effects."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.study.statistics import Factor, Factorial, effects_of, full_product, half_fraction


def two_levels(count: int) -> list[Factor]:
    """Return factors that are off or on."""
    return [Factor(f"f{place}", ("off", "on")) for place in range(count)]


class TestContrasts:
    """Main effects and interactions as sums over arms."""

    ARMS = full_product(two_levels(2))

    def test_a_main_effect_is_the_mean_over_the_other_factor(self) -> None:
        """Arms 00, 01, 10 and 11: those with the first factor on minus those without."""
        one, other, _ = self.ARMS.contrasts()
        assert (one.kind, one.factors, one.levels) == ("main", ("f0",), ("on",))
        assert one.coefficients.tolist() == [-0.5, -0.5, 0.5, 0.5]
        assert other.coefficients.tolist() == [-0.5, 0.5, -0.5, 0.5]

    def test_an_interaction_is_half_the_difference_of_differences(self) -> None:
        """What the second factor adds to the first one's difference, halved."""
        *_, both = self.ARMS.contrasts()
        assert (both.kind, both.factors, both.levels) == ("interaction", ("f0", "f1"), ("on", "on"))
        assert both.coefficients.tolist() == [0.5, -0.5, -0.5, 0.5]

    def test_of_more_levels_each_stands_beside_the_first(self) -> None:
        """Three rates and two sizes: two main effects and one, and two interactions."""
        arms = full_product([Factor("rate", ("a", "b", "c")), Factor("size", ("s", "l"))])
        found = [(each.kind, each.levels, each.coefficients.tolist()) for each in arms.contrasts()]
        assert found == [
            ("main", ("b",), [-0.5, -0.5, 0.5, 0.5, 0, 0]),
            ("main", ("c",), [-0.5, -0.5, 0, 0, 0.5, 0.5]),
            ("main", ("l",), pytest.approx([-1 / 3, 1 / 3] * 3)),
            ("interaction", ("b", "l"), [0.5, -0.5, -0.5, 0.5, 0, 0]),
            ("interaction", ("c", "l"), [0.5, -0.5, 0, 0, -0.5, 0.5]),
        ]

    @given(st.lists(st.integers(2, 4), min_size=1, max_size=4))
    def test_their_number_is_known_before(self, levels: list[int]) -> None:
        """The size of the family that a plan counts on."""
        factors = [Factor(f"f{place}", tuple(map(str, range(count)))) for place, count in enumerate(levels)]
        assert len(full_product(factors).contrasts()) == effects_of(levels)

    @given(st.lists(st.integers(2, 3), min_size=2, max_size=4), st.integers(0, 2**32))
    def test_each_finds_its_own_effect_and_no_other(self, levels: list[int], seed: int) -> None:
        """Accuracies made of main effects and interactions, any sizes of which each contrast sees its own."""
        factors = [Factor(f"f{place}", tuple(map(str, range(count)))) for place, count in enumerate(levels)]
        assert_clean(full_product(factors), seed)


def assert_clean(arms: Factorial, seed: int) -> None:
    """Fail where a contrast of accuracies that have main effects and interactions is not what its name says."""
    chance = np.random.default_rng(seed)
    sizes = [len(factor.levels) for factor in arms.factors]
    main = [chance.standard_normal(size) for size in sizes]
    both = {(f, g): chance.standard_normal((sizes[f], sizes[g])) for f, g in combinations(range(len(sizes)), 2)}

    def accuracy(levels: tuple[int, ...]) -> float:
        alone = sum(main[f][level] for f, level in enumerate(levels))
        return alone + sum(table[levels[f], levels[g]] for (f, g), table in both.items())

    values = np.array([accuracy(levels) for levels in arms.settings])
    names = [factor.name for factor in arms.factors]
    for contrast in arms.contrasts():
        places = [names.index(name) for name in contrast.factors]
        levels = [arms.factors[at].levels.index(level) for at, level in zip(places, contrast.levels, strict=True)]
        if contrast.kind == "main":
            (f,), (level,) = places, levels
            others = [both[f, g] if f < g else both[g, f].T for g in range(len(sizes)) if g != f]
            expected = main[f][level] - main[f][0] + sum((table[level] - table[0]).mean() for table in others)
        else:
            table, (j, k) = both[tuple(places)], levels
            expected = (table[j, k] - table[0, k] - table[j, 0] + table[0, 0]) / 2
        assert contrast.coefficients @ values == pytest.approx(expected, abs=1e-9)


class TestFractions:
    """Half of the arms of five factors and more."""

    @pytest.mark.parametrize("count", [5, 6, 7])
    def test_effects_are_not_mixed_up(self, count: int) -> None:
        """Main effects and interactions of two factors, each clean of all others: resolution V."""
        half = half_fraction(two_levels(count))
        assert len(half.settings) == 2 ** (count - 1)
        assert_clean(half, count)
        columns = np.array([each.coefficients for each in half.contrasts()])
        assert columns @ columns.T == pytest.approx(np.diag([8 / 2**count] * len(columns)))

    def test_the_base_is_kept(self) -> None:
        """And every arm with two of the factors."""
        half = half_fraction(two_levels(5))
        assert half.settings[0] == (0, 0, 0, 0, 0)
        assert {sum(levels) for levels in half.settings} == {0, 2, 4}

    def test_four_factors_need_all_of_their_arms(self) -> None:
        """Half of them would be of resolution IV: pairs of interactions would be one number."""
        with pytest.raises(ValueError, match="4 factors need all of their combinations, a half is for five and more"):
            half_fraction(two_levels(4))
        kept = tuple(levels for levels in full_product(two_levels(4)).settings if sum(levels) % 2 == 0)
        with pytest.raises(ValueError, match="do not have every combination of f0, f1, f2, f3 equally often"):
            Factorial(tuple(two_levels(4)), kept)

    def test_it_is_for_two_levels(self) -> None:
        """Three have no half."""
        with pytest.raises(ValueError, match="rate has 3 levels, a half fraction is for two"):
            half_fraction([*two_levels(4), Factor("rate", ("a", "b", "c"))])


class TestFaults:
    """Arms that are no factorial."""

    def test_an_arm_that_is_missing_is_named_by_its_factors(self) -> None:
        """Three of four arms: a difference would hold the other factor's."""
        with pytest.raises(ValueError, match="the arms do not have every combination of f0, f1 equally often"):
            Factorial(tuple(two_levels(2)), ((0, 0), (0, 1), (1, 0)))

    def test_an_arm_stands_there_once(self) -> None:
        """Otherwise which of the two would be meant."""
        with pytest.raises(ValueError, match="two arms have the same levels of all factors"):
            Factorial(tuple(two_levels(1)), ((0,), (1,), (0,), (1,)))

    def test_one_level_is_no_factor(self) -> None:
        """There is nothing to compare it with."""
        with pytest.raises(ValueError, match="f has 1 level, an effect needs two"):
            full_product([Factor("f", ("only",))])
