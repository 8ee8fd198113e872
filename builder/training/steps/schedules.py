"""The learning rate of every step, as a pure function of the step: nothing to save, nothing to replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.training.recipe.schedule import StepOfRun

if TYPE_CHECKING:
    from builder.training.recipe.recipe import Recipe


def learning_rate(recipe: Recipe, step: int, steps_per_epoch: int) -> float:
    """Return the learning rate of training step ``step``, counted from 0 over all epochs.

    Warm-up rises in equal steps to the full rate; ``step`` and ``multistep`` change between epochs, the others at
    every step.
    """
    warmup = round(recipe.schedule.warmup * steps_per_epoch)
    if step < warmup:
        return recipe.optimizer.lr * (step + 1) / warmup
    now = StepOfRun(step, recipe.epochs * steps_per_epoch, steps_per_epoch, warmup)
    return recipe.optimizer.lr * recipe.schedule.part(now)
