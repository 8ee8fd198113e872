"""When what costs time is due, checkpoints and pictures: often enough to help, seldom enough to cost little."""

from __future__ import annotations

from contextlib import contextmanager
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHARE = 0.03  # of the time may go into it
LONGEST = 600.0  # seconds without a checkpoint
DISK_SPEED = 200e6  # bytes a second, assumed until a save has been timed
FIRST_DRAWING = 2.5  # seconds, assumed until curves have been drawn: matplotlib takes one to be imported


class Pace:
    """Says when something is due: when all of it, the next time included, takes under 3 % of the time.

    ``cost`` is the seconds that it is taken to need until it has been timed; after ``longest`` seconds without, it is
    due whatever it costs. ``now`` gives the time in seconds.
    """

    def __init__(self, cost: float, longest: float = inf, now: Callable[[], float] = perf_counter) -> None:
        self._now = now
        self._began = self._last = now()
        self._spent = 0.0
        self._cost, self._longest = cost, longest

    def due(self) -> bool:
        """Return whether it is time."""
        now = self._now()
        return self._spent + self._cost < SHARE * (now - self._began) or now - self._last > self._longest

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Time what is done inside."""
        start = self._now()
        yield
        self._last = self._now()
        self._cost = self._last - start
        self._spent += self._cost


def saving_pace(size: int, now: Callable[[], float] = perf_counter) -> Pace:
    """Return the pace of checkpoints of about ``size`` bytes, which are due after ten minutes at the latest."""
    return Pace(size / DISK_SPEED, LONGEST, now)


def drawing_pace(now: Callable[[], float] = perf_counter) -> Pace:
    """Return the pace of curves, which can wait for the end of a run."""
    return Pace(FIRST_DRAWING, now=now)
