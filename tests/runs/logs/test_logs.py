"""Loggers of a run: TensorBoard, a user's file, and what becomes of one that fails."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, ClassVar

import pytest
import torch
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import builder
from builder.runs.logs.logged import read_logged
from builder.runs.logs.tensorboard import TAGS
from builder.training.folder.metrics import read_metrics
from tests.command_line import PAGE, SHORT

if TYPE_CHECKING:
    from tests.command_line import Archcli

CONSTANT = (*SHORT, "--set", "schedule.name=constant")
RUN = Path("runs/small-001")
GUIDE = Path(__file__).parents[3] / "docs" / "watching.md"
NOTING = """\
class Logger:
    def __init__(self, run):
        self.file = run.logs / "told.txt"
        self.say(f"opened {run.name} after {run.done}, lr {run.settings['optimizer.lr']}")

    def __call__(self, event):
        metrics = getattr(event, "metrics", None)
        self.say(f"{type(event).__name__} {metrics.epoch if metrics else ''}".strip())

    def close(self, summary):
        self.say(f"closed after {summary.final.epoch if summary else None}")

    def say(self, text):
        with self.file.open("a") as file:
            file.write(text + "\\n")
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand beside a small page and a logger, and draw nothing."""
    monkeypatch.setattr("builder.commands.train._draw", lambda *_: None)
    monkeypatch.setattr("builder.training.trainer.draw_curves", lambda *_: None)
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(PAGE)
    Path("noting.py").write_text(NOTING)


def steps(tag: str) -> list[tuple[int, float]]:
    """Return what TensorBoard shows of a tag."""
    found = EventAccumulator(str(RUN), size_guidance={"scalars": 0})
    found.Reload()
    return [(each.step, each.value) for each in found.Scalars(tag)]


def told() -> list[str]:
    """Return what the logger was told but for batches."""
    lines = (RUN / "told.txt").read_text().splitlines()
    return [each for each in lines if each.startswith(("opened", "EpochDone", "closed", "GoingOn"))]


class TestTensorBoard:
    """`--log tensorboard`, read with TensorBoard's own reader."""

    def test_every_epoch_is_there(self, archcli: Archcli) -> None:
        """With every column, and the test at the end."""
        assert archcli("train", "small.yaml", *CONSTANT, "--log", "tensorboard").code == 0
        rows = read_metrics(RUN / "metrics.csv")
        for tag, column in TAGS.items():
            assert steps(tag) == [(row.epoch, pytest.approx(getattr(row, column))) for row in rows]
        summary = json.loads((RUN / "summary.json").read_text())
        assert steps("accuracy/test") == [(2, pytest.approx(summary["test_accuracy"]))]
        assert steps("loss/test") == [(2, pytest.approx(summary["test_loss"]))]

    def test_resume_repeats_no_step_and_fills_what_is_missing(self, archcli: Archcli) -> None:
        """Though one session in between was not logged, and one was killed before it noted its epoch."""
        archcli("train", "small.yaml", *CONSTANT, "--log", "tensorboard", "-q")
        archcli("resume", RUN, "--epochs", 3, "-q")
        archcli("resume", RUN, "--epochs", 4, "--log", "tensorboard", "-q")
        known = json.loads((RUN / "logged.json").read_text())
        (RUN / "logged.json").write_text(json.dumps(known | {"epochs": {"tensorboard": 3}}))
        assert archcli("resume", RUN, "--epochs", 5, "--log", "tensorboard", "-q").code == 0
        assert [step for step, _ in steps("loss/train")] == [1, 2, 3, 4, 5]

    def test_a_finished_run_is_logged_afterwards(self, archcli: Archcli) -> None:
        """Once."""
        archcli("train", "small.yaml", *CONSTANT, "-q")
        for _ in range(2):
            assert archcli("resume", RUN, "--log", "tensorboard", "-q").code == 0
            assert [step for step, _ in steps("loss/train")] == [1, 2]
            assert len(steps("accuracy/test")) == 1

    def test_it_changes_no_bit(self, archcli: Archcli) -> None:
        """Of weights, optimizer and random numbers."""
        for words in ((), ("--log", "tensorboard", "--log", "noting.py")):
            archcli("train", "small.yaml", *CONSTANT, *words, "-q")
        one, other = (load_file(f"runs/small-00{number}/last.safetensors") for number in (1, 2))
        assert all(torch.equal(one[name], other[name]) for name in one)

    def test_nothing_is_imported_unless_asked_for(self, archcli: Archcli, monkeypatch: pytest.MonkeyPatch) -> None:
        """And where it is not installed, that is said before there is a folder."""
        monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
        assert archcli("train", "small.yaml", *CONSTANT, "-q").code == 0
        assert not (RUN / "logged.json").exists()
        monkeypatch.setattr("builder.extras.find_spec", lambda _: None)
        outcome = archcli("train", "small.yaml", *CONSTANT, "--log", "tensorboard")
        assert (outcome.code, "pip install 'archcli-cnn[tensorboard]'" in outcome.err) == (1, True)
        assert not Path("runs/small-002").exists()


class TestFile:
    """`--log FILE.py`."""

    def test_it_is_said_that_it_is_run(self, archcli: Archcli) -> None:
        """In the first lines; it hears the run from its beginning to its end."""
        outcome = archcli("train", "small.yaml", *CONSTANT, "--log", "noting.py")
        assert "\nlog      noting.py, which is run\n" in outcome.err
        assert told() == ["opened small-001 after 0, lr 0.004", "EpochDone 1", "EpochDone 2", "closed after 2"]

    def test_going_on_tells_each_epoch_once(self, archcli: Archcli) -> None:
        """Also those of a session that it was not there."""
        archcli("train", "small.yaml", *CONSTANT, "--log", "noting.py", "-q")
        archcli("resume", RUN, "--epochs", 3, "-q")
        archcli("resume", RUN, "--epochs", 4, "--log", "noting.py", "-q")
        expected = ["opened small-001 after 2, lr 0.004", "EpochDone 3", "GoingOn", "EpochDone 4", "closed after 4"]
        assert told()[4:] == expected

    def test_a_dry_run_runs_no_file(self, archcli: Archcli) -> None:
        """And writes none."""
        Path("noting.py").write_text("open('ran', 'w')")
        assert archcli("train", "small.yaml", *CONSTANT, "--log", "noting.py", "--dry-run").code == 0
        assert sorted(each.name for each in Path().iterdir()) == ["noting.py", "small.yaml"]

    @pytest.mark.parametrize(
        ("text", "code", "said"),
        [
            ("1 / 0", 1, "error: noting.py can't be used as a logger: ZeroDivisionError: division by zero (line 1)"),
            ("class Log: pass", 2, "error[usage]: `noting.py` defines no logger"),
        ],
    )
    def test_what_is_no_logger_is_answered_before_there_is_a_folder(
        self, archcli: Archcli, text: str, code: int, said: str
    ) -> None:
        """In a line."""
        Path("noting.py").write_text(text)
        outcome = archcli("train", "small.yaml", *CONSTANT, "--log", "noting.py")
        assert (outcome.code, outcome.err.splitlines()[0], Path("runs").exists()) == (code, said, False)

    @pytest.mark.parametrize("word", ["wandb", "nowhere.py"])
    def test_other_words_are_refused(self, archcli: Archcli, word: str) -> None:
        """As wrong usage."""
        outcome = archcli("train", "small.yaml", *CONSTANT, "--log", word)
        assert (outcome.code, f"`{word}`" in outcome.err) == (2, True)


class TestFailing:
    """A logger that raises."""

    def test_in_an_event_it_is_left_out_and_the_run_goes_on(self, archcli: Archcli) -> None:
        """With the event and the line; the next session tells what it has missed."""
        Path("noting.py").write_text(
            NOTING.replace("        metrics =", "        assert 'Done' not in repr(event)[:9], 'no'\n        metrics =")
        )
        outcome = archcli("train", "small.yaml", *CONSTANT, "--log", "noting.py", "--log", "tensorboard")
        what = "noting.py failed at BatchDone and is told nothing more; the run goes on"
        said = f"warning: {what}: AssertionError: no (line 7)\n"
        assert (outcome.code, outcome.err.count("warning:"), said in outcome.err) == (0, 1, True)
        assert [step for step, _ in steps("loss/train")] == [1, 2]
        Path("noting.py").write_text(NOTING)
        archcli("resume", RUN, "--log", "noting.py", "-q")
        assert told()[-4:] == ["opened small-001 after 0, lr 0.004", "EpochDone 1", "EpochDone 2", "closed after 2"]

    def test_one_that_cannot_be_opened_stops_before_training(self, archcli: Archcli) -> None:
        """Plainly."""
        Path("noting.py").write_text(NOTING.replace("self.file = ", "self.file = 1 / 0 or "))
        outcome = archcli("train", "small.yaml", *CONSTANT, "--log", "noting.py")
        assert outcome.code == 1
        assert (
            "error: noting.py can't be opened as a logger: ZeroDivisionError: division by zero (line 3)" in outcome.err
        )
        assert not (RUN / "metrics.csv").exists()


class StandIn:
    """A module of a service that only notes how it is called."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[object, ...], dict[str, object]]] = []

    def __getattr__(self, name: str) -> object:
        """Return what notes a call of ``name``."""

        def call(*arguments: object, **named: object) -> object:
            self.calls.append((name, arguments, named))
            return [] if name == "search_runs" else self

        return call


class TestExamples:
    """What the guide shows is run as it stands."""

    @pytest.mark.parametrize(
        ("service", "log", "end"), [("wandb", "log", "finish"), ("mlflow", "log_metrics", "end_run")]
    )
    def test_each_logs_every_epoch(
        self, archcli: Archcli, monkeypatch: pytest.MonkeyPatch, service: str, log: str, end: str
    ) -> None:
        """By its step, and is finished."""
        examples = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        (text,) = (each for each in examples if f"import {service}\n" in each)
        Path("example.py").write_text(text)
        stand_in = StandIn()
        monkeypatch.setitem(sys.modules, service, SimpleNamespace(**{
            name: getattr(stand_in, name) for name in ("init", "search_runs", "start_run", "log_params", log, end)
        }))  # fmt: skip
        assert "warning" not in archcli("train", "small.yaml", *CONSTANT, "--log", "example.py").err
        logged = [(values[0]["epoch"], named["step"]) for name, values, named in stand_in.calls if name == log]
        assert logged == [(1, 1), (2, 2)]
        assert [name for name, _, _ in stand_in.calls][-1] == end


class TestMemory:
    """``logged.json``, which says what each logger was told."""

    FINE: ClassVar = {"id": "a", "epochs": {"tensorboard": 2}, "ended": {}}

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "5",
            "[" * 100_000,
            "{}",
            json.dumps(FINE | {"id": 5}),
            json.dumps(FINE | {"epochs": {"tensorboard": "2"}}),
        ],
        ids=["empty", "number", "nested", "nothing", "id", "epoch"],
    )
    def test_what_cannot_be_read_says_that_nothing_was_told(self, tmp_path: Path, text: str) -> None:
        """A run is worth more than the memory of its loggers."""
        (tmp_path / "logged.json").write_text(text)
        assert read_logged(tmp_path).epochs == {}
        (tmp_path / "logged.json").write_text(json.dumps(self.FINE))
        assert read_logged(tmp_path).epochs == {"tensorboard": 2}

    @pytest.mark.parametrize("kind", ["pipe", "device", "folder", "loop"])
    def test_what_is_no_file_is_not_waited_for(self, tmp_path: Path, kind: str) -> None:
        """A pipe and a device would never end."""
        path = tmp_path / "logged.json"
        makers = {
            "pipe": lambda: os.mkfifo(path),
            "device": lambda: path.symlink_to("/dev/zero"),
            "folder": path.mkdir,
            "loop": lambda: path.symlink_to(path),
        }
        makers[kind]()
        assert read_logged(tmp_path).epochs == {}


class TestPython:
    """``builder.train`` takes loggers too."""

    def test_they_are_told_the_same(self) -> None:
        """As paths or as names."""
        builder.train(
            "small.yaml", data="digits", subset=200, device="cpu", log=[Path("noting.py"), "tensorboard"], epochs=1
        )
        folder = next(Path("runs").iterdir())
        told = (folder / "told.txt").read_text().splitlines()
        assert told[-1] == "closed after 1"
        assert [line for line in told if line.startswith("EpochDone")] == ["EpochDone 1"]
        assert list(folder.glob("events.out.tfevents.*"))
