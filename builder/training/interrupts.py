"""Ctrl-C, SIGTERM and a closed terminal as a request that is answered between two steps."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType, TracebackType
    from typing import Self

_HANGUP = getattr(signal, "SIGHUP", None)
"""What a terminal sends when it is closed, an ssh connection too; Windows has no such signal."""


def ending() -> tuple[int, ...]:
    """Return the signals that ask a program to end, but for Ctrl-C, without those that whoever started it ignores."""
    ignored = _HANGUP is None or signal.getsignal(_HANGUP) == signal.SIG_IGN
    return (signal.SIGTERM,) if ignored or _HANGUP is None else (signal.SIGTERM, _HANGUP)


class Interrupted(Exception):  # noqa: N818 - no error: it is what the user asked for
    """A run was stopped from outside and has saved where it stood; a program then exits with ``exit_code``."""

    def __init__(self, number: int, message: str, folder: Path, command: str = "resume") -> None:
        """Take the signal's number, where the run stood, the folder from which it can go on, and how that is done."""
        super().__init__(message)
        self.message = message
        self.folder = folder
        self.command = command
        self.exit_code = 128 + number

    def __reduce__(self) -> tuple[type[Interrupted], tuple[int, str, Path, str]]:
        """Let pickle make it anew, as a process that is waited for hands it on."""
        return type(self), (self.exit_code - 128, self.message, self.folder, self.command)


class StopSignals:
    """While entered, keeps the first SIGINT, SIGTERM or SIGHUP in ``received``; a second one acts as it always did.

    But not a second SIGHUP: a shell passes on what the terminal has sent already, and the run is being saved then.
    ``nohup`` asks for SIGHUP to be ignored, and so it is. Does nothing outside the main thread, where Python allows no
    handlers.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, signal._HANDLER] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._hear) for number in (signal.SIGINT, *ending())}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        if self.received is not None and number == _HANGUP:
            return
        self.received = number
        self._restore(besides=_HANGUP)

    def _restore(self, besides: int | None = None) -> None:
        for number in [each for each in self._before if each != besides]:
            signal.signal(number, self._before.pop(number))
