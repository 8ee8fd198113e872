"""A training run as a person follows it."""

from __future__ import annotations

import io
import json
import re
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
import torch

from builder.commands.terminal.training_progress import PLOT_LINES, TrainingProgress
from builder.training.device import devices
from builder.training.folder.metrics import EpochMetrics, append_metrics
from builder.training.progress import (
    BatchDone,
    EpochDone,
    EpochStarted,
    GoingOn,
    ImagesInMainMemory,
    Preparing,
    StepChosen,
)
from tests.commands.terminal.screen import Terminal

if TYPE_CHECKING:
    from builder.commands.train import Beginning
    from tests.command_line import Archcli

EPOCH_1 = EpochDone(EpochMetrics(1, 2.3, 0.1, 2.2, 0.155, 0.001, 62.0), best=True)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.time


@pytest.fixture
def clock() -> Clock:
    """Return a clock at zero."""
    return Clock()


def stderr_is(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is said go into ``stream``; pytest itself changes ``sys.stderr`` before each test."""
    for module in ("training_progress", "console"):
        monkeypatch.setattr(f"builder.commands.terminal.{module}.sys", SimpleNamespace(stderr=stream))


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Return a stderr that is a file."""
    made = io.StringIO()
    stderr_is(made, monkeypatch)
    return made


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return a stderr that is a terminal of 80 columns."""
    made = Terminal()
    stderr_is(made, monkeypatch)
    monkeypatch.setattr("builder.commands.terminal.training_progress.size_of", lambda stream: stream.size)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return made


def on(device: str, watch: TrainingProgress, monkeypatch: pytest.MonkeyPatch, run: Path = Path("runs/a-001")) -> None:
    """Tell ``watch`` of a run of ``page.yaml`` on ``device``, whose first lines do not matter here."""
    monkeypatch.setattr("builder.commands.text.training.beginning", lambda _, verbose: "first lines")
    watch.begin(
        cast("Beginning", SimpleNamespace(unchecked=(), page="page.yaml", device=device, run=run, input=(3, 32, 32)))
    )


class TestLog:
    """Into a file goes a line an epoch, and one about the time."""

    def test_batches_leave_no_trace(self, log: io.StringIO, clock: Clock) -> None:
        """Epochs do, with losses, accuracies, time and whether it is the best so far."""
        with TrainingProgress(now=clock) as watch:
            watch(EpochStarted(1, 25, 0, 100))
            watch(BatchDone("train", 1, 100))
            watch(EPOCH_1)
        assert log.getvalue() == (
            "epoch  1/25  train loss 2.3000 accuracy  10.00%"
            "  validation loss 2.2000 accuracy  15.50%  1 min 2 s  best\n"
        )

    @pytest.mark.parametrize(
        ("chosen", "verbose", "said"),
        [
            (StepChosen("CUDA graph", seconds=0.84), False, "step     CUDA graph, recorded in 0.8 s\n"),
            (StepChosen("eager", "the network waits"), False, "step     eager: the network waits\n"),
            (StepChosen("eager"), False, ""),
            (StepChosen("eager"), True, "step     eager\n"),
        ],
    )
    def test_how_steps_are_taken_is_said_where_somebody_might_wonder(
        self, log: io.StringIO, clock: Clock, chosen: StepChosen, verbose: bool, said: str
    ) -> None:
        """So that a graph that is not there shows; on a CPU nobody expects one."""
        with TrainingProgress(verbose=verbose, now=clock) as watch:
            watch(chosen)
        assert log.getvalue() == said

    def test_the_time_left_is_said_once_and_soon(self, log: io.StringIO, clock: Clock) -> None:
        """After five seconds of training: 10 of 100 batches in 6 s are 54 s more in this epoch and 60 s in the next."""
        with TrainingProgress(now=clock) as watch:
            watch(EpochStarted(1, 2, 0, 100))
            for seconds, done in ((1.0, 2), (6.0, 10), (7.0, 12)):
                clock.time = seconds
                watch(BatchDone("train", done, 100))
        assert log.getvalue() == "about 1 min 54 s left\n"

    @pytest.mark.parametrize(("device", "advised"), [("cpu (2 threads)", True), ("cuda:0 (NVIDIA H200)", False)])
    def test_hours_on_a_cpu_bring_the_command_that_takes_a_minute(
        self, log: io.StringIO, clock: Clock, monkeypatch: pytest.MonkeyPatch, device: str, advised: bool
    ) -> None:
        """A GPU's hours are meant."""
        with TrainingProgress(now=clock) as watch:
            on(device, watch, monkeypatch)
            watch(EpochStarted(1, 25, 0, 10_000))
            clock.time = 6.0
            watch(BatchDone("train", 10, 10_000))
        assert "about 41 h 40 min left" in log.getvalue()
        assert ("archcli train page.yaml --data digits" in log.getvalue()) is advised

    def test_an_epoch_that_goes_on_counts_only_its_own_batches(self, log: io.StringIO, clock: Clock) -> None:
        """50 batches were done before: 10 more in 6 s leave 40, or 24 s."""
        with TrainingProgress(now=clock) as watch:
            watch(EpochStarted(1, 1, 50, 100))
            clock.time = 6.0
            watch(BatchDone("train", 60, 100))
        assert log.getvalue() == "about 24 s left\n"


class TestSlower:
    """A run on a machine that has become busy."""

    def epochs(self, watch: TrainingProgress, *seconds: float) -> None:
        """Tell of epochs that took so long."""
        for number, each in enumerate(seconds, 1):
            watch(EpochStarted(number, 25, 0, 100))
            watch(EpochDone(EpochMetrics(number, 2.3, 0.1, 2.2, 0.155, 0.001, each), best=False))

    def test_it_is_said_once_with_the_command_that_helps(
        self, log: io.StringIO, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """When an epoch takes three times as long as the fastest."""
        with TrainingProgress(now=clock) as watch:
            on("cpu (2 threads)", watch, monkeypatch)
            self.epochs(watch, 10.0, 29.0, 31.0, 60.0)
        (said,) = [line for line in log.getvalue().splitlines() if line.startswith("slower")]
        assert said == (
            "slower   this epoch took 31 s, the fastest one 10 s: other programs use the processor; "
            "stop with Ctrl-C and continue with archcli resume runs/a-001 --threads 1"
        )

    @pytest.mark.parametrize(
        ("device", "seconds"),
        [("cpu (2 threads)", (10.0, 29.0)), ("cpu (2 threads)", (0.2, 1.9)), ("cuda:0 (NVIDIA H200)", (10.0, 90.0))],
        ids=["not much", "short epochs", "a GPU"],
    )
    def test_nothing_is_said(
        self, log: io.StringIO, clock: Clock, monkeypatch: pytest.MonkeyPatch, device: str, seconds: tuple[float, ...]
    ) -> None:
        """Where it may be chance, or threads are not what computes."""
        with TrainingProgress(now=clock) as watch:
            on(device, watch, monkeypatch)
            self.epochs(watch, *seconds)
        assert "slower" not in log.getvalue()


class TestBar:
    """On a terminal the last line lives."""

    def test_it_shows_epoch_batch_and_time_left(self, terminal: Terminal, clock: Clock) -> None:
        """Half of the batches fill half of the bar."""
        with TrainingProgress(now=clock) as watch:
            watch(EpochStarted(2, 2, 0, 100))
            clock.time = 10.0
            watch(BatchDone("train", 50, 100))
            assert terminal.screen == [f"epoch 2/2  {'━' * 12}{'─' * 12}  train 50/100  10 s left"]

    @pytest.mark.parametrize(
        ("columns", "shown"),
        [
            (50, f"epoch 2/2  {'━' * 6}{'─' * 7}  train 50/100  10 s left"),
            (40, "epoch 2/2  train 50/100  10 s left"),
            (20, "epoch 2/2  train 50"),
        ],
    )
    def test_it_gives_way_on_a_narrow_terminal(
        self, terminal: Terminal, clock: Clock, columns: int, shown: str
    ) -> None:
        """A line that is broken could not be written anew."""
        terminal.size = (columns, 24)
        with TrainingProgress(now=clock) as watch:
            watch(EpochStarted(2, 2, 0, 100))
            clock.time = 10.0
            watch(BatchDone("train", 50, 100))
            assert terminal.screen == [shown]

    def test_it_is_redrawn_ten_times_a_second_at_most(self, terminal: Terminal, clock: Clock) -> None:
        """More often only flickers, and slows a remote terminal."""
        with TrainingProgress(now=clock) as watch:
            watch(EpochStarted(1, 1, 0, 1000))
            for done in range(1, 1001):
                clock.time = done / 1000
                watch(BatchDone("train", done, 1000))
            assert 9 <= len(terminal.writes) <= 10

    def test_it_makes_way_for_what_stays(self, terminal: Terminal, clock: Clock) -> None:
        """An epoch's line stands above the bar, in fewer words than in a file, and at the end nothing is left of it."""
        line = "epoch 1/1  train 2.3000  10.00%  validation 2.2000  15.50%  1 min 2 s  best"
        with TrainingProgress(now=clock) as watch:
            watch(EpochStarted(1, 1, 0, 10))
            clock.time = 1.0
            watch(BatchDone("train", 10, 10))
            watch(EPOCH_1)
            clock.time = 2.0
            watch(BatchDone("test", 1, 2))
            assert terminal.screen == [line, f"{'━' * 12}{'─' * 12}  test 1/2"]
        assert terminal.screen == [line]

    def test_preparing_is_shown_too(self, terminal: Terminal, clock: Clock) -> None:
        """It can take half a minute, in which nothing else is said."""
        with TrainingProgress(now=clock) as watch:
            watch(Preparing("train", 40_000))
            assert terminal.screen == ["preparing 40,000 images of train"]

    def test_a_terminal_without_unicode_has_a_bar_of_ascii(
        self, terminal: Terminal, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And no plot."""
        monkeypatch.setattr("builder.commands.terminal.training_progress.is_unicode", lambda stream: False)
        after_epochs(TrainingProgress(now=clock), clock, 3)
        assert terminal.screen[3:] == [f"epoch 4/9  {'#' * 12}{'-' * 12}  train 5/10"]


def after_epochs(watch: TrainingProgress, clock: Clock, count: int) -> None:
    """Let ``watch`` see as many epochs of nine, and half of the next."""
    for number in range(1, count + 1):
        watch(EpochStarted(number, 9, 0, 10))
        watch(EpochDone(EpochMetrics(number, 2 / number, 0.1 * number, 3 / number, 0.09 * number, 0.1, 1.0), best=True))
    watch(EpochStarted(count + 1, 9, 0, 10))
    clock.time += 1
    watch(BatchDone("train", 5, 10))


class TestPlot:
    """Above the bar stand the curves so far."""

    def test_it_comes_with_the_second_epoch(self, terminal: Terminal, clock: Clock) -> None:
        """One epoch is no curve. Lines of epochs stay above."""
        watch = TrainingProgress(now=clock)
        after_epochs(watch, clock, 1)
        assert len(terminal.screen) == 1 + 1
        after_epochs(watch, clock, 2)
        assert terminal.screen[3] == "accuracy %  ╌╌ training 20  ── validation 18"
        assert len(terminal.screen) == 3 + PLOT_LINES + 1
        assert terminal.screen[-1].startswith("epoch 3/9  ━")

    def test_there_are_two_where_there_is_room(self, terminal: Terminal, clock: Clock) -> None:
        """Accuracy and loss."""
        terminal.size = (130, 40)
        after_epochs(TrainingProgress(now=clock), clock, 2)
        assert re.findall("accuracy %|loss", terminal.screen[2]) == ["accuracy %", "loss"]

    @pytest.mark.parametrize("size", [(39, 24), (80, 16)])
    def test_there_is_none_where_there_is_no_room(
        self, terminal: Terminal, clock: Clock, size: tuple[int, int]
    ) -> None:
        """Neither beside nor below."""
        terminal.size = size
        after_epochs(TrainingProgress(now=clock), clock, 2)
        assert len(terminal.screen) == 2 + 1

    def test_it_follows_the_size_of_the_terminal(self, terminal: Terminal, clock: Clock) -> None:
        """No line is as wide as the terminal; ``Terminal`` would complain."""
        watch = TrainingProgress(now=clock)
        for columns in (80, 200, 45, 30, 20, 120):
            terminal.size = (columns, 50)
            after_epochs(watch, clock, 2)

    def test_no_color_leaves_colors_away(
        self, terminal: Terminal, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """https://no-color.org; dashes tell the curves apart."""
        after_epochs(TrainingProgress(now=clock), clock, 2)
        assert "\x1b[35m" in terminal.writes[-1]
        monkeypatch.setenv("NO_COLOR", "1")
        after_epochs(TrainingProgress(now=clock), clock, 2)
        assert "─ validation" in terminal.writes[-1]
        assert not re.search(r"\x1b\[[0-9;]*m", terminal.writes[-1])

    def test_a_run_that_goes_on_has_its_former_epochs(
        self, terminal: Terminal, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """Read from its metrics; the epoch that is trained again is not among them."""
        for number in (1, 2, 3):
            append_metrics(tmp_path / "metrics.csv", EpochMetrics(number, 1.0, 0.5, 1.0, 0.25, 0.1, 1.0))
        watch = TrainingProgress(now=clock)
        on("cpu", watch, monkeypatch, tmp_path)
        watch(GoingOn(3, 5, None, ()))
        watch(EpochStarted(3, 9, 5, 10))
        clock.time += 1
        watch(BatchDone("train", 6, 10))
        assert terminal.screen[2] == "accuracy %  ╌╌ training 50  ── validation 25"


class TestQuiet:
    """``-q`` leaves only the result."""

    def test_nothing_is_written(self, terminal: Terminal, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        """Neither first lines nor bar nor epochs nor curves."""
        with TrainingProgress(quiet=True, now=clock) as watch:
            on("cpu", watch, monkeypatch)
            after_epochs(watch, clock, 3)
        assert terminal.writes == []

    def test_a_file_gets_no_curves(self, log: io.StringIO, clock: Clock) -> None:
        """Nor anything else that only a terminal understands."""
        with TrainingProgress(now=clock) as watch:
            after_epochs(watch, clock, 3)
        assert len(log.getvalue().splitlines()) == 3
        assert "\x1b" not in log.getvalue()


class TestNames:
    """A folder may be called anything."""

    def test_above_a_live_bar_they_move_no_cursor(self, terminal: Terminal) -> None:
        """There the console's own check does not see them."""
        with TrainingProgress() as watch:
            watch._say("run      runs\x1b[2J/a\x9b1m\rb")
            watch._show("preparing \x1b[2J")
        assert "runs\ufffd[2J/a\ufffd1m\ufffdb" in "".join(terminal.writes)
        assert "\x1b[2J" not in "".join(terminal.writes)


class TestNotes:
    """What a run says once, because it is slower than it could be."""

    def test_images_in_main_memory_are_worth_a_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Each step then waits for them, and nothing else would say why it is slow."""
        with TrainingProgress() as watch:
            watch(ImagesInMainMemory("train", 40_000))
        assert capsys.readouterr().err == (
            "images   the 40,000 images of train stay in main memory (the device has too little, or does not say how "
            "much is free); each batch is copied, and a smaller `--set size=…` would be faster\n"
        )

    def test_a_gpu_that_can_not_compute_is_worth_a_line(
        self, archcli: Archcli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """Below the device that is taken in its place; `doctor` says the same."""
        monkeypatch.setattr(devices, "_best", cache(lambda: (torch.device("cpu"), "cuda is here, and no kernels")))
        begun = archcli("train", "alexnet_tiny", "--data", "digits", "--dry-run", "--runs-dir", tmp_path)
        assert "note: cuda is here, and no kernels; computing on the CPU\n" in begun.err
        found = archcli("doctor", "--json", "--runs-dir", tmp_path).out
        (device,) = (each for each in json.loads(found)["findings"] if each["topic"] == "device")
        assert device["status"] == "note"
        assert device["found"].endswith("; cuda is here, and no kernels")

    def test_a_cpu_that_was_asked_for_needs_no_reason(
        self, archcli: Archcli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """And the GPU is not tried."""
        monkeypatch.setattr(devices, "_best", cache(lambda: pytest.fail("tried")))
        command = ("train", "alexnet_tiny", "--data", "digits", "--dry-run", "--device", "cpu", "--runs-dir", tmp_path)
        assert "note:" not in archcli(*command).err


class TestLoading:
    """PyTorch takes seconds to be imported."""

    def test_a_terminal_says_so_at_once_until_there_is_something_else(self, terminal: Terminal) -> None:
        """What comes next takes its place."""
        with TrainingProgress() as watch:
            assert terminal.screen == ["loading PyTorch…"]
            watch(Preparing("train", 1000))
            assert terminal.screen == ["preparing 1,000 images of train"]
        assert terminal.screen == []

    def test_what_is_downloaded_takes_its_place(self, terminal: Terminal) -> None:
        """It stays."""
        with TrainingProgress() as watch:
            watch.note("downloading weights")
        assert terminal.screen == ["downloading weights"]

    def test_a_mistake_leaves_nothing_of_it(self, terminal: Terminal) -> None:
        """The message stands alone."""
        with pytest.raises(ValueError, match="wrong"), TrainingProgress():
            raise ValueError("wrong")
        assert terminal.screen == []

    def test_a_file_and_a_quiet_run_get_no_such_line(self, log: io.StringIO) -> None:
        """It is for who waits."""
        with TrainingProgress():
            assert log.getvalue() == ""

    def test_a_quiet_run_says_nothing(self, terminal: Terminal) -> None:
        """On a terminal either."""
        with TrainingProgress(quiet=True):
            assert terminal.writes == []
