"""Holm's procedure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.study.statistics.multiplicity import holm

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=12)


class TestHolm:
    """Adjusted p-values."""

    def test_worked_by_hand(self) -> None:
        """The smallest times four, the next times three and so on, never falling, at most 1."""
        assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
        assert holm([0.9, 0.8]) == (1, 1)

    def test_of_nothing_is_nothing(self) -> None:
        """A study of one network has no comparison."""
        assert holm([]) == ()

    @given(p_values)
    def test_the_order_is_kept(self, found: list[float]) -> None:
        """What is smaller stays at most as large."""
        adjusted = holm(found)
        ranked = sorted(zip(found, adjusted, strict=True))
        assert [each for _, each in ranked] == sorted(adjusted)

    @given(p_values)
    def test_it_lies_between_none_and_bonferroni(self, found: list[float]) -> None:
        """At least the p-value itself, at most it times the number of tests."""
        for one, adjusted in zip(found, holm(found), strict=True):
            assert one <= adjusted <= min(1, one * len(found) + 1e-12)

    @given(p_values, st.floats(0.001, 0.2))
    def test_it_rejects_what_the_procedure_rejects(self, found: list[float], rate: float) -> None:
        """Step by step from the smallest, until one is too large for the tests that are left."""
        rejected = 0
        for step, each in enumerate(sorted(found)):
            if (len(found) - step) * each > rate:
                break
            rejected += 1
        assert sum(each <= rate for each in holm(found)) == rejected

    @given(p_values, st.floats(0, 1))
    def test_another_test_makes_none_easier(self, found: list[float], other: float) -> None:
        """So a comparison that can't be made counts."""
        assert all(after >= before - 1e-12 for before, after in zip(holm(found), holm([*found, other]), strict=False))
