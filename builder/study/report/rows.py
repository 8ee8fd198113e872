"""Figures with a row for each variant: every seed as a dot, and the gaps to the base with their intervals.

They stretch with the page: horizontal coordinates are percentages, so that text keeps its size on a phone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from builder.study.report.figure import Figure, group, line, percent, text
from builder.study.report.markup import Markup, element, joined
from builder.study.report.scales import Scale, decimals, spanning

if TYPE_CHECKING:
    from collections.abc import Sequence

LEFT, RIGHT = 2.0, 98.0  # percent of the width between which values are drawn
ROW: Final = 46.0
_NAME, _TRACK = 15.0, 31.0  # below a row's top, in px: the name's baseline, and the middle of what is drawn
_STACK: Final = 4.0  # px between dots that would cover one another
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


class Gap(NamedTuple):
    """A row of differences: the interval around one; ``is_clear`` where it does not hold 0 for sure."""

    name: str
    note: str
    ink: str
    difference: float
    interval: tuple[float, float]
    is_clear: bool


def dots(name: str, title: str, description: str, axis: str, rows: Sequence[Dots]) -> Figure:
    """Return the figure of all seeds: a dot for each, the mean as a stroke, its interval as a bar."""
    values = [value for row in rows for value in (*row.values, *(row.interval or ()))]
    scale = spanning(values, LEFT, RIGHT, least=1e-3)
    drawn = [_frame(scale, len(rows), axis)]
    for index, row in enumerate(rows):
        drawn.append(group(_head(row.name, row.note, index), *_seeds(row, scale, index * ROW + _TRACK), class_=row.ink))
    return Figure(name, title, description, None, len(rows) * ROW + _FOOT, joined(drawn))


def gaps(name: str, title: str, description: str, axis: str, rows: Sequence[Gap], margin: float) -> Figure:
    """Return the figure of all differences; a band shows what is too small to matter: up to ``margin`` either way."""
    values = [value for row in rows for value in row.interval]
    scale = spanning([*values, -margin, margin], LEFT, RIGHT)
    height = len(rows) * ROW
    left, right = scale(-margin), scale(margin)
    band = element("rect", x=percent(left), y=0, width=percent(right - left), height=height, class_="band")
    zero = line((percent(scale(0)), percent(scale(0))), (0, height + 4), "zero")
    drawn = [band, _frame(scale, len(rows), axis), zero]
    for index, row in enumerate(rows):
        drawn.append(group(_head(row.name, row.note, index), *_gap(row, scale, index * ROW + _TRACK), class_=row.ink))
    return Figure(name, title, description, None, height + _FOOT, joined(drawn))


def _frame(scale: Scale, count: int, axis: str) -> Markup:
    """Return rules at the round values, which stand below, and what they are values of."""
    height = count * ROW
    marks = scale.ticks
    digits = decimals(marks)
    parts = [line((percent(scale(mark)),) * 2, (0, height + 4), "rule") for mark in marks]
    parts += [
        text(written(mark, digits), percent(scale(mark)), height + 18, class_="muted", anchor=_anchor(scale(mark)))
        for mark in marks
    ]
    parts.append(text(axis, "50%", height + 35, class_="muted", anchor="middle"))
    parts += [line(("0%", "100%"), (index * ROW, index * ROW), "rule") for index in range(count + 1)]
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


def _head(name: str, note: str, index: int) -> Markup:
    """Return a row's name on the left and its numbers on the right."""
    top = index * ROW + _NAME
    return group(text(name, "0%", top, class_="name"), text(note, "100%", top, class_="muted", anchor="end"))


def _seeds(row: Dots, scale: Scale, y: float) -> list[Markup]:
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


def _stacked(row: Dots, scale: Scale) -> list[tuple[float, float]]:
    """Return each dot's place: percent from the left, px above the track."""
    found: list[tuple[float, float]] = []
    for share in sorted(scale(value) for value in row.values):
        near = [lift for other, lift in found if share - other < _NEAR]
        found.append((share, next(lift for lift in (0.0, _STACK, -_STACK, 2 * _STACK, 0.5, 5.0) if lift not in near)))
    return found


def _gap(row: Gap, scale: Scale, y: float) -> list[Markup]:
    """Return the interval with its ends, and the difference: filled where it is clear, else hollow."""
    low, high = (percent(scale(value)) for value in row.interval)
    ends = [line((end, end), (y - 5, y + 5), "interval") for end in (low, high)]
    kind = "mean" if row.is_clear else "open"
    dot = element("circle", cx=percent(scale(row.difference)), cy=y, r=5, class_=kind)
    return [line((low, high), (y, y), "interval"), *ends, dot]
