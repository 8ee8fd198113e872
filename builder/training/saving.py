"""When a checkpoint is due: often enough to lose little, seldom enough to cost little."""

from __future__ import annotations

from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHARE = 0.03  # of the time may go into saving
LONGEST = 600.0  # seconds without
DISK_SPEED = 200e6  # bytes a second, assumed until a save has been timed


class SavingPace:
    """Says when to save: when all saving, the next time included, takes under 3 % of the time, or after ten minutes."""

    def __init__(self, size: int, now: Callable[[], float] = perf_counter) -> None:
        """Begin, with checkpoints of about ``size`` bytes; ``now`` gives the time in seconds."""
        self._now = now
        self._began = self._last = now()
        self._spent = 0.0
        self._cost = size / DISK_SPEED

    def due(self) -> bool:
        """Return whether it is time to save."""
        now = self._now()
        return self._spent + self._cost < SHARE * (now - self._began) or now - self._last > LONGEST

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Time the save that is made inside."""
        start = self._now()
        yield
        self._last = self._now()
        self._cost = self._last - start
        self._spent += self._cost
