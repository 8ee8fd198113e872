"""Ctrl-C and SIGTERM as a request that is answered between two steps."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType, TracebackType
    from typing import Self

_HEARD = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Exception):  # noqa: N818 - no error: it is what the user asked for
    """A run was stopped from outside and has saved where it stood; a program then exits with ``exit_code``."""

    def __init__(self, number: int, message: str, folder: Path, command: str = "resume") -> None:
        """Take the signal's number, where the run stood, the folder from which it can go on, and how that is done."""
        super().__init__(message)
        self.message = message
        self.folder = folder
        self.command = command
        self.exit_code = 128 + number


class StopSignals:
    """While entered, keeps the first SIGINT or SIGTERM in ``received``; a second one acts as it always did.

    Does nothing outside the main thread, where Python allows no handlers.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, signal._HANDLER] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._hear) for number in _HEARD}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        self.received = number
        self._restore()

    def _restore(self) -> None:
        while self._before:
            number, handler = self._before.popitem()
            signal.signal(number, handler)
