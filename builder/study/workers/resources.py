"""How many cells fit side by side on this machine."""

from __future__ import annotations

from time import sleep

from builder.training.device.cores import CoreUse, usable_cores
from builder.training.device.memory import available_memory

_PROCESS = 800_000_000
"""Bytes that a process with torch and a data set of 32×32 images takes before it trains."""

_LOOK = 0.3
"""Seconds for which the load is watched."""

_COPIES = 3
"""What training keeps besides activations, in units of them: gradients, weights with momentum, work space."""


def workers_for(batch_memory: int) -> int:
    """Return the number of processes on the CPU: one for each core, as far as memory goes; at least one.

    ``batch_memory`` is what a batch keeps for its backward pass, in bytes.
    """
    fitting = available_memory() // (_PROCESS + _COPIES * batch_memory)
    return max(1, min(usable_cores(), fitting or usable_cores()))


def free_workers(planned: int) -> int:
    """Return how many of the ``planned`` processes have a core that other programs leave free now; at least one."""
    before = CoreUse.now()
    sleep(_LOOK)
    return max(1, min(planned, round(CoreUse.now().free_since(before, usable_cores()))))
