"""A measurement as a person follows it: a bar on a terminal, elsewhere a line that it has begun."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from builder.commands.terminal.console import is_terminal, paint, say, size_of
from builder.commands.terminal.live import LOADING, Live
from builder.commands.terminal.loading import DeviceNote
from builder.quantities import duration

if TYPE_CHECKING:
    from typing import Self

WIDTH = 24  # characters of the bar


class BenchProgress:
    """Shows which part of a measurement is over. Nothing is written to stdout, and nothing at all if ``quiet``."""

    def __init__(self, seconds: float, *, quiet: bool = False) -> None:
        """Begin to measure for about ``seconds``, once everything is ready."""
        is_live = is_terminal(sys.stderr) and not quiet
        self._line = Live(paint, lambda: size_of(sys.stderr)[0]) if is_live else None
        self._device = None if quiet else DeviceNote(self._line.say if self._line else say)
        if not quiet and not is_live:
            say(f"measuring for about {duration(seconds)}")

    def __call__(self, part: float) -> None:
        """Show that ``part`` of 1 is over, and the first time what is to be said of the device."""
        if self._device is not None:
            self._device.tell()
        if self._line is not None:
            full = round(WIDTH * part)
            self._line.show([f"{'━' * full}{'─' * (WIDTH - full)}  measuring"])

    def __enter__(self) -> Self:
        if self._line is not None:
            self._line.show([LOADING])
        return self

    def __exit__(self, *_: object) -> None:
        if self._line is not None:
            self._line.clear()
