"""Which cells are left to run, and how often each of them was tried."""

from __future__ import annotations

from collections import Counter, deque
from time import monotonic
from typing import TYPE_CHECKING

from builder.study.results.result import CellFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from builder.study.results.cells import Cell
    from builder.study.workers.limits import Limits


class PendingCells:
    """The cells of a study that wait.

    ``more`` gives the cells that can be run and have no result yet, at least as many as it is told if there are. Where
    a study ``grows`` it is asked again after results: a search chooses by them, and a screen is followed by a
    confirmation.
    """

    def __init__(self, more: Callable[[int], Sequence[Cell]], limits: Limits, *, grows: bool) -> None:
        self._more, self._limits, self._grows = more, limits, grows
        self._waiting: deque[Cell] = deque()
        self._later: list[tuple[float, Cell]] = []
        self._given: set[str] = set()
        self._mistakes: Counter[str] = Counter()
        self._deaths: Counter[str] = Counter()
        self._furthest: dict[str, float] = {}
        self._has_news = True
        self._wanted = 0

    def refill(self, wanted: int) -> None:
        """See that so many cells are in worker, those that workers have too, as far as there are any."""
        now = monotonic()
        self._waiting.extend(cell for due, cell in self._later if due <= now)
        self._later = [(due, cell) for due, cell in self._later if due > now]
        in_hand = len(self._waiting) + len(self._later) + len(self._given)
        is_asked = self._has_news or (self._grows and wanted > self._wanted)
        if in_hand >= wanted or not is_asked:
            return
        self._has_news, self._wanted = False, wanted
        known = self._given | {each.id for each in self._waiting} | {each.id for _, each in self._later}
        self._waiting.extend(cell for cell in self._more(wanted) if cell.id not in known)

    def take(self, fits: Callable[[Cell], bool]) -> Cell | None:
        """Return the first cell that ``fits`` a worker, which is that worker's now; None where none does."""
        for index, cell in enumerate(self._waiting):
            if fits(cell):
                del self._waiting[index]
                self._given.add(cell.id)
                return cell
        return None

    def shortest(self, seconds: Callable[[Cell], float | None]) -> float | None:
        """Return the seconds of the shortest cell that waits."""
        return min((found for each in self._waiting if (found := seconds(each)) is not None), default=None)

    @property
    def waits(self) -> bool:
        """Whether any cell waits now or later."""
        return bool(self._waiting or self._later)

    def put_back(self, cell: Cell, seconds: float = 0.0) -> None:
        """Let a cell wait again, after so many seconds."""
        self._given.discard(cell.id)
        if seconds:
            self._later.append((monotonic() + seconds, cell))
        else:
            self._waiting.appendleft(cell)

    def end(self, cell: Cell) -> None:
        """Forget a cell that has its result, or failed."""
        self._given.discard(cell.id)
        self._has_news = self._grows
        for counted in (self._mistakes, self._deaths, self._furthest):
            counted.pop(cell.id, None)

    def mistake(self, cell: Cell, message: str, *, is_final: bool) -> CellFailure | None:
        """Let a cell that ended in an error wait for its next attempt, or return that it has failed."""
        self._mistakes[cell.id] += 1
        if is_final or self._mistakes[cell.id] >= self._limits.attempts:
            return self._failed(cell, message)
        self._retry(cell)
        return None

    def death(self, cell: Cell, message: str, done: float) -> CellFailure | None:
        """Do the same for a cell whose worker died after so many epochs.

        One that comes further each time goes on for ever: its workers are taken away, and it does not kill them.
        """
        if done > self._furthest.get(cell.id, 0.0):
            self._furthest[cell.id] = done
            self._deaths[cell.id] = 0
        self._deaths[cell.id] += 1
        if self._deaths[cell.id] >= self._limits.deaths:
            return self._failed(cell, message)
        self._retry(cell)
        return None

    def _retry(self, cell: Cell) -> None:
        """Put a cell behind all others."""
        self._given.discard(cell.id)
        self._waiting.append(cell)

    def _failed(self, cell: Cell, message: str) -> CellFailure:
        attempts = self._mistakes[cell.id] + self._deaths[cell.id]
        return CellFailure(cell.id, cell.variant, cell.settings, cell.seed, cell.stage, message, attempts)
