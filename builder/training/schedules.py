"""The learning rate of every step, as a pure function of the step: nothing to save, nothing to replay."""

from __future__ import annotations

from math import cos, pi
from typing import TYPE_CHECKING

from builder.training.recipe import Cosine, Step

if TYPE_CHECKING:
    from builder.training.recipe import Recipe


def learning_rate(recipe: Recipe, step: int, steps_per_epoch: int) -> float:
    """Return the learning rate of training step ``step``, counted from 0 over all epochs.

    Warm-up rises in equal steps to the full rate; ``step`` changes between epochs, ``cosine`` at every step.
    """
    warmup = round(recipe.schedule.warmup * steps_per_epoch)
    if step < warmup:
        return recipe.optimizer.lr * (step + 1) / warmup
    return recipe.optimizer.lr * _share(recipe, step, steps_per_epoch, warmup)


def same_past(before: Recipe, after: Recipe, steps: int, steps_per_epoch: int) -> bool:
    """Return whether both recipes give the first ``steps`` training steps the same learning rates."""
    return all(
        learning_rate(before, step, steps_per_epoch) == learning_rate(after, step, steps_per_epoch)
        for step in range(steps)
    )


def _share(recipe: Recipe, step: int, steps_per_epoch: int, warmup: int) -> float:
    """Return the part of the full rate that the schedule leaves after warm-up."""
    schedule = recipe.schedule
    if isinstance(schedule, Step):
        return schedule.factor ** (step // steps_per_epoch // schedule.every)
    if isinstance(schedule, Cosine):
        return (1 + cos(pi * (step - warmup) / (recipe.epochs * steps_per_epoch - warmup))) / 2
    return 1.0
