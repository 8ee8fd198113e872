"""How fast a step could be at best: what it must move and multiply, at the speeds that this device reaches.

Roofline: https://doi.org/10.1145/1498765.1498785. Both speeds are measured here and now, by copying a large tensor
and by multiplying large matrices, and not taken from a data sheet.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import torch

from builder.training.device.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.training.device.precision import Precision
    from builder.training.recipe.recipe import Recipe

FLOAT, HALF = 4, 2  # bytes
MEMORY_SHARE = 4  # of what is free on a GPU, beside the networks that were measured
TRIALS = 5  # of each measurement; the best counts, for what disturbs only makes slower


@dataclass(frozen=True)
class Ceilings:
    """What a device reaches: bytes a second that a copy reads and writes, operations a second of a matrix product."""

    bytes_per_second: float
    flops: float


@dataclass(frozen=True)
class Floor:
    """The least seconds that a step takes: its bytes through memory, and its operations, whichever takes longer."""

    memory: float
    products: float

    @property
    def seconds(self) -> float:
        """The larger of both."""
        return max(self.memory, self.products)

    @property
    def binds(self) -> str:
        """Which of both it is."""
        return "memory" if self.memory >= self.products else "products"


@dataclass(frozen=True)
class Load:
    """What one image asks of a network: multiply-accumulates forward, and numbers that its layers read and write."""

    parameters: int
    macs: int
    numbers: int


def floor(load: Load, recipe: Recipe, precision: Precision, ceilings: Ceilings) -> Floor:
    """Return the least time of a training step on ``recipe.batch_size`` images.

    Backward passes multiply twice as much as the forward pass and touch twice as many numbers. Each weight is read
    forward and backward, its gradient written, and both read and written by the optimizer with what it remembers;
    with bf16 a copy of it is made and its gradient cast back. No layer is fused with its neighbor.
    """
    half = precision.format == "bf16"
    once = (4 + 2 + 2 + 2 + 2 + 2 + 4) if half else 3 * FLOAT  # bytes a weight, before the optimizer
    weights = load.parameters * (once + recipe.optimizer.passes * FLOAT)
    numbers = 3 * load.numbers * recipe.batch_size * (HALF if half else FLOAT)
    operations = 3 * 2 * load.macs * recipe.batch_size
    return Floor((weights + numbers) / ceilings.bytes_per_second, operations / ceilings.flops)


def measure_ceilings(device: torch.device, precision: Precision) -> Ceilings:
    """Return what ``device`` reaches with products in ``precision``. Takes about a second."""
    count, side = _sizes(device)
    source = torch.ones(count, device=device)
    target = torch.empty_like(source)
    copying = _best(lambda: target.copy_(source), device)
    dtype = torch.bfloat16 if precision.format == "bf16" else torch.float32
    one, other = torch.rand(2, side, side, device=device).to(dtype)
    with precision.on(device):
        multiplying = _best(lambda: one @ other, device)
    return Ceilings(2 * source.nbytes / copying, 2 * side**3 / multiplying)


def _sizes(device: torch.device) -> tuple[int, int]:
    """Return how many numbers to copy and how large matrices to multiply: larger than caches, and no larger.

    Together they take at most a quarter of the memory that a GPU has free.
    """
    kind = kind_of(device)
    if kind.is_host:
        return 2**25, 1024
    free = kind.free_memory(device)
    count, side = 2**28, 8192
    while free is not None and count > 2**20 and (2 * count + 3 * side**2) * FLOAT > free // MEMORY_SHARE:
        count, side = count // 4, side // 2
    return count, side


def wait_for(device: torch.device) -> None:
    """Return when ``device`` has done all that it was given."""
    kind_of(device).synchronize(device)


def _best(work: Callable[[], object], device: torch.device) -> float:
    work()
    seconds = []
    for _ in range(TRIALS):
        wait_for(device)
        start = perf_counter()
        work()
        wait_for(device)
        seconds.append(perf_counter() - start)
    return min(seconds)
