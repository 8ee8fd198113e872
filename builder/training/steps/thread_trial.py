"""How long training steps of a network take in so many threads, measured with a copy of it."""

from __future__ import annotations

from contextlib import suppress
from copy import deepcopy
from time import perf_counter
from typing import TYPE_CHECKING

import torch

from builder.training.data.batches import Batch
from builder.training.device.generators import global_states, set_global_states
from builder.training.device.memory import available_memory
from builder.training.device.threads import ChosenThreads, Trial, by_load, choose_threads, computing_in
from builder.training.steps.optimizers import make_optimizer
from builder.training.steps.step import EagerStep

if TYPE_CHECKING:
    from torch import nn

    from builder.training.device.precision import Precision
    from builder.training.recipe.recipe import Recipe

BURST = 0.03  # seconds that are measured at least; the system hands a core on within less
_COPIES = 4  # a copy of the weights, their gradients, and what an optimizer remembers
_PART = 4  # a trial takes that part of the free memory at most


def try_threads(
    model: nn.Module, sizes: tuple[int, ...], images: int, recipe: Recipe, precision: Precision, most: int, free: float
) -> ChosenThreads:
    """Return in how many of ``most`` threads of a CPU to train ``model`` on ``images`` of ``sizes`` (C, H, W).

    ``free`` is how many cores other programs leave. What is tried is a copy, on random images: weights, buffers, the
    optimizer and random numbers stay as they are. A network that can't be trained so is not tried; training it
    says why.
    """
    steps = recipe.epochs * max(1, images // recipe.batch_size)
    weights = sum(each.nbytes for each in model.parameters())
    if _COPIES * _PART * weights > (available_memory() or weights * _COPIES * _PART):
        return by_load(most, free)
    device = torch.device("cpu")
    random = global_states(device)
    try:
        with suppress(Exception):  # whatever it is, the trainer comes to it, and explains it
            step = _Step(model, sizes, min(images, recipe.batch_size), recipe, precision)
            return choose_threads(most, free, Trial(steps, step.seconds))
    finally:
        set_global_states(random, device)
    return by_load(most, free)


class _Step:
    """A training step that nothing is learned by."""

    def __init__(
        self, model: nn.Module, sizes: tuple[int, ...], images: int, recipe: Recipe, precision: Precision
    ) -> None:
        copy = deepcopy(model).to(memory_format=precision.memory_format).train()
        self._step = EagerStep(copy, make_optimizer(recipe.optimizer, copy), recipe, precision)
        pixels = torch.rand(images, *sizes).to(memory_format=precision.memory_format)
        self._batch = Batch(0, pixels, torch.zeros(images, dtype=torch.int64))

    def seconds(self, threads: int) -> float:
        """Return the mean seconds of a step in so many ``threads``."""
        with computing_in(threads, torch.device("cpu")):
            began, steps, spent = perf_counter(), 0, 0.0
            while spent < BURST:
                self._step(self._batch, 0.0)
                steps, spent = steps + 1, perf_counter() - began
        return spent / steps
