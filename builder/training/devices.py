"""Where a network computes."""

from __future__ import annotations

import torch

from builder.diagnostics import RunError


def choose_device(name: str | None = None) -> torch.device:
    """Return the device called ``name`` (``cpu``, ``cuda``, ``cuda:1``, ``mps``), or by default the best that is here.

    Raises RunError if there is no such device on this machine.
    """
    if name is None:
        return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        message = f"the device `{name}` can't be used here: {str(error).splitlines()[0]}"
        raise RunError(message, "leave the device out, and the best one is taken") from error
    return device


def describe_device(device: torch.device) -> str:
    """Return the device as a person names it: ``cpu (2 threads)``, or the name of the GPU."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"{device} ({torch.get_num_threads()} threads)" if device.type == "cpu" else str(device)
