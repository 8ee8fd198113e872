"""Whether a cell that begins now can end: before the budget is used up, and before Slurm takes a machine away."""

from __future__ import annotations

from math import inf
from time import time
from typing import TYPE_CHECKING

from builder.diagnostics import RunError
from builder.quantities import duration
from builder.study.workers.durations import Durations
from builder.study.workers.facts import job_end

if TYPE_CHECKING:
    from builder.study.plan.plan import Plan
    from builder.study.results.cells import Cell
    from builder.study.results.folder import CellFolder, StudyFolder
    from builder.study.workers.note import StudyNote
    from builder.study.workers.pending import PendingCells

_LEAVING = 30.0
"""Seconds before the end of a job in which nothing is computed any more."""


class Deadlines:
    """The time that a study has left: of its ``hours`` in all, and of the job that runs it."""

    def __init__(self, folder: StudyFolder, plan: Plan, note: StudyNote, hours: float | None) -> None:
        self.durations = Durations(plan)
        self._folder, self._note, self._hours, self._job = folder, note, hours, job_end()

    def fits(self, cell: Cell, worker_ends: float | None) -> bool:
        """Return whether ``cell`` can end in time on a worker whose job ends then (seconds since 1970)."""
        left = min(self._budget_left, _until(self._job), _until(worker_ends))
        if left == inf:
            return True
        seconds = self._seconds(cell)
        return left > 0 and (seconds is None or seconds <= left)

    def check(self, pending: PendingCells) -> None:
        """Raise RunError where no cell that waits could end in time, on whichever worker."""
        left = min(self._budget_left, _until(self._job))
        if left == inf:
            return
        shortest = pending.shortest(self._seconds)
        if left > 0 and (shortest is None or shortest <= left):
            return
        if self._budget_left <= _until(self._job):
            what, hint = f"the budget of {self._hours:g} hours", "give it more: --budget HOURS, then run it again"
        else:
            what, hint = "the time of this job", "submit it again: the study goes on"
        if left <= 0 or shortest is None:
            raise RunError(f"{what} is used up, and the study is not finished", hint)
        message = f"{what} ends in {duration(left)}, and the shortest cell that is left takes {duration(shortest)}"
        raise RunError(message, hint)

    def _seconds(self, cell: Cell) -> float | None:
        seconds = self.durations.seconds(cell)
        return None if seconds is None else seconds * _share_left(cell, self._folder.cell(cell.id))

    @property
    def _budget_left(self) -> float:
        return inf if self._hours is None else 3600 * self._hours - self._note.spent


def _until(end: float | None) -> float:
    return inf if end is None else end - time() - _LEAVING


def _share_left(cell: Cell, place: CellFolder) -> float:
    """Return which part of a cell is still to be done, by the epochs that it has measured."""
    try:
        with place.metrics.open("rb") as file:
            done = sum(1 for _ in file) - 1
    except OSError:
        return 1.0
    return max(0.0, 1 - max(0, done) / cell.recipe.epochs)
