"""What the coordinator of a study leaves in its folder for others: a lock, and a note of what is going on."""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager
from time import monotonic, time
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from builder.diagnostics import RunError
from builder.files import cannot_write, write_text
from builder.json_files import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.study.results.folder import StudyFolder

NOTED_EVERY = 2.0
"""Seconds between two notes, for whoever watches from elsewhere."""

GONE_AFTER = 30.0
"""Seconds after which a note of another machine is taken for that of one that is gone."""


class StudyNote:
    """The note of one coordinator; ``spent`` are the seconds that all of them have spent on the study."""

    def __init__(self, folder: StudyFolder) -> None:
        self._folder = folder
        self._began, self._before = monotonic(), spent(folder)
        self._noted = float("-inf")

    @property
    def seconds(self) -> float:
        """The seconds since this coordinator began."""
        return monotonic() - self._began

    @property
    def spent(self) -> float:
        """The seconds that were spent on the study, now and before."""
        return self._before + self.seconds

    def write(self, workers: int, running: Mapping[str, Mapping[str, object]], pace: float, *, ended: bool) -> None:
        """Write down what is going on, unless that was done a moment ago; at the end always.

        ``running`` has by the ids of cells what there is to say of them, and ``pace`` is how many times longer cells
        take than was planned.
        """
        if not ended and monotonic() - self._noted < NOTED_EVERY:
            return
        self._noted = monotonic()
        note = {
            **({} if ended else {"host": socket.gethostname()}),  # nobody else needs to know where it was
            "at": time(),
            "ended": ended,
            "spent": self.spent,
            "workers": workers,
            "pace": pace,
            "running": running,
        }
        write_text(self._folder.running, json.dumps(note, indent=1) + "\n")


def spent(folder: StudyFolder) -> float:
    """Return the seconds that were spent on the study so far."""
    found = read_note(folder).get("spent")
    return float(found) if isinstance(found, int | float) else 0.0


def read_note(folder: StudyFolder) -> dict[str, object]:
    """Return the last note of a coordinator, empty where there is none."""
    try:
        found = read_json(folder.running)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@contextmanager
def alone(folder: StudyFolder) -> Iterator[None]:
    """Keep other coordinators out; raise RunError if one is in already, here or on another machine."""
    other = _elsewhere(folder)
    if other is not None:
        raise RunError(f"{folder.path} is being run on {other}", "wait for it, or stop it there")
    lock = FileLock(folder.path / ".lock", blocking=False)
    try:
        lock.acquire()
    except Timeout:
        message = f"{folder.path} is being run by another process"
        raise RunError(message, "`archcli study status` shows how far it is") from None
    except OSError as error:
        raise cannot_write(folder.path, error) from error
    try:
        yield
    finally:
        lock.release()


def _elsewhere(folder: StudyFolder) -> str | None:
    """Return the machine that runs the study, if it is another; a lock need not reach it over a network."""
    note = read_note(folder)
    at, host = note.get("at"), note.get("host")
    fresh = isinstance(at, int | float) and time() - at < GONE_AFTER and note.get("ended") is not True
    return str(host) if fresh and host != socket.gethostname() else None
