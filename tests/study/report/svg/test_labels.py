"""Labels that do not touch."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from builder.study.report.svg.labels import LabelBox, Wanted, placed, spread

ROOM = LabelBox(0, 0, 360, 270)
POINTS = st.lists(st.tuples(st.floats(20, 340), st.floats(20, 250), st.floats(10, 120)), min_size=1, max_size=14)


class TestPlaced:
    """Beside their points, and free."""

    @given(POINTS)
    def test_no_label_touches_a_label_or_a_point(self, points: list[tuple[float, float, float]]) -> None:
        """Whatever the points are; a label for which there is no room is left away."""
        dots = [LabelBox(x - 5, y - 5, x + 5, y + 5) for x, y, _ in points]
        found = [box for box in placed([Wanted(x, y, width, 12) for x, y, width in points], ROOM, dots) if box]
        assert all(box.is_in(ROOM) for box in found)
        assert not any(one.touches(other) for one, other in combinations(found, 2))
        assert not any(box.touches(dot) for box in found for dot in dots)

    def test_the_first_choice_is_right_of_the_point(self) -> None:
        """At the same height."""
        (box,) = placed([Wanted(100, 100, 50, 12)], ROOM, [])
        assert box == LabelBox(109, 94, 159, 106)

    def test_at_the_side_it_is_left_of_it(self) -> None:
        """Labels stay inside the figure."""
        (box,) = placed([Wanted(350, 100, 50, 12)], ROOM, [])
        assert box is not None
        assert box.right <= 350

    def test_where_there_is_no_room_there_is_no_label(self) -> None:
        """Rather than one over another."""
        assert placed([Wanted(5, 5, 500, 12)], ROOM, []) == [None]


class TestSpread:
    """Names at the ends of curves."""

    @given(st.lists(st.floats(0, 200), max_size=8))
    def test_they_are_apart_in_order_and_inside(self, positions: list[float]) -> None:
        """Eight names of 14 px have room in 200."""
        found = spread(positions, 14, 0, 200)
        order = sorted(range(len(positions)), key=lambda index: (positions[index], index))
        assert all(found[after] - found[before] > 14 - 1e-6 for before, after in pairwise(order))
        assert all(-1e-6 <= value <= 200 + 1e-6 for value in found)

    def test_what_is_apart_stays_where_it_is(self) -> None:
        """Only those that touch give way, each by half."""
        assert spread([50, 54, 120], 10, 0, 200) == [47, 57, 120]
