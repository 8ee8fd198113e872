"""What a training step changes, kept aside and put back in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from builder.training.device.generators import global_states, set_global_states

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import nn
    from torch.optim import Optimizer


class StepState:
    """Weights, buffers, what the optimizer remembers and torch's random numbers, as they are when this is made.

    They come back at the same addresses, so that what was recorded of them still holds.
    """

    def __init__(self, model: nn.Module, optimizer: Optimizer, device: torch.device) -> None:
        """Copy everything on its ``device``."""
        self._model, self._optimizer, self._device = model, optimizer, device
        self._known = {weight for weight, memory in optimizer.state.items() if memory}
        self._copies = [(each, each.detach().clone()) for each in self._everything()]
        self._random = global_states(device)

    @torch.no_grad()
    def back(self) -> None:
        """Put everything back. What the optimizer remembers since then is set to zero, which steps as nothing does."""
        for each, copy in self._copies:
            each.copy_(copy)
        for weight, memory in self._optimizer.state.items():
            if weight not in self._known:
                for each in _tensors(memory):
                    each.zero_()
        self._optimizer.zero_grad()
        set_global_states(self._random, self._device)

    def back_to_nothing(self) -> None:
        """Put everything back, and let the optimizer forget what it remembers since then."""
        self.back()
        for weight in [each for each in self._optimizer.state if each not in self._known]:
            del self._optimizer.state[weight]

    def _everything(self) -> list[torch.Tensor]:
        remembered = [each for memory in self._optimizer.state.values() for each in _tensors(memory)]
        return [*self._model.parameters(), *self._model.buffers(), *remembered]


def _tensors(memory: Mapping[str, torch.Tensor | None]) -> list[torch.Tensor]:
    return [each for each in memory.values() if each is not None]
