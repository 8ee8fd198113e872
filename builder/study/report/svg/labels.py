"""Where labels go so that none touches another label or a point."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class LabelBox(NamedTuple):
    """A rectangle: left, top, right, bottom."""

    left: float
    top: float
    right: float
    bottom: float

    def touches(self, other: LabelBox, gap: float = 0.0) -> bool:
        """Return whether the two share more than ``gap`` free room between them."""
        return (
            self.left < other.right + gap
            and other.left < self.right + gap
            and self.top < other.bottom + gap
            and other.top < self.bottom + gap
        )

    def is_in(self, other: LabelBox) -> bool:
        """Return whether all of it lies inside ``other``."""
        return (
            self.left >= other.left
            and self.top >= other.top
            and self.right <= other.right
            and self.bottom <= other.bottom
        )


class Wanted(NamedTuple):
    """A label for a point: where the point is and how large the text."""

    x: float
    y: float
    width: float
    height: float


_SIDES: Final = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1))
_REACHES: Final = (9.0, 14.0, 24.0, 36.0, 50.0, 66.0)


def placed(wanted: Sequence[Wanted], room: LabelBox, taken: Sequence[LabelBox]) -> list[LabelBox | None]:
    """Return a free place for each label, as near to its point as there is one; None where there is none.

    ``taken`` is what no label may cover, the points themselves among it. The first labels have the first choice.
    """
    used = list(taken)
    found: list[LabelBox | None] = []
    for each in wanted:
        box = next((box for box in _candidates(each) if box.is_in(room) and _is_free(box, used)), None)
        found.append(box)
        if box is not None:
            used.append(box)
    return found


def _is_free(box: LabelBox, used: Sequence[LabelBox]) -> bool:
    return not any(box.touches(other, 3.0) for other in used)


def _candidates(label: Wanted) -> list[LabelBox]:
    """Return the places around a point, the nearest first."""
    return [_beside(label, reach, side) for reach, side in product(_REACHES, _SIDES)]


def _beside(label: Wanted, reach: float, side: tuple[int, int]) -> LabelBox:
    across, down = side
    left = label.x + across * reach - label.width * (1 - across) / 2
    top = label.y + down * reach - label.height * (1 - down) / 2
    return LabelBox(left, top, left + label.width, top + label.height)


def spread(positions: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return positions at least ``gap`` apart, in the same order, each as near to its own as the others let it.

    >>> spread([10.0, 12.0, 40.0], 8.0, 0.0, 100.0)
    [7.0, 15.0, 40.0]
    """
    order = sorted(range(len(positions)), key=lambda index: (positions[index], index))
    clusters: list[tuple[float, list[int]]] = []  # where a cluster's middle is, and who is in it
    for index in order:
        middle, members = positions[index], [index]
        while clusters and middle - (len(members) - 1) * gap / 2 < _end(clusters[-1], gap) + gap:
            former, others = clusters.pop()
            middle = (former * len(others) + middle * len(members)) / (len(others) + len(members))
            members = others + members
            middle = _kept(middle, len(members), gap, low, high)
        clusters.append((_kept(middle, len(members), gap, low, high), members))
    found = [0.0] * len(positions)
    for middle, members in clusters:
        for rank, index in enumerate(members):
            found[index] = middle + (rank - (len(members) - 1) / 2) * gap
    return found


def _end(cluster: tuple[float, list[int]], gap: float) -> float:
    return cluster[0] + (len(cluster[1]) - 1) * gap / 2


def _kept(middle: float, count: int, gap: float, low: float, high: float) -> float:
    """Return the middle of a cluster moved so that it lies between ``low`` and ``high``."""
    half = (count - 1) * gap / 2
    return max(low + half, min(high - half, middle))
