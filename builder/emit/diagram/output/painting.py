"""A scene as outlines and labels in the colors of a theme, in the order in which they are painted.

PDF and TikZ are written from it. Lengths are in pt on paper, y growing downwards from the upper left corner.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from builder.emit.diagram.output.dot import HEAD, MARGIN
from builder.emit.diagram.scene.scene import DOT, before, rounded
from builder.emit.diagram.scene.signs import strokes
from builder.emit.diagram.scene.theme import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from builder.emit.diagram.scene.scene import Box, Line, Point, Scene, Text
    from builder.emit.diagram.scene.theme import Theme

DASHES: Final = (5.0, 2.0)
BASELINE: Final = 0.3
"""From the middle of a text down to its baseline, in font sizes."""

SIGN: Final = 1.2
"""The pen of the plus or times inside a circle."""

_ARC: Final = 0.5523  # where the control points of a quarter of a circle are, in radii


@dataclass(frozen=True, slots=True)
class Outline:
    """A way of cubic Bézier pieces, with colors as ``#RRGGBB`` or None; ``pen`` is the width of its line."""

    start: Point
    pieces: tuple[tuple[Point, Point, Point], ...]
    fill: str | None
    line: str | None
    pen: float
    dashed: bool = False
    closed: bool = True


@dataclass(frozen=True, slots=True)
class Label:
    """A text by the middle of its baseline."""

    x: float
    y: float
    text: str
    size: float
    color: str
    bold: bool


@dataclass(frozen=True, slots=True)
class Painting:
    """A whole figure."""

    width: float
    height: float
    page: str
    outlines: tuple[Outline, ...]
    labels: tuple[Label, ...]
    lines: tuple[Outline, ...]
    """What is painted over the labels: lines, arrow heads and signs."""

    def items(self) -> Iterator[Outline | Label]:
        """Yield everything in the order in which it is painted."""
        yield from self.outlines
        yield from self.labels
        yield from self.lines


def paint(scene: Scene, theme: Theme, scale: float = 1.0) -> Painting:
    """Return the scene, everything in it ``scale`` times as large."""
    return _Painter(scene, theme, scale).painting()


class _Painter:
    """Knows the theme and where the upper left corner is."""

    def __init__(self, scene: Scene, theme: Theme, scale: float) -> None:
        self.scene = scene
        self.theme = theme
        self.scale = scale
        self.bounds = scene.bounds()

    def painting(self) -> Painting:
        """Return everything."""
        scene, bounds = self.scene, self.bounds
        dots = (self._disc(dot.x, dot.y, DOT / 2, self._color(dot.tone)) for dot in scene.dots)
        return Painting(
            (bounds.right - bounds.left + 2 * MARGIN) * self.scale,
            (bounds.bottom - bounds.top + 2 * MARGIN) * self.scale,
            self.theme.page,
            (*(self._box(box) for box in scene.boxes), *dots),
            (*(each for box in scene.boxes for each in self._label_of(box)), *map(self._text, scene.texts)),
            (
                *(each for line in scene.lines for each in self._line(line)),
                *(each for box in scene.boxes if box.kind == "sum" for each in self._sign(box)),
            ),
        )

    def _box(self, box: Box) -> Outline:
        """Return the outline of a box."""
        look = self.theme.looks[box.kind]
        fill = None if look.fill == "none" else look.fill
        line = look.line if look.pen else None
        pen = look.pen * self.scale
        if look.form == "circle":
            start, pieces = self._circle(box.x, box.y, box.width / 2)
        else:
            small = min(box.width, box.height) / 3
            start, pieces = self._rectangle(box, min(small, 12 / self.scale) if look.form == "pill" else 0.0)
        return Outline(start, pieces, fill, line, pen, look.dashed)

    def _rectangle(self, box: Box, radius: float) -> tuple[Point, tuple[tuple[Point, Point, Point], ...]]:
        """Return a rectangle with round corners."""
        area = box.area
        top = (box.x, area.top)
        corners = [(area.right, area.top), (area.right, area.bottom), (area.left, area.bottom), (area.left, area.top)]
        return self._way([top, *corners, top], radius)

    def _circle(self, x: float, y: float, radius: float) -> tuple[Point, tuple[tuple[Point, Point, Point], ...]]:
        """Return a circle of four arcs."""
        ways = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0), (1.0, 0.0)]
        pieces = []
        for (a, b), (c, d) in pairwise(ways):
            first = (x + radius * (a + _ARC * c), y + radius * (b + _ARC * d))
            second = (x + radius * (c + _ARC * a), y + radius * (d + _ARC * b))
            pieces.append((first, second, (x + radius * c, y + radius * d)))
        return self._at((x + radius, y)), self._all(pieces)

    def _disc(self, x: float, y: float, radius: float, color: str) -> Outline:
        """Return a dot."""
        start, pieces = self._circle(x, y, radius)
        return Outline(start, pieces, color, None, 0.0)

    def _label_of(self, box: Box) -> Iterator[Label]:
        """Yield what is written in a box."""
        look = self.theme.looks[box.kind]
        if box.text and look.form != "circle":
            yield self._label(box.x, box.y, box.text, TEXT, look.ink, bold=look.bold or box.bold)

    def _text(self, text: Text) -> Label:
        """Return a text."""
        return self._label(text.x, text.y, text.text, text.size, self._color(text.tone), bold=text.bold)

    def _label(self, x: float, y: float, text: str, size: float, color: str, *, bold: bool) -> Label:
        """Return a text by its middle."""
        at = self._at((x, y + BASELINE * size))
        return Label(*at, text, size * self.scale, color, bold)

    def _line(self, line: Line) -> Iterator[Outline]:
        """Yield a line, and its arrow head."""
        color = self._color(line.tone)
        points = list(line.points)
        tip = points[-1]
        if line.arrow:
            points[-1] = before(points[-2], tip, 10 * HEAD)
        yield self._stroke(points, color, line.pen)
        if line.arrow:
            yield self._head(points[-1], tip, color, line.pen)

    def _head(self, base: Point, tip: Point, color: str, pen: float) -> Outline:
        """Return an arrow head, as slender as Graphviz draws it."""
        along = ((tip[0] - base[0]) * 0.35, (tip[1] - base[1]) * 0.35)
        left, right = (base[0] - along[1], base[1] + along[0]), (base[0] + along[1], base[1] - along[0])
        start, pieces = self._way([left, tip, right, left], 0.0)
        return Outline(start, pieces, color, color, pen * self.scale)

    def _sign(self, box: Box) -> Iterator[Outline]:
        """Yield the strokes of the sign inside a circle."""
        for points in strokes(box.text, box.x, box.y):
            yield self._stroke(points, self.theme.ink, SIGN)

    def _stroke(self, points: list[Point], color: str, pen: float) -> Outline:
        """Return an open line with rounded corners."""
        start, pieces = self._way(points, 5.0)
        return Outline(start, pieces, None, color, pen * self.scale, closed=False)

    def _way(self, points: list[Point], radius: float) -> tuple[Point, tuple[tuple[Point, Point, Point], ...]]:
        """Return the pieces of a way through points."""
        return self._at(points[0]), self._all(rounded(points, radius))

    def _all(self, pieces: Iterable[tuple[Point, Point, Point]]) -> tuple[tuple[Point, Point, Point], ...]:
        """Return pieces on paper."""
        return tuple((self._at(one), self._at(two), self._at(end)) for one, two, end in pieces)

    def _at(self, point: Point) -> Point:
        """Return a point on paper."""
        x, y = point[0] - self.bounds.left + MARGIN, point[1] - self.bounds.top + MARGIN
        return x * self.scale, y * self.scale

    def _color(self, tone: str) -> str:
        """Return the color of a tone in this theme."""
        return self.theme.tones[tone]
