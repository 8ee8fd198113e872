"""How many cores a program may use, and how many of them other programs leave free."""

from __future__ import annotations

import os
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from time import monotonic, process_time

ROOT = Path("/")


def usable_cores(root: Path = ROOT) -> int:
    """Return the number of cores that this process may use: those it may run on, or a container's share in time.

    https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = (root / "sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(cores, ceil(int(quota) / int(period))))
    except (OSError, ValueError, ZeroDivisionError):
        return cores  # no control group, or one without a limit, which says "max"


@dataclass(frozen=True)
class CoreUse:
    """What all cores of the machine and this process have computed until a moment, in seconds; ``cores`` are counted.

    ``busy`` is None where the system does not say it, as Linux does in /proc/stat.
    https://docs.kernel.org/filesystems/proc.html#miscellaneous-kernel-statistics-in-proc-stat
    """

    at: float
    busy: float | None
    own: float
    cores: int

    @classmethod
    def now(cls, root: Path = ROOT) -> CoreUse:
        """Return the use until now."""
        busy, cores = _busy(root / "proc/stat")
        return cls(monotonic(), busy, process_time(), cores or os.cpu_count() or 1)

    def free_since(self, before: CoreUse, usable: int) -> float:
        """Return how many of ``usable`` cores other programs left free since ``before``, on average.

        Where the system does not say it, or no time has passed, all are taken for free.
        """
        seconds = self.at - before.at
        if self.busy is None or before.busy is None or seconds <= 0:
            return float(usable)
        others = max(0.0, self.busy - before.busy - (self.own - before.own)) / seconds
        return max(0.0, min(float(usable), self.cores - others))


def _busy(path: Path) -> tuple[float | None, int]:
    """Return the seconds that cores have computed, niced programs too, and the number of cores."""
    try:
        lines = [line.split() for line in path.read_text().splitlines() if line.startswith("cpu")]
        user, nice, system, _idle, _waiting, *rest = (int(each) for each in lines[0][1:])
        ticks = user + nice + system + sum(rest[:3])  # interrupts, and what the host takes for other machines
        return ticks / os.sysconf("SC_CLK_TCK"), len(lines) - 1
    except (OSError, ValueError, IndexError, AttributeError):
        return None, 0
