"""Two factors beside one another: the mean accuracy at each level of the one, a line for each level of the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from builder.emit.diagram.scene.metrics import fit_end
from builder.study.report.svg.figure import TEXT, Figure, group, line, path, text, width_of
from builder.study.report.svg.labels import spread
from builder.study.report.svg.markup import Markup, element, joined
from builder.study.report.svg.rows import written
from builder.study.report.svg.scales import decimals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.study.report.svg.scales import Axis

WIDTH, HEIGHT = 360.0, 250.0
TOP, BOTTOM = 12.0, 202.0
"""Between which accuracies are drawn, in px; figures of one study share the scale."""

_LEFT: Final = 44.0
_GAP: Final = 14.0  # px between the names at the ends
_WIDEST: Final = 130.0  # px for them
_POINT: Final = 4.0


class LevelLine(NamedTuple):
    """The line of a level of the second factor: a mean for each level of the first."""

    name: str
    ink: str
    means: Sequence[float]


def interaction(
    name: str, title: str, description: str, axes: tuple[str, Sequence[str]], lines: Sequence[LevelLine], up: Axis
) -> Figure:
    """Return the figure; ``axes`` are the first factor's name and its levels, ``up`` where accuracies stand."""
    called, levels = axes
    right = WIDTH - 10 - min(_WIDEST, max(width_of(each.name, bold=True) for each in lines))
    inner = (_LEFT + 30, right - 34)
    step = (inner[1] - inner[0]) / max(len(levels) - 1, 1)
    across = [inner[0] + place * step for place in range(len(levels))]
    drawn = [_frame(called, levels, across, up, right)]
    for each in reversed(lines):  # the base's lies on top
        spots = [(x, up(mean)) for x, mean in zip(across, each.means, strict=True)]
        marks = [element("circle", cx=x, cy=y, r=_POINT, class_="mean") for x, y in spots]
        drawn.append(group(path(spots, f"curve {each.ink}"), *marks, class_=each.ink))
    heights = spread([up(each.means[-1]) for each in lines], _GAP, TOP, BOTTOM)
    drawn += [
        group(text(fit_end(each.name, _WIDEST, TEXT, bold=True), right - 22, y + 4, class_="name"), class_=each.ink)
        for each, y in zip(lines, heights, strict=True)
    ]
    return Figure(name, title, description, WIDTH, HEIGHT, joined(drawn))


def _frame(called: str, levels: Sequence[str], across: Sequence[float], up: Axis, right: float) -> Markup:
    rows = up.ticks
    digits, end = decimals(rows), right - 28
    parts = [line((_LEFT, end), (up(mark), up(mark)), "rule") for mark in rows]
    parts += [text(written(mark, digits), _LEFT - 6, up(mark) + 4, class_="muted", anchor="end") for mark in rows]
    parts.append(line((_LEFT, end), (BOTTOM, BOTTOM), "axis"))
    room = (end - _LEFT) / len(levels)
    for x, level in zip(across, levels, strict=True):
        parts.append(line((x, x), (BOTTOM, BOTTOM + 4), "axis"))
        parts.append(text(fit_end(level, room, TEXT), x, BOTTOM + 18, class_="muted", anchor="middle"))
    parts.append(text(called, (_LEFT + end) / 2, HEIGHT - 10, class_="muted", anchor="middle"))
    return joined(parts)
