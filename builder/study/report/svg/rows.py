"""Figures with a row for each variant: every seed as a dot, and the gaps to the base with their intervals.

They stretch with the page: horizontal coordinates are percentages, so that text keeps its size on a phone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from builder.emit.diagram.scene.metrics import fit
from builder.study.report.svg.figure import TEXT, Figure, group, line, percent, text, width_of
from builder.study.report.svg.markup import Markup, element, joined
from builder.study.report.svg.scales import Axis, decimals, spanning

if TYPE_CHECKING:
    from collections.abc import Sequence

LEFT, RIGHT = 2.0, 98.0  # percent of the width between which values are drawn
_NAME, _TRACK, _ROW = 15.0, 31.0, 46.0
"""Below a row's top, in px: the name's baseline, the middle of what is drawn, and the next row."""

_LINE: Final = 16.0
_PHONE: Final = 328.0
"""The room in px that a phone leaves: where name and numbers do not fit beside one another, they get a line each."""

_LIFTS: Final = (0.0, 4.0, 8.0, -4.0, 2.0, 6.0, -2.0, 10.0, 1.0, 5.0, 9.0, -3.0, 3.0, 7.0)
"""In px above the track, where dots go that would cover one another."""

_NEAR: Final = 1.1  # percent of the width: dots nearer than this would
_FOOT: Final = 40.0


class Dots(NamedTuple):
    """A variant's row: every seed's value, their mean and its interval; all in the unit of the axis."""

    name: str
    note: str
    ink: str
    values: Sequence[float]
    mean: float
    interval: tuple[float, float] | None


class GapRow(NamedTuple):
    """A row of differences: one with its interval, and ``outer`` where all intervals are to hold at once.

    ``is_clear`` where there is a difference for sure.
    """

    name: str
    note: str
    ink: str
    difference: float
    interval: tuple[float, float]
    outer: tuple[float, float] | None
    is_clear: bool


@dataclass(frozen=True)
class _Layout:
    """Where rows stand: how many there are, and whether their numbers stand below their names."""

    count: int
    is_stacked: bool

    @property
    def row(self) -> float:
        """The height of a row in px."""
        return _ROW + _LINE * self.is_stacked

    @property
    def height(self) -> float:
        """The height of all rows in px."""
        return self.count * self.row

    def track(self, index: int) -> float:
        """Return the middle of what is drawn in a row."""
        return index * self.row + _TRACK + _LINE * self.is_stacked

    def head(self, row: Dots | GapRow, index: int) -> Markup:
        """Return a row's name and its numbers."""
        top = index * self.row + _NAME
        name = text(fit(row.name, _PHONE, TEXT, bold=True), "0%", top, class_="name")
        if self.is_stacked:
            return group(name, text(row.note, "0%", top + _LINE, class_="muted"))
        return group(name, text(row.note, "100%", top, class_="muted", anchor="end"))


def _layout(rows: Sequence[Dots | GapRow]) -> _Layout:
    widths = (width_of(row.name, bold=True) + width_of(row.note) + 12 for row in rows)
    return _Layout(len(rows), any(width > _PHONE for width in widths))


def dots(name: str, title: str, description: str, axis: str, rows: Sequence[Dots]) -> Figure:
    """Return the figure of all seeds: a dot for each, the mean as a stroke, its interval as a bar."""
    values = [value for row in rows for value in (*row.values, *(row.interval or ()))]
    scale, layout = spanning(values, LEFT, RIGHT, least=1e-3), _layout(rows)
    drawn = [_frame(scale, layout, axis)]
    for index, row in enumerate(rows):
        drawn.append(group(layout.head(row, index), *_seeds(row, scale, layout.track(index)), class_=row.ink))
    return Figure(name, title, description, None, layout.height + _FOOT, joined(drawn))


def gaps(name: str, title: str, description: str, axis: str, rows: Sequence[GapRow], margin: float) -> Figure:
    """Return the figure of all differences; a band shows what is too small to matter: up to ``margin`` either way."""
    values = [value for row in rows for value in (*row.interval, *(row.outer or ()))]
    scale, layout = spanning([*values, -margin, margin], LEFT, RIGHT), _layout(rows)
    left, right = scale(-margin), scale(margin)
    band = element("rect", x=percent(left), y=0, width=percent(right - left), height=layout.height, class_="band")
    zero = line((percent(scale(0)), percent(scale(0))), (0, layout.height + 4), "zero")
    drawn = [band, _frame(scale, layout, axis), zero]
    for index, row in enumerate(rows):
        drawn.append(group(layout.head(row, index), *_gap(row, scale, layout.track(index)), class_=row.ink))
    return Figure(name, title, description, None, layout.height + _FOOT, joined(drawn))


def _frame(scale: Axis, layout: _Layout, axis: str) -> Markup:
    """Return rules at the round values, which stand below, and what they are values of."""
    height = layout.height
    marks = scale.ticks
    digits = decimals(marks)
    parts = [line((percent(scale(mark)),) * 2, (0, height + 4), "rule") for mark in marks]
    parts += [
        text(written(mark, digits), percent(scale(mark)), height + 18, class_="muted", anchor=_anchor(scale(mark)))
        for mark in marks
    ]
    parts.append(text(axis, "50%", height + 35, class_="muted", anchor="middle"))
    parts += [
        line(("0%", "100%"), (index * layout.row, index * layout.row), "rule") for index in range(layout.count + 1)
    ]
    return joined(parts)


def _anchor(share: float) -> str:
    """Return how a number below the axis is aligned, so that none is cut off at the figure's sides."""
    return "start" if share < 6 else "end" if share > 94 else "middle"


def written(value: float, digits: int) -> str:
    """Return a number of an axis, with a true minus.

    >>> written(-0.5, 1), written(82, 0)
    ('−0.5', '82')
    """
    return f"{value:.{digits}f}".replace("-", "−")


def _seeds(row: Dots, scale: Axis, y: float) -> list[Markup]:
    """Return the interval below, the dots above it, those that would cover one another stacked, and the mean."""
    parts = []
    if row.interval is not None:
        low, high = (percent(scale(value)) for value in row.interval)
        parts.append(line((low, high), (y + 9, y + 9), "interval"))
    parts += [
        element("circle", cx=percent(share), cy=y - lift, r=3.5, class_="dot") for share, lift in _stacked(row, scale)
    ]
    middle = percent(scale(row.mean))
    return [*parts, line((middle, middle), (y - 3, y + 14), "middle")]


def _stacked(row: Dots, scale: Axis) -> list[tuple[float, float]]:
    """Return each dot's place: percent from the left, px above the track."""
    found: list[tuple[float, float]] = []
    for share in sorted(scale(value) for value in row.values):
        near = [lift for other, lift in found if share - other < _NEAR]
        free = (lift for lift in _LIFTS if lift not in near)
        found.append((share, next(free, _LIFTS[len(near) % len(_LIFTS)])))
    return found


def _gap(row: GapRow, scale: Axis, y: float) -> list[Markup]:
    """Return the interval with its ends, and the difference: filled where it is clear, else hollow."""
    low, high = (percent(scale(value)) for value in row.interval)
    ends = [line((end, end), (y - 5, y + 5), "interval") for end in (low, high)]
    kind = "mean" if row.is_clear else "open"
    dot = element("circle", cx=percent(scale(row.difference)), cy=y, r=5, class_=kind)
    outer = []
    if row.outer is not None:
        outer.append(line((percent(scale(row.outer[0])), percent(scale(row.outer[1]))), (y, y), "outer"))
    return [*outer, line((low, high), (y, y), "interval"), *ends, dot]
