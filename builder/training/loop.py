"""One epoch of training. Nothing in it waits for the device: what is measured stays in tensors until the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cross_entropy

from builder.training.optimizers import clip_gradients, set_learning_rate
from builder.training.schedules import learning_rate

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn
    from torch.optim import Optimizer

    from builder.training.batches import Batches
    from builder.training.distributed import Team
    from builder.training.recipe import Recipe

AUXILIARY_WEIGHT = 0.3  # of the loss of a head that only training has: GoogLeNet's, https://arxiv.org/abs/1409.4842, 5


@dataclass(eq=False)
class Tally:
    """What an epoch (from 1) has measured so far, on the device: every step's loss, and how many images were right."""

    epoch: int
    losses: torch.Tensor
    correct: torch.Tensor

    @classmethod
    def empty(cls, epoch: int, steps: int, device: torch.device) -> Tally:
        """Return a tally for an epoch of ``steps``."""
        return cls(epoch, torch.zeros(steps, device=device), torch.zeros((), dtype=torch.int64, device=device))

    def add(self, step: int, loss: torch.Tensor, logits: torch.Tensor, labels: torch.Tensor) -> None:
        """Note a step's mean loss and its right answers, or what this process's part adds to them."""
        self.losses[step] = loss.detach()
        self.correct += (logits.detach().argmax(1) == labels).sum()

    def whole(self, team: Team) -> Tally:
        """Return what all processes have measured."""
        return Tally(self.epoch, team.total(self.losses), team.total(self.correct))

    def first_lost(self) -> int | None:
        """Return the first step (from 0) whose loss is not finite, None if all are. Waits for the device."""
        lost = self.losses.isfinite().logical_not().nonzero()
        return int(lost[0]) if len(lost) else None

    def result(self, images: int, batch_size: int) -> tuple[float, float]:
        """Return mean loss and accuracy over the epoch's ``images``, whose last batch may be smaller."""
        counts = torch.full_like(self.losses, batch_size, dtype=torch.float64, device="cpu")
        counts[-1] = images - batch_size * (len(counts) - 1)
        return float((self.losses.double().cpu() * counts).sum() / images), int(self.correct) / images


def train_epoch(
    model: nn.Module,
    optimizer: Optimizer,
    batches: Batches,
    recipe: Recipe,
    tally: Tally,
    first_step: int,
    after_step: Callable[[int], None],
) -> None:
    """Train ``model`` on the batches of the tally's epoch from ``first_step`` (from 0) on.

    ``after_step`` is called with the number of steps done in this epoch, and may raise to stop between two.
    """
    model.train()
    for step, images, labels, whole in batches.epoch(tally.epoch, first_step):
        set_learning_rate(optimizer, learning_rate(recipe, (tally.epoch - 1) * batches.steps + step, batches.steps))
        with batches.precision.autocast(images.device):
            logits, *heads = outputs(model(images))
        loss = mean_loss(logits, labels, recipe, whole)
        for head in heads:
            loss = loss + AUXILIARY_WEIGHT * mean_loss(head, labels, recipe, whole)
        optimizer.zero_grad()
        batches.team.backward(loss)
        clip_gradients(optimizer, recipe.clip_norm)
        optimizer.step()
        tally.add(step, loss, logits, labels)
        after_step(step + 1)


def mean_loss(logits: torch.Tensor, labels: torch.Tensor, recipe: Recipe, whole: int | None = None) -> torch.Tensor:
    """Return the mean cross entropy, or what these images add to that of the ``whole`` batch they are a part of."""
    if whole is None:
        return cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)
    return cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing, reduction="sum") / whole


def outputs(returned: torch.Tensor | tuple[torch.Tensor | None, ...]) -> list[torch.Tensor]:
    """Return the logits and after them those of the heads that only training has, in float32, as losses need them."""
    if isinstance(returned, torch.Tensor):
        return [returned.float()]
    return [each.float() for each in returned if each is not None]
