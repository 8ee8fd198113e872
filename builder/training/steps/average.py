"""Means of the weights over the steps, which often do better than the weights themselves.

https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from builder.diagnostics import RunError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import nn

    from builder.training.recipe.lookahead import Lookahead


class _Mean:
    """A mean of all weights, which begins as they do; running statistics of norms are averaged like weights."""

    what = "mean"

    def __init__(self, model: nn.Module) -> None:
        self._own = {name: each.detach() for name, each in model.state_dict().items()}
        self.tensors = {name: each.clone() for name, each in self._own.items()}
        averaged = [name for name, each in self._own.items() if each.is_floating_point()]
        self._means, self._weights = [self.tensors[name] for name in averaged], [self._own[name] for name in averaged]
        copied = [name for name in self._own if name not in set(averaged)]
        self._copies, self._counts = [self.tensors[name] for name in copied], [self._own[name] for name in copied]

    def _take_in(self, decay: float) -> None:
        """Keep the part ``decay`` of the mean, and take the rest from the weights; what counts is copied."""
        torch._foreach_lerp_(self._means, self._weights, 1 - decay)
        if self._copies:  # torch takes no empty list
            torch._foreach_copy_(self._copies, self._counts)

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Take the mean from a checkpoint; raise RunError unless it is one of the same weights."""
        shapes = {name: each.shape for name, each in tensors.items()}
        if shapes != {name: each.shape for name, each in self.tensors.items()}:
            raise RunError(
                f"this run cannot continue: the {self.what} in its checkpoint belongs to other weights",
                "start a new run",
            )
        for name, each in tensors.items():
            self.tensors[name].copy_(each)


class Average(_Mean):
    """The mean of all weights so far, each step counting ``decay`` times as much as the next.

    Early on fewer steps count, ``(1 + n) / (10 + n)`` after ``n`` of them, so that the initial weights are soon
    forgotten. It changes nothing in training.
    """

    what = "moving average"

    def __init__(self, model: nn.Module, decay: float) -> None:
        super().__init__(model)
        self._decay = decay

    @torch.no_grad()
    def update(self, steps: int) -> None:
        """Take in the weights after ``steps`` steps (from 1) of the whole run; never waits for the device."""
        self._take_in(min(self._decay, (1 + steps) / (10 + steps)))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the mean into the model while entered, and the weights back afterwards, at the same addresses."""
        weights = {name: each.clone() for name, each in self._own.items()}
        self._put(self.tensors)
        try:
            yield
        finally:
            self._put(weights)

    @torch.no_grad()
    def _put(self, tensors: Mapping[str, torch.Tensor]) -> None:
        for name, each in self._own.items():
            each.copy_(tensors[name])


class SlowWeights(_Mean):
    """What the weights return to every few steps."""

    what = "lookahead"

    def __init__(self, model: nn.Module, settings: Lookahead, total: int) -> None:
        super().__init__(model)
        self._settings, self._total = settings, total

    @torch.no_grad()
    def update(self, steps: int) -> None:
        """Look after ``steps`` steps (from 1) of the whole run, if there is a look; never waits for the device."""
        decay = self._settings.kept(steps, self._total)
        if decay is not None:
            self._take_in(decay)
            torch._foreach_copy_(self._weights, self._means)
