"""The networks of airbench, and how their recipe treats each of their weights."""

from __future__ import annotations

import pytest
import torch

from builder.costs import graph_cost
from builder.lowering import load
from builder.runtime.compile import build
from builder.training.recipe.recipe import load_recipe
from builder.training.steps.optimizers import make_optimizer, set_epoch
from builder.training.weights.initialization import initialize
from builder.training.weights.whitening import freeze_first_convolution

WIDTHS = {"airbench94": (64, 256, 256), "airbench95": (128, 384, 384)}
"""Channels of the three blocks. https://arxiv.org/abs/2404.00498"""


class TestNetwork:
    """Section 3 of the paper."""

    @pytest.mark.parametrize("name", WIDTHS)
    def test_parameters_follow_from_the_widths(self, name: str) -> None:
        """Two 3x3 convolutions and two norms in each block, and no biases but the whitening's and the norms'."""
        before, counted = 24, 24 * 3 * 2 * 2 + 24
        for width in WIDTHS[name]:
            counted += 9 * width * (before + width) + 4 * width
            before = width
        assert graph_cost(load(name)).parameters == counted + 10 * before

    def test_parameters_are_those_of_the_authors_package(self) -> None:
        """As its code counts them, which was run beside this page."""
        assert graph_cost(load("airbench94")).parameters == 1_972_792

    def test_convolutions_begin_as_identities(self) -> None:
        """As many channels as come in pass as they are; the others are PyTorch's."""
        network = build(load("airbench94"))
        convolution = network.block3.conv1.weight
        assert torch.equal(convolution, torch.nn.init.dirac_(torch.empty_like(convolution)))
        widened = network.block2.conv1.weight
        assert torch.equal(widened[:64], torch.nn.init.dirac_(torch.empty(64, 64, 3, 3)))
        assert widened[64:].count_nonzero() == widened[64:].numel()


class TestRecipe:
    """What learns, how fast and for how long."""

    def test_only_shifts_convolutions_and_the_head_learn_after_three_epochs(self) -> None:
        """The whitened filters never do, nor the scales of norms; the whitening's biases for three epochs."""
        recipe, network = load_recipe("airbench94"), build(load("airbench94"))
        initialize(network, recipe)
        freeze_first_convolution(network)
        optimizer = make_optimizer(recipe.optimizer, network)
        names = {id(weight): name for name, weight in network.named_parameters()}

        def learning() -> dict[str, float]:
            return {
                names[id(weight)]: group["lr"] / recipe.optimizer.lr
                for group in optimizer.param_groups
                for weight in group["params"]
                if weight.requires_grad
            }

        blocks = [f"block{number}" for number in (1, 2, 3)]
        convolutions = {f"{block}.conv{number}.weight": 1.0 for block in blocks for number in (1, 2)}
        shifts = {f"{block}.norm{number}.bias": 64.0 for block in blocks for number in (1, 2)}
        later = convolutions | shifts | {"head.weight": 1.0}
        set_epoch(optimizer, 3)
        assert learning() == later | {"whiten.bias": 1.0}
        assert set_epoch(optimizer, 4)
        assert learning() == later
