"""A terminal as far as our live lines need one: what stands on its screen after what was written to it."""

from __future__ import annotations

import io
import re

_PARTS = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)")


class Terminal(io.StringIO):
    """A stderr that is a terminal of ``columns`` and ``lines``; the screen grows downwards without end."""

    def __init__(self, columns: int = 80, lines: int = 24) -> None:
        """Begin with an empty screen."""
        super().__init__()
        self.size = (columns, lines)
        self.writes: list[str] = []
        self._screen = [""]
        self._row = self._column = 0

    def isatty(self) -> bool:
        """Say that a person looks."""
        return True

    @property
    def screen(self) -> list[str]:
        """The lines that stand on the screen, without those that are empty at its end."""
        lines = [line.rstrip() for line in self._screen]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def write(self, text: str) -> int:
        """Do what a terminal does with ``text``."""
        self.writes.append(text)
        for number, command, control, shown in _PARTS.findall(text):
            if command == "A":
                self._row = max(0, self._row - int(number or 1))
            elif command == "K":
                self._screen[self._row] = self._screen[self._row][: self._column]
            elif command == "J":
                self._screen[self._row] = self._screen[self._row][: self._column]
                del self._screen[self._row + 1 :]
            elif control:
                self._column = 0
                self._row += control == "\n"
                self._screen += [""] * (self._row + 1 - len(self._screen))
            elif shown:
                self._put(shown)
        return len(text)

    def _put(self, text: str) -> None:
        line = self._screen[self._row].ljust(self._column)
        self._screen[self._row] = line[: self._column] + text + line[self._column + len(text) :]
        self._column += len(text)
        assert self._column < self.size[0], f"a line of {self._column} characters would be broken: {text}"
