"""How a run is executed: what does not change what is computed, but how fast, its last bits, and what it leaves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, get_args

from builder.choices import MOST_THREADS, KeepName, StepName
from builder.diagnostics import RunError
from builder.training.device.kinds import kind_of
from builder.training.device.precision import PLAIN, Precision
from builder.training.folder.run_files import read_environment

if TYPE_CHECKING:
    import torch

    from builder.training.folder.run_folder import RunFolder


@dataclass(frozen=True)
class Execution:
    """In which precision, and how steps are taken: as one CUDA ``graph``, ``eager``, or ``auto`` as the device can.

    Of its checkpoints a finished run keeps ``all`` that going on needs, or ``best`` alone. ``threads`` are those of a
    CPU; None leaves their number to torch. A run's environment holds all of it.
    """

    precision: Precision = PLAIN
    step: StepName = "auto"
    keep: KeepName = "all"
    threads: int | None = None

    @classmethod
    def of_run(cls, folder: RunFolder) -> Execution:
        """Return how the run in ``folder`` is executed; raise RunError if it does not say.

        Runs that were begun before there was a choice of steps take what the device can.
        """
        precision, said = Precision.of_run(folder), read_environment(folder)
        step, keep, threads = said.get("step", "auto"), said.get("keep", "all"), said.get("threads")
        if step not in get_args(StepName):
            raise RunError(f"{folder.environment} does not say how the run executes its steps", "start a new run")
        if keep not in get_args(KeepName):
            raise RunError(f"{folder.environment} does not say which checkpoints the run keeps", "start a new run")
        if threads is not None and not _is_number_of_threads(threads):
            raise RunError(f"{folder.environment} does not say in how many threads the run computes", "start a new run")
        return cls(precision, step, keep, threads)

    def taking(self, step: StepName = "auto", threads: int | None = None) -> Execution:
        """Return the same with steps and threads as they are asked for now, unless that is left open."""
        taken = self if step == "auto" else replace(self, step=step)
        return taken if threads is None else replace(taken, threads=threads)

    @property
    def record(self) -> dict[str, object]:
        """The same as JSON values."""
        said: dict[str, object] = {"precision": str(self.precision), "step": self.step}
        return said if self.keep == "all" else said | {"keep": self.keep}


def _is_number_of_threads(said: object) -> bool:
    return isinstance(said, int) and not isinstance(said, bool) and 1 <= said <= MOST_THREADS


def can_record(device: torch.device, processes: int = 1) -> bool:
    """Return whether steps can be recorded as a graph: on a CUDA GPU, by a process that trains alone."""
    return kind_of(device).has_graphs and processes == 1


def check_step(step: StepName, device: torch.device, processes: int = 1) -> None:
    """Raise RunError if a ``graph`` is asked for where there can't be one."""
    if step == "graph" and not can_record(device, processes):
        raise RunError("`graph` needs a single process on an NVIDIA GPU", "choose eager, or leave it out")
