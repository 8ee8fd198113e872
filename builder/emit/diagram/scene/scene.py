"""What is drawn and where: boxes, texts, dots and lines with exact coordinates in pt, y growing downwards.

A scene knows nothing of graphs or Graphviz; layouts make it, ``dot`` writes it and the tests measure it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import hypot
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from builder.emit.diagram.scene.metrics import LINE, text_width

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builder.emit.diagram.scene.theme import BoxKind

Point: TypeAlias = tuple[float, float]
Tone: TypeAlias = Literal["ink", "muted", "lane", "gate"]
"""Which of the theme's colors a text or line has."""


@dataclass(frozen=True, slots=True)
class Rectangle:
    """The room that something takes up."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Box:
    """A box by its center and size. ``nodes`` are the indices, in ``model``, of what it stands for."""

    name: str
    kind: BoxKind
    x: float
    y: float
    width: float
    height: float
    text: str = ""
    bold: bool = False
    nodes: tuple[int, ...] = ()
    model: int = 0

    @property
    def area(self) -> Rectangle:
        """The room inside its outline."""
        return Rectangle(
            self.x - self.width / 2, self.y - self.height / 2, self.x + self.width / 2, self.y + self.height / 2
        )


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text by its center."""

    x: float
    y: float
    text: str
    size: float
    tone: Tone = "ink"
    bold: bool = False

    @property
    def area(self) -> Rectangle:
        """The room that the letters take up."""
        half, tall = text_width(self.text, self.size, bold=self.bold) / 2, self.size * LINE / 2
        return Rectangle(self.x - half, self.y - tall, self.x + half, self.y + tall)


@dataclass(frozen=True, slots=True)
class Line:
    """A way through ``points`` with rounded corners; ``arrow`` puts a head at its end."""

    points: tuple[Point, ...]
    tone: Tone = "ink"
    arrow: bool = False
    pen: float = 0.9


DOT: Final = 3.8
"""Diameter of a dot, in pt."""


@dataclass(frozen=True, slots=True)
class Dot:
    """Where a value goes more than one way."""

    x: float
    y: float
    tone: Tone = "ink"


@dataclass
class Scene:
    """Everything of one figure; things that come first are painted first."""

    boxes: list[Box] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def text(self, x: float, y: float, text: str, size: float, *, tone: Tone = "ink", bold: bool = False) -> None:
        """Add a text by its center."""
        self.texts.append(Text(x, y, text, size, tone, bold))

    def text_after(self, x: float, y: float, text: str, size: float, *, tone: Tone = "ink", bold: bool = False) -> None:
        """Add a text that begins at ``x``."""
        self.text(x + text_width(text, size, bold=bold) / 2, y, text, size, tone=tone, bold=bold)

    def bounds(self) -> Rectangle:
        """Return the room that everything together takes up, half a line's width included."""
        areas = [*(box.area for box in self.boxes), *(text.area for text in self.texts)]
        xs = [x for line in self.lines for x, _ in line.points]
        ys = [y for line in self.lines for _, y in line.points]
        pen = 1.1
        return Rectangle(
            min([*(each.left for each in areas), *xs]) - pen,
            min([*(each.top for each in areas), *ys]) - pen,
            max([*(each.right for each in areas), *xs]) + pen,
            max([*(each.bottom for each in areas), *ys]) + pen,
        )


def rounded(points: Iterable[Point], radius: float = 5.0) -> list[tuple[Point, Point, Point]]:
    """Return cubic Bézier pieces (two control points and an end) that follow ``points`` with round corners."""
    way = list(points)
    pieces: list[tuple[Point, Point, Point]] = []
    here = way[0]
    for before, corner, after in zip(way, way[1:], way[2:], strict=False):
        turn = min(radius, _distance(before, corner) / 2, _distance(corner, after) / 2)
        start, end = _toward(corner, before, turn), _toward(corner, after, turn)
        pieces.append(_straight(here, start))
        pieces.append((_toward(start, corner, 0.5523 * turn), _toward(end, corner, 0.5523 * turn), end))
        here = end
    pieces.append(_straight(here, way[-1]))
    return pieces


def before(start: Point, end: Point, distance: float) -> Point:
    """Return the point ``distance`` before ``end`` on the way from ``start``."""
    length = _distance(start, end)
    share = min(distance / length, 0.95) if length else 0.0
    return (end[0] + (start[0] - end[0]) * share, end[1] + (start[1] - end[1]) * share)


def _straight(start: Point, end: Point) -> tuple[Point, Point, Point]:
    """Return a straight Bézier piece."""
    third = _distance(start, end) / 3
    return (_toward(start, end, third), _toward(end, start, third), end)


def _distance(first: Point, second: Point) -> float:
    """Return the distance of two points."""
    return hypot(first[0] - second[0], first[1] - second[1])


def _toward(start: Point, goal: Point, step: float) -> Point:
    """Return the point a step from ``start`` toward ``goal``."""
    distance = _distance(start, goal)
    share = step / distance if distance else 0.0
    return (start[0] + (goal[0] - start[0]) * share, start[1] + (goal[1] - start[1]) * share)
