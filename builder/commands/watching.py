"""A training run as a person follows it: the first lines, a live bar on a terminal, else a line an epoch."""

from __future__ import annotations

import sys
from time import perf_counter
from typing import TYPE_CHECKING

from builder.commands import processes
from builder.commands import training_text as text
from builder.commands.console import is_terminal, say
from builder.quantities import duration

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from builder.commands.train import Beginning
    from builder.training.progress import BatchDone, EpochStarted, Progress

WIDTH = 24  # characters of the bar
PAUSE = 0.1  # seconds between two states of the bar; more often only flickers
FIRST_ESTIMATE = 5.0  # seconds of training, after which the time left is known well enough to be said
LONG = 3600.0  # seconds; who trains longer than that on a CPU may have wanted something else
CLEAR_LINE = "\r\x1b[K"


class Watch:
    """Shows what a run reports. Nothing is written to stdout, and nothing at all if ``quiet``."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False, now: Callable[[], float] = perf_counter) -> None:
        """Begin before anything is known."""
        self._quiet, self._verbose = quiet or not processes.is_first(), verbose
        self._live = is_terminal(sys.stderr) and not self._quiet
        self._now = now
        self._page = ""
        self._on_cpu = False
        self._epoch: EpochStarted
        self._epoch_began = self._drawn = now()
        self._last_epoch: float | None = None
        self._estimated = False

    def begin(self, beginning: Beginning) -> None:
        """Show what was chosen and why."""
        self._page, self._on_cpu = beginning.page, beginning.device.startswith("cpu")
        self._say(text.beginning(beginning, verbose=self._verbose))

    def __call__(self, event: Progress) -> None:
        """Show one report of the trainer."""
        from builder.training.progress import BatchDone, EpochDone, EpochStarted, GoingOn, LookingBack

        match event:
            case GoingOn():
                self._say(text.going_on(event))
            case LookingBack():
                self._say(text.looking_back(event))
            case EpochStarted():
                self._epoch, self._epoch_began = event, self._now()
            case BatchDone():
                self._batch(event)
            case EpochDone():
                self._last_epoch = event.metrics.seconds
                self._say(text.epoch(event, self._epoch.epochs))

    def __enter__(self) -> Self:
        """Begin to watch."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the terminal's line empty for what comes."""
        if self._live:
            say(CLEAR_LINE, end="")

    def _batch(self, event: BatchDone) -> None:
        if event.phase == "train":
            self._estimate_once(event)
        now = self._now()
        if self._live and now - self._drawn >= PAUSE:
            self._drawn = now
            say(CLEAR_LINE + self._bar(event), end="")

    def _bar(self, event: BatchDone) -> str:
        full = round(WIDTH * event.done / event.steps)
        bar = f"{'━' * full}{'─' * (WIDTH - full)}  {event.phase} {event.done}/{event.steps}"
        if event.phase == "test":
            return bar
        left = f"  {duration(self._left(event))} left" if self._estimated and event.phase == "train" else ""
        return f"epoch {self._epoch.epoch}/{self._epoch.epochs}  {bar}{left}"

    def _left(self, event: BatchDone) -> float:
        """Return the seconds left: of this epoch as its batches went so far, of the others as the last went."""
        batch = (self._now() - self._epoch_began) / max(1, event.done - self._epoch.done)
        others = self._epoch.epochs - self._epoch.epoch
        return batch * (event.steps - event.done) + others * (self._last_epoch or batch * event.steps)

    def _estimate_once(self, event: BatchDone) -> None:
        if self._estimated or self._now() - self._epoch_began < FIRST_ESTIMATE:
            return
        self._estimated = True
        left = self._left(event)
        if not self._live:
            self._say(f"about {duration(left)} left")
        if left > LONG and self._on_cpu:
            self._say(f"that is long on a CPU; a minute takes: archcli train {self._page} --data digits")

    def _say(self, line: str) -> None:
        if not self._quiet:
            say((CLEAR_LINE if self._live else "") + line)
