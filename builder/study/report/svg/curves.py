"""Learning curves of all variants: the mean over the seeds, and a band from the lowest seed to the highest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from builder.emit.diagram.scene.metrics import fit_end
from builder.study.report.svg.figure import TEXT, Figure, group, line, path, text, width_of
from builder.study.report.svg.labels import spread
from builder.study.report.svg.markup import Markup, joined
from builder.study.report.svg.rows import written
from builder.study.report.svg.scales import Axis, decimals, spanning, ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 360.0, 270.0
_LEFT, _TOP, _BOTTOM = 44.0, 12.0, 222.0
_GAP: Final = 14.0  # px between the names at the ends
_WIDEST: Final = 120.0  # px for them


class SeedCurves(NamedTuple):
    """A variant's values, one a seed and epoch: ``seeds[seed][epoch]``; runs may be of different lengths."""

    name: str
    ink: str
    seeds: Sequence[Sequence[float]]

    @property
    def epochs(self) -> int:
        """The epochs that every seed has."""
        return min(map(len, self.seeds))

    def at(self, epoch: int) -> list[float]:
        """Return all seeds' values of one epoch, from 0."""
        return [seed[epoch] for seed in self.seeds]

    def means(self) -> list[float]:
        """Return the mean of each epoch."""
        return [sum(self.at(epoch)) / len(self.seeds) for epoch in range(self.epochs)]


def curves(name: str, title: str, description: str, axis: str, found: Sequence[SeedCurves]) -> Figure:
    """Return the figure of all curves; those whose ink is ``rest`` are thin, without band and name."""
    last = max(curve.epochs for curve in found)
    named = [curve for curve in found if curve.ink != "rest"]
    right = WIDTH - 10 - min(_WIDEST, max((width_of(curve.name, bold=True) for curve in named), default=0)) - 4
    across = Axis(1, max(last, 2), _LEFT + 4, right)
    values = [value for curve in found for epoch in range(curve.epochs) for value in curve.at(epoch)]
    up = spanning(values, _BOTTOM - 4, _TOP + 4, least=1e-3)
    back = [curve for curve in found if curve.ink == "rest"]
    drawn = [_frame(across, up, axis, last, right)]
    drawn += [_band(curve, across, up) for curve in named]
    drawn += [_mean(curve, across, up) for curve in (*back, *reversed(named))]
    drawn += _names(named, across, up)
    return Figure(name, title, description, WIDTH, HEIGHT, joined(drawn))


def _frame(across: Axis, up: Axis, axis: str, last: int, right: float) -> Markup:
    rows = up.ticks
    digits = decimals(rows)
    parts = [line((_LEFT, right), (up(mark), up(mark)), "rule") for mark in rows]
    parts += [text(written(mark, digits), _LEFT - 6, up(mark) + 4, class_="muted", anchor="end") for mark in rows]
    parts.append(line((_LEFT, right), (_BOTTOM, _BOTTOM), "axis"))
    for epoch in _epochs(last):
        parts.append(line((across(epoch), across(epoch)), (_BOTTOM, _BOTTOM + 4), "axis"))
        parts.append(text(str(epoch), across(epoch), _BOTTOM + 18, class_="muted", anchor="middle"))
    parts.append(text(axis, _LEFT, HEIGHT - 12, class_="muted"))
    return joined(parts)


def _epochs(last: int) -> list[int]:
    """Return which epochs the axis names: whole ones, the first and round ones.

    >>> _epochs(25), _epochs(1)
    ([1, 5, 10, 15, 20, 25], [1])
    """
    if last == 1:
        return [1]
    whole = [round(mark) for mark in ticks(0, last) if mark == round(mark) and mark > 1]
    return [1, *whole]


def _band(curve: SeedCurves, across: Axis, up: Axis) -> Markup:
    """Return the area between the lowest and the highest seed, nothing where there is one seed or one epoch."""
    if len(curve.seeds) < 2 or curve.epochs < 2:
        return Markup()
    above = [(across(epoch + 1), up(max(curve.at(epoch)))) for epoch in range(curve.epochs)]
    below = [(across(epoch + 1), up(min(curve.at(epoch)))) for epoch in reversed(range(curve.epochs))]
    return group(path([*above, *below], "spread", closed=True), class_=curve.ink)


def _mean(curve: SeedCurves, across: Axis, up: Axis) -> Markup:
    points = [(across(epoch + 1), up(value)) for epoch, value in enumerate(curve.means())]
    if len(points) == 1:
        ((x, y),) = points
        points = [(x - 3, y), (x + 3, y)]
    return path(points, f"curve {curve.ink}")


def _names(named: Sequence[SeedCurves], across: Axis, up: Axis) -> list[Markup]:
    """Return each name at the end of its curve, moved apart where they would touch."""
    heights = spread([up(curve.means()[-1]) for curve in named], _GAP, _TOP, _BOTTOM)
    return [
        group(text(_fitted(curve.name), across(curve.epochs) + 6, y + 4, class_="name"), class_=curve.ink)
        for curve, y in zip(named, heights, strict=True)
    ]


def _fitted(name: str) -> str:
    return fit_end(name, _WIDEST, TEXT, bold=True)
