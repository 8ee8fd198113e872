"""The learning rate of every step, as a pure function of the step: nothing to save, nothing to replay."""

from __future__ import annotations

from bisect import bisect_right
from math import cos, pi
from typing import TYPE_CHECKING

from builder.training.recipe.schedule import Cosine, Linear, MultiStep, OneCycle, Step

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
    return recipe.optimizer.lr * _share(recipe, step, steps_per_epoch, warmup)


def same_past(before: Recipe, after: Recipe, steps: int, steps_per_epoch: int) -> bool:
    """Return whether both recipes give the first ``steps`` training steps the same learning rates."""
    return all(
        learning_rate(before, step, steps_per_epoch) == learning_rate(after, step, steps_per_epoch)
        for step in range(steps)
    )


def _share(recipe: Recipe, step: int, steps_per_epoch: int, warmup: int) -> float:
    """Return the part of the full rate that the schedule leaves after warm-up."""
    schedule, steps = recipe.schedule, recipe.epochs * steps_per_epoch
    match schedule:
        case Step():
            return schedule.factor ** (step // steps_per_epoch // schedule.every)
        case MultiStep():
            return schedule.factor ** bisect_right(schedule.at, step // steps_per_epoch)
        case Cosine():
            return _along_cosine(1.0, schedule.final_factor, (step - warmup) / (steps - warmup))
        case Linear():
            return 1.0 + (schedule.final_factor - 1.0) * (step - warmup) / (steps - warmup)
        case OneCycle():
            return _one_cycle(schedule, step, steps)
    return 1.0


def _along_cosine(first: float, last: float, part: float) -> float:
    """Return what lies at ``part`` of the way from ``first`` to ``last`` along half a cosine."""
    return last + (first - last) * (1 + cos(pi * part)) / 2


def _one_cycle(schedule: OneCycle, step: int, steps: int) -> float:
    """Return the part of the full rate as OneCycleLR counts: the last step has the last rate, the top is reached once.

    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html
    """
    top = max(0.0, schedule.peak * steps - 1)
    if step <= top:
        return _along_cosine(schedule.start_factor, 1.0, step / top if top else 1.0)
    return _along_cosine(1.0, schedule.final_factor, (step - top) / (steps - 1 - top))
