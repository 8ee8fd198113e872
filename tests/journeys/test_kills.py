"""Runs that are killed, at random moments and at every named one, end in the same bits."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked to be killed"),
]


def kills(*arguments: str) -> str:
    """Run the command that the documentation names, and return what it said; it must find nothing wrong."""
    command = [sys.executable, "-m", "benchmarks.kills", *arguments]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class TestKills:
    """A small network that is saved after every third step."""

    def test_at_random_moments(self) -> None:
        """Weights, optimizer, random states and metrics are those of a run that nobody disturbed.

        A tenth of what docs/crash-safety.md reports.
        """
        assert ": 0 wrong" in kills("--kills", "20", "--seed", "0")

    def test_two_processes(self) -> None:
        """One is killed, or both; who is left ends too, and together they go on to the same bits."""
        assert ": 0 wrong" in kills("--processes", "2", "--kills", "5", "--seed", "0")

    def test_every_named_moment(self) -> None:
        """Each is reached, and gone on from."""
        lines = kills("--points").splitlines()
        assert len(lines) >= 18
        assert all(line.startswith("right  ") for line in lines)

    def test_sabotage_is_caught(self) -> None:
        """Files written in place, random states or the place in an epoch forgotten: else nothing above would count."""
        assert kills("--controls").count("as has to be") == 3


class TestTheCommand:
    """`archcli train`, SIGKILL, `archcli resume`."""

    COMMON = ("--device", "cpu")
    NETWORK = ("alexnet_tiny", "--data", "digits", "--set", "epochs=3", "--set", "size=32", *COMMON)

    def archcli(self, home: Path, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command in ``home``."""
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, str(ROOT / "cli.py"), *arguments]
        return subprocess.Popen(
            command, cwd=home, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def test_it_ends_as_if_nobody_had_killed_it(self, tmp_path: Path) -> None:
        """Three times, a little after it began to train."""
        assert self.archcli(tmp_path, "train", *self.NETWORK, "--name", "whole").wait() == 0
        numbers = random.Random(7)
        run = tmp_path / "runs" / "killed-001"
        arguments = ("train", *self.NETWORK, "--name", "killed")
        for _ in range(3):
            process = self.archcli(tmp_path, *arguments)
            while not (run / "recipe.yaml").exists() and process.poll() is None:
                time.sleep(0.01)
            time.sleep(numbers.uniform(0, 1.5))
            process.send_signal(signal.SIGKILL)
            process.wait()
            arguments = ("resume", str(run), *self.COMMON)
        last = self.archcli(tmp_path, *arguments)
        assert last.wait() == 0
        whole = tmp_path / "runs" / "whole-001"
        one, other = load_file(whole / "last.safetensors"), load_file(run / "last.safetensors")
        assert one.keys() == other.keys()
        assert all(one[name].equal(other[name]) for name in one)
        summaries = [json.loads((folder / "summary.json").read_text()) for folder in (whole, run)]
        assert summaries[0]["test_loss"] == summaries[1]["test_loss"]
