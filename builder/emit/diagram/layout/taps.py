"""Ways of values that are read from afar at the level of layers: around every box, beside the strands and not through.

A strand stands beside others: a branch, or the lane of a shortcut. Between two of them runs a corridor, and above and
below a row of branches there is room to cross over to another one; outside of all there are lanes at the left.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from builder.emit.diagram.layout.spacing import ARROW
from builder.emit.diagram.scene.scene import DOT, Line
from builder.emit.diagram.scene.theme import LIGHT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builder.emit.diagram.scene.scene import Box, Point, Scene

PEN: Final = 0.9
APART: Final = 2.6
"""From one line in a corridor to the next."""


_Taken: TypeAlias = tuple[float, float, float, int]
"""Where a line runs, from where to where along it, and of which value."""


@dataclass(frozen=True, slots=True)
class Corridor:
    """What is beside the strand ``number`` of the split or shortcut ``path``: free ways up and down, and across."""

    path: str
    number: int
    left: float
    right: float
    above: float
    below: float


@dataclass(frozen=True, slots=True)
class _End:
    """Where a value can be tapped, or is read, and the corridors around it, the outermost first."""

    point: Point
    corridors: tuple[Corridor, ...]
    radius: float = 0.0


@dataclass
class TapLines:
    """The sources and readers of one network, and the ways between them."""

    scene: Scene
    sources: dict[int, _End] = field(default_factory=dict)
    readers: list[tuple[int, _End]] = field(default_factory=list)
    along: list[_Taken] = field(default_factory=list)
    across: list[_Taken] = field(default_factory=list)

    def source(self, value: int, point: Point, corridors: tuple[Corridor, ...]) -> None:
        """Remember the dot at which a value can be tapped."""
        self.sources[value] = _End(point, corridors, DOT / 2)

    def holder(self, nodes: Iterable[int], box: Box, corridors: tuple[Corridor, ...]) -> None:
        """Remember a box that stands for many nodes, whose values can be tapped at its lower left."""
        end = _End((box.area.left - LIGHT.looks[box.kind].pen / 2, box.y + box.height / 4), corridors)
        for node in nodes:
            self.sources.setdefault(node, end)

    def reader(self, value: int, box: Box, corridors: tuple[Corridor, ...]) -> None:
        """Remember a box that reads a value from afar."""
        edge = box.area.left - LIGHT.looks[box.kind].pen / 2
        self.readers.append((value, _End((edge, box.y), corridors)))

    def draw(self, left: float) -> None:
        """Draw all ways; the lanes outside are to the left of ``left``."""
        for value, reader in self.readers:
            way = self._way(self.sources[value], reader, left, value)
            self.scene.lines.append(Line(tuple(way), "lane", arrow=True, pen=PEN))

    def _way(self, source: _End, reader: _End, left: float, value: int) -> list[Point]:
        """Return the corners of a way: out of the corridors of its source, and into those of its reader."""
        common = 0
        for one, other in zip(source.corridors, reader.corridors, strict=False):
            if (one.path, one.number) != (other.path, other.number):
                break
            common += 1
        leave, enter = source.corridors[common:], reader.corridors[common:]
        siblings = bool(leave and enter and leave[0].path == enter[0].path)
        turns: list[tuple[float, float]] = [(each.left, each.below) for each in reversed(leave[siblings:])]
        if siblings:
            turns += self._to_sibling(leave[0], enter[0], reader.point[1] if len(enter) == 1 else enter[1].above)
        elif common:
            turns.append((source.corridors[common - 1].left, self._next(enter, reader)))
        else:
            turns.append((self._lane(left, source, reader, value), self._next(enter, reader)))
        turns += [
            (each.left, self._next(enter[place + 1 :], reader))
            for place, each in enumerate(enter)
            if place or not siblings
        ]
        return self._corners(source, turns, reader.point, value)

    @staticmethod
    def _to_sibling(one: Corridor, other: Corridor, goal: float) -> list[tuple[float, float]]:
        """Return the turns from a strand to one beside it: through the corridor between them, or across above."""
        if other.number == one.number + 1:
            return [(other.left, goal)]
        side = one.right if other.number > one.number else one.left
        return [(side, other.above), (other.left, goal)]

    @staticmethod
    def _next(enter: tuple[Corridor, ...], reader: _End) -> float:
        """Return the height at which a way goes on into the next corridor, or into the reader."""
        return enter[0].above if enter else reader.point[1]

    def _lane(self, left: float, source: _End, reader: _End, value: int) -> float:
        """Return the first free lane outside."""
        top, bottom = sorted((source.point[1], reader.point[1]))
        x = left - ARROW
        while _is_taken(self.along, x, top, bottom, value):
            x -= ARROW
        return x

    def _corners(self, source: _End, turns: list[tuple[float, float]], end: Point, value: int) -> list[Point]:
        """Return the points of a way that leaves its dot to the side, and in each turn goes up or down to a height."""
        x, y = source.point
        points = [(x - source.radius if turns[0][0] < x else x + source.radius, y)]
        for place, (corridor, height) in enumerate(turns):
            goal = height
            if place + 1 < len(turns):
                goal = _free(self.across, height, (corridor, turns[place + 1][0]), value)
            at = _free(self.along, corridor, (y, goal), value)
            points += [(at, y), (at, goal)]
            y = goal
        return [*points, end]


def _free(taken: list[_Taken], wanted: float, reach: tuple[float, float], value: int) -> float:
    """Return the place that is nearest to the one wanted and not taken by another value, and take it."""
    begin, end = min(reach), max(reach)
    places = [wanted, wanted + APART, wanted - APART]
    at = next((each for each in places if not _is_taken(taken, each, begin, end, value)), wanted)
    taken.append((at, begin, end, value))
    return at


def _is_taken(taken: list[_Taken], at: float, begin: float, end: float, value: int) -> bool:
    """Return whether another value runs along ``at`` somewhere between ``begin`` and ``end``."""
    return any(
        abs(place - at) < APART - 0.1 and other != value and first <= end and begin <= last
        for place, first, last, other in taken
    )
