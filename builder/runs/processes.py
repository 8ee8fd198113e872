"""Which of torchrun's processes this is, as its variables say; the first one speaks for all.

https://docs.pytorch.org/docs/stable/elastic/run.html#environment-variables
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, Diagnostic

if TYPE_CHECKING:
    from pathlib import Path

TOGETHER = frozenset({"train", "resume"})  # what several processes can do


def count() -> int:
    """Return the number of processes, 1 without torchrun."""
    return _number("WORLD_SIZE", 1)


def number() -> int:
    """Return the number of this one, from 0."""
    return _number("RANK", 0) if count() > 1 else 0


def is_first() -> bool:
    """Return whether this process speaks."""
    return number() == 0


def before_torch_starts() -> None:
    """Set what torch reads when it starts; what the user has set stays."""
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # huge pages: a step is 1.1 to 1.5 times faster
    if count() > 1:
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # else it warns of what distributed.py does on purpose


def check_together(command: str | None) -> None:
    """Raise ArchError where torchrun started a ``command`` that is for one process."""
    if count() > 1 and command not in TOGETHER:
        hint = "start it without torchrun; `train` and `resume` work in several"
        raise ArchError(Diagnostic("usage", f"`{command}` is for one process, and there are {count()}", None, hint))


def way_back(folder: Path, command: str = "resume") -> str:
    """Return the command that goes on with a run or a study, in as many processes as there are now."""
    resume = f"archcli {command} {shlex.quote(str(folder))}"
    if count() == 1:
        return resume
    machines = _number("GROUP_WORLD_SIZE", 1)
    where = f"--nnodes {machines} " if machines > 1 else ""
    each = _number("LOCAL_WORLD_SIZE", count())
    return f"torchrun {where}--nproc-per-node {each} --no-python {resume}"


def _number(variable: str, otherwise: int) -> int:
    value = os.environ.get(variable, "")
    return int(value) if value.isdigit() else otherwise
