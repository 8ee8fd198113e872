"""How long the epochs that are left will take, whose images may be larger than those of the epochs so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class EpochTimes:
    """The seconds of the last epoch at each size of the training images; 0 is the size of those that do not grow."""

    def __init__(self) -> None:
        self._seconds: dict[int, float] = {}

    def add(self, side: int, seconds: float) -> None:
        """Note that an epoch at ``side`` took so long."""
        self._seconds[side] = seconds

    def of(self, sides: Iterable[int], now: int, this_epoch: float) -> float:
        """Return the seconds of epochs at ``sides``; one at ``now`` takes about ``this_epoch`` if none ended."""
        known = self._seconds if now in self._seconds else {**self._seconds, now: this_epoch}
        return sum(_estimated(side, known) for side in sides)


def _estimated(side: int, known: dict[int, float]) -> float:
    """Return the seconds of an epoch: on a line over pixels through two sizes, else in proportion.

    What does not depend on pixels, such as reading the weights, makes the second too much: it errs to that side.
    """
    if side in known:
        return known[side]
    *_, (first, least), (last, most) = [(0, 0.0), *sorted(known.items())]
    return max(most, least + (most - least) * (side**2 - first**2) / (last**2 - first**2))
