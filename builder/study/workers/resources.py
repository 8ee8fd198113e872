"""How many cells fit side by side on this machine, and whether one does."""

from __future__ import annotations

from time import sleep

from builder.diagnostics import RunError
from builder.quantities import bytes_of
from builder.training.device.cores import CoreUse, usable_cores
from builder.training.device.memory import available_memory, total_memory

_PROCESS = 800_000_000
"""Bytes that a process with torch and a data set of 32×32 images takes before it trains."""

_LOOK = 0.3
"""Seconds for which the load is watched."""

_COPIES = 3
"""What training keeps besides activations, in units of them: gradients, weights with momentum, work space."""

_JUDGED = 7
"""Bytes of an answer in a report: the class, whether it is right, and that as a number to calculate with."""


def workers_for(batch_memory: int) -> int:
    """Return the number of processes on the CPU: one for each core, as far as memory goes; at least one.

    ``batch_memory`` is what a batch keeps for its backward pass, in bytes.
    """
    fitting = available_memory() // (_PROCESS + _COPIES * batch_memory)
    return max(1, min(usable_cores(), fitting or usable_cores()))


def check_memory(network: str, batch_memory: int) -> None:
    """Raise RunError where not even one cell of ``network`` fits into the memory of this machine.

    ``batch_memory`` is what a batch keeps for its backward pass, in bytes.
    """
    needed, there = _PROCESS + _COPIES * batch_memory, total_memory()
    if 0 < there < needed:
        message = (
            f"a cell of {network} needs about {bytes_of(needed)} of memory, and this machine has {bytes_of(there)}"
        )
        raise RunError(message, "train with smaller batches or images: `set: {batch_size: …}`, `set: {size: …}`")


def check_judging(cells: int, images: int) -> None:
    """Raise RunError where the answers of so many ``cells`` to so many test ``images`` can't be judged on this machine.

    A report holds them all at once.
    """
    needed, there = cells * images * _JUDGED, total_memory()
    if 0 < there < needed:
        message = (
            f"the answers of {cells:,} cells to {images:,} test images take {bytes_of(needed)} of memory to judge, and "
            f"this machine has {bytes_of(there)}"
        )
        raise RunError(message, "fewer `seeds` or variants, fewer test images, or a screening: `seeds: {screen: …}`")


def free_workers(planned: int) -> int:
    """Return how many of the ``planned`` processes have a core that other programs leave free now; at least one."""
    before = CoreUse.now()
    sleep(_LOOK)
    return max(1, min(planned, round(CoreUse.now().free_since(before, usable_cores()))))
