"""Every member of the pages that have timm's networks, against timm's network of the same name.

Keys, shapes, parameters and MACs are compared on the meta device; outputs with random weights, one light member of each
page in every run.
"""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from builder.costs import graph_cost
from builder.lowering import load
from builder.runtime.compile import build
from builder.shipped import shipped_names
from tests.archs.conftest import ours_without_numbers, random_weights, shapes

timm = pytest.importorskip("timm")

PAGES = ("ghostnet", "repvgg", "res2net", "resnet_d", "skresnet", "vovnet", "xception")
LIGHT = (
    "ese_vovnet19b_slim_dw",
    "ghostnet_050",
    "repvgg_a0",
    "res2net50_14w_8s",
    "resnet18d",
    "seresnet18",
    "skresnet18",
    "legacy_xception",
)
NAMES = sorted(name for name, (path, member) in shipped_names().items() if path.stem in PAGES and member is not None)
QUICK = [name if name in LIGHT else pytest.param(name, marks=pytest.mark.slow) for name in NAMES]
LARGE = {"repvgg_b3", "repvgg_b3g4", "repvgg_d2se", "senet154", "seresnet269d"}
RUNNABLE = [each for name, each in zip(NAMES, QUICK, strict=True) if name not in LARGE]
SIDE = 64


class TestTable:
    """The pages and timm."""

    def test_every_member_is_a_name_of_timm(self) -> None:
        """Some are no longer listed, but all can be created."""
        assert all(timm.is_model(name) for name in NAMES)
        assert {shipped_names()[name][0].stem for name in LIGHT} == set(PAGES)


@pytest.mark.parametrize("name", QUICK)
class TestDescription:
    """What a page says is what timm builds."""

    def test_keys_shapes_and_costs(self, name: str) -> None:
        """Strict loading needs the first two; a paper's table shows the others."""
        with torch.device("meta"):
            reference = timm.create_model(name, pretrained=False).eval()
        graph = load(name)
        assert shapes(ours_without_numbers(name)) == shapes(reference)
        with FlopCounterMode(display=False) as counter, torch.device("meta"):
            reference(torch.rand(1, *graph.input.sizes))
        cost = graph_cost(graph)
        assert cost.parameters == sum(each.numel() for each in reference.parameters())
        assert cost.macs * 2 == counter.get_total_flops()


@pytest.mark.parametrize("name", RUNNABLE)
class TestOutputs:
    """The same weights give the same numbers."""

    def test_outputs_are_equal(self, name: str) -> None:
        """Bit for bit, in evaluation mode."""
        torch.manual_seed(0)
        reference = timm.create_model(name, pretrained=False).eval()
        reference.load_state_dict(random_weights(reference))
        ours = build(load(name, input=(3, SIDE, SIDE))).eval()
        ours.load_state_dict(reference.state_dict(), strict=True)
        image = torch.rand(2, 3, SIDE, SIDE)
        with torch.no_grad():
            assert torch.equal(ours(image), reference(image))
