"""Rectangles, rounded lines and the room that a scene takes up."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from builder.emit.diagram.scene.scene import Box, Line, Rectangle, Scene, rounded
from tests.emit.diagram.geometry import contains

BOX = Box("conv", "conv", x=50, y=20, width=40, height=10)


class TestBox:
    """A box by its center."""

    def test_area_lies_around_the_center(self) -> None:
        """Half the width and height on each side."""
        assert BOX.area == Rectangle(30, 15, 70, 25)


class TestScene:
    """Everything of one figure."""

    def test_text_after_begins_where_asked(self) -> None:
        """A text placed after a point begins there."""
        scene = Scene()
        scene.text_after(10, 0, "64×55×55", 7)
        assert abs(scene.texts[0].area.left - 10) < 1e-9

    def test_bounds_hold_lines_and_boxes(self) -> None:
        """A lane that runs outside of all boxes counts, and so does the width of its line."""
        scene = Scene(boxes=[BOX], lines=[Line(((50, 20), (90, 20), (90, 60)))])
        bounds = scene.bounds()
        assert contains(bounds, BOX.area)
        assert bounds.right > 90
        assert bounds.bottom > 60


class TestRounded:
    """Bézier pieces along a way with corners."""

    def test_ends_where_the_way_ends(self) -> None:
        """The last piece ends at the last point."""
        assert rounded([(0, 0), (20, 0), (20, 30)])[-1][-1] == (20, 30)

    def test_a_straight_way_is_one_piece(self) -> None:
        """Without a corner nothing is rounded."""
        assert len(rounded([(0, 0), (0, 30)])) == 1

    def test_corner_is_cut_by_the_radius(self) -> None:
        """The curve leaves the first leg five points before the corner and meets the second five points after it."""
        first, turn, _ = rounded([(0, 0), (20, 0), (20, 30)], radius=5)
        assert first[-1] == (15, 0)
        assert turn[-1] == (20, 5)

    @settings(deadline=None)
    @given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=6, unique=True))
    def test_stays_within_the_corners(self, points: list[tuple[float, float]]) -> None:
        """No control point lies outside of the way's own bounds, so a curve never swings out."""
        for piece in rounded(points):
            for x, y in piece:
                assert min(p[0] for p in points) - 1e-9 <= x <= max(p[0] for p in points) + 1e-9
                assert min(p[1] for p in points) - 1e-9 <= y <= max(p[1] for p in points) + 1e-9
