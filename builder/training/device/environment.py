"""What a run depended on besides its files: versions, machine, settings, the state of the working tree."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

import torch

from builder.private_paths import shared_command
from builder.training.device.devices import describe_device
from builder.training.device.precision import fp32_precision

PACKAGES = ("archcli-cnn", "torch", "torchvision", "numpy", "pillow", "safetensors", "scikit-learn")
SETTINGS = ("CUBLAS_WORKSPACE_CONFIG", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "THP_MEM_ALLOC_ENABLE")


def describe_environment(device: torch.device) -> dict[str, object]:
    """Return versions, machine, device, threads, flags and git state as JSON values."""
    return {
        "command": shared_command(sys.argv),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in PACKAGES},
        "device": describe_device(device),
        "threads": torch.get_num_threads(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
        "cudnn_benchmark": torch.backends.cudnn.benchmark,
        "fp32_precision": fp32_precision(),
        "variables": {name: os.environ[name] for name in SETTINGS if name in os.environ},
        "git": _git_state(),
    }


def describe_arithmetic(device: torch.device) -> dict[str, str]:
    """Return what the bits of a run depend on besides its recipe and data.

    https://docs.pytorch.org/docs/stable/notes/randomness.html: results are not the same across releases, platforms
    and devices, nor, as measured, across numbers of threads and instruction sets.
    """
    return {
        "torch": torch.__version__,
        "device": describe_device(device),
        "instruction set": torch.backends.cpu.get_cpu_capability(),
        "machine": platform.machine(),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git_state() -> dict[str, object] | None:
    """Return commit and whether files differ from it, or None outside a repository or without git."""
    commit = _git("rev-parse", "HEAD")
    return None if commit is None else {"commit": commit, "changed": bool(_git("status", "--porcelain"))}


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            ["git", *arguments],  # noqa: S607 - the user's git, wherever it is
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
