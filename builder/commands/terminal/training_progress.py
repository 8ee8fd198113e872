"""A training run as a person follows it: a line an epoch, and on a terminal small curves above a live bar."""

from __future__ import annotations

import sys
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING

from builder.commands.terminal.console import is_colored, is_terminal, is_unicode, paint, plain, say, size_of
from builder.commands.terminal.epoch_times import EpochTimes
from builder.commands.terminal.live import LOADING, Live, shown_width
from builder.commands.terminal.loading import DeviceNote
from builder.commands.terminal.plot import PlotCurve, plot
from builder.commands.text import training as text
from builder.diagnostics import RunError
from builder.quantities import duration
from builder.runs import processes
from builder.training.recipe.data_sets import quick_training

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Self

    from builder.commands.train import Beginning
    from builder.training.folder.metrics import EpochMetrics
    from builder.training.progress import BatchDone, EpochStarted, Progress

WIDTH = 24  # characters of the bar
PAUSE = 0.1  # seconds between two states of the bar; more often only flickers
FIRST_ESTIMATE = 5.0  # seconds of training, after which the time left is known well enough to be said
LONG = 3600.0  # seconds; who trains longer than that on a CPU may have wanted something else
SLOWER = 3.0  # times as long as the fastest epoch, from which it is said that the run has become slower
SHORT = 2.0  # seconds; epochs below that vary by themselves
LEAST_BAR = 5  # characters of a bar that still says something
PLOT_LINES = 8  # of a terminal that has more than twice as many
PLOT_WIDTH, TWO_PLOTS = 40, 110  # columns from which there is one plot, and from which two of them stand side by side
GAP = 4  # columns between two plots
TRAINING_COLOR, VALIDATION_COLOR = "\x1b[36m", "\x1b[35m"


class TrainingProgress:
    """Shows what a run reports. Nothing is written to stdout, and nothing at all if ``quiet``."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False, now: Callable[[], float] = perf_counter) -> None:
        self._quiet, self._verbose = quiet or not processes.is_first(), verbose
        self._live: Live | None = None
        if is_terminal(sys.stderr) and not self._quiet:
            self._live = Live(paint, lambda: size_of(sys.stderr)[0])
        self._now = now
        self._device = DeviceNote(self._say)
        self._run: Path | None = None
        self._rows: list[EpochMetrics] = []
        self._plotted: tuple[tuple[int, int, int], list[str]] = ((0, 0, 0), [])
        self._page = ""
        self._on_cpu = False
        self._epoch: EpochStarted
        self._epoch_began = self._drawn = now()
        self._times = EpochTimes()
        self._fastest: float | None = None
        self._said_slower = False
        self._estimated = False

    def begin(self, beginning: Beginning) -> None:
        """Show what was chosen and why."""
        self._forget_loading()
        if processes.is_first():
            for warning in beginning.unchecked:
                say(f"warning: {warning}")
        self._page, self._on_cpu, self._run = beginning.page, beginning.device.startswith("cpu"), beginning.run
        self._say(text.beginning(beginning, verbose=self._verbose))
        self._device.tell()

    def __call__(self, event: Progress) -> None:
        """Show one report of the trainer. Batches come thousands of times a second, and take microseconds here."""
        from builder.training.progress import BatchDone

        if isinstance(event, BatchDone):
            self._batch(event)
        else:
            self._told(event)

    def note(self, text: str) -> None:
        """Show what a quiet run says too, in the place of what is live: what is downloaded, and warnings."""
        self._forget_loading()
        say(text)

    def _forget_loading(self) -> None:
        if self._live:
            self._live.clear()

    def _told(self, event: Progress) -> None:
        from builder.training.progress import (
            EpochDone,
            EpochStarted,
            GoingOn,
            ImagesInMainMemory,
            LookingBack,
            Preparing,
            SizeChosen,
            StepChosen,
        )

        match event:
            case Preparing():
                self._show(f"preparing {event.images:,} images of {event.split}")
            case ImagesInMainMemory():
                self._say(text.images_in_main_memory(event))
            case GoingOn():
                self._say(text.going_on(event))
                self._rows = self._before(event.epoch)
            case LookingBack():
                self._say(text.looking_back(event))
            case StepChosen():
                if event.is_news or self._verbose:
                    self._say(text.step_chosen(event))
            case SizeChosen():
                self._say(text.size_chosen(event))
            case EpochStarted():
                self._epoch, self._epoch_began = event, self._now()
            case EpochDone():
                self._times.add(self._side, event.metrics.seconds)
                self._rows = [*self._rows[: event.metrics.epoch - 1], event.metrics]
                self._say(text.epoch(event, self._epoch.epochs, size_of(sys.stderr)[0] if self._live else None))
                self._slower(event.metrics.seconds)

    def _slower(self, seconds: float) -> None:
        """Say once that an epoch on the CPU took much longer than others, and what helps: fewer threads wait less."""
        fastest = self._fastest
        self._fastest = seconds if fastest is None else min(fastest, seconds)
        if fastest is None or self._said_slower or self._run is None or not self._on_cpu:
            return
        if seconds > max(SLOWER * fastest, SHORT):
            self._said_slower = True
            self._say(text.slower(seconds, fastest, f"{processes.way_back(self._run)} --threads 1"))

    def __enter__(self) -> Self:
        """Show at once that something is going on: PyTorch takes seconds to be imported."""
        self._show(LOADING)
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the terminal's last lines empty for what comes."""
        if self._live:
            self._live.clear()

    def _before(self, epoch: int) -> list[EpochMetrics]:
        """Return what the run measured before ``epoch``, for the curves; nothing where that can't be read."""
        from builder.training.folder.metrics import read_metrics

        if self._live is None or self._run is None:
            return []
        with suppress(RunError):  # the trainer says what is wrong with its files
            return read_metrics(self._run / "metrics.csv")[: epoch - 1]
        return []

    def _batch(self, event: BatchDone) -> None:
        self._device.tell()
        if event.phase == "train":
            self._estimate_once(event)
        now = self._now()
        if self._live and now - self._drawn >= PAUSE:
            self._drawn = now
            self._show(self._bar(event, size_of(sys.stderr)[0] - 1))

    def _show(self, line: str) -> None:
        """Show a line below the curves so far."""
        if self._live:
            columns, lines = size_of(sys.stderr)
            self._live.show([*self._plots(columns - 1, lines), plain(line)[: columns - 1]])

    def _plots(self, room: int, lines: int) -> list[str]:
        """Return the curves so far in ``room`` columns, from the second epoch on, where there is room for them."""
        if len(self._rows) < 2 or room < PLOT_WIDTH or lines <= 2 * PLOT_LINES or not is_unicode(sys.stderr):
            return []
        key = (len(self._rows), room, self._epoch.epochs)
        if key != self._plotted[0]:
            self._plotted = (key, _curves(self._rows, self._epoch.epochs, room, in_color=is_colored(sys.stderr)))
        return self._plotted[1]

    def _bar(self, event: BatchDone, room: int) -> str:
        """Return the state as a line of at most ``room`` characters; the bar gives way first."""
        left = f"  {duration(self._left(event))} left" if self._estimated and event.phase == "train" else ""
        head = "" if event.phase == "test" else f"epoch {self._epoch.epoch}/{self._epoch.epochs}  "
        tail = f"  {event.phase} {event.done}/{event.steps}{left}"
        width = min(WIDTH, room - len(head) - len(tail))
        if width < LEAST_BAR:
            return f"{head.strip()}{tail}".strip()[:room]
        full = round(width * event.done / event.steps)
        done, rest = ("━", "─") if is_unicode(sys.stderr) else ("#", "-")
        return f"{head}{done * full}{rest * (width - full)}{tail}"

    def _left(self, event: BatchDone) -> float:
        """Return the seconds left: of this epoch as its batches went so far, of the others as the last went."""
        batch = (self._now() - self._epoch_began) / max(1, event.done - self._epoch.done)
        others = self._epoch.sides[1:] or (0,) * (self._epoch.epochs - self._epoch.epoch)
        return batch * (event.steps - event.done) + self._times.of(others, self._side, batch * event.steps)

    @property
    def _side(self) -> int:
        """The side of the training images of this epoch where they grow, else 0."""
        return self._epoch.sides[0] if self._epoch.sides else 0

    def _estimate_once(self, event: BatchDone) -> None:
        if self._estimated or self._now() - self._epoch_began < FIRST_ESTIMATE:
            return
        self._estimated = True
        left = self._left(event)
        if self._live is None:
            self._say(f"about {duration(left)} left")
        if left > LONG and self._on_cpu:
            self._say(f"that is long on a CPU; this takes a minute: {quick_training(self._page)}")

    def _say(self, line: str) -> None:
        if self._live:
            self._live.say(plain(line))
        elif not self._quiet:
            say(line)


def _curves(rows: Sequence[EpochMetrics], epochs: int, room: int, *, in_color: bool) -> list[str]:
    """Return small curves of accuracy, and of the loss beside them where there is room for both."""
    colors = (TRAINING_COLOR, VALIDATION_COLOR) if in_color else ("", "")

    def drawn(title: str, training: list[float], validation: list[float], width: int) -> list[str]:
        curves = [PlotCurve("training", training, dashed=True, color=colors[0]),
                  PlotCurve("validation", validation, color=colors[1])]  # fmt: skip
        return plot(title, curves, epochs, width, PLOT_LINES)

    both = room >= TWO_PLOTS
    width = (room - GAP) // 2 if both else room
    accuracy = drawn(
        "accuracy %", [100 * row.train_accuracy for row in rows], [100 * row.val_accuracy for row in rows], width
    )
    if not both:
        return accuracy
    loss = drawn("loss", [row.train_loss for row in rows], [row.val_loss for row in rows], width)
    return [one + " " * (width - shown_width(one) + GAP) + other for one, other in zip(accuracy, loss, strict=True)]
