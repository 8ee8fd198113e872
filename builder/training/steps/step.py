"""One step of training: a batch goes through the network, and the optimizer moves the weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from torch.nn.functional import cross_entropy

from builder.training.device.distributed import ALONE
from builder.training.device.precision import PLAIN
from builder.training.steps.optimizers import clip_gradients, set_learning_rate

if TYPE_CHECKING:
    import torch
    from torch import nn
    from torch.optim import Optimizer

    from builder.training.data.batches import Batch
    from builder.training.device.distributed import ProcessGroup
    from builder.training.device.precision import Precision
    from builder.training.recipe.recipe import Recipe

AUXILIARY_WEIGHT = 0.3  # of the loss of an auxiliary head: GoogLeNet's, https://arxiv.org/abs/1409.4842, 5


class TrainingStep(Protocol):
    """What trains ``model`` on one batch. What it returns may be overwritten by its next call."""

    @property
    def model(self) -> nn.Module:
        """The network."""
        ...

    def __call__(self, batch: Batch, rate: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Train on ``batch`` with the learning rate ``rate``; return the loss, and the logits in float32, detached."""
        ...


class EagerStep:
    """The step as PyTorch runs it by itself, operation by operation."""

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        recipe: Recipe,
        precision: Precision = PLAIN,
        group: ProcessGroup = ALONE,
    ) -> None:
        self.model, self.optimizer = model, optimizer
        self.recipe, self.precision, self._group = recipe, precision, group

    def __call__(self, batch: Batch, rate: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Train on ``batch``; return the loss, or what these images add to the whole batch's, and the logits."""
        set_learning_rate(self.optimizer, rate)
        return self.compute(batch.images, batch.labels, batch.global_size)

    def compute(
        self, images: torch.Tensor, labels: torch.Tensor, global_size: int | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Do the same with the learning rate that the optimizer has. Nothing in it waits for the device."""
        with self.precision.autocast(images.device):
            logits, *heads = outputs(self.model(images))
        loss = mean_loss(logits, labels, self.recipe, global_size)
        for head in heads:
            loss = loss + AUXILIARY_WEIGHT * mean_loss(head, labels, self.recipe, global_size)
        self.optimizer.zero_grad()
        self._group.backward(loss)
        clip_gradients(self.optimizer, self.recipe.clip_norm)
        self.optimizer.step()
        return loss.detach(), logits.detach()


def mean_loss(
    logits: torch.Tensor, labels: torch.Tensor, recipe: Recipe, global_size: int | None = None
) -> torch.Tensor:
    """Return the mean cross entropy, or what these images add to that of the whole batch, of ``global_size`` images."""
    if global_size is None:
        return cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)
    return cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing, reduction="sum") / global_size


def outputs(returned: torch.Tensor | tuple[torch.Tensor | None, ...]) -> list[torch.Tensor]:
    """Return the logits, then those of the auxiliary heads, in float32 for the loss."""
    if not isinstance(returned, tuple):
        return [returned.float()]
    return [each.float() for each in returned if each is not None]
