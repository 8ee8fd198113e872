"""What has to hold of every file, whatever its kind: it is read or answered, soon, and in little memory."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, RunError, render

if TYPE_CHECKING:
    from benchmarks.fuzzing.target import Target

_KILOBYTES = 1024
"""In one megabyte of ``ru_maxrss``, which Linux gives in kilobytes."""


class SlowError(Exception):
    """A file took longer than any file may."""


class LargeError(Exception):
    """A file took more memory than any file may."""


def check(data: bytes, kind: str, target: Target, folder: Path) -> bool:
    """Return whether ``data`` is a file of this ``kind``; raise whatever is wrong with how it is answered.

    Counted branches cost three times as much time, and a busy machine costs more. So a slow file is tried again in a
    process that counts none and has a yardstick. Memory is the growth of the highest that this process ever had.
    """
    before, began = _highest(), time.process_time()
    accepted = answered(data, target, folder)
    if time.process_time() - began > target.seconds and (taken := plain_seconds(data, kind)) > target.seconds:
        raise SlowError(f"{taken:.1f} s of processor time, converted to the reference machine")
    if (grown := _highest() - before) > target.megabytes:
        raise LargeError(f"{grown:,} MB more than ever before")
    return accepted


def answered(data: bytes, target: Target, folder: Path) -> bool:
    """Return whether ``data`` is accepted; raise AssertionError for a refusal without a word, and whatever is none."""
    try:
        target.read(data, folder)
    except ArchError as error:
        if not error.diagnostics:
            raise AssertionError("refused without a word") from error
        for each in error.diagnostics:
            render(each).encode("utf-8", "replace")
    except RunError as error:
        if not error.message:
            raise AssertionError("refused without a word") from error
        f"{error.message}{error.hint}".encode("utf-8", "replace")
    else:
        return True
    return False


def plain_seconds(data: bytes, kind: str) -> float:
    """Return the seconds of the reference machine that ``data`` costs where nothing counts branches."""
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(data)
        command = [sys.executable, "-m", "benchmarks.fuzzing", "--kind", kind, "--reproduce", file.name]
        told = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(told.stdout.split()[-2])


def _highest() -> int:
    """Return the most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _KILOBYTES
