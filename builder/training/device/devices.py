"""Where a network computes."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from builder.diagnostics import ArchError, Diagnostic, RunError, suggest

KINDS = ("cpu", "cuda", "mps", "xpu")
AMPERE = 8  # major version of the first GPUs with TF32 and bf16


def choose_device(name: str | None = None) -> torch.device:
    """Return the device called ``name`` (``cpu``, ``cuda``, ``cuda:1``, ``mps``), or by default the best that is here.

    Raises ArchError if nothing is called so, RunError if there is no such device on this machine.
    """
    if name is None:
        return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    if name.partition(":")[0] not in KINDS:
        hint = suggest(name, KINDS, "there are")
        raise ArchError(
            Diagnostic("usage", f"no device is called `{name}`", None, f"{hint} (the default is the best one)")
        )
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        message = f"the device `{name}` can't be used here: {str(error).splitlines()[0]}"
        raise RunError(message, "leave the option out to use the best device") from error
    return device


def describe_device(device: torch.device) -> str:
    """Return the device as a person names it: ``cpu (2 threads)``, or the name of the GPU."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"{device} ({torch.get_num_threads()} threads)" if device.type == "cpu" else str(device)


@dataclass(frozen=True)
class Hardware:
    """What a device can do that decides how to compute on it; ``kind`` is ``cpu``, ``cuda`` or ``mps``."""

    kind: str
    has_avx512: bool = False
    has_bf16: bool = False
    has_amx: bool = False
    has_tf32: bool = False

    @classmethod
    def of(cls, device: torch.device) -> Hardware:
        """Return what torch says of ``device``; what it does not know counts as not there."""
        if device.type == "cuda":
            return cls("cuda", has_tf32=torch.cuda.get_device_capability(device)[0] >= AMPERE)
        if device.type != "cpu":
            return cls(device.type)
        flags: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()  # of newer versions
        return cls(
            "cpu",
            has_avx512=torch.backends.cpu.get_cpu_capability() == "AVX512",  # what torch was told to use, too
            has_bf16=bool(flags.get("avx512_bf16")),
            has_amx=bool(flags.get("amx_bf16")),
        )
