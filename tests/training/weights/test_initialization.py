"""Initial weights that a recipe asks for."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from builder.training.weights.initialization import initialize
from tests.training.tiny_task import TinyNetwork

if TYPE_CHECKING:
    from builder.training.recipe.recipe import Recipe


@pytest.fixture
def kaiming(recipe: Recipe) -> Recipe:
    """Return a recipe that asks for them."""
    return recipe.model_copy(update={"init": "kaiming_normal"})


class TestInitialize:
    """In place."""

    def test_page_leaves_the_weights_as_they_are(self, recipe: Recipe, network: TinyNetwork) -> None:
        """They are what the network's maker drew."""
        before = {name: each.clone() for name, each in network.state_dict().items()}
        initialize(network, recipe)
        assert all(torch.equal(each, before[name]) for name, each in network.state_dict().items())

    def test_kaiming_keeps_the_variance_through_a_relu(self, kaiming: Recipe) -> None:
        """Standard deviation sqrt(2 / fan-in), biases 0."""
        network = nn.Sequential(nn.Conv2d(32, 64, 3), nn.Flatten(), nn.Linear(900, 100))
        initialize(network, kaiming)
        assert float(network[0].weight.detach().std()) == pytest.approx(sqrt(2 / (32 * 9)), rel=0.05)
        assert float(network[2].weight.detach().std()) == pytest.approx(sqrt(2 / 900), rel=0.05)
        assert not network[0].bias.any()
        assert not network[2].bias.any()

    def test_other_layers_are_left_alone(self, kaiming: Recipe, network: TinyNetwork) -> None:
        """Batch norm begins as the identity."""
        initialize(network, kaiming)
        assert bool((network.norm.weight == 1).all())

    def test_the_seed_decides_the_weights(self, kaiming: Recipe) -> None:
        """Whatever the network began with."""
        drawn = []
        for seed in (1, 1, 2):
            network = TinyNetwork()
            initialize(network, kaiming.model_copy(update={"seed": seed}))
            drawn.append(network.head.weight)
        assert torch.equal(drawn[0], drawn[1])
        assert not torch.equal(drawn[0], drawn[2])


class TestStreams:
    """Where ``kaiming_normal`` draws from."""

    @staticmethod
    def drawn(recipe: Recipe, *others: nn.Module) -> torch.Tensor:
        """Return the weights of the layer ``head`` behind others."""
        network = nn.Sequential()
        for number, other in enumerate(others):
            network.add_module(f"other{number}", other)
        network.add_module("head", nn.Linear(8, 8))
        initialize(network, recipe)
        return network.head.weight.detach()

    def test_one_goes_through_the_layers(self, kaiming: Recipe) -> None:
        """So a layer before another changes its weights: this is what runs of old have."""
        assert kaiming.init_streams == "one"
        assert not torch.equal(self.drawn(kaiming), self.drawn(kaiming, nn.Linear(8, 8)))

    def test_by_name_each_layer_has_its_own(self, kaiming: Recipe) -> None:
        """Whatever stands beside it, and by the seed."""
        named = kaiming.model_copy(update={"init_streams": "by_name"})
        assert torch.equal(self.drawn(named), self.drawn(named, nn.Linear(8, 8), nn.Conv2d(3, 3, 1)))
        assert not torch.equal(self.drawn(named), self.drawn(named.model_copy(update={"seed": 1})))
