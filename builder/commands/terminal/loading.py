"""The line that is there at once while PyTorch is loaded, and what is said of the device when it is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from builder.commands.terminal.console import is_terminal, paint, say, size_of
from builder.commands.terminal.live import LOADING, Live

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self


class Loading:
    """Shows on a terminal that a command is loading PyTorch, which takes seconds, until there is something else.

    It is entered before anything slow is imported. Nothing is shown if ``quiet``, or where nobody looks.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        is_live = is_terminal(sys.stderr) and not quiet
        self._line = Live(paint, lambda: size_of(sys.stderr)[0]) if is_live else None

    def __enter__(self) -> Self:
        if self._line is not None:
            self._line.show([LOADING])
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def clear(self) -> None:
        """Leave nothing of the line, for what comes."""
        if self._line is not None:
            self._line.clear()

    def note(self, text: str) -> None:
        """Say ``text`` in the place of the line."""
        self.clear()
        say(text)


class DeviceNote:
    """Says once, after a device was chosen, why the best one that is here was left out; nothing where it was not."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._is_due = True

    def tell(self) -> None:
        """Say it, if PyTorch is loaded and a device was chosen."""
        if not self._is_due or "torch" not in sys.modules:
            return
        self._is_due = False
        from builder.training.device.devices import left_out

        why = left_out()
        if why is not None:
            self._say(f"note: {why}; computing on the CPU")
