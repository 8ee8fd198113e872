"""A run that goes on with another number of epochs: only if what was trained would have been the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.diagnostics import RunError
from builder.training.recipe.schedule import open_ended
from builder.training.steps.schedules import learning_rate

if TYPE_CHECKING:
    from builder.training.recipe.recipe import Recipe


def check_past(before: Recipe | None, after: Recipe, done: int, steps_per_epoch: int) -> None:
    """Raise RunError if ``after`` has other epochs than ``before`` had, and ``done`` training steps show it.

    ``before`` is None for runs that kept no recipe; of those only the number of steps is known.
    """
    if done > after.epochs * steps_per_epoch:
        raise RunError(f"this run has already trained more than epochs={after.epochs}", "choose a larger number")
    if before is None or before.epochs == after.epochs:
        return
    refused = f"this run cannot change from {before.epochs} to {after.epochs} epochs"
    if not same_past(before, after, done, steps_per_epoch):
        *names, last = [f"`{name}`" for name in open_ended()]
        raise RunError(
            f"{refused}: with its schedule `{after.schedule.name}` past steps would have had other learning rates",
            f"start a new run; {', '.join(names)} and {last} are schedules that can be extended",
        )
    if not same_looks(before, after, done, steps_per_epoch):
        message = f"{refused}: with its `lookahead` past steps would have had other weights"
        raise RunError(message, "start a new run")
    begun = -(-done // steps_per_epoch)
    if before.sides[:begun] != after.sides[:begun]:
        raise RunError(
            f"{refused}: the images of past epochs would have had other sizes, for `size` grows over a part of all "
            "epochs",
            "start a new run; with one size, a run can be extended",
        )


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
