"""Runs the cells of a study, each to exactly one result, on the workers of a Dask cluster.

It keeps nothing that matters: a cell is done if and only if its result lies in its folder, where the coordinator writes
it. Any process may be killed at any moment, this one too; whoever runs the study next scans the folders.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from builder.diagnostics import RunError
from builder.quantities import duration
from builder.study.results.result import write_failure, write_result
from builder.study.workers.deadlines import Deadlines
from builder.study.workers.note import StudyNote
from builder.study.workers.pending import PendingCells
from builder.study.workers.place import prepare_cell
from builder.study.workers.pool import Ended, Lost, PruningRequest, Refused, WorkerPool
from builder.training.interrupts import Interrupted, StopSignals

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.study.plan.stages import Stages
    from builder.study.results.cells import Cell
    from builder.study.results.result import CellFailure
    from builder.study.workers.cluster import Cluster
    from builder.study.workers.context import StudyContext
    from builder.study.workers.limits import Limits
    from builder.study.workers.pool import News, PoolWorker
    from builder.study.workers.task import Prepare


@dataclass(frozen=True)
class Finished:
    """A cell has ended: with its result, or with why it has none."""

    cell: Cell
    failure: CellFailure | None


@dataclass(frozen=True)
class Callbacks:
    """Who is told what happens: each cell that has ended, each worker that was refused, and each turn."""

    finished: Callable[[Finished], None] = lambda _: None
    refused: Callable[[Refused], None] = lambda _: None
    turn: Callable[[], None] = lambda: None


class Coordinator:
    """One study on one cluster; ``hours`` are what it may take in all."""

    def __init__(
        self,
        stages: Stages,
        pending: PendingCells,
        pool: WorkerPool,
        cluster: Cluster,
        limits: Limits,
        hours: float | None,
        callbacks: Callbacks,
    ) -> None:
        self._stages, self._folder = stages, stages.folder
        self._pending, self._pool, self._cluster, self._limits, self._callbacks = (
            pending,
            pool,
            cluster,
            limits,
            callbacks,
        )
        self._note = StudyNote(self._folder)
        self._deadlines = Deadlines(self._folder, stages.plan, self._note, hours)
        self._pages: dict[str, str] = {}
        self._refusals: list[Refused] = []
        self._usable_at = monotonic()

    def run(self) -> None:
        """Run everything there is to run.

        Raises RunError where the disk is full, no worker can be used, or the time is up; Interrupted, with everything
        saved, after Ctrl-C, SIGTERM or SIGHUP.
        """
        signals = StopSignals()
        with signals:
            try:
                while self._step() and signals.received is None:
                    pass
            finally:
                try:
                    self._pool.recall()
                finally:
                    self._write_note(ended=True)
        if signals.received is not None:
            message = f"stopped after {duration(self._note.seconds)}; the results so far are in {self._folder.path}"
            raise Interrupted(signals.received, message, self._folder.path, "study run")

    def _step(self) -> bool:
        """Do what there is to do now, and wait a moment; return whether there is more."""
        self._pending.refill(max(1, self._pool.usable))
        self._give()
        if not self._pool.busy:
            if not self._pending.waits:
                return False
            self._check_progress()
        for news in self._pool.turn(0.2):
            self._hear(news)
        self._cluster.tend()
        self._write_note(ended=False)
        self._callbacks.turn()
        return True

    def _give(self) -> None:
        for worker in self._pool.free:
            cell = self._pending.take(partial(self._fits, worker))
            if cell is not None:
                self._pool.give(worker, cell, self._page(cell.variant))

    def _page(self, variant: str) -> str:
        if variant not in self._pages:
            self._pages[variant] = self._folder.network(variant).read_text("utf-8")
        return self._pages[variant]

    def _fits(self, worker: PoolWorker, cell: Cell) -> bool:
        return self._deadlines.fits(cell, worker.ends)

    def _hear(self, news: News) -> None:
        match news:
            case Ended():
                self._end(news)
            case Lost(cell, None):
                self._pending.put_back(cell)
            case Lost(cell, why, done):
                self._fail(cell, self._pending.death(cell, str(why), done))
            case Refused():
                self._refusals.append(news)
                self._callbacks.refused(news)
            case PruningRequest(worker, cell, curve):
                trials = self._stages.trials
                hopeless = trials is not None and trials.is_hopeless(cell, curve)
                self._pool.tell(worker, cell, len(curve), goes_on=not hopeless)

    def _end(self, news: Ended) -> None:
        cell, outcome = news.cell, news.outcome
        if outcome.kind == "failed":
            self._fail(cell, self._pending.mistake(cell, outcome.message, is_final=outcome.is_final))
        elif outcome.result is None:  # another process has it, or it was stopped, or its worker can't go on
            self._pending.put_back(cell, self._limits.busy)
        else:
            place = self._folder.cell(cell.id)
            if not outcome.is_shared:
                prepare_cell(place, cell, self._page(cell.variant))
            write_result(place.result, outcome.result)
            place.failure.unlink(missing_ok=True)
            place.tidy()
            if not outcome.is_shared:
                self._pool.clean(news.worker, cell)
            self._deadlines.durations.ended(cell, outcome.result.seconds)
            self._pending.end(cell)
            self._callbacks.finished(Finished(cell, None))

    def _fail(self, cell: Cell, failure: CellFailure | None) -> None:
        if failure is not None:
            place = self._folder.cell(cell.id)
            prepare_cell(place, cell, self._page(cell.variant))
            write_failure(place.failure, failure)
            self._pending.end(cell)
            self._callbacks.finished(Finished(cell, failure))

    def _check_progress(self) -> None:
        """Raise RunError where cells wait and nothing will come of it."""
        self._deadlines.check(self._pending)
        pool, now = self._pool, monotonic()
        if pool.usable:
            self._usable_at = now
        if pool.deaths_unready >= self._limits.deaths:
            message = f"{pool.deaths_unready} workers in a row ended before they were ready"
            raise RunError(message, f"see their output in {self._folder.path / 'workers'}")
        patience = 0.0 if self._cluster.is_ours else self._limits.unfit
        refused = [each for each in self._refusals if each.address in pool.workers]
        if refused and not pool.usable and now - self._usable_at > patience:
            if self._cluster.is_ours:
                raise RunError(refused[-1].why)
            message = f"none of the {len(pool.workers)} workers can be used; {refused[-1].address}: {refused[-1].why}"
            raise RunError(message, "every machine needs the same versions, the same code and the same images")

    def _write_note(self, *, ended: bool) -> None:
        running = {each.cell.id: {"worker": worker.number, "epoch": int(each.done)} for worker, each in self._pool.busy}
        pace = self._deadlines.durations.factor_with(each.going for _, each in self._pool.busy)
        self._note.write(self._pool.usable, running, pace, ended=ended)


def coordinate(
    stages: Stages,
    cluster: Cluster,
    prepare: Prepare,
    context: StudyContext,
    limits: Limits,
    hours: float | None,
    callbacks: Callbacks,
) -> None:
    """Run a study on a cluster whose workers ``prepare`` for a ``context``; raise what ``Coordinator.run`` raises."""
    pending = PendingCells(stages.open_cells, limits, grows=stages.plan.screen_seeds > 0)
    pool = WorkerPool(cluster.client, prepare, context.to_text(), limits)
    Coordinator(stages, pending, pool, cluster, limits, hours, callbacks).run()
