"""Every member of the pages that have timm's networks, against timm's network of the same name.

Keys, shapes, parameters and MACs are compared on the meta device; outputs with random weights. One light member of each
page is compared in every run, the others in the slow part.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
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

ROOT = Path(__file__).resolve().parents[2]

PAGES = (
    *("cs3darknet", "cspnet", "darknet", "ecaresnet", "ecaresnet_pruned", "ghostnet", "inception_v4", "legacy_senet"),
    *("mobilenet_v4", "repvgg", "res2net", "resnest", "resnet_aa", "resnet_d", "resnet_gn", "resnet_rs", "resnetv2"),
    *("skresnet", "vovnet", "xception", "xception_aligned", "xception_preact"),
)
LIGHT = (
    "cs3darknet_s",
    "cspresnet50",
    "darknet17",
    "ecaresnet50d_pruned",
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
    "resnet10t",
    "resnet18d",
    "resnet50_gn",
    "resnetblur18",
    "resnetrs50",
    "resnetv2_18",
    "seresnet18",
    "skresnet18",
    "xception41",
    "xception41p",
)
NAMES = sorted(
    name for name, (path, member) in shipped_names().items() if path.stem in PAGES and (member or name in LIGHT)
)
QUICK = [name if name in LIGHT else pytest.param(name, marks=pytest.mark.slow) for name in NAMES]
LARGE = {
    *("ecaresnet269d", "legacy_senet154", "repvgg_b3", "repvgg_b3g4", "repvgg_d2se", "resnest269e", "senet154"),
    *("seresnet269d", "seresnextaa201d_32x8d", "resnetrs270", "resnetrs350", "resnetrs420", "resnext101_32x16d"),
    *("resnext101_32x32d", "resnetv2_50x3_bit", "resnetv2_101x3_bit", "resnetv2_152x2_bit", "resnetv2_152x4_bit"),
}
SMALLEST = {"inception_v4": 75}
"""The smallest side where it is over 64."""


BEGINNINGS = (
    *("cs3se_edgenet_x", "cs3sedarknet_xdw", "cspdarknet53", "darknetaa53", "eca_vovnet39b", "resnest50d_1s4x24d"),
    *(
        "mobilenetv4_conv_blur_medium",
        "resnetv2_50d_gn",
        "resnetv2_50x1_bit",
        "sedarknet21",
        "seresnet50t",
        "vovnet39a",
    ),
)
"""Members that begin with what no light one has."""

FAMILIES = {
    **dict.fromkeys(
        [
            *("cspnet", "ghostnet", "inception_v4", "res2net", "resnest", "resnet", "resnetv2", "senet", "sknet"),
            *("vovnet", "xception", "xception_aligned"),
        ],
        "*",
    ),
    "byobnet": "repvgg*",
    "mobilenetv3": "mobilenetv4*",
}
"""Modules of timm, and the names in them, that pages are for."""


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


def with_constants(name: str, pair: Pair) -> tuple[nn.Module, nn.Module]:
    """Return our network and timm's; made again where they hold a blur's kernel, which no weights would replace."""
    kept = pair.ours.state_dict()
    if all(key in kept for key, _ in pair.ours.named_buffers()):
        return pair.ours, pair.theirs
    return build(pair.graph).eval(), timm.create_model(name, pretrained=False).eval()


class TestTable:
    """The pages and timm."""

    def test_every_member_is_a_name_of_timm(self) -> None:
        """Some are no longer listed, but all can be created."""
        assert all(timm.is_model(name) for name in NAMES)
        assert {shipped_names()[name][0].stem for name in LIGHT} == set(PAGES)

    def test_every_name_of_a_family_is_shipped_or_the_page_about_timm_says_why_not(self) -> None:
        """A name that a new version of timm adds is decided here."""
        names = {name for module, wanted in FAMILIES.items() for name in timm.list_models(wanted, module=module)}
        text = (ROOT / "docs" / "coming-from.md").read_text("utf-8")
        table = text.partition("| not shipped | because |")[2].partition("\n\n")[0]
        said = {name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.partition(" | ")[0])}
        assert names - set(shipped_names()) == said


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
        networks = with_constants(name, pair)
        for each in networks:
            each.load_state_dict(weights, strict=True, assign=True)
        side = SMALLEST.get(name, 64)
        images = torch.rand(2, 3, side, side)
        with torch.inference_mode():
            ours, theirs = (each(images) for each in networks)
        assert torch.equal(ours, theirs)


@pytest.mark.slow
class TestBeginning:
    """Fresh weights are drawn as timm draws them."""

    @pytest.mark.parametrize("name", [*LIGHT, *BEGINNINGS])
    def test_every_parameter_begins_with_the_same_spread(self, name: str) -> None:
        """Means and deviations over three seeds; what is zero there is zero here."""
        create = partial(timm.create_model, name, pretrained=False)
        assert other_spread(create, lambda: build(load(name)), seeds=(0, 1, 2)) == []
