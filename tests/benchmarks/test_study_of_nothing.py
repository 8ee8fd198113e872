"""Thousands of cells that train nothing: a tenth of what docs/studies.md tells of."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
class TestMany:
    """The engine alone, by the command: its workers find the benchmark only where it is the program itself."""

    def test_memory_stays_flat(self) -> None:
        """Of 500 cells, all of which have their result when `study status` is asked."""
        command = [sys.executable, "-m", "benchmarks.study_of_nothing", "many", "--cells", "500"]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        (line,) = re.findall(r"^([\d, ]+) MB;", ran.stdout, re.MULTILINE)
        memory = [int(each) for each in line.split(",")]
        assert len(memory) == 10
        assert memory[-1] < memory[1] + 10
