"""A running mean of the weights, which often does better than the weights themselves.

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


class Average:
    """The mean of all weights so far, each step counting ``decay`` times as much as the next.

    Early on fewer steps count, ``(1 + n) / (10 + n)`` after ``n`` of them, so that the initial weights are soon
    forgotten. Running statistics of norms are averaged like weights, and what counts is copied.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._decay = decay
        self._own = {name: each.detach() for name, each in model.state_dict().items()}
        self.tensors = {name: each.clone() for name, each in self._own.items()}
        averaged = [name for name, each in self._own.items() if each.is_floating_point()]
        self._means, self._weights = [self.tensors[name] for name in averaged], [self._own[name] for name in averaged]
        copied = [name for name in self._own if name not in set(averaged)]
        self._copies, self._counts = [self.tensors[name] for name in copied], [self._own[name] for name in copied]

    @torch.no_grad()
    def update(self, steps: int) -> None:
        """Take in the weights after ``steps`` steps (from 1) of the whole run; never waits for the device."""
        decay = min(self._decay, (1 + steps) / (10 + steps))
        torch._foreach_lerp_(self._means, self._weights, 1 - decay)
        if self._copies:  # torch takes no empty list
            torch._foreach_copy_(self._copies, self._counts)

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Take the mean from a checkpoint; raise RunError unless it is one of the same weights."""
        shapes = {name: each.shape for name, each in tensors.items()}
        if shapes != {name: each.shape for name, each in self.tensors.items()}:
            raise RunError(
                "this run cannot continue: the moving average in its checkpoint belongs to other weights",
                "start a new run",
            )
        for name, each in tensors.items():
            self.tensors[name].copy_(each)

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
