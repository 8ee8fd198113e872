"""Main effects and interactions of a study, and the same numbers from the formulas alone."""

from __future__ import annotations

import json
from base64 import b64decode
from itertools import combinations
from math import exp, lgamma, pi, sqrt
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from builder.study.statistics import Arm, Blocks, Design, Effects, Factor, Factorial, effects, full_product
from tests.study.statistics.arms import arm

SHIPPED = Path(__file__).parents[3] / "docs" / "results" / "studies" / "se_placement_32" / "report.json"
DESIGN = Design(smallest=1.0, seeds=6)
THREE = full_product([Factor(name, ("off", "on")) for name in ("one", "two", "three")])


def made(arms: int = 8, seeds: int = 6, images: int = 500, gain: float = 0.0, first: int = 0) -> list[Arm]:
    """Return the bits of a made study: seeds have something in common, and the first factor gains in chance."""
    chance = np.random.default_rng([first, arms, seeds, images])
    hard = chance.beta(4, 1, images)
    common = 0.03 * chance.standard_normal((1, seeds, 1))
    gains = gain * (np.arange(arms) >= arms // 2)[:, None, None]
    correct = chance.random((arms, seeds, images)) < np.clip(hard + common + gains, 0, 1)
    return [arm(str(place), each) for place, each in enumerate(correct)]


class TestFormulas:
    """Everything once more with numpy alone, from the bits: another program would have to agree to 1e-9."""

    @staticmethod
    def tail(freedom: float, at: float) -> float:
        """Return the part of Student's distribution beyond ``at``, integrated over its angle."""
        nodes, weights = np.polynomial.legendre.leggauss(100)
        begin = np.arctan2(at, sqrt(freedom))
        half = (pi / 2 - begin) / 2
        density = np.cos(begin + half * (nodes + 1)) ** (freedom - 1)
        return exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2)) / sqrt(pi) * half * float(weights @ density)

    @classmethod
    def quantile(cls, freedom: float, rate: float) -> float:
        """Return where the part beyond is half of ``rate``, by bisection."""
        low, high = 0.0, 64.0
        while high - low > 1e-12:
            middle = (low + high) / 2
            low, high = (middle, high) if cls.tail(freedom, middle) > rate / 2 else (low, middle)
        return (low + high) / 2

    @staticmethod
    def adjusted(p_values: list[float]) -> list[float]:
        """Return Holm's p-values."""
        order, found, highest = np.argsort(p_values), np.zeros(len(p_values)), 0.0
        for step, place in enumerate(order):
            highest = max(highest, min(1.0, (len(order) - step) * p_values[place]))
            found[place] = highest
        return found.tolist()

    @pytest.mark.parametrize("gain", [0.0, 0.04])
    def test_they_give_the_same_numbers(self, gain: float) -> None:
        """Estimate, error, p-values, intervals and equivalence of three main effects and three interactions."""
        found = self.compared(made(gain=gain), 3)
        assert (found.effects[0].verdict == "positive") == bool(gain)

    def test_they_do_with_the_bits_of_the_shipped_study(self) -> None:
        """Four of its five networks with ten seeds each, which are taken for a product of two factors."""
        runs = json.loads(SHIPPED.read_text("utf-8"))["runs"]
        variants = list(dict.fromkeys(run["variant"] for run in runs))[:4]
        bits = [[run["correct"] for run in runs if run["variant"] == variant] for variant in variants]
        arms = [
            arm(name, [np.unpackbits(np.frombuffer(b64decode(text), np.uint8))[:2000] for text in each])
            for name, each in zip(variants, bits, strict=True)
        ]
        found = self.compared(arms, 2)
        assert (found.blocked.seeds, found.blocked.arms, arms[0].images) == (10, 4, 2000)
        assert found.blocked.common is not None
        assert found.blocked.common > 0.3

    @classmethod
    def compared(cls, arms: list[Arm], factors: int) -> Effects:
        """Return the effects of arms that are a product of so many factors, after all numbers were the same."""
        self = cls()
        x = np.array([each.correct for each in arms]) * 100.0
        k, n, m = x.shape
        runs = x.mean(2)
        left = runs - runs.mean(0) - runs.mean(1, keepdims=True) + runs.mean()
        mean_square = (left**2).sum() / ((k - 1) * (n - 1))
        three = x.copy()
        for axis in range(3):
            three = three - three.mean(axis, keepdims=True)
        of_images = (three**2).sum() / ((k - 1) * (n - 1) * (m - 1)) / m
        signs = [np.array([1.0 if each >> bit & 1 else -1.0 for each in range(k)]) for bit in range(factors)[::-1]]
        columns = [*signs, *(one * other for one, other in combinations(signs, 2))]
        expected = []
        for column in columns:
            c = 2 * column / k
            estimate = float(c @ runs.mean(1))
            per_image = np.tensordot(c, x.mean(1), 1)
            images = (per_image.var(ddof=1) + 100**2 * (c**2).sum() / 2 / m) / m
            seeds = (c**2).sum() * mean_square / n
            variance = images + max(seeds - (c**2).sum() * of_images / n, 0.0)
            freedom = variance**2 / (seeds**2 / ((k - 1) * (n - 1)) + images**2 / (m - 1))
            tests = [(variance**0.5, freedom), (seeds**0.5, float((k - 1) * (n - 1)))]
            p = max(2 * self.tail(df, abs(estimate) / error) for error, df in tests)
            equal = max(self.tail(df, (1.0 - abs(estimate)) / error) for error, df in tests)
            half = {
                rate: max(self.quantile(df, rate) * error for error, df in tests)
                for rate in (0.05, 0.05 / len(columns))
            }
            expected.append((estimate, variance**0.5, p, equal, *half.values()))
        named = [Factor(name, ("off", "on")) for name in ("one", "two", "three")[:factors]]
        found = effects(arms, full_product(named), DESIGN)
        adjusted_p = self.adjusted([each[2] for each in expected])
        adjusted_equal = self.adjusted([each[3] for each in expected])
        close = {"rel": 1e-9, "abs": 1e-9}
        for each, (estimate, error, p, equal, half, joint), p_all, equal_all in zip(
            found.effects, expected, adjusted_p, adjusted_equal, strict=True
        ):
            assert (each.estimate, each.standard_error) == pytest.approx((estimate, error), **close)
            assert (each.p, each.adjusted_p) == pytest.approx((p, p_all), **close)
            assert (each.equivalence_p, each.adjusted_equivalence_p) == pytest.approx((equal, equal_all), **close)
            assert each.interval == pytest.approx((estimate - half, estimate + half), **close)
            assert each.joint_interval == pytest.approx((estimate - joint, estimate + joint), **close)
            assert each.basis == "pooled"
        assert found.blocked.deviation == pytest.approx(mean_square**0.5, **close)
        return found


class TestVerdicts:
    """What is said of an effect."""

    def test_a_factor_that_gains_is_told_and_the_others_are_not(self) -> None:
        """4 points of the first one, in one family of six."""
        found = effects(made(gain=0.04), THREE, DESIGN).effects
        assert [(each.kind, each.factors) for each in found[:1] + found[3:4]] == [
            ("main", ("one",)),
            ("interaction", ("one", "two")),
        ]
        assert [each.can_tell for each in found] == [True, False, False, False, False, False]
        assert found[0].estimate == pytest.approx(4, abs=1)
        assert found[0].seeds_that_would_tell is None

    def test_one_that_loses_is_negative(self) -> None:
        """The arms the other way round."""
        assert effects(made(gain=-0.04), THREE, DESIGN).effects[0].verdict == "negative"

    def test_what_does_not_matter_is_ruled_out(self) -> None:
        """Where 5 points matter, none of the effects does."""
        found = effects(made(), THREE, Design(smallest=5.0, seeds=6)).effects
        assert {each.verdict for each in found} == {"equivalent"}

    def test_undecided_ones_say_how_many_seeds_would_tell(self) -> None:
        """More than there are, or None where images are too few."""
        found = effects(made(images=5_000), THREE, Design(smallest=0.2, seeds=6)).effects
        undecided = [each for each in found if each.verdict == "undecided"]
        assert undecided
        assert all(each.seeds_that_would_tell is None or each.seeds_that_would_tell > 6 for each in undecided)

    def test_a_check_takes_nothing_from_other_effects(self) -> None:
        """The t-test of an effect's own six values."""
        arms = made(gain=0.04)
        signs = np.array([-1, -1, -1, -1, 1, 1, 1, 1]) / 4
        expected = stats.ttest_1samp(signs @ np.array([each.accuracies for each in arms]), 0)
        assert effects(arms, THREE, DESIGN).effects[0].own_p == pytest.approx(expected.pvalue)


class TestTooLittle:
    """Studies that cannot say anything."""

    def assert_untested(self, found: Effects) -> None:
        """Fail where anything is said."""
        assert {each.verdict for each in found.effects} == {"untested"}
        assert {each.p for each in found.effects} == {None}

    def test_an_arm_without_runs_leaves_its_effects_untested(self) -> None:
        """All of them: each needs every arm."""
        arms = [*made()[:7], arm("7", np.ones((0, 0)), failed=(0, 1, 2, 3, 4, 5))]
        self.assert_untested(effects(arms, THREE, DESIGN))

    def test_too_few_degrees_of_freedom_say_nothing(self) -> None:
        """Two arms with four seeds have three; two seeds of eight arms have seven, and are enough."""
        two = full_product([Factor("one", ("off", "on"))])
        self.assert_untested(effects(made(arms=2, seeds=4), two, DESIGN))
        assert effects(made(arms=2, seeds=5), two, DESIGN).effects[0].p is not None
        assert effects(made(seeds=2), THREE, DESIGN).effects[0].p is not None

    def test_a_failed_run_is_made_up_for(self) -> None:
        """And counted; the effect is still that of all arms."""
        arms = made(gain=0.04)
        arms[3] = Arm("3", (0, 1, 2, 4, 5), arms[3].correct[[0, 1, 2, 4, 5]], failed=(3,))
        found = effects(arms, THREE, DESIGN)
        assert (found.blocked.missing, found.blocked.freedom) == (1, 34)
        assert found.effects[0].verdict == "positive"


class TestLevels:
    """A factor with three of them."""

    def test_the_least_squares_estimate_is_the_difference_of_means(self) -> None:
        """Each level beside the first, over two sizes."""
        factors = [Factor("rate", ("a", "b", "c")), Factor("size", ("s", "l"))]
        arms = made(arms=6)
        found = effects(arms, full_product(factors), DESIGN).effects
        means = np.array([each.mean for each in arms]).reshape(3, 2) * 100
        assert [each.estimate for each in found[:3]] == pytest.approx(
            [means[1].mean() - means[0].mean(), means[2].mean() - means[0].mean(), (means[:, 1] - means[:, 0]).mean()]
        )
        assert found[4].estimate == pytest.approx(((means[2, 1] - means[0, 1]) - (means[2, 0] - means[0, 0])) / 2)

    def test_unequal_variances_leave_them_welchs(self) -> None:
        """They do not count all arms alike; a factor with two levels does."""
        factors = [Factor("rate", ("a", "b", "c")), Factor("size", ("s", "l"))]
        arms = made(arms=6)
        wild = arms[5].correct.copy()
        wild[0, :300], wild[3, 100:350] = False, False
        found = effects([*arms[:5], arm("5", wild)], full_product(factors), DESIGN)
        assert found.blocked.unequal
        assert [each.basis for each in found.effects] == ["separate", "separate", "reduced", "separate", "separate"]


class TestOrder:
    """What must not matter."""

    def test_arms_and_seeds_in_another_order_are_the_same_study(self) -> None:
        """Rows of the factorial with their arms, and seeds of each arm."""
        arms, order = made(gain=0.02), np.random.default_rng(0).permutation(8)
        moved = [Arm(arms[at].name, arms[at].seeds[::-1], arms[at].correct[::-1]) for at in order]
        other = Factorial(THREE.factors, tuple(THREE.settings[at] for at in order))
        one, two = effects(arms, THREE, DESIGN), effects(moved, other, DESIGN)
        assert [each.p for each in one.effects] == pytest.approx([each.p for each in two.effects])
        assert Blocks(arms).unequal_p == pytest.approx(Blocks(moved).unequal_p, abs=0.02)
