"""The command as a process: what it imports, how it ends, and what a pipe does to it."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, str(ROOT / "cli.py")]

IMPORTED = """
import runpy, sys
sys.argv = ["archcli", *sys.argv[1:]]
try:
    runpy.run_path({cli!r}, run_name="__main__")
except SystemExit as left:
    print(left.code or 0, [name for name in {heavy!r} if name in sys.modules], file=sys.stderr)
"""
HEAVY = ("torch", "torchvision", "sklearn", "matplotlib", "rich")


def archcli(*arguments: object, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does and return how it ended."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip


class TestStart:
    """A command that needs no tensor never waits for torch."""

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--help"],
            ["--version"],
            ["train", "--help"],
            ["check", "alexnet", "resnet18"],
            ["check", "builder/training/recipe/shipped/lab.yaml"],
            ["show", "alexse_both"],
            ["show", "alexnet", "--json"],
            ["draw", "alexnet", "-o", "{folder}/alexnet.svg"],
            ["draw", "alexnet", "alexse_both", "-o", "{folder}/both.png"],
            ["variants", "alexnet", "--insert", "se", "--among", "block*.pre_activation"],
            ["schema"],
            ["export", "alexnet", "--to", "python"],
            ["init", "{folder}/mine"],
        ],
        ids=" ".join,
    )
    def test_no_heavy_import(self, arguments: list[str], tmp_path: Path) -> None:
        """Neither torch nor what else takes long to import is loaded, and the command succeeds."""
        script = IMPORTED.format(cli=str(ROOT / "cli.py"), heavy=HEAVY)
        ran = subprocess.run(
            [sys.executable, "-c", script, *(each.format(folder=tmp_path) for each in arguments)],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.stderr.splitlines()[-1:] == ["0 []"], ran.stderr

    def test_a_check_loads_no_text_of_other_commands(self) -> None:
        """Nor the schemas for editors, tables, or what opens a browser."""
        others = ("builder.commands.text.pages", "builder.commands.text.training", "builder.spec.schema",
                  "builder.tables", "builder.lowering.tape", "webbrowser")  # fmt: skip
        script = IMPORTED.format(cli=str(ROOT / "cli.py"), heavy=others)
        command = [sys.executable, "-c", script, "check", "archs/alexnet.yaml"]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert ran.stderr.splitlines()[-1:] == ["0 []"], ran.stderr


class TestUsage:
    """Options and exit codes."""

    @pytest.mark.parametrize("flag", ["-h", "--help"])
    def test_help_lists_every_command(self, flag: str) -> None:
        """Both spellings of help work and end with 0."""
        ran = archcli(flag)
        assert ran.returncode == 0
        names = [
            *("check", "show", "draw", "variants", "train", "evaluate", "predict"),
            *("compare", "export", "schema", "init", "doctor"),
        ]
        assert [name for name in names if f"\n  {name} " not in ran.stdout.partition("Networks:")[2]] == []

    @pytest.mark.parametrize(
        "arguments", [["chekc"], ["show"], ["show", "alexnet", "--jsn"], ["train", "x", "--seed", "a"]]
    )
    def test_wrong_usage_is_2(self, arguments: list[str]) -> None:
        """What is wrong stands on stderr, nothing on stdout."""
        ran = archcli(*arguments)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert ran.stderr.startswith("error[usage]: ")

    def test_a_missing_file_is_2(self) -> None:
        """The answer names it and what may have been meant."""
        ran = archcli("show", "alexnett")
        assert (ran.returncode, ran.stdout) == (2, "")
        assert "alexnett" in ran.stderr
        assert "did you mean `alexnet`?" in ran.stderr


class TestStreams:
    """Other programs read what we write."""

    def test_json_is_the_only_thing_on_stdout(self) -> None:
        """What ``--json`` prints can be piped into a parser."""
        assert json.loads(archcli("show", "alexnet", "--json").stdout)["name"] == "alexnet"

    def test_a_reader_who_leaves_early_sees_no_traceback(self) -> None:
        """As in ``archcli show resnet50 | head``."""
        with subprocess.Popen(
            [*COMMAND, "show", "resnet50"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as ran:
            assert ran.stdout is not None
            assert ran.stderr is not None
            ran.stdout.close()
            assert ran.stderr.read() == b""
        assert ran.returncode == 0

    def test_a_full_disk_is_1(self) -> None:
        """The device that is always full stands for it."""
        if not Path("/dev/full").exists():
            pytest.skip("this machine has no /dev/full")
        with Path("/dev/full").open("w") as full:
            ran = subprocess.run(
                [*COMMAND, "show", "alexnet"], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False
            )
        assert ran.returncode == 1
        assert "No space left" in ran.stderr
        assert "Traceback" not in ran.stderr

    def test_a_terminal_without_our_signs_is_no_failure(self) -> None:
        """A locale that has no × shows another sign."""
        ran = archcli("show", "alexnet", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
        assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.slow
class TestSignals:
    """A run that is stopped has saved where it stood."""

    @pytest.fixture(autouse=True)
    def _nothing_is_ignored(self) -> Iterator[None]:
        """Let commands hear a closed terminal, though the tests may have been started to outlive theirs."""
        before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
        yield
        signal.signal(signal.SIGHUP, before)

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_a_stopped_run_is_saved_and_says_where(self, number: signal.Signals, code: int, tmp_path: Path) -> None:
        """The exit code tells scripts by what; nothing is on stdout, for there is no result."""
        archcli("init", "mine", cwd=tmp_path)
        command = [*COMMAND, "train", "mine.yaml", "--data", "digits", "--set", "epochs=1000", "--device", "cpu"]
        with subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
        ) as ran:
            assert ran.stdout is not None
            assert ran.stderr is not None
            while not ran.stderr.readline().startswith("epoch"):
                assert ran.poll() is None
            ran.send_signal(number)
            said = ran.stderr.read()
            assert ran.stdout.read() == ""
        assert ran.returncode == code
        assert "stopped in epoch 2 of 1000" in said
        assert "saved in runs/mine-001/last.safetensors" in said
        assert "help: go on with archcli resume runs/mine-001" in said
        assert (tmp_path / "runs" / "mine-001" / "last.safetensors").exists()

    def test_a_closed_terminal_saves_the_run(self, tmp_path: Path) -> None:
        """Nobody reads what it says then, and writing fails; the shell passes the signal on a second time."""
        archcli("init", "mine", cwd=tmp_path)
        command = [*COMMAND, "train", "mine.yaml", "--data", "digits", "--set", "epochs=1000", "--device", "cpu"]
        ours, theirs = pty.openpty()
        ran = subprocess.Popen(
            command, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        said = b""
        while b"epoch   1/1000" not in said and b"epoch 1/1000" not in said:
            said += os.read(ours, 65_536)
        os.close(ours)
        ran.send_signal(signal.SIGHUP)
        ran.send_signal(signal.SIGHUP)
        assert ran.wait(60) == 129
        assert (tmp_path / "runs" / "mine-001" / "last.safetensors").exists()
        assert not list(tmp_path.glob("archcli-report-*"))
