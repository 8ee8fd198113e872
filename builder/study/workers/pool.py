"""The workers of a Dask cluster: who is there, fit for the study, free, or at work on which cell.

Each has one cell at a time, and each cell one worker, so that whatever becomes of a worker is known of its cell.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from uuid import uuid4

from builder.diagnostics import RunError
from builder.study.results.cells import cell_to_json
from builder.study.workers.durations import Going
from builder.study.workers.facts import differences, facts
from builder.study.workers.task import Outcome, forget, make_ready, run_cell, worker_facts
from builder.study.workers.watch import answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from distributed import Client, Future

    from builder.study.results.cells import Cell
    from builder.study.workers.limits import Limits
    from builder.study.workers.task import Prepare

LOST = "its worker was lost, perhaps because memory ran out"


@dataclass(eq=False)
class Assignment:
    """A cell that a worker has: when it was heard of last, None before it began, and how many epochs are done.

    One that ``is_stopped`` was saved, because it was cancelled.
    """

    cell: Cell
    heard: float | None = None
    done: float = 0.0
    is_stopped: bool = False
    began: tuple[float, float] | None = None

    def hear(self, done: float) -> None:
        """Take note of a sign of life, and of how many epochs are done; of a cell that goes on, many are at once."""
        now = monotonic()
        if self.began is None or done >= self.done + 1:
            self.began = now, done
        self.heard, self.done = now, max(self.done, done)

    @property
    def going(self) -> Going:
        """What was done of it here."""
        if self.heard is None or self.began is None:
            return Going(self.cell, 0.0, 0.0)
        return Going(self.cell, self.done - self.began[1], self.heard - self.began[0])


@dataclass(eq=False)
class PoolWorker:
    """A worker: a process of one thread that computes for us, at ``address``; ``number`` is ours, for people.

    One that ``is_leaving`` was asked to end, and saves its cell.
    """

    address: str
    number: int
    state: Literal["asked", "preparing", "free", "busy", "refused"] = "asked"
    since: float = field(default_factory=monotonic)
    ends: float | None = None
    resources: dict[str, float] | None = None
    future: Future[Any] | None = None
    assignment: Assignment | None = None
    is_leaving: bool = False


@dataclass(frozen=True)
class Ended:
    """A cell has come to something."""

    worker: PoolWorker
    cell: Cell
    outcome: Outcome


@dataclass(frozen=True)
class Lost:
    """A cell has no worker any more; through the death of that, or, where ``why`` is None, through nobody's fault."""

    cell: Cell
    why: str | None
    done: float


@dataclass(frozen=True)
class Refused:
    """A worker can't be used, because of what is said."""

    address: str
    why: str


@dataclass(frozen=True)
class PruningRequest:
    """A trial asks, after an epoch, whether it goes on."""

    worker: PoolWorker
    cell: Cell
    curve: tuple[float, ...]


News: TypeAlias = Ended | Lost | Refused | PruningRequest


class WorkerPool:
    """All workers that ``client`` knows, for a ``context`` for which ``prepare`` makes them ready."""

    def __init__(self, client: Client, prepare: Prepare, context: str, limits: Limits) -> None:
        self._client, self._prepare, self._context, self._limits = client, prepare, context, limits
        self._facts = facts()
        self._topic = f"archcli-{uuid4().hex}"
        self._inbox: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self._looked, self._alone_since = float("-inf"), float("inf")
        self._died_unready = 0
        self.workers: dict[str, PoolWorker] = {}
        client.subscribe_topic(self._topic, lambda event: self._inbox.put(("said", event[1])))

    def turn(self, seconds: float) -> Iterator[News]:
        """Wait at most so long for something to happen, and yield what has; RunError where the scheduler is gone."""
        messages = list(self._messages(seconds))
        for kind, content in messages:
            match kind:
                case "said":
                    yield from self._heard(content)
                case "ended":
                    yield from self._finished(*content)
                case _:
                    content.is_leaving = True
        if monotonic() - self._looked >= self._limits.looking:
            self._looked = monotonic()
            yield from self._look()
            yield from self._end_the_hanging()

    @property
    def free(self) -> list[PoolWorker]:
        """Those who could take a cell."""
        return [each for each in self.workers.values() if each.state == "free"]

    @property
    def busy(self) -> list[tuple[PoolWorker, Assignment]]:
        """Those who have one."""
        return [(each, each.assignment) for each in self.workers.values() if each.assignment is not None]

    @property
    def usable(self) -> int:
        """The number of all that may take cells, now or soon."""
        return sum(each.state != "refused" for each in self.workers.values())

    @property
    def deaths_unready(self) -> int:
        """How many workers in a row have died before they were ready."""
        return self._died_unready

    def give(self, worker: PoolWorker, cell: Cell, page: str) -> None:
        """Let a free worker run a cell."""
        worker.state, worker.assignment = "busy", Assignment(cell)
        self._submit(worker, run_cell, self._prepare, self._context, self._topic, cell_to_json(cell), page)

    def tell(self, worker: PoolWorker, cell: Cell, epoch: int, *, goes_on: bool) -> None:
        """Answer a trial that asked."""
        self._client.run(answer, cell.id, epoch, goes_on, workers=[worker.address], wait=False)

    def clean(self, worker: PoolWorker, cell: Cell) -> None:
        """Let a worker remove what a cell left in its own folder."""
        self._client.submit(forget, cell.id, workers=[worker.address], pure=False).release()

    def refuse(self, worker: PoolWorker, why: str) -> Refused:
        """Use a worker no more."""
        worker.state, worker.assignment, worker.future = "refused", None, None
        return Refused(worker.address, why)

    def recall(self) -> None:
        """Let all cells be stopped, and wait until they have been saved; RunError where the scheduler is gone."""
        until = monotonic() + self._limits.stopping
        if self._present():
            for worker, _ in self.busy:
                if worker.future is not None:
                    worker.future.cancel(reason="the study was stopped")
        while any(each.heard is not None and not each.is_stopped for _, each in self.busy) and monotonic() < until:
            for kind, content in self._messages(0.2):
                if kind == "said":
                    list(self._heard(content))
            present = self._present()
            for address in [each for each in self.workers if each not in present]:
                del self.workers[address]

    def _messages(self, seconds: float) -> Iterator[tuple[str, Any]]:
        try:
            yield self._inbox.get(timeout=seconds)
            while True:
                yield self._inbox.get_nowait()
        except Empty:
            return

    def _heard(self, said: dict[str, Any]) -> Iterator[News]:
        worker = self.workers.get(str(said.get("worker")))
        if worker is None or worker.assignment is None or worker.assignment.cell.id != said.get("cell"):
            return
        assignment = worker.assignment
        if said.get("stopped"):
            assignment.is_stopped = True
            return
        assignment.hear(float(said.get("done", 0.0)))
        if "curve" in said:
            yield PruningRequest(worker, assignment.cell, tuple(map(float, said["curve"])))

    def _look(self) -> Iterator[News]:
        """Welcome who has come, and take leave of who has gone."""
        present = self._present()
        for address in [each for each in self.workers if each not in present]:
            yield from self._lost(self.workers[address])
        for address in present:
            if address not in self.workers:
                taken = {each.number for each in self.workers.values()}
                number = next(each for each in range(len(taken) + 1) if each not in taken)
                worker = self.workers[address] = PoolWorker(address, number)
                self._client.subscribe_topic(address, partial(self._hear_of, worker))
                self._submit(worker, worker_facts)

    def _hear_of(self, worker: PoolWorker, event: tuple[float, Any]) -> None:
        """Hear what Dask says of a worker; it is told, in another thread, before the worker is gone."""
        if isinstance(event[1], dict) and event[1].get("action") == "closing-worker":
            self._inbox.put(("leaving", worker))

    def _lost(self, worker: PoolWorker) -> Iterator[News]:
        """Take leave of a worker; through its death, unless it was asked to end."""
        del self.workers[worker.address]
        self._client.unsubscribe_topic(worker.address)
        self._died_unready += worker.state in ("asked", "preparing")
        if worker.assignment is not None:
            yield Lost(worker.assignment.cell, None if worker.is_leaving else LOST, worker.assignment.done)

    def _present(self) -> set[str]:
        """Return the addresses of all workers; RunError where no scheduler says it for long."""
        if self._client.status == "running":
            try:
                found = set(self._client.nthreads())
            except OSError:
                pass
            else:
                self._alone_since = float("inf")
                return found
        self._alone_since = min(self._alone_since, monotonic())
        if self._client.status == "closed" or monotonic() - self._alone_since > self._limits.stopping:
            message = "the scheduler is gone; all results so far are in the study's folder"
            raise RunError(message, "start it again, and the study too: it goes on")
        return set(self.workers)

    def _submit(self, worker: PoolWorker, function: Callable[..., object], *arguments: object) -> None:
        """Let one worker do something; no other does it in its place."""
        worker.since = monotonic()
        worker.future = future = self._client.submit(
            function,
            *arguments,
            key=f"archcli-{uuid4().hex}",
            workers=[worker.address],
            resources=worker.resources,
            retries=0,
        )
        future.add_done_callback(lambda ended: self._inbox.put(("ended", (worker, ended))))

    def _finished(self, worker: PoolWorker, future: Future[Any]) -> Iterator[News]:
        if worker.future is not future or self.workers.get(worker.address) is not worker:
            return  # of a worker that is gone
        worker.future = None
        if future.status == "finished":
            found = future.result()
            future.release()
            yield from self._advanced(worker, found)
        elif future.status == "error":
            yield from self._failed(worker, future.exception())
        else:  # cancelled, because the scheduler was lost for a moment
            worker.is_leaving = True
            yield from self._lost(worker)

    def _advanced(self, worker: PoolWorker, found: Any) -> Iterator[News]:
        """Let a worker take its next step: from its facts to its preparation, to cells."""
        if worker.state == "asked":
            differing = differences(self._facts, found)
            if differing:
                yield self.refuse(worker, f"on {found['host']}: {'; '.join(differing)}")
                return
            worker.state, worker.ends = "preparing", found["ends"]
            worker.resources = {"GPU": 1} if found["resources"].get("GPU", 0) >= 1 else None
            self._submit(worker, make_ready, self._prepare, self._context)
            return
        outcome: Outcome = found
        assignment, worker.assignment = worker.assignment, None
        if outcome.kind == "broken":
            yield self.refuse(worker, outcome.message)
        else:
            worker.state = "free"
            self._died_unready = 0
        if assignment is not None:
            yield Ended(worker, assignment.cell, outcome)

    def _failed(self, worker: PoolWorker, error: BaseException | None) -> Iterator[News]:
        """Tell what Dask says of a task that raised, or whose worker died."""
        assignment = worker.assignment
        if type(error).__name__ == "KilledWorker":
            yield from self._lost(worker)
            return
        message = f"{type(error).__name__}: {error}"
        if assignment is None:
            yield self.refuse(worker, f"it can't run archcli's tasks: {message}")
            return
        worker.state, worker.assignment = "free", None
        yield Ended(worker, assignment.cell, Outcome("failed", message))

    def _end_the_hanging(self) -> Iterator[News]:
        now = monotonic()
        for worker in list(self.workers.values()):
            assignment = worker.assignment
            if worker.state == "preparing" and now - worker.since > self._limits.starting:
                yield self.refuse(worker, f"it was not ready after {self._limits.starting:g} seconds")
            if assignment is None or assignment.heard is None or now - assignment.heard <= self._limits.silence:
                continue
            why = f"its worker did not respond for {self._limits.silence:g} seconds"
            yield Lost(assignment.cell, why, assignment.done)
            worker.assignment = worker.future = None
            try:
                self._client.restart_workers([worker.address], timeout=30)
                yield from self._lost(worker)
            except Exception as error:  # noqa: BLE001 - a worker without a nanny, or one that is gone
                yield self.refuse(worker, f"{why}, and can't be restarted: {error}")
