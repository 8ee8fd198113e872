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


def same_past(before: Recipe, after: Recipe, steps: int, steps_per_epoch: int) -> bool:
    """Return whether both recipes give the first ``steps`` training steps the same learning rates."""
    return all(
        learning_rate(before, step, steps_per_epoch) == learning_rate(after, step, steps_per_epoch)
        for step in range(steps)
    )


def same_looks(before: Recipe, after: Recipe, steps: int, steps_per_epoch: int) -> bool:
    """Return whether both recipes, whose epochs may differ, have looked ahead alike in the first ``steps`` steps."""
    looks, totals = after.lookahead, [each.epochs * steps_per_epoch for each in (before, after)]
    return looks is None or all(
        looks.kept(step, totals[0]) == looks.kept(step, totals[1]) for step in range(1, steps + 1)
    )
