"""One epoch of training. Nothing in it waits for the device: what is measured stays in tensors until the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from builder.training.steps.schedules import learning_rate

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.training.data.batches import Batches
    from builder.training.device.distributed import ProcessGroup
    from builder.training.recipe.recipe import Recipe
    from builder.training.steps.average import SlowWeights
    from builder.training.steps.step import TrainingStep


@dataclass(eq=False)
class EpochTally:
    """What an epoch (from 1) has measured so far, on the device: every step's loss, and how many images were right."""

    epoch: int
    losses: torch.Tensor
    correct: torch.Tensor

    @classmethod
    def empty(cls, epoch: int, steps: int, device: torch.device) -> EpochTally:
        """Return a tally for an epoch of ``steps``."""
        return cls(epoch, torch.zeros(steps, device=device), torch.zeros((), dtype=torch.int64, device=device))

    def add(self, step: int, loss: torch.Tensor, logits: torch.Tensor, labels: torch.Tensor) -> None:
        """Note a step's mean loss and its right answers, or what this process's part adds to them."""
        self.losses[step] = loss
        self.correct += (logits.argmax(1) == labels).sum()

    def all_reduce(self, group: ProcessGroup) -> EpochTally:
        """Return what all processes have measured."""
        return EpochTally(self.epoch, group.all_reduce(self.losses), group.all_reduce(self.correct))

    def first_lost(self) -> int | None:
        """Return the first step (from 0) whose loss is not finite, None if all are. Waits for the device."""
        lost = self.losses.isfinite().logical_not().nonzero()
        return int(lost[0]) if len(lost) else None

    def result(self, images: int, batch_size: int) -> tuple[float, float]:
        """Return mean loss and accuracy over the epoch's ``images``, whose last batch may be smaller."""
        counts = torch.full_like(self.losses, batch_size, dtype=torch.float64, device="cpu")
        counts[-1] = images - batch_size * (len(counts) - 1)
        return float((self.losses.cpu().double() * counts).sum() / images), int(self.correct) / images


def train_epoch(
    train_on: TrainingStep,
    batches: Batches,
    recipe: Recipe,
    tally: EpochTally,
    first_step: int,
    after_step: Callable[[int], None],
    slow: SlowWeights | None = None,
) -> None:
    """Train on the batches of the tally's epoch from ``first_step`` (from 0) on.

    The weights return to ``slow`` ones, where there are any. ``after_step`` is called with the number of steps done in
    this epoch, and may raise to stop between two.
    """
    train_on.model.train()
    for batch in batches.epoch(tally.epoch, first_step):
        before = (tally.epoch - 1) * batches.steps + batch.step
        loss, logits = train_on(batch, learning_rate(recipe, before, batches.steps))
        if slow is not None:
            slow.update(before + 1)
        tally.add(batch.step, loss, logits, batch.labels)
        after_step(batch.step + 1)
