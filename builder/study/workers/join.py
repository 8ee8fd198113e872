"""One worker of many: takes cells of a study from a shared database until none is left, and fetches all results."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic, sleep
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, RunError
from builder.files import write_text
from builder.study.plan.trials import trial_from_text, trial_to_text
from builder.study.results.result import read_result, write_failure
from builder.study.workers.engine import prepare_cell
from builder.study.workers.serve import claimed, finish, said
from builder.training.interrupts import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from builder.study.plan.stages import Stages
    from builder.study.results.cells import Cell
    from builder.study.results.folder import CellFolder
    from builder.study.workers.serve import Alive, Perform
    from builder.study.workers.shared import Claim, SharedQueue


def work(
    queue: SharedQueue,
    stages: Stages,
    perform: Perform,
    on_finished: Callable[[Cell, str | None], None],
    patience: Patience | None = None,
) -> None:
    """Run cells until every cell of the study is done or failed anywhere; then all results lie in this folder too.

    ``on_finished`` is told each cell that this worker has run, and what went wrong if anything did. Raises RunError
    where nothing can be written here or the database is lost; Interrupted, with the cell given back, after Ctrl-C,
    SIGTERM or SIGHUP.
    """
    worker = _Worker(queue, stages, perform, on_finished, patience or Patience())
    try:
        while worker.gather():
            claim = queue.claim()
            if claim is None:
                sleep(worker.patience.pause)  # others run what is left, and may be lost
            while claim is not None:
                worker.run(claim)
                claim = queue.claim()
    except queue.lost as error:
        message = f"the connection to the database was lost: {str(error).splitlines()[0]}"
        raise RunError(message, "start the worker again later; its results so far are in its folder") from error


@dataclass(frozen=True)
class Patience:
    """Seconds: between two looks at what others do, between two signs of life, and without a batch until these end."""

    pause: float = 2.0
    beat: float = 10.0
    silence: float = 600.0


@dataclass(frozen=True)
class _Worker:
    """What a worker works with."""

    queue: SharedQueue
    stages: Stages
    perform: Perform
    on_finished: Callable[[Cell, str | None], None]
    patience: Patience

    def gather(self) -> int:
        """Fetch what others have found, put into the database what is open, and return how much that is."""
        return self.queue.fill(self._known) or len(self.stages.open_cells())

    def _known(self) -> tuple[Cell, ...]:
        """Return the cells that all machines know of; a search that leaves this worker nothing to do adds a trial."""
        share_tries(self.queue, self.stages)
        fetch(self.queue, self.stages)
        self.stages.open_cells(self.queue.running + 1)  # a screen that has ended chooses its finalists
        share_tries(self.queue, self.stages)
        return self.stages.known_cells()

    def run(self, claim: Claim) -> None:
        """Run one cell and say how it ended; one that can't be run here now is given back."""
        cell = self._cell(claim)
        if cell is None:  # of a stage that this folder has not reached yet
            self.queue.give_back(claim)
            return
        prepare_cell(self.stages.folder, cell)
        place = self.stages.folder.cell(cell.id)
        try:
            with self._signs_of_life(claim) as alive, claimed(place) as free:
                if free:
                    finish(place, self.perform, alive)
        except (Interrupted, KeyboardInterrupt, SystemExit):
            self.queue.give_back(claim)
            raise
        except (RunError, ArchError) as error:
            if isinstance(error.__cause__, OSError):  # no cell could do better here
                self.queue.give_back(claim)
                raise
            self._fail(claim, cell, said(error))
        except Exception as error:  # noqa: BLE001 - one cell's accident must not end the others
            self._fail(claim, cell, f"{type(error).__name__}: {error}")
        else:
            if free:
                self._end(claim, cell, place)
            else:
                self._leave(claim)

    def _cell(self, claim: Claim) -> Cell | None:
        """Return what was claimed; it may be a trial that another machine has made since this one last looked."""
        if claim.cell not in {each.id for each in self.stages.known_cells()}:
            share_tries(self.queue, self.stages)
        return next((each for each in self.stages.known_cells() if each.id == claim.cell), None)

    def _end(self, claim: Claim, cell: Cell, place: CellFolder) -> None:
        outcome = read_result(place.result, None)
        self.queue.complete(claim, place.result.read_text("utf-8"), outcome.val_accuracy)
        self.on_finished(cell, None)

    def _leave(self, claim: Claim) -> None:
        """Leave a cell to another process on this machine, which has it in this very folder."""
        self.queue.give_back(claim)
        sleep(self.patience.pause)

    def _fail(self, claim: Claim, cell: Cell, message: str) -> None:
        self.queue.fail(claim, message)
        self.on_finished(cell, message)

    @contextmanager
    def _signs_of_life(self, claim: Claim) -> Iterator[Alive]:
        """Give signs of life from another thread, as long as the cell does."""
        ended = threading.Event()
        last = monotonic()

        def alive(**_: object) -> None:
            nonlocal last
            last = monotonic()

        def go_on() -> None:
            while not ended.wait(self.patience.beat):
                if monotonic() - last < self.patience.silence:
                    with suppress(*self.queue.lost):  # it may be back before the others give this worker up
                        self.queue.beat(claim)
            self.queue.leave_thread()

        thread = threading.Thread(target=go_on, daemon=True)
        thread.start()
        try:
            yield alive
        finally:
            ended.set()
            thread.join(self.patience.beat)


def share_tries(queue: SharedQueue, stages: Stages) -> None:
    """Let a search's trials be the same in this folder and in the database, whose hold where both have one."""
    trials = stages.trials
    if trials is None:
        return
    shared, own = queue.trials(), {each.name: each for each in trials.known()}
    for name, text in shared.items():
        theirs = trial_from_text(text)
        if own.get(name) != theirs:
            trials.keep(theirs)
    for name, each in own.items():
        if each.number > 1 and name not in shared:
            queue.share_try(name, trial_to_text(each))


def fetch(queue: SharedQueue, stages: Stages) -> None:
    """Write every result and failure of the database into the study's folder, where it is not yet."""
    known = {each.id: each for each in stages.known_cells()}
    missing = [each for each in known.values() if not stages.folder.cell(each.id).result.exists()]
    if not missing:
        return
    found = queue.results()
    for cell in missing:
        if cell.id in found:
            prepare_cell(stages.folder, cell)
            place = stages.folder.cell(cell.id)
            write_text(place.result, found[cell.id])
            place.failure.unlink(missing_ok=True)
    for failure in queue.failures(missing):
        place = stages.folder.cell(failure.cell)
        if not place.failure.exists():
            prepare_cell(stages.folder, known[failure.cell])
            write_failure(place.failure, failure)
