"""Which runs may go on with another number of epochs."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import RunError
from builder.training.recipe.recipe import Recipe, load_recipe
from builder.training.recipe.schedule import Constant, Cosine, Linear, MultiStep, OneCycle, Step
from builder.training.steps.more_epochs import check_past

if TYPE_CHECKING:
    from builder.training.recipe.schedule import Schedule

STEPS = 6  # of an epoch


def scheduled(schedule: Schedule, epochs: int) -> Recipe:
    """Return the report's recipe with another schedule."""
    return load_recipe("lab").model_copy(update={"schedule": schedule, "epochs": epochs})


class TestPast:
    """Whether what was trained would have been the same."""

    @pytest.mark.parametrize(
        ("schedule", "same"),
        [
            (Constant(warmup=1), True),
            (Step(name="step", every=2, factor=0.5), True),
            (MultiStep(name="multistep", at=(2, 7)), True),
            (Cosine(name="cosine"), False),
            (Linear(name="linear"), False),
            (OneCycle(name="one_cycle"), False),
        ],
    )
    def test_schedules_that_look_at_the_end_can_not_be_lengthened(self, schedule: Schedule, same: bool) -> None:
        """What has been trained would have had other rates."""
        before, after = scheduled(schedule, 4), scheduled(schedule, 9)
        check_past(before, after, 0, STEPS)
        check_past(before, before, 4 * STEPS, STEPS)
        message = f"cannot change from 4 to 9 epochs: with its schedule `{schedule.name}` past steps would have had"
        with nullcontext() if same else pytest.raises(RunError, match=message):
            check_past(before, after, 4 * STEPS, STEPS)

    @pytest.mark.parametrize("before", [None, 9])
    def test_fewer_epochs_than_were_trained(self, before: int | None) -> None:
        """Whether the run kept its recipe or not."""
        kept = scheduled(Constant(), before) if before else None
        check_past(kept, scheduled(Constant(), 4), 4 * STEPS, STEPS)
        with pytest.raises(RunError, match="has already trained more than epochs=4"):
            check_past(kept, scheduled(Constant(), 4), 4 * STEPS + 1, STEPS)
