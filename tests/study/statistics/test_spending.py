"""Looks before the end: the levels that alpha spending leaves for each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from builder.study.statistics.spending import boundaries, levels, repeated_p, spent


class TestBoundaries:
    """The values of the literature."""

    @pytest.mark.parametrize(
        "published",
        [
            (1.9600,),
            (2.9626, 1.9686),
            (3.7103, 2.5114, 1.9930),
            (4.3326, 2.9631, 2.3590, 2.0141),
            (4.8769, 3.3569, 2.6803, 2.2898, 2.0310),
        ],
    )
    def test_equal_looks_have_the_published_ones(self, published: tuple[float, ...]) -> None:
        """Two-sided at 5 %, O'Brien-Fleming-like spending, as the programs `ld98` and `gsDesign` print them."""
        looks = len(published)
        found = boundaries([(look + 1) / looks for look in range(looks)], 0.025)
        assert found == pytest.approx(published, abs=2e-4)

    def test_they_spend_what_they_may_and_no_more(self) -> None:
        """Counted in a million random walks with unequal steps."""
        fractions, walks = (0.3, 0.5, 0.9, 1.0), 1_000_000
        steps = np.random.default_rng(0).standard_normal((4, walks)) * np.sqrt(np.diff([0, *fractions]))[:, None]
        statistics = steps.cumsum(axis=0) / np.sqrt(fractions)[:, None]
        passed = np.maximum.accumulate(statistics > np.array(boundaries(fractions, 0.05))[:, None], axis=0)
        expected = [spent(each, 0.05) for each in fractions]
        assert passed.mean(axis=1) == pytest.approx(expected, abs=4 * (0.05 / walks) ** 0.5)

    def test_the_end_has_spent_everything(self) -> None:
        """And one look at the end is a fixed test."""
        assert spent(1.0, 0.05) == pytest.approx(0.05)
        assert levels([1.0], 0.05) == pytest.approx((0.05,))

    @pytest.mark.parametrize("fractions", [[], [0.0, 1.0], [0.5, 0.5], [0.5, 0.4], [0.5, 1.1]])
    def test_other_looks_are_refused(self, fractions: list[float]) -> None:
        """They have to have more runs each, and not more than are planned."""
        with pytest.raises(ValueError, match="rising fractions"):
            boundaries(fractions, 0.05)


class TestRepeatedP:
    """The error rate at which some look finds something."""

    @given(
        st.sampled_from([(0.25, 0.5, 0.75, 1.0), (0.5, 1.0), (0.2, 0.9)]),
        st.sampled_from([0.05, 0.025, 0.005, 0.0005]),
        st.integers(0, 3),
    )
    @settings(deadline=None)
    def test_a_p_value_at_a_looks_level_is_that_rate(self, fractions: tuple[float, ...], rate: float, at: int) -> None:
        """Whatever else the looks before and after it showed."""
        look = min(at, len(fractions) - 1)
        seen = [0.999] * look + [levels(fractions, rate)[look]]
        assert repeated_p(seen, fractions) == pytest.approx(rate, rel=1e-4)

    def test_what_was_found_stays_found(self) -> None:
        """A later look that shows less takes nothing back."""
        fractions = (0.5, 1.0)
        assert repeated_p([1e-5, 0.5], fractions) == repeated_p([1e-5], fractions)

    def test_an_early_look_is_hardly_believed(self) -> None:
        """1 % at a quarter of the runs, and at the end."""
        assert repeated_p([0.01], (0.25, 1.0)) > 0.15
        assert repeated_p([0.9, 0.01], (0.25, 1.0)) == pytest.approx(0.01, abs=1e-3)

    @given(st.lists(st.floats(0, 1), min_size=1, max_size=4))
    @settings(deadline=None)
    def test_it_is_a_p_value(self, seen: list[float]) -> None:
        """Between 0 and 1, and not below the smallest that was seen, as far as numbers go."""
        found = repeated_p(seen, (0.25, 0.5, 0.75, 1.0))
        assert 0 <= found <= 1
        assert found >= min(seen) - 1e-6

    def test_one_look_at_the_end_is_the_test_itself(self) -> None:
        """Nothing is adjusted."""
        assert repeated_p([norm.sf(2)], (1.0,)) == pytest.approx(norm.sf(2))
