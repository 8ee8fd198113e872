"""Initial weights that a recipe asks for instead of the network's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from builder.training.randomness import layer_stream, stream

if TYPE_CHECKING:
    from builder.training.recipe.recipe import Recipe


def initialize(model: nn.Module, recipe: Recipe) -> None:
    """Draw the weights of ``model`` in place as ``recipe.init`` says, by its seed; ``page`` leaves them as they are.

    ``kaiming_normal`` draws those of convolutions and linear layers with variance 2 / fan-in and sets their
    biases to 0. https://arxiv.org/abs/1502.01852, equation 10. One stream goes through the modules in their order;
    with ``init_streams`` by name each module has its own.
    """
    if recipe.init == "page":
        return
    one = stream(recipe.seed, "initial weights")
    with torch.no_grad():
        for name, module in model.named_modules():
            generator = layer_stream(recipe.seed, name) if recipe.init_streams == "by_name" else one
            if isinstance(module, nn.Conv2d | nn.Linear):
                weight = torch.empty(module.weight.shape)  # drawn on the CPU: the same on every device
                module.weight.copy_(nn.init.kaiming_normal_(weight, nonlinearity="relu", generator=generator))
                if module.bias is not None:
                    module.bias.zero_()
