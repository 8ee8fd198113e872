"""Where a loss that is not finite began, found by repeating the steps since the last checkpoint.

Looking at every layer of every step would make each wait for the device. The steps before the one where it showed are
repeated as they were, bit for bit on a CPU, and only the last two of them are looked at.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from builder.training.evaluation.evaluate import evaluate_batches
from builder.training.steps.loop import EpochTally, train_epoch
from builder.training.steps.optimizers import set_epoch
from builder.training.steps.step import EagerStep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from torch import nn
    from torch.optim import Optimizer

    from builder.training.data.batches import Batches
    from builder.training.recipe.recipe import Recipe
    from builder.training.steps.average import SlowWeights


@dataclass(frozen=True)
class Cause:
    """What was the first not to be finite, such as ``the output of `conv1` (Conv2d)``; its ``layer``, "" for none."""

    what: str
    layer: str = ""


class _Reached(Exception):  # noqa: N818 - no error: it ends an epoch before its end
    """The step after which a repetition stops."""


def all_finite(tensors: Iterable[torch.Tensor]) -> bool:
    """Return whether no number is infinite or not a number. Waits for the device."""
    found = [each.isfinite().all() for each in tensors if each.is_floating_point()]
    return not found or bool(torch.stack(found).all())


def find_cause(
    model: nn.Module,
    optimizer: Optimizer,
    batches_of: Callable[[int], Batches],
    recipe: Recipe,
    done: int,
    lost: int,
    wanted: Callable[[], bool],
    slow: SlowWeights | None = None,
) -> Cause | None:
    """Return what was the first not to be finite when step ``lost`` (from 0, over all epochs) had such a loss.

    ``model``, ``optimizer`` and ``slow`` weights stand where ``done`` steps had been done, and are trained on
    ``batches_of`` an epoch (from 1). Returns None where the repetition comes to no such loss, as it may on a GPU, or as
    soon as the answer is not ``wanted`` any more.
    """
    watched = max(done, lost - 1)
    _repeat(model, optimizer, batches_of, recipe, (done, watched), wanted, slow)
    for step in range(watched, lost + 1):
        with watching(model) as seen:
            loss = _repeat(model, optimizer, batches_of, recipe, (step, step + 1), wanted, slow)
        outputs = [each for each in seen if each.what.startswith("the output")]
        if outputs:
            return outputs[0]
        if loss is not None and not all_finite([loss]):
            return Cause("the loss itself: the network's outputs are finite but too large")
        if seen:
            return seen[0]
        for name, weight in model.named_parameters():
            if not all_finite([weight]):
                return Cause(f"the new value of `{name}`", name.rpartition(".")[0])
    return None


def find_cause_in_evaluation(model: nn.Module, batches: Batches) -> Cause | None:
    """Return what is the first not to be finite when ``model`` is evaluated on ``batches``, None where all is."""
    with watching(model) as seen:

        def after_batch(_done: int) -> None:
            if seen:
                raise _Reached

        with suppress(_Reached):
            evaluate_batches(model, batches, after_batch)
    return seen[0] if seen else None


@contextmanager
def watching(model: nn.Module) -> Iterator[list[Cause]]:
    """Gather what is not finite of outputs and gradients while ``model`` computes inside, in the order of computing."""
    seen: list[Cause] = []

    def see(name: str, module: nn.Module) -> Callable[[nn.Module, object, object], None]:
        def hook(_module: nn.Module, _inputs: object, returned: object) -> None:
            if not all_finite(_tensors(returned)):
                seen.append(Cause(f"the output of {_shown(name, module)}", name))

        return hook

    def see_gradient(name: str) -> Callable[[torch.Tensor], None]:
        def hook(weight: torch.Tensor) -> None:
            if weight.grad is not None and not all_finite([weight.grad]):
                seen.append(Cause(f"the gradient of `{name}`", name.rpartition(".")[0]))

        return hook

    hooks = [module.register_forward_hook(see(name, module)) for name, module in model.named_modules()]
    hooks += [
        weight.register_post_accumulate_grad_hook(see_gradient(name))  # type: ignore[no-untyped-call]  # torch gives it no types
        for name, weight in model.named_parameters()
        if weight.requires_grad
    ]
    try:
        yield seen
    finally:
        for each in hooks:
            each.remove()


def _repeat(
    model: nn.Module,
    optimizer: Optimizer,
    batches_of: Callable[[int], Batches],
    recipe: Recipe,
    span: tuple[int, int],
    wanted: Callable[[], bool],
    slow: SlowWeights | None,
) -> torch.Tensor | None:
    """Train from the first step of ``span`` to before the second, from 0 over all epochs; return the last loss."""
    first, end = span
    losses, steps = None, batches_of(1).steps
    while first < end and wanted():
        epoch, step = divmod(first, steps)
        batches = batches_of(epoch + 1)
        set_epoch(optimizer, epoch + 1)
        train_on = EagerStep(model, optimizer, recipe, batches.precision)
        stop = min(batches.steps, step + end - first)
        tally = EpochTally.empty(epoch + 1, batches.steps, next(model.parameters()).device)

        def after_step(done: int, stop: int = stop) -> None:
            if done == stop or not wanted():
                raise _Reached

        try:
            train_epoch(train_on, batches, recipe, tally, step, after_step, slow)
        except _Reached:
            losses = tally.losses[stop - 1]
        first += stop - step
    return losses


def _tensors(returned: object) -> list[torch.Tensor]:
    every = returned if isinstance(returned, tuple) else (returned,)
    return [each for each in every if isinstance(each, torch.Tensor)]


def _shown(name: str, module: nn.Module) -> str:
    return f"`{name}` ({type(module).__name__})" if name else "the network"
