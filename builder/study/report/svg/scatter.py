"""Accuracy against a price or a setting: a point for each variant or trial, and labels that do not touch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from builder.emit.diagram.scene.metrics import fit_end
from builder.study.report.svg.figure import TEXT, Figure, group, line, text, width_of
from builder.study.report.svg.labels import LabelBox, Wanted, placed
from builder.study.report.svg.markup import Markup, element, joined
from builder.study.report.svg.rows import written
from builder.study.report.svg.scales import Axis, decimals, factors, spanning

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WIDTH, HEIGHT = 360.0, 270.0
_LEFT, _TOP, _RIGHT, _BOTTOM = 44.0, 12.0, 350.0, 222.0
_POINT: Final = 5.0
_WIDEST: Final = 150.0  # px of a label; the end of a longer name tells it from others


class ScatterPoint(NamedTuple):
    """What it is called, "" for no label, where it stands across, its accuracy and the interval of that.

    The first points are the first to get a label.
    """

    name: str
    ink: str
    across: float
    accuracy: float
    interval: tuple[float, float] | None


def scatter(
    name: str,
    title: str,
    description: str,
    axes: tuple[str, str],
    points: Sequence[ScatterPoint],
    labels: Callable[[Sequence[float]], list[str]],
) -> Figure:
    """Return the scatter of all points; ``axes`` are the names of both."""
    across = factors([point.across for point in points], _LEFT + 8, _RIGHT - 8)
    heights = [value for point in points for value in (point.accuracy, *(point.interval or ()))]
    up = spanning(heights, _BOTTOM - 4, _TOP + 4, least=1e-3)
    body = joined([_frame(across, up, axes, labels), *_points(points, across, up)])
    return Figure(name, title, description, WIDTH, HEIGHT, body)


def _frame(across: Axis, up: Axis, axes: tuple[str, str], labels: Callable[[Sequence[float]], list[str]]) -> Markup:
    """Return rules, numbers and names of both axes."""
    rows = up.ticks
    digits = decimals(rows)
    parts = [line((_LEFT, _RIGHT), (up(mark), up(mark)), "rule") for mark in rows]
    parts += [text(written(mark, digits), _LEFT - 6, up(mark) + 4, class_="muted", anchor="end") for mark in rows]
    parts.append(line((_LEFT, _RIGHT), (_BOTTOM, _BOTTOM), "axis"))
    below = zip(map(across, across.ticks), labels(across.ticks), strict=True)
    for mark, label in _spaced(list(below)):
        parts.append(line((mark, mark), (_BOTTOM, _BOTTOM + 4), "axis"))
        parts.append(text(label, mark, _BOTTOM + 18, class_="muted", anchor="middle"))
    parts.append(text(axes[0], (_LEFT + _RIGHT) / 2, HEIGHT - 12, class_="muted", anchor="middle"))
    return joined(parts)


def _spaced(marks: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """Return the marks whose numbers touch neither one another nor the figure's side, from the left."""
    found: list[tuple[float, str]] = []
    end = 0.0
    for x, label in marks:
        half = width_of(label) / 2
        if x - half > end + 6 and x + half < WIDTH:
            found.append((x, label))
            end = x + half
    return found


def _points(points: Sequence[ScatterPoint], across: Axis, up: Axis) -> list[Markup]:
    """Return intervals, then points, then the labels for which there is room, with a line where one stands apart."""
    spots = [(across(point.across), up(point.accuracy)) for point in points]
    bars = [
        LabelBox(x - 2, up(point.interval[1]), x + 2, up(point.interval[0]))
        for point, (x, _) in zip(points, spots, strict=True)
        if point.interval
    ]
    taken = [LabelBox(x - _POINT, y - _POINT, x + _POINT, y + _POINT) for x, y in spots]
    named = [(point, spot) for point, spot in zip(points, spots, strict=True) if point.name]
    called = _called([point.name for point, _ in named])
    wanted = [Wanted(*spot, width_of(name, bold=True), TEXT) for name, (_, spot) in zip(called, named, strict=True)]
    boxes = placed(wanted, LabelBox(_LEFT + 2, _TOP - 8, WIDTH, _BOTTOM - 1), [*taken, *bars])
    parts = [
        line((x, x), (up(point.interval[0]), up(point.interval[1])), f"interval {point.ink}")
        for point, (x, _) in zip(points, spots, strict=True)
        if point.interval
    ]
    leaders = [_leader(spot, box) for (_, spot), box in zip(named, boxes, strict=True) if box is not None]
    marks = [element("circle", cx=x, cy=y, r=_POINT, class_="mean") for x, y in spots]
    drawn = [group(mark, class_=point.ink) for mark, point in zip(marks, points, strict=True)]
    drawn.reverse()  # the first ones lie on top
    names = [
        group(text(name, box.left, box.bottom - 2, class_="name"), class_=point.ink)
        for (point, _), name, box in zip(named, called, boxes, strict=True)
        if box is not None
    ]
    return [*parts, *leaders, *drawn, *names]


def _called(names: list[str]) -> list[str]:
    """Return the names, their ends where they are long and the ends tell them apart."""
    ends = [fit_end(name, _WIDEST, TEXT, bold=True) for name in names]
    return ends if len(set(ends)) == len(set(names)) else names


def _leader(spot: tuple[float, float], box: LabelBox) -> Markup:
    """Return a thin line from a point to a label that does not stand at its side, nothing where it does."""
    x, y = max(box.left, min(box.right, spot[0])), max(box.top, min(box.bottom, spot[1]))
    if abs(x - spot[0]) + abs(y - spot[1]) < 12:
        return Markup()
    return line((spot[0], x), (spot[1], y), "leader")
