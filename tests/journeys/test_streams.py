"""Every command with standard streams that are closed or full: no traceback, and no exit code of ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.core import TyperGroup as Group
from typer.main import get_command

import cli
from tests.command_line import PAGE

COMMANDS = {
    "help": ("--help",), "version": ("--version",), "help of one": ("train", "--help"), "no command": (),
    "check": ("check", "p.yaml"), "check nothing": ("check", "nope.yaml"), "show": ("show", "p.yaml"),
    "show json": ("show", "p.yaml", "--json"), "diff": ("diff", "p.yaml", "p.yaml"),
    "draw": ("draw", "p.yaml", "-o", "p.svg"), "export": ("export", "p.yaml", "--to", "python"),
    "variants": ("variants", "p.yaml", "--insert", "se: {reduction: 2}", "--among", "block"),
    "variants csv": ("variants", "p.yaml", "--insert", "se: {reduction: 2}", "--among", "block", "--csv"),
    "schema": ("schema",), "explain": ("explain",), "init": ("init", "mine"), "doctor": ("doctor",),
    "train": ("train", "p.yaml", "--dry-run", "--data", "digits", "--set", "size=8"),
    "compare": ("compare", "nowhere"), "evaluate": ("evaluate", "nowhere"), "resume": ("resume", "nowhere"),
    "report": ("report", "nowhere"), "study": ("study", "status", "nowhere"), "unknown": ("trian",),
    "unknown option": ("show", "--nope"), "predict": ("predict", "nowhere", "p.yaml"), "runs": ("runs", "list", "."),
    "runs json": ("runs", ".", "--json"), "runs prune": ("runs", "prune", ".", "--older-than", "1d", "--dry-run"),
    "bench": ("bench", "nope.yaml"), "live": ("live", "nope.yaml"), "study plan": ("study", "plan", "nope.yaml"),
    "study run": ("study", "run", "nope"), "study worker": ("study", "worker", "nope"),
    "import": ("import", "nope.py:Net"),
}  # fmt: skip
STREAMS = (">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full", ">/dev/full 2>/dev/full")
CLI = Path(__file__).parents[2] / "cli.py"


def run(home: Path, words: tuple[str, ...], streams: str) -> subprocess.CompletedProcess[str]:
    """Run a command with its streams redirected by a shell; what it still says is kept."""
    line = f'exec "$0" "$@" {streams}'
    return subprocess.run(
        ["bash", "-c", line, sys.executable, str(CLI), *words],
        cwd=home, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a folder with a page."""
    (tmp_path / "p.yaml").write_text(PAGE)
    return tmp_path


def _check(done: subprocess.CompletedProcess[str], home: Path) -> None:
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    assert "Exception ignored" not in said, said
    assert done.returncode in {0, 1, 2}, said
    assert not list(home.glob("archcli-report-*"))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
class TestEveryCommandEveryStream:
    """Every command, seven ways to spoil their streams."""

    @pytest.mark.parametrize("streams", STREAMS)
    @pytest.mark.parametrize("command", COMMANDS)
    def test_it_ends_in_an_answer_or_in_silence(self, home: Path, command: str, streams: str) -> None:
        """With the code that it has elsewhere, or 1 where its result could not be written."""
        done = run(home, COMMANDS[command], streams)
        _check(done, home)
        if "full" not in streams and command != "init":  # which writes its page once only
            assert done.returncode == run(home, COMMANDS[command], "").returncode


class TestList:
    """The list above is whole."""

    def test_no_command_is_missing(self) -> None:
        """Every command of the program is tried, groups by each of theirs."""
        tried = {words[:depth] for words in COMMANDS.values() for depth in (1, 2)}
        command = get_command(cli.app)
        assert isinstance(command, Group)
        for name, each in command.commands.items():
            inner = each.commands if isinstance(each, Group) else {}
            assert (name,) in tried
            assert all((name, word) in tried for word, one in inner.items() if not one.hidden)


class TestStreams:
    """What comes of a few of them, in words."""

    def test_a_closed_stdout_changes_nothing_else(self, home: Path) -> None:
        """The figure is drawn, and a mistake has its code and its message."""
        assert run(home, ("draw", "p.yaml", "-o", "p.svg"), ">&-").returncode == 0
        assert (home / "p.svg").read_text().startswith("<?xml")
        done = run(home, ("check", "nope.yaml"), ">&-")
        assert (done.returncode, "there is no file nope.yaml" in done.stderr) == (2, True)

    def test_no_file_gets_the_number_of_a_closed_stream(self, home: Path) -> None:
        """Else a library's remark would land in the middle of the weights."""
        done = run(home, ("export", "p.yaml", "--to", "safetensors", "-o", "w.safetensors"), ">&- 2>&-")
        assert done.returncode == 0
        assert (home / "w.safetensors").read_bytes()[8:9] == b"{"

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("show", "p.yaml"), "error: the result cannot be written: No space left on device\n"),
            (("--help",), "error: cannot write: No space left on device\n"),
        ],
    )
    def test_a_full_disk_is_said(self, home: Path, words: tuple[str, ...], said: str) -> None:
        """In one line, with exit code 1."""
        done = run(home, words, ">/dev/full")
        assert (done.returncode, done.stderr) == (1, said)
