"""A worker as the engine sees it: a child process that is told cells and says how they ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from builder.diagnostics import RunError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class Worker:
    """A child process in a session of its own, so that Ctrl-C reaches its parent alone."""

    def __init__(self, number: int, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        """Start it; raise RunError if that can't be."""
        self.number = number
        self.log = log
        self.cell: str | None = None
        self.details: dict[str, object] = {}
        """What it said last of the cell: the epoch, and of how many."""
        self.is_ready = False
        self.heard = monotonic()
        """When it said something last."""
        try:
            log.parent.mkdir(exist_ok=True)
            with log.open("a", encoding="utf-8") as file:
                self._process = subprocess.Popen(  # noqa: S603 - our own worker
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=file,
                    env=dict(environment),
                    start_new_session=True,
                )
        except OSError as error:
            raise RunError(f"a worker can't be started: {error.strerror or error}") from error
        assert self._process.stdin is not None, "it is a pipe"
        assert self._process.stdout is not None, "it is a pipe"
        self._told, self.said = self._process.stdin, self._process.stdout
        os.set_blocking(self.said.fileno(), False)
        self._rest = b""

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def is_idle(self) -> bool:
        """Whether it waits to be told a cell."""
        return self.is_ready and self.cell is None

    def tell(self, cell: str) -> None:
        """Let it run ``cell``; if it is dead by now, that is noticed when its messages end."""
        self.cell, self.details, self.heard = cell, {}, monotonic()
        with suppress(OSError):
            self._told.write(json.dumps({"cell": cell}).encode() + b"\n")
            self._told.flush()

    def messages(self) -> tuple[list[dict[str, object]], bool]:
        """Return what it has said since it was asked last, and whether it has ended."""
        ended = False
        with suppress(BlockingIOError):
            while chunk := os.read(self.said.fileno(), 65_536):
                self._rest += chunk
            ended = True
        *lines, self._rest = self._rest.split(b"\n")
        found = [message for line in lines if (message := _read(line)) is not None]
        if found:
            self.heard = monotonic()
        return found, ended

    def kill(self) -> str:
        """End it at once, and return in words how it ended."""
        with suppress(ProcessLookupError):
            self._process.kill()
        code = self._process.wait()
        for pipe in (self._told, self.said):
            with suppress(OSError):
                pipe.close()
        return _ended_by(code)

    def ask_to_stop(self) -> None:
        """Let it save and end: it hears a signal, and nothing more is told to it."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        with suppress(OSError):
            self._told.close()

    def release(self) -> None:
        """Tell it that there is nothing more to do."""
        with suppress(OSError):
            self._told.close()

    def wait(self, seconds: float) -> None:
        """Wait until it has ended, at most so long; then end it."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self.kill()


def _read(line: bytes) -> dict[str, object] | None:
    """Return a message; what is none was printed by something else, and is left out."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "event" in found else None


def _ended_by(code: int) -> str:
    if code < 0:
        name = signal.Signals(-code).name
        return f"{name}, perhaps because memory ran out" if name == "SIGKILL" else name
    return f"exit code {code}"
