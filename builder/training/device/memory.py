"""How much main memory there is, and how much of it is free, as far as the system says."""

from __future__ import annotations

from pathlib import Path


def available_memory(root: Path = Path("/")) -> int:
    """Return the bytes of main memory that can be taken without swapping, 0 where the system does not say.

    Linux says it in /proc/meminfo, and a container's limit in its control group.
    https://docs.kernel.org/admin-guide/cgroup-v2.html#memory
    """
    free = _from_meminfo(root / "proc/meminfo", "MemAvailable:")
    limit = _number(root / "sys/fs/cgroup/memory.max")
    used = _number(root / "sys/fs/cgroup/memory.current")
    return free if limit is None or used is None else max(0, min(free, limit - used))


def total_memory(root: Path = Path("/")) -> int:
    """Return the bytes of main memory that there are for all programs, 0 where the system does not say."""
    there = _from_meminfo(root / "proc/meminfo", "MemTotal:")
    limit = _number(root / "sys/fs/cgroup/memory.max")
    return there if limit is None else min(there, limit)


def _from_meminfo(path: Path, what: str) -> int:
    if path.exists():
        for line in path.read_text().splitlines():
            if line.startswith(what):
                return int(line.split()[1]) * 1024  # the file counts in KiB
    return 0


def _number(path: Path) -> int | None:
    text = path.read_text().strip() if path.exists() else ""
    return int(text) if text.isdigit() else None  # "max" where there is no limit
