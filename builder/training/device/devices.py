"""Where a network computes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch

from builder.diagnostics import ArchError, Diagnostic, RunError
from builder.training.device.kinds import KINDS, best_kind, kind_of

_CPU = torch.device("cpu")
_NAMES = (
    "there are: `cpu`, `cuda` (GPUs of NVIDIA and AMD), `mps` (of Apple), `xpu` (of Intel); the default is the best one"
)


def choose_device(name: str | None = None) -> torch.device:
    """Return the device called ``name`` (``cpu``, ``cuda``, ``cuda:1``, ``mps``), or by default the best that computes.

    Either has been tried: a GPU may be here, and PyTorch be built without kernels for it. ``left_out`` says why the
    best was not taken. Raises ArchError if nothing is called so, RunError if there is no such device on this machine.
    """
    if name is None:
        return _best()[0]
    if name.partition(":")[0] not in KINDS:
        raise ArchError(Diagnostic("usage", f"no device is called `{name}`", None, _NAMES))
    try:
        device = torch.device(name)
        compute_something(device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        message = f"the device `{name}` can't be used here: {_first_line(error)}"
        raise RunError(message, "leave the option out to use the best device") from error
    return device


def left_out() -> str | None:
    """Return in a line why the best device that is here was not taken by default; None where it was, or nobody asked.

    A device that nobody asked for is not tried only to answer this.
    """
    return _best()[1] if _best.cache_info().currsize else None


def compute_something(device: torch.device) -> None:
    """Let ``device`` add two numbers and tell the sum; RuntimeError or the like where it can't.

    To make a tensor would start no kernel, and a device that has none would fail later, in the middle of a run.
    """
    if float(torch.ones(1, device=device).add(1).item()) != 2:
        raise RuntimeError("it says that 1 and 1 are not 2")


def describe_device(device: torch.device) -> str:
    """Return the device as a person names it: ``cpu (2 threads)``, or the name of the GPU."""
    return kind_of(device).describe(device)


@cache
def _best() -> tuple[torch.device, str | None]:
    """Return the best device that computes, and why a better one is left out. It is tried once in a process."""
    kind = best_kind()
    if kind.is_host:
        return _CPU, None
    device = torch.device(kind.name)
    try:
        compute_something(device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        return _CPU, f"{device} is here, and this PyTorch can't compute on it: {_first_line(error)}"
    return device, None


def _first_line(error: BaseException) -> str:
    if isinstance(error, NotImplementedError):
        return "this PyTorch was built without it"  # its own words name an operation, and whom Facebook should ask
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


@dataclass(frozen=True)
class Hardware:
    """What a device can do that decides how to compute on it; ``kind`` is the name of one of ``KINDS``."""

    kind: str
    has_avx512: bool = False
    has_bf16: bool = False
    has_amx: bool = False
    has_tf32: bool = False

    @classmethod
    def of(cls, device: torch.device) -> Hardware:
        """Return what torch says of ``device``; what it does not know counts as not there."""
        return cls(device.type, **kind_of(device).formats(device))
