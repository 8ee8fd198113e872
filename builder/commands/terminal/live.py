"""The last lines of a terminal, written anew in place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TO_END_OF_LINE, TO_END_OF_SCREEN = "\x1b[K", "\x1b[J"
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


class Live:
    """Lines that stay below what is written, until they are cleared.

    Each change is written at once, over what was there, so that nothing flickers; what has not changed is not
    written. Lines have to be shorter than the terminal is wide. Where it has been made narrower since, most terminals
    have broken the lines that did not fit any more, and going up takes that into account.
    """

    def __init__(self, write: Callable[[str], None], columns: Callable[[], int]) -> None:
        """Show nothing yet; ``write`` takes text for the terminal, and ``columns`` says how wide it is now."""
        self._write, self._columns = write, columns
        self._lines: list[str] = []
        self._drawn_at = 0

    def show(self, lines: Sequence[str]) -> None:
        """Show ``lines`` in the place of those that are shown."""
        columns = self._columns()
        if self._lines and self._lines[:-1] == list(lines[:-1]) and columns == self._drawn_at:
            self._write(f"\r{lines[-1]}{TO_END_OF_LINE}")
        else:
            self._write(self._to_first(columns) + _drawn(lines))
        self._lines, self._drawn_at = list(lines), columns

    def say(self, text: str) -> None:
        """Write ``text`` above the lines, where it stays; lines of another width are left to be shown anew."""
        columns = self._columns()
        home = self._to_first(columns)
        above = "".join(f"{line}{TO_END_OF_LINE}\n" for line in text.split("\n"))
        self._lines = self._lines if columns == self._drawn_at else []
        self._write(home + above + (_drawn(self._lines) if self._lines else TO_END_OF_SCREEN))

    def clear(self) -> None:
        """Leave nothing of the lines."""
        if self._lines:
            self._write(self._to_first(self._columns()) + TO_END_OF_SCREEN)
        self._lines = []

    def _to_first(self, columns: int) -> str:
        """Return what moves the cursor from the end of the last line to the start of the first."""
        rows = sum(max(1, -(-shown_width(line) // columns)) for line in self._lines)
        return "\r" + (f"\x1b[{rows - 1}A" if rows > 1 else "")


LOADING = "loading PyTorch…"
"""What is shown while the seconds pass that importing it takes."""


def _drawn(lines: Sequence[str]) -> str:
    return "\n".join(f"{line}{TO_END_OF_LINE}" for line in lines) + TO_END_OF_SCREEN


def shown_width(line: str) -> int:
    """Return how many columns a line takes: its characters without colors."""
    return len(_ESCAPES.sub("", line))
