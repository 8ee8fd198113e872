"""A worker's side of a study: it is told cells line by line, runs them, and says how each of them ended.

Every message is one line of JSON. The worker is told ``{"cell": ID}``; it says ``ready``, ``beat`` while it works, and
then ``done``, ``failed`` with a message, ``busy`` where another process has the cell, or ``broken`` where no cell can
go well, as on a full disk. When nobody tells it anything any more, because the one who did is gone, it stops at the
next batch.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import threading
from contextlib import contextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING, TextIO, TypeAlias

from filelock import FileLock, Timeout

from builder.diagnostics import ArchError, RunError
from builder.study.results.cells import read_cell
from builder.study.results.result import write_result
from builder.training.interrupts import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from builder.study.results.cells import Cell
    from builder.study.results.folder import CellFolder, StudyFolder
    from builder.study.results.result import CellResult

BEAT = 1.0
"""Seconds between two signs of life, which are given only while batches are done."""


Alive: TypeAlias = "Callable[..., None]"
"""Is called after every step, with what there is to say of it."""

Perform: TypeAlias = "Callable[[Cell, CellFolder, Alive], CellResult]"
"""What a worker does with a cell."""


def serve(folder: StudyFolder, prepare: Callable[[], Perform], told: TextIO, say: TextIO) -> None:
    """Prepare, then run every cell that ``told`` names and report on ``say``; return when ``told`` ends.

    Stops with Interrupted where it is asked to by a signal.
    """
    voice = _Voice(say)
    try:
        perform = prepare()
    except (RunError, ArchError) as error:
        voice.say("broken", cell=None, message=said(error))
        return
    voice.say("ready")
    for line in _lines_until_alone(told):
        identity = json.loads(line)["cell"]
        place = folder.cell(identity)
        try:
            with claimed(place) as free:
                if free:
                    finish(place, perform, voice.beat)
            voice.say("done" if free else "busy", cell=identity)
        except (RunError, ArchError) as error:
            event = "broken" if isinstance(error.__cause__, OSError) else "failed"
            voice.say(event, cell=identity, message=said(error))
        except (Interrupted, KeyboardInterrupt, SystemExit):
            raise
        except MemoryError:
            voice.say("failed", cell=identity, message="there is not enough memory for it")
        except Exception as error:  # noqa: BLE001 - one cell's accident must not end the others
            voice.say("failed", cell=identity, message=f"{type(error).__name__}: {error}")


@contextmanager
def claimed(place: CellFolder) -> Iterator[bool]:
    """Keep every other process from ``place``; give whether that succeeded. The claim ends with the process."""
    lock = FileLock(place.path / ".claim", blocking=False)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def finish(place: CellFolder, perform: Perform, alive: Alive) -> None:
    """Run the cell in ``place`` unless it has a result, and write that; only whoever has claimed it may."""
    if not place.result.exists():
        outcome = perform(read_cell(place.definition), place, alive)
        write_result(place.result, outcome)
    place.failure.unlink(missing_ok=True)
    place.tidy()


def said(error: RunError | ArchError) -> str:
    """Return an error as one line: what happened, and what helps."""
    hint = error.hint if isinstance(error, RunError) else None
    return f"{error} ({hint})" if hint else str(error)


class _Voice:
    """Says what happens, and beats at most once a second."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._beaten = -BEAT

    def say(self, event: str, **details: object) -> None:
        with suppress(BrokenPipeError):  # nobody listens: then what it is told has ended too, and it will stop
            self._stream.write(json.dumps({"event": event} | details) + "\n")
            self._stream.flush()

    def beat(self, **details: object) -> None:
        if monotonic() - self._beaten >= BEAT:
            self._beaten = monotonic()
            self.say("beat", **details)


def _lines_until_alone(told: TextIO) -> Iterator[str]:
    """Yield what is told. When that ends in the midst of a cell, the process is asked to stop as Ctrl-C would."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    idle = threading.Event()
    idle.set()

    def listen() -> None:
        for line in told:
            lines.put(line)
        lines.put(None)
        if not idle.is_set():
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=listen, daemon=True).start()
    while (line := lines.get()) is not None:
        idle.clear()
        yield line
        idle.set()
