"""A training run as a person follows it."""

from __future__ import annotations

import io
import re
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from builder.commands.watching import CLEAR_LINE, Watch
from builder.training.metrics import EpochMetrics
from builder.training.progress import BatchDone, EpochDone, EpochStarted

if TYPE_CHECKING:
    from builder.commands.train import Beginning

EPOCH_1 = EpochDone(EpochMetrics(1, 2.3, 0.1, 2.2, 0.155, 0.001, 62.0), best=True)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.time


class Screen(io.StringIO):
    """A stderr that may be a terminal."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        """Say whether a person looks."""
        return self._terminal

    @property
    def states(self) -> list[str]:
        """What the last line showed, one after the other."""
        return [state for state in re.split(re.escape(CLEAR_LINE), self.getvalue()) if state]


@pytest.fixture
def clock() -> Clock:
    """Return a clock at zero."""
    return Clock()


def screen(monkeypatch: pytest.MonkeyPatch, *, terminal: bool) -> Screen:
    """Return what stderr is from now on."""
    made = Screen(terminal=terminal)
    monkeypatch.setattr("sys.stderr", made)
    monkeypatch.setenv("TERM", "xterm")
    return made


def on(device: str, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell ``watch`` of a run of ``page.yaml`` on ``device``, whose first lines do not matter here."""
    monkeypatch.setattr("builder.commands.training_text.beginning", lambda _, verbose: "first lines")
    watch.begin(cast("Beginning", SimpleNamespace(page="page.yaml", device=device, run=Path("runs/a-001"))))


class TestLog:
    """Into a file goes a line an epoch, and one about the time."""

    def test_batches_leave_no_trace(self, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
        """Epochs do, with losses, accuracies, time and whether it is the best so far."""
        stderr = screen(monkeypatch, terminal=False)
        with Watch(now=clock) as watch:
            watch(EpochStarted(1, 25, 0, 100))
            watch(BatchDone("train", 1, 100))
            watch(EPOCH_1)
        assert stderr.getvalue() == (
            "epoch  1/25  train loss 2.3000 accuracy  10.00%"
            "  validation loss 2.2000 accuracy  15.50%  1 min 2 s  best\n"
        )

    def test_the_time_left_is_said_once_and_soon(self, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
        """After five seconds of training: 10 of 100 batches in 6 s are 54 s more in this epoch and 60 s in the next."""
        stderr = screen(monkeypatch, terminal=False)
        with Watch(now=clock) as watch:
            watch(EpochStarted(1, 2, 0, 100))
            for seconds, done in ((1.0, 2), (6.0, 10), (7.0, 12)):
                clock.time = seconds
                watch(BatchDone("train", done, 100))
        assert stderr.getvalue() == "about 1 min 54 s left\n"

    @pytest.mark.parametrize(("device", "advised"), [("cpu (2 threads)", True), ("cuda:0 (NVIDIA H200)", False)])
    def test_hours_on_a_cpu_bring_the_command_that_takes_a_minute(
        self, monkeypatch: pytest.MonkeyPatch, clock: Clock, device: str, advised: bool
    ) -> None:
        """A GPU's hours are meant."""
        stderr = screen(monkeypatch, terminal=False)
        with Watch(now=clock) as watch:
            on(device, watch, monkeypatch)
            watch(EpochStarted(1, 25, 0, 10_000))
            clock.time = 6.0
            watch(BatchDone("train", 10, 10_000))
        assert "about 41 h 40 min left" in stderr.getvalue()
        assert ("archcli train page.yaml --data digits" in stderr.getvalue()) is advised

    def test_an_epoch_that_goes_on_counts_only_its_own_batches(
        self, monkeypatch: pytest.MonkeyPatch, clock: Clock
    ) -> None:
        """50 batches were done before: 10 more in 6 s leave 40, or 24 s."""
        stderr = screen(monkeypatch, terminal=False)
        with Watch(now=clock) as watch:
            watch(EpochStarted(1, 1, 50, 100))
            clock.time = 6.0
            watch(BatchDone("train", 60, 100))
        assert stderr.getvalue() == "about 24 s left\n"


class TestBar:
    """On a terminal the last line lives."""

    def test_it_shows_epoch_batch_and_time_left(self, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
        """Half of the batches fill half of the bar."""
        stderr = screen(monkeypatch, terminal=True)
        with Watch(now=clock) as watch:
            watch(EpochStarted(2, 2, 0, 100))
            clock.time = 10.0
            watch(BatchDone("train", 50, 100))
            assert stderr.states[-1] == f"epoch 2/2  {'━' * 12}{'─' * 12}  train 50/100  10 s left"

    def test_it_is_redrawn_ten_times_a_second_at_most(self, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
        """More often only flickers, and slows a remote terminal."""
        stderr = screen(monkeypatch, terminal=True)
        with Watch(now=clock) as watch:
            watch(EpochStarted(1, 1, 0, 1000))
            for done in range(1, 1001):
                clock.time = done / 1000
                watch(BatchDone("train", done, 1000))
            assert 9 <= len(stderr.states) <= 10

    def test_it_makes_way_for_what_stays(self, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
        """An epoch's line replaces the bar, and at the end nothing is left of it."""
        stderr = screen(monkeypatch, terminal=True)
        with Watch(now=clock) as watch:
            watch(EpochStarted(1, 1, 0, 10))
            clock.time = 1.0
            watch(BatchDone("train", 10, 10))
            watch(EPOCH_1)
            watch(BatchDone("test", 1, 2))
        assert stderr.states[1].startswith("epoch 1/1  train loss")
        assert stderr.getvalue().endswith(CLEAR_LINE)


class TestQuiet:
    """``-q`` leaves only the result."""

    @pytest.mark.parametrize("terminal", [True, False])
    def test_nothing_is_written(self, monkeypatch: pytest.MonkeyPatch, clock: Clock, terminal: bool) -> None:
        """Neither first lines nor bar nor epochs."""
        stderr = screen(monkeypatch, terminal=terminal)
        with Watch(quiet=True, now=clock) as watch:
            on("cpu", watch, monkeypatch)
            watch(EpochStarted(1, 100, 0, 100))
            clock.time = 1000.0
            watch(BatchDone("train", 50, 100))
            watch(EPOCH_1)
        assert stderr.getvalue() == ""
