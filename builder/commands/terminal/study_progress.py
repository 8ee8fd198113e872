"""A study as a person follows it: a line for each cell that ends, and on a terminal a view that is drawn anew."""

from __future__ import annotations

import sys
from time import monotonic, sleep
from typing import TYPE_CHECKING

from builder.commands.terminal.console import is_terminal, paint, say
from builder.commands.text import study as text

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.commands.study import Planned, Progress
    from builder.commands.terminal.loading import Loading
    from builder.study.status import StudyStatus
    from builder.study.workers.coordinator import Finished
    from builder.study.workers.pool import Refused

PAUSE = 1.0
"""Seconds between two states of the view."""

_SHARE = 50
"""Looking may take one part of so many of the time."""

_UP, _CLEAR = "\x1b[{}A", "\x1b[J"


class StudyProgress:
    """Shows a study's progress on stderr, and nothing at all if ``quiet``."""

    def __init__(self, loading: Loading | None = None, *, quiet: bool = False) -> None:
        """Show nothing yet; what comes takes the place of what says that PyTorch is ``loading``."""
        self._loading, self._quiet = loading, quiet
        self.is_live = is_terminal(sys.stderr) and not quiet
        self._lines = 0
        self._drawn, self._pause = 0.0, PAUSE

    def measured(self, name: str, number: int, of: int) -> None:
        """Show which network is measured."""
        self._erase()
        if not self._quiet:
            say(f"measuring {name} ({number} of {of})")

    def planned(self, value: Planned) -> None:
        """Show the plan."""
        self._erase()
        if not self._quiet:
            say(text.planned(value) + "\n")

    def finished(self, value: Finished, now: Progress) -> None:
        """Show a cell that has ended; on a terminal the view says it, unless it failed."""
        if self._quiet or (self.is_live and value.failure is None):
            return
        self._erase()
        say(text.finished(value, now))

    def refused(self, value: Refused) -> None:
        """Show a worker that can't be used, and why; also where nothing else is shown."""
        self._erase()
        say(text.refused(value))

    def turn(self, look: Callable[[], StudyStatus]) -> None:
        """Look how things stand and draw the view anew, on a terminal, from time to time."""
        if self.is_live and monotonic() - self._drawn >= self._pause:
            began = monotonic()
            now = look()
            self._pause = max(PAUSE, _SHARE * (monotonic() - began))
            self.draw(now)

    def draw(self, now: StudyStatus) -> None:
        """Draw the view now."""
        self._erase()
        self._drawn = monotonic()
        shown = text.standing(now)
        self._lines = shown.count("\n") + 1
        say(shown)

    def leave(self) -> None:
        """Take the view away, so that the result stands alone."""
        self._erase()

    def _erase(self) -> None:
        if self._loading is not None:
            self._loading.clear()
        if self._lines:
            paint(_UP.format(self._lines) + _CLEAR)
            self._lines = 0


def watch_status(look: Callable[[], StudyStatus], sleep: Callable[[float], None] = sleep) -> StudyStatus:
    """Show how things stand every second until there is nothing left to run; return how they stand then.

    Where nobody looks at a terminal, a line is written whenever a count has changed.
    """
    view = StudyProgress()
    counts: object = None
    while not (now := look()).is_done:
        if view.is_live:
            view.draw(now)
        elif now.counts != counts:
            counts = now.counts
            say(text.summary(now))
        sleep(PAUSE)
    view.leave()
    return now
