"""Every member of the pages that have timm's networks, against timm's network of the same name.

Keys, shapes, parameters and MACs are compared on the meta device; outputs with random weights. One light member of each
page is compared in every run, the others in the slow part.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from builder.costs import graph_cost
from builder.lowering import load
from builder.runtime.compile import build
from builder.shipped import shipped_names
from tests.archs.conftest import other_spread, random_weights, shapes

if TYPE_CHECKING:
    from builder.graph import Graph

timm = pytest.importorskip("timm")

PAGES = (
    *("cspnet", "darknet", "ecaresnet", "ghostnet", "inception_v4", "legacy_senet", "mobilenet_v4", "repvgg"),
    *("res2net", "resnest", "resnet_d", "resnetv2", "skresnet", "vovnet", "xception", "xception_aligned"),
)
LIGHT = (
    "cspresnet50",
    "darknet17",
    "ecaresnext26t_32x4d",
    "ese_vovnet19b_slim_dw",
    "ghostnet_050",
    "inception_v4",
    "legacy_seresnet18",
    "legacy_xception",
    "mobilenetv4_conv_small_035",
    "repvgg_a0",
    "res2net50_14w_8s",
    "resnest14d",
    "resnet18d",
    "resnetv2_18",
    "seresnet18",
    "skresnet18",
    "xception41",
)
NAMES = sorted(
    name for name, (path, member) in shipped_names().items() if path.stem in PAGES and (member or name in LIGHT)
)
QUICK = [name if name in LIGHT else pytest.param(name, marks=pytest.mark.slow) for name in NAMES]
LARGE = {
    *("ecaresnet269d", "legacy_senet154", "repvgg_b3", "repvgg_b3g4", "repvgg_d2se", "resnest269e", "senet154"),
    "seresnet269d",
}
SMALLEST = {"inception_v4": 75}
"""The smallest side where it is over 64."""


class Pair(NamedTuple):
    """A network as the page says it, and as timm builds it; both on the meta device."""

    graph: Graph
    ours: nn.Module
    theirs: nn.Module


@pytest.fixture(scope="class")
def pair(name: str) -> Pair:
    """Return both networks in evaluation mode."""
    graph = load(name)
    with torch.device("meta"):
        return Pair(graph, build(graph).eval(), timm.create_model(name, pretrained=False).eval())


class TestTable:
    """The pages and timm."""

    def test_every_member_is_a_name_of_timm(self) -> None:
        """Some are no longer listed, but all can be created."""
        assert all(timm.is_model(name) for name in NAMES)
        assert {shipped_names()[name][0].stem for name in LIGHT} == set(PAGES)


@pytest.mark.parametrize("name", QUICK, scope="class")
class TestMember:
    """What a page says is what timm builds."""

    def test_keys_and_shapes_are_equal(self, pair: Pair) -> None:
        """So timm's weights load strictly."""
        assert shapes(pair.ours) == shapes(pair.theirs)

    def test_parameters_and_macs_are_equal(self, pair: Pair) -> None:
        """A paper's table shows both."""
        with FlopCounterMode(display=False) as counter, torch.device("meta"):
            pair.theirs(torch.rand(1, *pair.graph.input.sizes))
        cost = graph_cost(pair.graph)
        assert cost.parameters == sum(each.numel() for each in pair.theirs.parameters())
        assert cost.macs * 2 == counter.get_total_flops()

    def test_outputs_are_equal(self, name: str, pair: Pair) -> None:
        """Bit for bit, in evaluation mode."""
        if name in LARGE:
            pytest.skip("its weights are over 400 MB")
        torch.manual_seed(0)
        weights = random_weights(pair.theirs)
        for each in (pair.theirs, pair.ours):
            each.load_state_dict(weights, strict=True, assign=True)
        side = SMALLEST.get(name, 64)
        images = torch.rand(2, 3, side, side)
        with torch.inference_mode():
            assert torch.equal(pair.ours(images), pair.theirs(images))


@pytest.mark.slow
class TestBeginning:
    """Fresh weights are drawn as timm draws them."""

    @pytest.mark.parametrize(
        "name", [*LIGHT, "cspdarknet53", "darknetaa53", "resnetv2_50d_gn", "seresnet50t", "vovnet39a"]
    )
    def test_every_parameter_begins_with_the_same_spread(self, name: str) -> None:
        """Means and deviations over three seeds; what is zero there is zero here."""
        create = partial(timm.create_model, name, pretrained=False)
        assert other_spread(create, lambda: build(load(name)), seeds=(0, 1, 2)) == []
