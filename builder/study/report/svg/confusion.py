"""Where two variants answer differently: of each class, how many percent more or fewer were taken for each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from builder.study.report.svg.figure import Figure, text, width_of
from builder.study.report.svg.markup import Markup, element, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST: Final = 12
"""How many classes a matrix may have that is still read on a phone."""

_CELL, _TOP, _WIDTH = 26.0, 26.0, 360.0
_FAINT: Final = 0.05  # what would be written as 0.0


class Swap(NamedTuple):
    """Images of class ``true`` taken for ``answer``: the share of the class, in percent, by either variant."""

    true: str
    answer: str
    base: float
    other: float

    @property
    def difference(self) -> float:
        """How many points more than the base's."""
        return self.other - self.base


def swaps(classes: Sequence[str], base: Sequence[Sequence[float]], other: Sequence[Sequence[float]]) -> list[Swap]:
    """Return all pairs of two classes, those first that differ most; both are ``[true][answer]`` in percent."""
    found = [
        Swap(true, answer, base[row][column], other[row][column])
        for row, true in enumerate(classes)
        for column, answer in enumerate(classes)
        if row != column
    ]
    return sorted(found, key=lambda swap: -abs(round(swap.difference, 9)))


def matrix(
    name: str, title: str, description: str, classes: Sequence[str], differences: Sequence[Sequence[float]]
) -> Figure:
    """Return the matrix of ``differences[true][answer]`` in points: color is their size, a sign says which way.

    It is for at most ``MOST`` classes.
    """
    left = min(96.0, max(width_of(each) for each in classes) + 8)
    size = min(_CELL * 1.4, (_WIDTH - left - 2) / len(classes))
    largest = max((abs(value) for row in differences for value in row), default=0.0)
    parts = [_head(classes, left, size)]
    for row, values in enumerate(differences):
        parts += [
            _cell(value, (left + column * size, _TOP + row * size), size, largest, is_right=row == column)
            for column, value in enumerate(values)
        ]
    return Figure(name, title, description, _WIDTH, _TOP + len(classes) * size + 4, joined(parts))


def _head(classes: Sequence[str], left: float, size: float) -> Markup:
    """Return the names of rows, and the first letters of those of columns."""
    names = [
        text(_cut(each, left - 6), left - 6, _TOP + (row + 0.5) * size + 4, anchor="end")
        for row, each in enumerate(classes)
    ]
    answers = [
        text(_cut(each, size - 2), left + (column + 0.5) * size, _TOP - 8, class_="muted", anchor="middle")
        for column, each in enumerate(classes)
    ]
    return joined([*names, *answers])


def _cut(name: str, room: float) -> str:
    """Return as much of a name as there is room for."""
    while len(name) > 1 and width_of(name) > room:
        name = name[:-1]
    return name


def _cell(value: float, corner: tuple[float, float], size: float, largest: float, *, is_right: bool) -> Markup:
    """Return one square; on the diagonal more is better, and elsewhere fewer is."""
    x, y = corner
    frame = element("rect", x=x, y=y, width=size, height=size, class_="cell")
    if abs(value) < _FAINT or not largest:
        return frame
    better = (value > 0) is is_right
    shade = element(
        "rect", x=x, y=y, width=size, height=size, class_="better" if better else "worse",
        fill_opacity=0.08 + 0.42 * abs(value) / largest,
    )  # fmt: skip
    return joined([shade, frame, text(_short(value), x + size / 2, y + size / 2 + 4, anchor="middle")])


def _short(value: float) -> str:
    """Return a difference in at most four characters.

    >>> _short(0.52), _short(-1.26), _short(-12.3)
    ('+.5', '−1.3', '−12')
    """
    sign = "+" if value > 0 else "−"
    size = abs(value)
    return sign + (f"{size:.0f}" if size >= 9.95 else f"{size:.1f}".removeprefix("0"))
