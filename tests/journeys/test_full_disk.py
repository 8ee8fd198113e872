"""Disks that are full and folders that can't be written: the real command, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from tests.command_line import PAGE, SHORT

ROOT = Path(__file__).parents[2]
CONSTANT = (*SHORT, "--set", "schedule.name=constant")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="limits and full devices are Linux's"),
]


def archcli(
    home: Path, *arguments: object, limit: int | None = None, **streams: int
) -> subprocess.CompletedProcess[str]:
    """Run the command; no file of it may become larger than ``limit`` bytes."""

    def restrict() -> None:
        if limit is not None:
            import resource  # noqa: PLC0415 - only where there is one

            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, str(ROOT / "cli.py"), *(str(each) for each in arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    return subprocess.run(command, check=False, cwd=home, env=environment, text=True, preexec_fn=restrict, **pipes)


def checksums(run: Path) -> dict[str, bytes]:
    """Return a checksum of every checkpoint."""
    return {path.name: sha256(path.read_bytes()).digest() for path in run.glob("*.safetensors")}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a folder with a run of two epochs."""
    (tmp_path / "small.yaml").write_text(PAGE)
    assert archcli(tmp_path, "train", "small.yaml", *CONSTANT, "-q").returncode == 0
    return tmp_path


class TestFullDisk:
    """A checkpoint that does not fit."""

    def test_the_old_one_stays_whole_and_the_run_goes_on_later(self, home: Path) -> None:
        """With a clear error, and no temporary file left."""
        run = home / "runs" / "small-001"
        before = checksums(run)
        done = archcli(home, "resume", run, "--set", "epochs=4", "--device", "cpu", limit=4000)
        assert done.returncode == 1
        assert "error: cannot write" in done.stderr
        assert "File too large" in done.stderr
        assert "Traceback" not in done.stderr
        assert checksums(run) == before
        assert not list(run.glob(".*.tmp"))
        assert archcli(home, "resume", run, "--set", "epochs=4", "--device", "cpu").returncode == 0
        assert len((run / "metrics.csv").read_text().splitlines()) == 5

    def test_a_result_that_cannot_be_printed_is_an_error(self, home: Path) -> None:
        """Not a success that nobody saw."""
        full = os.open("/dev/full", os.O_WRONLY)
        try:
            done = archcli(home, "show", "alexnet", stdout=full)
        finally:
            os.close(full)
        assert done.returncode == 1
        assert done.stderr == "error: the result cannot be written: No space left on device\n"

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_folder_that_cannot_be_written_is_named(self, home: Path) -> None:
        """And its checkpoints stay as they are."""
        run = home / "runs" / "small-001"
        before = checksums(run)
        run.chmod(0o500)
        done = archcli(home, "resume", run, "--set", "epochs=4", "--device", "cpu")
        run.chmod(0o700)
        assert done.returncode == 1
        assert "Permission denied" in done.stderr
        assert checksums(run) == before
