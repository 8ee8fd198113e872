"""The network that a run begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

import builder
from builder.lowering import lower
from builder.runs.fresh import fresh_network
from builder.training.randomness import seed_globally
from builder.training.recipe.recipe import load_recipe
from builder.variants import variants

if TYPE_CHECKING:
    from torch import nn

LAB = load_recipe("lab")
NAMED = LAB.model_copy(update={"init_streams": "by_name"})
GATE = {"gate": {"insert": {"se": {"reduction": 4}}, "at": "stem.out"}}


def masks(model: nn.Module, seed: int) -> list[torch.Tensor]:
    """Return what the dropouts of ``model`` leave of ones in two training steps, from the seed on."""
    found: list[torch.Tensor] = []
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.register_forward_pre_hook(lambda _, given: torch.ones_like(given[0]))
            module.register_forward_hook(lambda _, __, left: found.append(left.detach()))
    seed_globally(seed)
    for _ in range(2):
        model.train()(torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0)))
    return found


class TestFreshNetwork:
    """By the recipe's seed."""

    def test_by_default_it_has_the_weights_of_pytorch(self) -> None:
        """One stream through all layers, as torchvision draws them."""
        graph = builder.load("alexnet_tiny")
        torch.manual_seed(LAB.seed)
        plain = builder.build("alexnet_tiny").state_dict()
        found = fresh_network(graph, LAB).state_dict()
        assert all(torch.equal(found[name], plain[name]) for name in plain)

    def test_by_name_a_gate_changes_no_other_layer(self) -> None:
        """At the same seed; another seed changes all."""
        (gated,) = variants("alexnet_tiny", GATE)
        base = fresh_network(builder.load("alexnet_tiny"), NAMED).state_dict()
        found = fresh_network(lower(gated.page), NAMED).state_dict()
        assert all(torch.equal(found[name], base[name]) for name in base)
        other = fresh_network(lower(gated.page), NAMED.model_copy(update={"seed": 1})).state_dict()
        assert not any(torch.equal(found[name], other[name]) for name in found)

    def test_a_gate_leaves_the_masks_of_dropout_as_they_are(self) -> None:
        """They come from the global generator, from which no gate and no initial weight draws in a run."""
        (gated,) = variants("alexnet_tiny", GATE)
        base, found = (
            masks(fresh_network(each, NAMED), 3) for each in (builder.load("alexnet_tiny"), lower(gated.page))
        )
        assert len(base) == 2
        assert all(torch.equal(one, other) for one, other in zip(base, found, strict=True))
