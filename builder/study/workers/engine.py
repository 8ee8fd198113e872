"""Runs the cells of a study on this machine, as many side by side as it carries, each to exactly one result.

The engine hands cells to worker processes and keeps nothing that matters: a cell is done if and only if its result lies
in its folder. Any process may be killed at any moment, this one too; whoever runs the study next scans the folders.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import sys
from collections import Counter, deque
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, time
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from builder.diagnostics import RunError
from builder.files import cannot_write, write_text
from builder.json_files import read_json
from builder.study.results.cells import write_cell
from builder.study.results.result import CellFailure, write_failure
from builder.study.workers.process import Worker
from builder.training.interrupts import Interrupted, StopSignals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from builder.study.results.cells import Cell
    from builder.study.results.folder import StudyFolder

NOTED_EVERY = 2.0
"""Seconds between two notes of what is going on, for whoever watches from elsewhere."""

GONE_AFTER = 30.0
"""Seconds after which a note of another machine is taken for that of one that is gone."""


@dataclass(frozen=True)
class Limits:
    """How often a cell is tried, and for how long the engine is patient."""

    attempts: int = 3
    """After this many errors a cell has failed."""
    deaths: int = 5
    """After this many deaths of its process too."""
    starting: float = 1800.0
    """Seconds that a worker may take to load its data."""
    silence: float = 600.0
    """Seconds without a batch after which a worker hangs."""
    stopping: float = 60.0
    """Seconds that workers get to save where they are."""
    busy: float = 1.0
    """Seconds until a cell that another process had is tried again."""


_HEARS_PIPES = os.name != "nt"


@dataclass(frozen=True)
class Finished:
    """A cell has ended: with its result, or with why it has none."""

    cell: Cell
    failure: CellFailure | None


class Engine:
    """One study on one machine.

    ``more`` gives the cells that can be run and have no result yet; it is asked again when a worker has none to do,
    until there are none. ``command`` gives for the number of a worker how it is started. Raises RunError on Windows.
    """

    def __init__(
        self,
        folder: StudyFolder,
        more: Callable[[], Sequence[Cell]],
        command: Callable[[int], Sequence[str]],
        workers: int,
        limits: Limits | None = None,
        hours: float | None = None,
        on_finished: Callable[[Finished], None] = lambda _: None,
        on_turn: Callable[[], None] = lambda: None,
    ) -> None:
        if not _HEARS_PIPES:
            raise RunError("studies can't be run on Windows, where no pipes of workers can be waited for", "use WSL")
        self.folder = folder
        self._more, self._command, self._count = more, command, workers
        self._limits = limits or Limits()
        self._hours = hours
        self._finished, self._turn = on_finished, on_turn
        self._cells: dict[str, Cell] = {}
        self._waiting: deque[str] = deque()
        self._later: list[tuple[float, str]] = []
        self._mistakes: Counter[str] = Counter()
        self._deaths: Counter[str] = Counter()
        self._workers: list[Worker] = []
        self._unready = 0
        self._selector = selectors.DefaultSelector()
        self._noted = 0.0
        self._spent_before = 0.0
        self._have_ended = True

    def run(self) -> None:
        """Run everything there is to run.

        Raises RunError where another process runs the study, the disk is full, the data are not to be had or the
        budget is spent; Interrupted, with everything saved, after Ctrl-C, SIGTERM or SIGHUP.
        """
        with self._alone():
            self._began, self._spent_before = monotonic(), spent(self.folder)
            signals = StopSignals()
            with signals:
                try:
                    while self._step() and signals.received is None:
                        pass
                finally:
                    self._end_workers(in_peace=not (self._waiting or self._busy()))
                    self._note(ended=True)
            if signals.received is not None:
                message = f"stopped after {self._hours_text()}; the results so far are in {self.folder.path}"
                raise Interrupted(signals.received, message, self.folder.path, "study run")

    def _step(self) -> bool:
        """Do what there is to do now, and wait a moment; return whether there is more."""
        self._look_for_more()
        if not (self._waiting or self._later or self._busy()):
            return False
        if self._budget_is_spent():
            self._waiting.clear()
            self._later.clear()
            if not self._busy():
                hours = self._hours or 0
                message = f"the budget of {hours:g} hours is used up, and the study is not finished"
                raise RunError(message, "increase it: `budget: {hours: …}`, then run it again")
        self._start_workers()
        for worker in self._workers:
            if worker.is_idle and self._waiting:
                worker.tell(self._waiting.popleft())
        self._listen()
        self._end_the_hanging()
        if monotonic() - self._noted >= NOTED_EVERY:
            self._note()
        self._turn()
        return True

    def _look_for_more(self) -> None:
        now = monotonic()
        self._waiting.extend(cell for due, cell in self._later if due <= now)
        self._later = [(due, cell) for due, cell in self._later if due > now]
        in_hand = {*self._waiting, *(cell for _, cell in self._later), *(each.cell for each in self._busy())}
        if len(in_hand) >= self._count or (in_hand and not self._have_ended):
            return
        self._have_ended = False
        for cell in self._more():
            if cell.id not in in_hand:
                self._cells[cell.id] = cell
                self._waiting.append(cell.id)
                prepare_cell(self.folder, cell)

    def _busy(self) -> list[Worker]:
        return [each for each in self._workers if each.cell is not None]

    def _start_workers(self) -> None:
        wanted = min(self._count, len(self._waiting) + len(self._busy()))
        while len(self._workers) < wanted:
            number = next(
                each for each in range(self._count) if each not in {worker.number for worker in self._workers}
            )
            worker = Worker(number, self._command(number), _environment(),
                            self.folder.path / "workers" / f"{number}.log")  # fmt: skip
            self._selector.register(worker.said, selectors.EVENT_READ, worker)
            self._workers.append(worker)

    def _listen(self) -> None:
        """Wait for a message of any worker, and do what it says."""
        for key, _ in self._selector.select(timeout=0.2):
            worker: Worker = key.data
            messages, ended = worker.messages()
            for message in messages:
                self._hear(worker, message)
            if ended:
                self._bury(worker)

    def _hear(self, worker: Worker, message: dict[str, object]) -> None:
        cell = worker.cell
        match message["event"]:
            case "ready":
                worker.is_ready = True
                self._unready = 0
            case "beat":
                worker.details |= {name: value for name, value in message.items() if name != "event"}
            case "broken":
                raise RunError(f"{message.get('message')}")
            case "done" if cell is not None:
                worker.cell = None
                self._end(Finished(self._cells[cell], None))
            case "busy" if cell is not None:
                worker.cell = None
                self._later.append((monotonic() + self._limits.busy, cell))
            case "failed" if cell is not None:
                worker.cell = None
                self._mistakes[cell] += 1
                self._try_again(cell, str(message.get("message")))
            case _:
                pass

    def _bury(self, worker: Worker, why: str | None = None) -> None:
        """Take leave of a worker that has ended; its cell is another's now."""
        self._selector.unregister(worker.said)
        self._workers.remove(worker)
        ended_by = worker.kill()
        if worker.cell is not None:
            self._deaths[worker.cell] += 1
            self._try_again(worker.cell, why or f"its process was ended by {ended_by}")
        elif not worker.is_ready:
            self._unready += 1
            if self._unready == self._limits.deaths:
                message = f"{self._unready} workers in a row ended before they were ready, the last by {ended_by}"
                raise RunError(message, f"see their output in {worker.log.parent}")

    def _try_again(self, cell: str, message: str) -> None:
        """Put a cell at the end of the queue, or count it as failed where it has been tried often enough."""
        mistakes, deaths = self._mistakes[cell], self._deaths[cell]
        if mistakes < self._limits.attempts and deaths < self._limits.deaths:
            self._waiting.append(cell)
            return
        known = self._cells[cell]
        failure = CellFailure(cell, known.variant, known.settings, known.seed, known.stage, message, mistakes + deaths)
        write_failure(self.folder.cell(cell).failure, failure)
        self._end(Finished(known, failure))

    def _end(self, finished: Finished) -> None:
        self._have_ended = True
        self._finished(finished)

    def _end_the_hanging(self) -> None:
        now = monotonic()
        for worker in list(self._workers):
            if worker.cell is not None and now - worker.heard > self._limits.silence:
                self._bury(worker, f"its process did not respond for {self._limits.silence:g} seconds")
            elif not worker.is_ready and now - worker.heard > self._limits.starting:
                message = f"a worker was not ready after {self._limits.starting:g} seconds"
                raise RunError(message, f"see its output in {worker.log}")

    def _end_workers(self, *, in_peace: bool) -> None:
        for worker in self._workers:
            if in_peace:
                worker.release()
            else:
                worker.ask_to_stop()
        until = monotonic() + self._limits.stopping
        for worker in self._workers:
            worker.wait(max(0.0, until - monotonic()))
        self._workers.clear()
        self._selector.close()

    @property
    def _spent(self) -> float:
        return self._spent_before + monotonic() - self._began

    def _budget_is_spent(self) -> bool:
        return self._hours is not None and self._spent > 3600 * self._hours

    def _hours_text(self) -> str:
        minutes = round((monotonic() - self._began) / 60)
        return f"{minutes} minutes" if minutes != 1 else "1 minute"

    def _note(self, *, ended: bool = False) -> None:
        """Write down what is going on."""
        self._noted = monotonic()
        running = {each.cell: {"worker": each.number, "pid": each.pid} | each.details for each in self._busy()}
        note = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "at": time(),
            "ended": ended,
            "spent": self._spent,
            "workers": self._count,
            "running": running,
        }
        write_text(self.folder.running, json.dumps(note, indent=1) + "\n")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other engines out; raise RunError if one is in already, here or on another machine."""
        other = _elsewhere(self.folder)
        if other is not None:
            raise RunError(f"{self.folder.path} is being run on {other}", "wait for it, or stop it there")
        lock = FileLock(self.folder.path / ".lock", blocking=False)
        try:
            lock.acquire()
        except Timeout:
            message = f"{self.folder.path} is being run by another process"
            raise RunError(message, "`archcli study status` shows how far it is") from None
        except OSError as error:
            raise cannot_write(self.folder.path, error) from error
        try:
            yield
        finally:
            lock.release()


def prepare_cell(folder: StudyFolder, cell: Cell) -> None:
    """Make the folder of a cell, with all that its worker needs, unless it is there; what defines it comes last."""
    place = folder.cell(cell.id)
    if place.definition.exists():
        return
    try:
        place.path.mkdir(parents=True, exist_ok=True)
        write_text(place.network, folder.network(cell.variant).read_text("utf-8"))
    except OSError as error:
        raise cannot_write(place.path, error) from error
    write_cell(place.definition, cell)


def local_command(
    folder: StudyFolder, device: str, data_dir: str, plugins: Sequence[Path] = ()
) -> Callable[[int], Sequence[str]]:
    """Return how a worker of this program is started: nothing is imported from the working folder (``-P``)."""
    start = [
        sys.executable,
        "-P",
        str(Path(__file__).with_name("start.py")),
        str(folder.path),
        device,
        data_dir,
        *map(str, plugins),
    ]
    return lambda number: [*start, str(number)]


def spent(folder: StudyFolder) -> float:
    """Return the seconds that engines have spent on the study so far."""
    note = read_note(folder)
    return float(note.get("spent", 0.0)) if note else 0.0  # type: ignore[arg-type]  # our own note


def read_note(folder: StudyFolder) -> dict[str, object]:
    """Return the last note of an engine, empty where there is none."""
    try:
        found = read_json(folder.running)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _elsewhere(folder: StudyFolder) -> str | None:
    """Return the machine that runs the study, if it is another; a lock need not reach it over a network."""
    note = read_note(folder)
    at, host = note.get("at"), note.get("host")
    fresh = isinstance(at, int | float) and time() - at < GONE_AFTER
    return str(host) if fresh and note.get("running") and host != socket.gethostname() else None


def _environment() -> dict[str, str]:
    """Return what a worker's libraries are to know: one thread each, which no load slows, or what the user has set."""
    threads = os.environ.get("OMP_NUM_THREADS") or "1"
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return os.environ | dict.fromkeys(names, threads)
