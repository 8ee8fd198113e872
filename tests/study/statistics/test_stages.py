"""Evidence in stages: planned looks, and seeds that were added after a report."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from builder.study.statistics import Group, claims, combined, compared, looked, shares
from builder.study.statistics.estimate import Estimate
from builder.study.statistics.spending import levels, repeated_p
from builder.study.statistics.stages import Combined, Looked
from tests.study.statistics.arms import chance_arm


def estimate(difference: float, seeds: float = 0.04, images: float = 0.001, freedom: float = 1e7) -> Estimate:
    """Return an estimate with these variances in points², nearly normal."""
    return Estimate(difference, seeds, images, images / 2, freedom, freedom, 0.2, 10)


class TestLooked:
    """The same difference at several looks."""

    def test_p_values_are_those_over_all_looks(self) -> None:
        """Two-sided of no difference, one-sided of one that matters."""
        stages = (estimate(0.5), estimate(0.4, seeds=0.02))
        found = Looked(stages, (0.5, 1.0))
        assert found.difference == 0.4
        assert found.p == pytest.approx(2 * repeated_p([each.p / 2 for each in stages], (0.5, 1.0)))
        assert found.equivalence_p(1.0) == repeated_p([each.equivalence_p(1.0) for each in stages], (0.5, 1.0))

    def test_the_interval_is_as_wide_as_the_look_asks(self) -> None:
        """Very wide at the first look; at the last nearly that of one look."""
        first = Looked((estimate(0.5),), (0.25,)).interval(0.05)
        assert first == estimate(0.5).interval(2 * levels([0.25], 0.025)[0])
        assert first[1] - first[0] > 2 * (estimate(0.5).interval(0.05)[1] - 0.5) * 2

    @settings(deadline=None, max_examples=30)
    @given(st.floats(-1, 1))
    def test_the_last_interval_holds_zero_where_its_look_finds_nothing(self, difference: float) -> None:
        """At the level of that look."""
        found = Looked((estimate(0.0), estimate(difference)), (0.5, 1.0))
        low, high = found.interval(0.05)
        if abs(found.p - 0.05) > 1e-4:
            assert (low <= 0 <= high) == (found.p > 0.05)

    def test_a_look_without_an_estimate_found_nothing(self) -> None:
        """What it would have spent is left for later ones, since its statistic was never looked at."""
        (found,) = looked([[None], [estimate(0.5)]], [0.5, 1.0])
        assert found == Looked((estimate(0.5),), (1.0,))
        assert looked([[estimate(0.5)], [None]], [0.5, 1.0]) == (None,)

    def test_looks_of_a_study_are_one_family(self) -> None:
        """Its groups at the first four seeds, and at all eight."""
        group = Group("", tuple(chance_arm(name, 8, 300, 0.8, place) for place, name in enumerate("abc")), "a")
        by_look = [[each for *_, each in compared([group.only(range(n))], "blocked")] for n in (4, 8)]
        made = claims(looked(by_look, [0.5, 1.0]), 1.0, 0.05)
        assert [each.family for each in made] == [3, 3, 3]
        assert all(each.p >= each.evidence.p for each in made)


class TestCombined:
    """Stages with different seeds, joined."""

    def test_it_is_the_inverse_normal_combination(self) -> None:
        """Of stages whose images do not matter: weights times quantiles."""
        stages = (estimate(0.3, images=1e-9), estimate(0.5, images=1e-9))
        weights = shares([5, 15])
        found = Combined(stages, weights)
        joined = sum(w * norm.isf(each.p / 2) for each, w in zip(stages, weights, strict=True))
        assert found.p == pytest.approx(2 * norm.sf(joined), rel=1e-4)
        assert found.difference == pytest.approx(0.25 * 0.3 + 0.75 * 0.5)

    def test_one_stage_is_itself(self) -> None:
        """With the same p-values and interval."""
        one = estimate(0.3, freedom=7.0)
        found = Combined((one,), (1.0,))
        assert found.p == pytest.approx(one.p)
        assert found.equivalence_p(1.0) == pytest.approx(one.equivalence_p(1.0))
        assert found.interval(0.05) == pytest.approx(one.interval(0.05))

    def test_the_same_images_are_no_new_evidence(self) -> None:
        """Stages that differ from 0 for their images alone: joined they are as sure as one of them, not surer."""
        images = Estimate(0.5, 1e-6, 0.04, 1e-7, 1e7, 1e7, 0.2, 10)
        found = Combined((images, images), shares([1, 1]))
        assert found.p == pytest.approx(images.p, rel=1e-3)
        apart = estimate(0.5, images=1e-9)
        assert Combined((apart, apart), shares([1, 1])).p < apart.p / 10

    @settings(deadline=None, max_examples=40)
    @given(st.floats(-2, 2), st.floats(-2, 2), st.floats(2, 30), st.sampled_from([0.05, 0.005]))
    def test_the_interval_is_what_the_test_does_not_reject(
        self, one: float, other: float, freedom: float, rate: float
    ) -> None:
        """And equivalence at 5 % is the 90 % interval inside."""
        found = Combined((estimate(one, freedom=freedom), estimate(other, freedom=freedom)), shares([2, 1]))
        low, high = found.interval(rate)
        assert low < found.difference < high
        assert found.above(low) == pytest.approx(rate / 2, rel=1e-4)
        assert found.below(high) == pytest.approx(rate / 2, rel=1e-4)
        low, high = found.interval(0.1)
        for smallest in (0.5, 1.5):
            if min(abs(smallest - high), abs(smallest + low)) > 1e-6:
                assert (found.equivalence_p(smallest) <= 0.05) == (-smallest < low and high < smallest)

    def test_it_holds_its_rate(self) -> None:
        """Two stages with the same error of images, 100,000 times: 5 % find a difference where there is none."""
        chance, count = np.random.default_rng(0), 20_000
        images = chance.normal(0, 0.2, count)
        old, new = images + chance.normal(0, 0.2, count), images + chance.normal(0, 0.3, count)
        wrong = 0
        for one, other in zip(old, new, strict=True):
            stages = (
                Estimate(one, 0.04, 0.04, 0.0, 1e7, 1e7, 0.2, 10),
                Estimate(other, 0.09, 0.04, 0.0, 1e7, 1e7, 0.2, 5),
            )
            wrong += Combined(stages, shares([9, 4])).p <= 0.05
        assert wrong / count == pytest.approx(0.05, abs=0.005)

    def test_a_stage_without_an_estimate_leaves_none(self) -> None:
        """Nothing is joined with nothing."""
        assert combined([[estimate(0.5)], [None]], shares([1, 1])) == (None,)
