"""Every member of every page against torchvision's network of the same name.

All 68 are compared on the meta device, where nothing is computed: keys, shapes, parameters, MACs at the page's own
input. Outputs are compared with real weights, on two small images where the network takes them: a light member of
each family in every run, the others in the slow part. regnet_y_128gf, whose weights are 2.6 GB, is compared on the
meta device only.
"""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from builder.costs import graph_cost
from builder.lowering import load
from builder.runtime.compile import build
from builder.shipped import shipped_names
from tests.archs.conftest import (
    ALL,
    LIGHT,
    other_spread,
    ours_without_numbers,
    random_weights,
    shapes,
    theirs,
    theirs_without_numbers,
)

TOO_HEAVY = {"regnet_y_128gf"}
SMALLEST = {"inception_v3": 75}
"""The smallest side where it is over 64."""
HEAVY = [name for name in ALL if name not in LIGHT]
EVERY = [*LIGHT, *(pytest.param(name, marks=pytest.mark.slow) for name in HEAVY)]
RUNNABLE = [*LIGHT, *(pytest.param(name, marks=pytest.mark.slow) for name in HEAVY if name not in TOO_HEAVY)]

QUICK = [
    name
    if name not in {"alexnet", "convnext_tiny", "googlenet", "inception_v3", "vgg11_bn"}
    else pytest.param(name, marks=pytest.mark.slow)
    for name in LIGHT
]
"""The light members, those marked slow whose weights take seconds to draw."""


class TestTable:
    """The pages hold all of torchvision's convolutional networks."""

    def test_every_name_of_torchvision_is_one_of_ours(self) -> None:
        """A FILE may be any of them."""
        assert len(ALL) == 68
        assert set(ALL) <= set(shipped_names())


@pytest.mark.parametrize("name", EVERY)
class TestDescription:
    """What a page says is what torchvision builds."""

    def test_keys_shapes_and_costs(self, name: str) -> None:
        """Weights go by the same names; parameters and MACs are counted without building anything."""
        graph = load(name)
        reference = theirs_without_numbers(name)
        assert shapes(ours_without_numbers(name)) == shapes(reference)
        cost = graph_cost(graph)
        assert cost.parameters == sum(each.numel() for each in reference.parameters())
        with FlopCounterMode(display=False) as counter:
            reference.eval()(torch.empty(1, *graph.input.sizes, device="meta"))
        assert cost.macs * 2 == counter.get_total_flops()


@pytest.mark.parametrize("name", RUNNABLE)
class TestOutputs:
    """The same weights give the same numbers."""

    def test_evaluation(self, name: str) -> None:
        """Torchvision's weights load strictly, and the outputs are equal bit for bit."""
        torch.manual_seed(0)
        reference = theirs_without_numbers(name).eval()
        network = ours_without_numbers(name).eval()
        weights = random_weights(reference)
        for each in (reference, network):
            each.load_state_dict(weights, strict=True, assign=True)
        side = SMALLEST.get(name, 64)
        images = torch.randn(2, 3, side, side)
        with torch.inference_mode():
            assert torch.equal(network(images), reference(images))


@pytest.mark.parametrize(
    ("name", "side", "heads"),
    [
        ("googlenet", 64, {"logits": "logits", "aux1": "aux_logits1", "aux2": "aux_logits2"}),
        ("inception_v3", 299, {"logits": "logits", "AuxLogits": "aux_logits"}),
    ],
)
class TestHeads:
    """Heads that serve training only."""

    def test_training(self, name: str, side: int, heads: dict[str, str]) -> None:
        """In training each head's output is there by its name on the page, and equal; the logits come first."""
        reference, network = theirs_without_numbers(name), ours_without_numbers(name)
        weights = random_weights(reference)
        images = torch.randn(2, 3, side, side)
        outputs = []
        for each, state in ((reference, weights), (network, deepcopy(weights))):
            each.load_state_dict(state, strict=True, assign=True)
            torch.manual_seed(1)  # of dropout
            with torch.no_grad():
                outputs.append(each.train()(images))
        expected, found = outputs
        assert set(found._fields) == set(heads)
        assert found._fields[0] == "logits"
        for ours, their in heads.items():
            assert torch.equal(getattr(found, ours), getattr(expected, their)), ours

    def test_evaluation(self, name: str, side: int, heads: dict[str, str]) -> None:
        """In evaluation there are the logits alone."""
        found = ours_without_numbers(name).eval()(torch.empty(1, 3, side, side, device="meta"))
        assert isinstance(found, torch.Tensor)
        assert found.shape == (1, 1000)


class TestBeginning:
    """Fresh weights are drawn as torchvision draws them."""

    @pytest.mark.parametrize("name", QUICK)
    def test_every_parameter_begins_with_the_same_spread(self, name: str) -> None:
        """What is constant there is the same constant here; what is drawn has the same mean and deviation."""
        assert other_spread(lambda: theirs(name), lambda: build(load(name)), seeds=(2,)) == []

    @pytest.mark.parametrize("name", ["resnet18", pytest.param("alexnet", marks=pytest.mark.slow)])
    def test_one_seed_gives_the_same_bits(self, name: str) -> None:
        """Ours and torchvision's networks are drawn by the same numbers in the same order."""
        torch.manual_seed(0)
        reference = theirs(name).state_dict()
        torch.manual_seed(0)
        found = build(load(name)).state_dict()
        assert [key for key, value in reference.items() if not torch.equal(found[key], value)] == []
