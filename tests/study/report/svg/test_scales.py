"""Round values on axes."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.study.report.svg.scales import Axis, decimals, factors, powers, spanning, ticks

VALUES = st.floats(-200, 200)


class TestTicks:
    """A handful of round values, all on the axis."""

    @given(VALUES, st.floats(1e-3, 1e5))
    def test_they_are_few_evenly_spaced_and_inside(self, low: float, width: float) -> None:
        """Between two and six, whatever the axis spans."""
        found = ticks(low, low + width)
        assert 2 <= len(found) <= 6
        assert all(low - 1e-6 * width <= value <= low + width * (1 + 1e-6) for value in found)
        steps = [after - before for before, after in pairwise(found)]
        assert max(steps) - min(steps) < 1e-6 * width

    def test_they_are_those_of_a_ruler(self) -> None:
        """1, 2 or 5 times a power of ten apart."""
        assert ticks(81.93, 82.71) == [82.0, 82.2, 82.4, 82.6]
        assert ticks(0, 50) == [0, 10, 20, 30, 40, 50]

    def test_factors_get_powers(self) -> None:
        """On a logarithmic axis, and none where it holds less than two."""
        assert powers(90, 2200) == [100, 200, 500, 1000, 2000]
        assert powers(1e3, 1e8) == [1e3, 1e4, 1e5, 1e6, 1e7, 1e8]
        assert powers(3.1, 3.9) == []

    def test_as_many_digits_as_tell_them_apart(self) -> None:
        """And not one more."""
        assert [decimals(values) for values in ([80, 90], [0.1, 0.2], [0.25], [1 / 3])] == [0, 1, 2, 4]


class TestScale:
    """From values to positions."""

    @given(st.lists(st.floats(-1e5, 1e5), min_size=1, max_size=9))
    def test_every_value_stands_between_the_ends(self, values: list[float]) -> None:
        """Also where all are the same."""
        scale = spanning(values, 10, 90)
        assert all(10 < scale(value) < 90 for value in values)

    def test_prices_that_differ_by_factors_are_logarithmic(self) -> None:
        """The same factor is the same distance."""
        scale = factors([1e3, 1e4, 1e5], 0, 100)
        assert scale.logarithmic
        assert math.isclose(scale(1e4) - scale(1e3), scale(1e5) - scale(1e4))
        assert not factors([100, 120], 0, 100).logarithmic
        assert not factors([0, 120], 0, 100).logarithmic

    def test_nothing_to_show_is_still_an_axis(self) -> None:
        """And what is not finite is not shown."""
        assert spanning([], 0, 1).ticks
        assert spanning([math.nan, 2.0], 0, 1).low < 2.0

    @pytest.mark.parametrize("logarithmic", [True, False])
    def test_its_ticks_stand_on_it(self, *, logarithmic: bool) -> None:
        """Positions between start and end."""
        scale = Axis(2, 90, 0, 100, logarithmic)
        assert all(0 <= scale(value) <= 100 for value in scale.ticks)
