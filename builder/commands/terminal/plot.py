"""Curves over epochs in the characters of a terminal: Braille patterns, which have 2×4 dots each."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BLANK = 0x2800  # the pattern without dots; https://www.unicode.org/charts/PDF/U2800.pdf
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of each dot, by row and column."""
RESET = "\x1b[0m"
FIRST_SPAN = 8  # epochs that the axis has at first, where there are more


@dataclass(frozen=True)
class PlotCurve:
    """A name and a value for each epoch; ``dashed`` curves have gaps; ``color`` is an escape sequence, or empty."""

    name: str
    values: Sequence[float]
    dashed: bool = False
    color: str = ""


def plot(title: str, curves: Sequence[PlotCurve], epochs: int, width: int, height: int) -> list[str]:
    """Return ``height`` lines of at most ``width`` characters: a title that names the curves, the curves, their epochs.

    The axis goes on to a power of two of epochs, at most to ``epochs``, so that it is at least half full. Values that
    are not finite are left out. Escape sequences do not count as characters.
    """
    values = [value for curve in curves for value in curve.values if isfinite(value)]
    low, high = min(values, default=0.0), max(values, default=1.0)
    labels = [f"{high:.4g}", f"{low:.4g}"]
    gutter = max(map(len, labels))
    canvas = _Canvas(width - gutter - 2, height - 2)
    done = max((len(curve.values) for curve in curves), default=0)
    span = _span(done, epochs)
    for curve in curves:
        canvas.draw(curve, span, low, high)
    rows = [f"{label:>{gutter}} │{row}" for label, row in zip(_beside(labels, height - 2), canvas.rows(), strict=True)]
    return [_title(title, curves, width), *rows, _axis(gutter, span, width)]


def _span(done: int, epochs: int) -> int:
    """Return how many epochs the axis has."""
    span = FIRST_SPAN
    while span < done:
        span *= 2
    return max(1, min(span, epochs))


def _beside(labels: list[str], height: int) -> list[str]:
    """Return the labels of an axis' ends, with nothing between them."""
    return [labels[0], *[""] * (height - 2), labels[1]] if height > 1 else labels[:1]


def _title(title: str, curves: Sequence[PlotCurve], width: int) -> str:
    """Return the title with a key to the curves and their last values, as much of it as there is room for."""
    for with_values in (True, False):
        keys = [_key(curve, with_values=with_values) for curve in curves]
        if len(title) + sum(len(key) + 2 for key in keys) <= width:
            pairs = zip(curves, keys, strict=True)
            return title + "".join(f"  {curve.color}{key}{RESET if curve.color else ''}" for curve, key in pairs)
    return title[:width]


def _key(curve: PlotCurve, *, with_values: bool) -> str:
    last = f" {curve.values[-1]:.4g}" if with_values and curve.values else ""
    return f"{'╌╌' if curve.dashed else '──'} {curve.name}{last}"


def _axis(gutter: int, span: int, width: int) -> str:
    """Return the first and the last epoch of the axis, below its ends."""
    room = width - gutter - 2
    last = str(span)
    return " " * (gutter + 2) + ("1" + last.rjust(room - 1) if span > 1 and room > len(last) else "1")


class _Canvas:
    """A sheet of dots, of which each curve sets some; a cell has the color of what was drawn last in it."""

    def __init__(self, columns: int, lines: int) -> None:
        self._columns, self._lines = max(1, columns), max(1, lines)
        self._cells = [[0] * self._columns for _ in range(self._lines)]
        self._colors = [[""] * self._columns for _ in range(self._lines)]

    def draw(self, curve: PlotCurve, span: int, low: float, high: float) -> None:
        """Draw a curve between ``low`` and ``high`` over ``span`` epochs, straight from one value to the next."""
        right, bottom = 2 * self._columns - 1, 4 * self._lines - 1
        points = [
            (right * epoch / max(1, span - 1), bottom * (1 - (value - low) / ((high - low) or 1)))
            for epoch, value in enumerate(curve.values)
            if isfinite(value)
        ]
        for x, y in _between(points):
            if not (curve.dashed and round(x) % 4 >= 2):
                self._set(min(right, round(x)), round(y), curve.color)

    def _set(self, x: int, y: int, color: str) -> None:
        line, column = y // 4, x // 2
        self._cells[line][column] |= DOTS[y % 4][x % 2]
        self._colors[line][column] = color

    def rows(self) -> Iterator[str]:
        """Yield the lines, without blanks at their ends."""
        for cells, colors in zip(self._cells, self._colors, strict=True):
            row, current = "", ""
            used = max((column + 1 for column, cell in enumerate(cells) if cell), default=0)
            for cell, color in zip(cells[:used], colors[:used], strict=True):
                if color != current:
                    row += (RESET if current else "") + color
                    current = color
                row += chr(BLANK + cell) if cell else " "
            yield row + (RESET if current else "")


def _between(points: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Yield the points and those on straight lines between them, one dot apart."""
    yield from points[:1]
    for (x, y), (to_x, to_y) in pairwise(points):
        steps = max(1, round(max(abs(to_x - x), abs(to_y - y))))
        for step in range(1, steps + 1):
            yield x + (to_x - x) * step / steps, y + (to_y - y) * step / steps
