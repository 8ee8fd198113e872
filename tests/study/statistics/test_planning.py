"""How many seeds a question needs."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.study.statistics import Design, Layout, cautions, detectable, effect_of, image_error, seeds_needed
from builder.study.statistics.planning import power_of


class TestSeeds:
    """Seeds for each network, exact noncentral t for Welch's test."""

    @pytest.mark.parametrize(
        ("deviation", "comparisons", "at_80", "at_90"),
        [
            (0.15, 1, 6, 7), (0.15, 5, 8, 10), (0.15, 10, 9, 11), (0.15, 20, 10, 12),
            (0.20, 1, 9, 11), (0.20, 5, 13, 15), (0.20, 10, 14, 17), (0.20, 20, 16, 19),
            (0.30, 1, 17, 23), (0.30, 5, 26, 32), (0.30, 10, 29, 36), (0.30, 20, 33, 40),
        ],
    )  # fmt: skip
    def test_they_are_those_of_the_table(self, deviation: float, comparisons: int, at_80: int, at_90: int) -> None:
        """For 0.3 points, at the hardest step of Holm's procedure; the sources agree on this table."""
        assert seeds_needed(0.3, deviation, comparisons, power=0.8) == at_80
        assert seeds_needed(0.3, deviation, comparisons, power=0.9) == at_90

    def test_images_ask_for_more(self) -> None:
        """10,000 of them hide a little: 10 seeds instead of 9."""
        assert seeds_needed(0.3, 0.2, fixed_error=image_error(10_000)) == 10

    def test_too_few_images_hide_the_difference_for_good(self) -> None:
        """On the 360 of the digits no number of seeds shows 0.3 points; 2 points are seen soon."""
        assert seeds_needed(0.3, 0.2, fixed_error=image_error(360)) is None
        assert seeds_needed(2.0, 0.5, fixed_error=image_error(360)) == 3

    @settings(deadline=None)
    @given(st.floats(0.05, 2), st.floats(0.05, 1), st.integers(1, 200), st.sampled_from([0.0, 0.02, 0.1]))
    def test_they_are_the_fewest(self, smallest: float, deviation: float, comparisons: int, fixed: float) -> None:
        """One seed less has less power than asked for."""
        seeds = seeds_needed(smallest, deviation, comparisons, fixed_error=fixed)
        if seeds is not None:
            assert power_of(smallest, deviation, seeds, 0.05 / comparisons, fixed) >= 0.8
            assert power_of(smallest, deviation, seeds - 1, 0.05 / comparisons, fixed) < 0.8


class TestPower:
    """How often a difference is found."""

    def test_of_no_difference_it_is_the_error_rate(self) -> None:
        """Which is what the test is made for."""
        assert power_of(0.0, 0.2, 10, 0.05) == pytest.approx(0.05)

    @settings(deadline=None)
    @given(st.floats(0, 3), st.floats(0, 3), st.integers(2, 60), st.integers(0, 40), st.sampled_from([0.05, 0.0003]))
    def test_it_grows_with_the_difference_and_with_seeds(
        self, smaller: float, step: float, seeds: int, more: int, rate: float
    ) -> None:
        """A larger difference, and more runs, are never found less often."""
        here = power_of(smaller, 0.4, seeds, rate, 0.05)
        assert 0 <= here <= 1
        assert power_of(smaller + step, 0.4, seeds, rate, 0.05) >= here - 1e-9
        assert power_of(smaller, 0.4, seeds + more, rate, 0.05) >= here - 1e-6

    def test_one_seed_finds_nothing(self) -> None:
        """There is no spread to compare with."""
        assert power_of(5.0, 0.2, 1, 0.05) == 0


class TestEffects:
    """Seeds for main effects and interactions, whose variance all arms' runs estimate."""

    @pytest.mark.parametrize(
        ("arms", "family", "deviation", "runs"),
        [(8, 6, 0.2, 32), (8, 6, 0.25, 48), (8, 6, 0.3, 64), (16, 10, 0.25, 48), (16, 10, 0.3, 64)],
    )
    def test_a_factorial_needs_few_runs(self, arms: int, family: int, deviation: float, runs: int) -> None:
        """For 0.3 points of one effect of the family on 10,000 images; all pairs of 8 arms at 0.25 need 336."""
        layout = effect_of(arms)
        fixed = image_error(10_000, layout=layout)
        seeds = seeds_needed(0.3, deviation, family, fixed_error=fixed, layout=layout)
        assert arms * seeds == runs
        assert 8 * seeds_needed(0.3, 0.25, 28, fixed_error=image_error(10_000)) == 336

    def test_a_contrast_of_many_arms_has_a_smaller_error_of_images(self) -> None:
        """Each arm's own difficulties are averaged: half of a pair's for eight arms."""
        assert image_error(10_000, layout=effect_of(8)) == pytest.approx(image_error(10_000) / 2)

    def test_two_pooled_arms_are_pairs_of_seeds(self) -> None:
        """With half of Welch's degrees of freedom."""
        assert (Layout().freedom(5), Layout(pooled=2).freedom(5), effect_of(8).freedom(6)) == (8, 4, 35)

    def test_pooled_pairs_need_fewer_seeds_than_welchs(self) -> None:
        """The more arms tell of the variance, the fewer."""
        one, many = (seeds_needed(0.3, 0.3, 10, layout=each) for each in (Layout(), effect_of(5, pairs=True)))
        assert (one, many) == (29, 28)


class TestDetectable:
    """The smallest difference that a number of seeds finds."""

    @pytest.mark.parametrize(
        ("seeds", "expected"),
        [
            (3, (0.46, 0.61, 0.92)),
            (5, (0.30, 0.41, 0.61)),
            (10, (0.20, 0.27, 0.40)),
            (20, (0.14, 0.18, 0.27)),
            (30, (0.11, 0.15, 0.22)),
        ],
    )
    def test_it_is_that_of_the_table(self, seeds: int, expected: tuple[float, ...]) -> None:
        """At deviations of 0.15, 0.2 and 0.3 points and a power of 0.8."""
        found = tuple(detectable(seeds, deviation) for deviation in (0.15, 0.2, 0.3))
        assert found == pytest.approx(expected, abs=0.006)

    @settings(deadline=None)
    @given(st.integers(2, 100), st.floats(0.05, 1), st.integers(1, 200))
    def test_it_is_found_as_often_as_asked_for(self, seeds: int, deviation: float, comparisons: int) -> None:
        """The inverse of the power."""
        found = detectable(seeds, deviation, comparisons)
        assert power_of(found, deviation, seeds, 0.05 / comparisons) == pytest.approx(0.8, abs=1e-3)

    def test_one_seed_detects_nothing(self) -> None:
        """Whatever the difference."""
        assert detectable(1, 0.2) == inf


class TestCautions:
    """What is said of a plan before it is run."""

    def test_enough_seeds_need_no_words(self) -> None:
        """Ten, for one comparison."""
        assert list(cautions(Design(0.3, 10), 1, 10_000)) == []

    def test_too_few_are_said_with_how_many_are_enough(self) -> None:
        """And with what the planned ones show."""
        (said,) = cautions(Design(0.3, 8), 1, 10_000)
        assert said == (
            "for 0.3 points the question needs 10 seeds for each network; 8 show differences from 0.33 points"
        )

    @pytest.mark.parametrize(
        ("seeds", "first"),
        [
            (1, "below 3 seeds for each network no best is named, whatever comes out"),
            (2, "below 3 seeds for each network no best is named, whatever comes out"),
            (4, "below 5 seeds the spread of the runs is hardly known, and only large differences show"),
        ],
    )
    def test_very_few_seeds_are_warned_of_first(self, seeds: int, first: str) -> None:
        """Below five, and below three more plainly."""
        assert next(iter(cautions(Design(0.3, seeds), 1, 10_000))) == first

    def test_one_seed_shows_nothing(self) -> None:
        """There is no smallest difference to name."""
        assert list(cautions(Design(0.3, 1), 1, 10_000))[1].endswith("; one seed shows nothing")

    def test_effects_need_degrees_of_freedom_and_no_number_of_seeds(self) -> None:
        """Two seeds of eight networks have seven, of four networks three."""
        assert list(cautions(Design(0.3, 2, 0.1), 6, 10_000, effect_of(8), of_effects=True)) == []
        assert list(cautions(Design(0.3, 2, 0.1), 3, 10_000, effect_of(4), of_effects=True))[:1] == [
            "below 3 seeds for each network nothing is said of effects, whatever comes out"
        ]

    def test_too_few_seeds_for_an_effect_are_said(self) -> None:
        """Five of eight networks, where six are enough."""
        (said,) = cautions(Design(0.3, 5, 0.25), 6, 10_000, effect_of(8), of_effects=True)
        assert said == "for 0.3 points the question needs 6 seeds for each network; 5 show effects from 0.30 points"

    def test_too_few_images_are_said(self) -> None:
        """More seeds would be a waste."""
        assert list(cautions(Design(0.3, 10), 1, 360)) == [
            "360 test images are too few for 0.3 points, whatever the seeds; 10 show differences from 1.10 points"
        ]
