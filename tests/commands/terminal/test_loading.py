"""What a terminal shows while PyTorch is loaded, and what is said of a device that was left out."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import torch
from PIL import Image

from builder.commands.terminal.loading import Loading
from builder.study import pilot
from builder.training.device import devices
from tests.command_line import PAGE
from tests.commands.terminal.screen import Terminal

if TYPE_CHECKING:
    from tests.command_line import Archcli, Trained

WORDS = (
    "train nowhere.yaml",
    "resume nowhere",
    "evaluate nowhere",
    "predict nowhere photo.png",
    "bench nowhere.yaml",
    "export nowhere.yaml --to safetensors",
    "export nowhere.yaml --to torch",
    "study plan nowhere.yaml",
    "study run nowhere.yaml",
    "doctor",
)
WATCHED = """\
import io, sys
import cli

class Terminal(io.StringIO):
    def isatty(self):
        return True

class Slow:
    def find_spec(self, name, *_):
        if name in {"torch", "numpy", "scipy", "PIL", "matplotlib", "builder.lowering"}:
            print("loading PyTorch…" in sys.stderr.getvalue(), name)
            sys.stdout.flush()
            os._exit(0)

import os
os.environ["TERM"] = "xterm"
sys.meta_path.insert(0, Slow())
sys.stderr = Terminal()
cli.app(sys.argv[1:], prog_name="archcli")
"""


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return a stderr that is a terminal of 80 columns."""
    made = Terminal()
    for module in ("loading", "console"):
        monkeypatch.setattr(f"builder.commands.terminal.{module}.sys", SimpleNamespace(stderr=made, modules={}))
    monkeypatch.setattr("builder.commands.terminal.loading.size_of", lambda stream: stream.size)
    monkeypatch.setenv("TERM", "xterm")
    return made


class TestLoading:
    """A line that is there at once."""

    def test_it_stays_until_there_is_something_else(self, terminal: Terminal) -> None:
        """And leaves nothing behind."""
        with Loading() as loading:
            assert terminal.screen == ["loading PyTorch…"]
            loading.note("downloading weights")
            assert terminal.screen == ["downloading weights"]
        assert terminal.screen == ["downloading weights"]

    def test_a_mistake_takes_its_place(self, terminal: Terminal) -> None:
        """It is gone before the message."""
        with pytest.raises(ValueError, match="wrong"), Loading():
            raise ValueError("wrong")
        assert terminal.screen == []

    def test_who_asked_for_quiet_sees_nothing(self, terminal: Terminal) -> None:
        """But what has to be said."""
        with Loading(quiet=True) as loading:
            assert terminal.writes == []
            loading.note("downloading weights")
        assert terminal.screen == ["downloading weights"]

    def test_a_file_gets_no_such_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        """It is for who waits."""
        with Loading():
            assert capsys.readouterr().err == ""

    @pytest.mark.parametrize("words", WORDS)
    def test_a_command_shows_it_before_anything_slow_is_imported(self, words: str, tmp_path: Path) -> None:
        """Not PyTorch alone takes its time; the process ends at the first of these."""
        work = [sys.executable, "-c", WATCHED, *words.split()]
        root = str(Path(__file__).parents[3])
        done = subprocess.run(
            work,
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={"PYTHONPATH": root, "LC_ALL": "C.UTF-8"},
        )
        assert done.stdout.split()[:1] == ["True"], (done.stdout, done.stderr)

    def test_source_needs_none_and_says_nothing_of_it(
        self, archcli: Archcli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """`export --to python` is as fast as `show`; weights are not."""
        monkeypatch.setattr("builder.commands.terminal.loading.is_terminal", lambda _: True)
        assert archcli("export", "alexnet_tiny", "--to", "python").err == ""
        weights = archcli("export", "alexnet_tiny", "--to", "safetensors", "-o", tmp_path / "weights.safetensors")
        assert weights.err.startswith("\rloading PyTorch…")


class TestDeviceNote:
    """A GPU is here, and this PyTorch can't compute on it."""

    SAID = "note: cuda is here, and no kernels; computing on the CPU\n"

    @pytest.fixture(autouse=True)
    def _no_kernels(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the CPU be the best device that computes."""
        monkeypatch.setattr(devices, "_best", cache(lambda: (torch.device("cpu"), "cuda is here, and no kernels")))

    def test_evaluate_says_it(self, archcli: Archcli, trained: Trained, no_pictures: None) -> None:
        """Once, however many batches there are."""
        assert archcli("evaluate", trained.folder).err == self.SAID
        assert archcli("evaluate", trained.folder, "-q").err == ""

    def test_predict_says_it(self, archcli: Archcli, trained: Trained, tmp_path: Path) -> None:
        """Beside its answers, not among them."""
        Image.new("RGB", (16, 16)).save(tmp_path / "photo.png")
        outcome = archcli("predict", trained.folder, tmp_path / "photo.png", "--csv")
        assert outcome.err.endswith(self.SAID)
        assert outcome.err.count(self.SAID) == 1
        assert "note" not in outcome.out

    def test_bench_says_it(self, archcli: Archcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """What it measures is the CPU."""
        (tmp_path / "small.yaml").write_text(PAGE)
        monkeypatch.setattr("builder.training.speed.benchmark.TURN", 0.001)
        words = ("bench", tmp_path / "small.yaml", "--seconds", 0.1, "--set", "size=16", "--batch", 16)
        assert archcli(*words).err == f"measuring for about 0.1 s\n{self.SAID}"
        assert archcli(*words, "-q").err == ""

    def test_a_study_says_it_when_it_is_planned_and_run(
        self, archcli: Archcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The plan keeps it, as its times are the CPU's."""
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(pilot.Pilot, "seconds", lambda *_: 0.001)
        said = "\nwarning  cuda is here, and no kernels; computing on the CPU\n"
        assert said in archcli("study", "plan", "digits_placement").out
        monkeypatch.setattr("builder.commands.study._run", lambda *_: None)
        assert said in archcli("study", "run", "digits_placement").err

    def test_a_device_that_was_named_needs_no_reason(
        self, archcli: Archcli, trained: Trained, no_pictures: None
    ) -> None:
        """It was wanted."""
        assert archcli("evaluate", trained.folder, "--device", "cpu").err == ""
