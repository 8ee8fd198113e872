"""Memory that a worker gives back."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = """
import resource
import numpy as np
from builder.study.workers.memory import keep_freed_memory
BEFORE
np.ones(1 << 18)
begun = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(100):
    np.ones(1 << 18)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - begun)
"""
"""It makes a hundred arrays of two megabytes, which are 512 pages each, and counts the pages that the system gave."""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library than glibc")
class TestKeepFreedMemory:
    """A process whose environment is that of Dask's workers."""

    @staticmethod
    def pages(before: str) -> int:
        """Return the pages that the system gave for a hundred arrays, after a line of code."""
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT.replace("BEFORE", before)], capture_output=True, text=True, check=True,
            env=os.environ | {"MALLOC_TRIM_THRESHOLD_": "65536", "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        return int(done.stdout)

    def test_memory_is_used_again(self) -> None:
        """So that a step asks the system for nothing; without it, every array is new memory."""
        assert self.pages("keep_freed_memory()") < 1_000
        assert self.pages("") > 40_000
