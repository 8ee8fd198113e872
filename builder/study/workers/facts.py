"""What a worker computes with, and in what it differs from the coordinator: a result must not depend on who ran it."""

from __future__ import annotations

import os
import platform
import socket
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from builder.study.workers.code import changed_code, code_version

if TYPE_CHECKING:
    from collections.abc import Mapping

_PACKAGES = ("torch", "torchvision", "numpy", "pillow", "scikit-learn", "dask", "distributed", "cloudpickle", "msgpack")
"""What images, training and messages come from."""

_NAMED = 4
"""Files of the training code that are listed."""


def facts() -> dict[str, Any]:
    """Return what this process computes with, in values that any version can read."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    versions = {name: _version(name) for name in _PACKAGES}
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "versions": {"Python": python, "processor": platform.machine(), **versions},
        "code": dict(code_version()),
        "ends": job_end(),
    }


def job_end() -> float | None:
    """Return when Slurm ends the job that this process is part of, in seconds since 1970; None where nothing does."""
    found = os.environ.get("SLURM_JOB_END_TIME", "")
    return float(found) if found.isdigit() else None


def differences(own: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Return in words in what a worker is not like the coordinator, which has the facts ``own``."""
    found = [
        f"{name} {theirs['versions'].get(name) or 'missing'} instead of {here or 'none'}"
        for name, here in own["versions"].items()
        if theirs["versions"].get(name) != here
    ]
    changed = changed_code(own["code"], theirs["code"])
    if changed:
        more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
        found.append(f"other training code: {', '.join(changed[:_NAMED])}{more}")
    return found


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
