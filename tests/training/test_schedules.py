"""Learning rates, against torch's own schedulers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from builder.training.recipe import Constant, Cosine, Step, load_recipe
from builder.training.schedules import learning_rate

if TYPE_CHECKING:
    from builder.training.recipe import Recipe

STEPS = 6  # of an epoch


def scheduled(schedule: Constant | Step | Cosine, epochs: int = 25) -> Recipe:
    """Return the report's recipe, whose rate is 0.001, with another schedule."""
    return load_recipe("lab").model_copy(update={"schedule": schedule, "epochs": epochs})


def rates(recipe: Recipe) -> list[float]:
    """Return the rate of every step of a run."""
    return [learning_rate(recipe, step, STEPS) for step in range(recipe.epochs * STEPS)]


def of_torch(kind: type[torch.optim.lr_scheduler.LRScheduler], steps: int, **how: float) -> list[float]:
    """Return the rates that a scheduler of torch's gives, from 0.001 on."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.001)
    scheduler = kind(optimizer, **how)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


class TestSchedules:
    """Without warm-up."""

    def test_constant_stays(self) -> None:
        """The report's."""
        assert set(rates(scheduled(Constant()))) == {0.001}

    def test_step_is_torchs_step_lr_by_epochs(self) -> None:
        """To a tenth after 7, 14 and 21 of 25 epochs."""
        right = of_torch(torch.optim.lr_scheduler.StepLR, 25, step_size=7, gamma=0.1)
        ours = rates(scheduled(Step(name="step", every=7, factor=0.1)))
        assert ours[::STEPS] == pytest.approx(right)
        assert ours[STEPS - 1 :: STEPS] == pytest.approx(right)

    def test_cosine_is_torchs_by_steps(self) -> None:
        """Down to 0 after the last step."""
        right = of_torch(torch.optim.lr_scheduler.CosineAnnealingLR, 8 * STEPS, T_max=8 * STEPS)
        assert rates(scheduled(Cosine(name="cosine"), epochs=8)) == pytest.approx(right)


class TestWarmUp:
    """The first epochs of any schedule."""

    def test_it_rises_in_equal_steps_to_the_full_rate(self) -> None:
        """The first step trains already."""
        ours = rates(scheduled(Constant(warmup=1)))
        assert ours[:STEPS] == pytest.approx([0.001 * step / STEPS for step in range(1, STEPS + 1)])
        assert set(ours[STEPS:]) == {0.001}

    @given(st.floats(0, 3), st.integers(3, 9))
    def test_the_full_rate_is_reached_once_and_never_passed(self, warmup: float, epochs: int) -> None:
        """Cosine begins where warm-up ends."""
        ours = rates(scheduled(Cosine(name="cosine", warmup=warmup), epochs))
        top = ours.index(max(ours))
        assert ours == sorted(ours[:top]) + sorted(ours[top:], reverse=True)
        assert 0 < min(ours) <= max(ours) <= 0.001
