"""Learning rates, against torch's own schedulers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from builder.training.recipe.recipe import load_recipe
from builder.training.recipe.schedule import Constant, Cosine, Linear, MultiStep, OneCycle, Step
from builder.training.steps.schedules import learning_rate

if TYPE_CHECKING:
    from builder.training.recipe.recipe import Recipe
    from builder.training.recipe.schedule import Schedule

STEPS = 6  # of an epoch


def scheduled(schedule: Schedule, epochs: int = 25) -> Recipe:
    """Return the report's recipe, whose rate is 0.001, with another schedule."""
    return load_recipe("lab").model_copy(update={"schedule": schedule, "epochs": epochs})


def rates(recipe: Recipe) -> list[float]:
    """Return the rate of every step of a run."""
    return [learning_rate(recipe, step, STEPS) for step in range(recipe.epochs * STEPS)]


def of_torch(kind: type[torch.optim.lr_scheduler.LRScheduler], steps: int, **how: object) -> list[float]:
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

    def test_cosine_may_end_above_0(self) -> None:
        """Torch names the last rate itself, not its part."""
        right = of_torch(torch.optim.lr_scheduler.CosineAnnealingLR, 8 * STEPS, T_max=8 * STEPS, eta_min=0.0001)
        assert rates(scheduled(Cosine(name="cosine", final_factor=0.1), epochs=8)) == pytest.approx(right)

    def test_multistep_is_torchs_by_epochs(self) -> None:
        """To a tenth after 3 and after 5 epochs."""
        right = of_torch(torch.optim.lr_scheduler.MultiStepLR, 8, milestones=[3, 5], gamma=0.1)
        ours = rates(scheduled(MultiStep(name="multistep", at=(3, 5)), epochs=8))
        assert ours[::STEPS] == pytest.approx(right)
        assert ours[STEPS - 1 :: STEPS] == pytest.approx(right)

    def test_linear_is_torchs_by_steps(self) -> None:
        """To a fifth of the rate, which would be there after the last step."""
        how = {"start_factor": 1.0, "end_factor": 0.2, "total_iters": 8 * STEPS}
        right = of_torch(torch.optim.lr_scheduler.LinearLR, 8 * STEPS, **how)
        assert rates(scheduled(Linear(name="linear", final_factor=0.2), epochs=8)) == pytest.approx(right)

    @pytest.mark.parametrize("peak", [0.3, 0.05, 0.9])
    def test_one_cycle_is_torchs(self, peak: float) -> None:
        """With its defaults, but for the momentum."""
        how = {"max_lr": 0.001, "total_steps": 8 * STEPS, "pct_start": peak, "cycle_momentum": False}
        right = of_torch(torch.optim.lr_scheduler.OneCycleLR, 8 * STEPS - 1, **how)
        ours = rates(scheduled(OneCycle(name="one_cycle", peak=peak), epochs=8))
        assert ours[:-1] == pytest.approx(right)
        assert ours[-1] == pytest.approx(0.001 * 4e-6)

    def test_one_cycle_of_lines_is_torchs_triangle(self) -> None:
        """Torch's ``anneal_strategy``, with where it begins and ends."""
        how = {"max_lr": 0.001, "total_steps": 8 * STEPS, "pct_start": 0.25, "cycle_momentum": False,
               "anneal_strategy": "linear", "div_factor": 5, "final_div_factor": 1 / 0.35}  # fmt: skip
        right = of_torch(torch.optim.lr_scheduler.OneCycleLR, 8 * STEPS - 1, **how)
        triangle = OneCycle(name="one_cycle", peak=0.25, start_factor=0.2, final_factor=0.07, anneal="linear")
        ours = rates(scheduled(triangle, epochs=8))
        assert ours[:-1] == pytest.approx(right)
        assert ours[-1] == pytest.approx(0.001 * 0.07)

    @given(st.floats(0.01, 0.99), st.integers(1, 3), st.sampled_from(["cos", "linear"]))
    def test_one_cycle_rises_once_and_falls_once(
        self, peak: float, epochs: int, anneal: Literal["cos", "linear"]
    ) -> None:
        """However short the training is."""
        ours = rates(scheduled(OneCycle(name="one_cycle", peak=peak, anneal=anneal), epochs))
        top = ours.index(max(ours))
        assert ours == sorted(ours[:top]) + sorted(ours[top:], reverse=True)
        assert min(ours) > 0


class TestWarmUp:
    """The first epochs of any schedule."""

    def test_it_rises_in_equal_steps_to_the_full_rate(self) -> None:
        """The first step trains already."""
        ours = rates(scheduled(Constant(warmup=1)))
        assert ours[:STEPS] == pytest.approx([0.001 * step / STEPS for step in range(1, STEPS + 1)])
        assert set(ours[STEPS:]) == {0.001}

    @given(st.floats(0, 3), st.integers(3, 9), st.sampled_from([(Cosine, "cosine"), (Linear, "linear")]))
    def test_the_full_rate_is_reached_once_and_never_passed(
        self, warmup: float, epochs: int, falling: tuple[type[Cosine | Linear], str]
    ) -> None:
        """Cosine and linear begin where warm-up ends."""
        kind, name = falling
        ours = rates(scheduled(kind(name=name, warmup=warmup), epochs))
        top = ours.index(max(ours))
        assert ours == sorted(ours[:top]) + sorted(ours[top:], reverse=True)
        assert 0 < min(ours) <= max(ours) <= 0.001
