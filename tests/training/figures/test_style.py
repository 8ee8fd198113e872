"""What the figures of runs share."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.training.figures.style import epoch_ticks, spread


class TestTicks:
    """Which epochs the axis names."""

    @pytest.mark.parametrize(
        ("last", "named"),
        [
            (1, [1]),
            (3, [1, 2, 3]),
            (25, [1, 5, 10, 15, 20, 25]),
            (100, [1, *range(10, 101, 10)]),
            (9999, [1, *range(1000, 10_000, 1000)]),
        ],
    )
    def test_they_are_the_first_and_round_ones(self, last: int, named: list[int]) -> None:
        """Never a half epoch, never more than fit."""
        assert epoch_ticks(last) == named


class TestSpread:
    """Labels at the ends of curves."""

    def test_those_that_have_room_stay(self) -> None:
        """Nothing is moved without need."""
        assert spread([5.0, 1.0, 3.0], 1.0, 0.0, 6.0) == [5.0, 1.0, 3.0]

    def test_those_that_touch_move_apart_by_the_same_way(self) -> None:
        """Each remains as near to its curve as the other."""
        assert spread([3.0, 3.5], 1.0, 0.0, 6.0) == [2.75, 3.75]

    def test_at_the_edge_they_move_inwards(self) -> None:
        """The highest at most at the top."""
        assert spread([6.0, 6.0, 6.0], 1.0, 0.0, 6.0) == [4.0, 5.0, 6.0]

    @given(st.lists(st.floats(0, 100), min_size=1, max_size=12), st.floats(0.1, 8))
    def test_any_two_are_apart_and_in_order(self, places: list[float], gap: float) -> None:
        """However many there are, and all inside where there is room."""
        found = spread(places, gap, 0.0, 100.0)
        ordered = [place for _, place in sorted(zip(places, found, strict=True))]
        assert all(after - before >= gap - 1e-9 for before, after in pairwise(ordered))
        assert min(found) >= 0.0
        if gap * (len(places) - 1) <= 100:
            assert max(found) <= 100 + 1e-9
