"""A cell as it is watched from its worker: it says how far it is, and hears when it is not wanted any more."""

from __future__ import annotations

import signal
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING

from distributed.core import Status

from builder.training.interrupts import Interrupted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from distributed import Worker

BEAT = 1.0
"""Seconds between two signs of life, which are given only while batches are done."""

PATIENCE = 30.0
"""Seconds for which a trial waits to hear whether it goes on; then it does."""

_DESK = "archcli"
"""Under which name a worker keeps the answers that its cell waits for."""

_RUNNING = (Status.running, Status.paused)


class Watch:
    """Watches one cell.

    Dask lets go of a task when its coordinator cancels it, ends, or loses the scheduler, and closes a worker when it
    is asked to end or its machine is taken away: in each case the cell is stopped as Ctrl-C would stop it.
    """

    def __init__(self, worker: Worker, task: str, topic: str, cell: str, place: Path) -> None:
        """Begin, by saying so under the ``topic`` that the coordinator listens to."""
        self._worker, self._task, self._topic, self.cell, self._place = worker, task, topic, cell, place
        self._answers: SimpleQueue[tuple[int, bool]] = SimpleQueue()
        worker.extensions[_DESK] = self
        self._beaten = monotonic()
        self.say(done=0.0)

    def look(self, done: float) -> None:
        """Take note that so many epochs are done; raise Interrupted where the cell is not wanted any more."""
        if not self._is_wanted():
            raise Interrupted(signal.SIGTERM, f"stopped after {done:.1f} epochs", self._place, "study run")
        if monotonic() - self._beaten >= BEAT:
            self._beaten = monotonic()
            self.say(done=done)

    def goes_on(self, curve: Sequence[float]) -> bool:
        """Return whether the coordinator lets a trial of these validation accuracies go on."""
        self.say(done=float(len(curve)), curve=[float(each) for each in curve])
        until = monotonic() + PATIENCE
        while monotonic() < until:
            self.look(float(len(curve)))
            try:
                epoch, goes_on = self._answers.get(timeout=0.2)
            except Empty:
                continue
            if epoch == len(curve):
                return goes_on
        return True

    def answer(self, epoch: int, *, goes_on: bool) -> None:
        """Hear the answer to ``goes_on`` after an epoch."""
        self._answers.put((epoch, goes_on))

    def say(self, **details: object) -> None:
        """Let the coordinator know something of the cell."""
        self._worker.log_event(self._topic, {"cell": self.cell, "worker": self._worker.address, **details})

    def _is_wanted(self) -> bool:
        task = self._worker.state.tasks.get(self._task)
        return self._worker.status in _RUNNING and task is not None and task.state != "cancelled"


async def answer(cell: str, epoch: int, goes_on: bool, dask_worker: Worker | None = None) -> None:
    """Pass an answer on to the cell that waits for it, if it still does; Dask adds the worker on which this is run."""
    watch = dask_worker.extensions.get(_DESK) if dask_worker is not None else None
    if isinstance(watch, Watch) and watch.cell == cell:
        watch.answer(epoch, goes_on=goes_on)
