"""Weights that a layer draws from a stream of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import pytest
import torch
from torch import nn

import builder
from builder.lowering import lower, page_from_text
from builder.ops import OPERATIONS
from builder.runtime.by_name import draw_by_name
from builder.runtime.compile import build
from builder.variants import variants

if TYPE_CHECKING:
    from builder.graph import Graph

PAGE = """\
name: small
input: [3, 8, 8]
classes: 2
{init}
layers: [{layers}, flatten, linear: {{out: $classes}}]
"""


def seed_of(layer: str) -> int:
    """Return a seed that depends on a name alone."""
    return crc32(layer.encode())


def page(layers: str, init: str = "{}") -> Graph:
    """Return a small network that begins with these layers."""
    text = PAGE.format(layers=layers, init=f"init: {init}")
    return lower(page_from_text(text, "page.yaml", OPERATIONS))


def drawn(graph: Graph) -> dict[str, torch.Tensor]:
    """Return the weights of a network by their names; from PyTorch's own stream they would be others each time."""
    model = build(graph)
    draw_by_name(model, graph, seed_of)
    return model.state_dict()


class TestDrawByName:
    """A pure function of the name and of what is drawn."""

    def test_a_layer_is_that_of_pytorch_with_the_seed_of_its_name(self) -> None:
        """Weight and bias, to the bit."""
        found = drawn(page("conv: {out: 4, kernel: 3}"))
        torch.manual_seed(seed_of("0"))
        plain = nn.Conv2d(3, 4, 3)
        assert torch.equal(found["0.weight"], plain.weight)
        assert plain.bias is not None
        assert torch.equal(found["0.bias"], plain.bias)

    @pytest.mark.parametrize(
        ("rule", "first"), [("dirac", 8), ("{dirac: {rest: default}}", 3), ("{dirac: {rest: zeros}}", 8)]
    )
    def test_convolutions_begin_as_identities(self, rule: str, first: int) -> None:
        """So the module that is built begins too: filters beyond those of the channels that enter may stay drawn."""
        graph = page("conv: {out: 8, kernel: 3, padding: 1}", f"{{conv: {{weight: {rule}}}}}")
        torch.manual_seed(seed_of("0"))
        plain = nn.Conv2d(3, 8, 3, padding=1)
        with torch.no_grad():
            nn.init.dirac_(plain.weight[:first])
        assert torch.equal(drawn(graph)["0.weight"], plain.weight)
        torch.manual_seed(seed_of("0"))
        built = build(graph)
        assert torch.equal(built.state_dict()["0.weight"], plain.weight)
        images = torch.rand(1, 3, 8, 8)
        assert torch.allclose(
            built.get_submodule("0")(images)[:, :3] - built.state_dict()["0.bias"][:3, None, None], images, atol=1e-6
        )

    def test_the_rules_of_the_page_hold(self) -> None:
        """The last one that matches, in the layer's own stream; one that is overruled draws nothing."""
        init = "{conv: {weight: uniform, bias: 0.5}, conv1: {weight: {normal: {std: 0.1}}}}"
        found = drawn(page("conv: {out: 4, kernel: 3}", init))
        torch.manual_seed(seed_of("0"))
        plain = nn.Conv2d(3, 4, 3)
        nn.init.normal_(plain.weight, std=0.1)
        assert torch.equal(found["0.weight"], plain.weight)
        assert bool((found["0.bias"] == 0.5).all())

    def test_a_bare_parameter_begins_as_the_page_says(self) -> None:
        """It has no module around it."""
        assert bool((drawn(page("scale: {init: 0.25}"))["0"] == 0.25).all())

    def test_the_global_numbers_go_on_where_they_were(self) -> None:
        """Dropout draws from them."""
        graph = page("conv: {out: 4, kernel: 3}")
        model = build(graph)
        before = torch.get_rng_state()
        draw_by_name(model, graph, seed_of)
        assert torch.equal(torch.get_rng_state(), before)


class TestInsertedGates:
    """What the streams are there for: a gate leaves the weights of all other layers as they are."""

    @pytest.mark.parametrize(
        ("base", "places"),
        [
            ("alexnet32", ["stem.out"]),
            ("alexnet32", ["block1.pre_activation", "block2.pre_activation"]),
            ("resnet18", ["layer1.0.branch", "layer4.1.out"]),
        ],
    )
    def test_all_layers_that_two_networks_share_are_equal(self, base: str, places: list[str]) -> None:
        """To the bit, however early the gate stands; and the gate has weights of its own."""
        plain = drawn(builder.load(base))
        for variant in variants(base, {"gate": {"insert": {"se": {"reduction": 4}}, "among": places}}):
            gated = drawn(lower(variant.page))
            assert set(plain) <= set(gated)
            assert len(variant.places) == (len(gated) - len(plain)) / 4
            assert all(torch.equal(plain[name], gated[name]) for name in plain)

    def test_the_distributions_are_the_pages(self) -> None:
        """Deviations as PyTorch's single stream gives them; what is constant is the same constant."""
        for name in ("resnet18", "alexnet32", "shufflenet_v2_x0_5", "mobilenet_v3_small"):
            graph = builder.load(name)
            found = drawn(graph)
            for key, tensor in build(graph).state_dict().items():
                if tensor.numel() >= 2_000 and tensor.min() < tensor.max():
                    assert not torch.equal(found[key], tensor), key
                    assert float(found[key].std() / tensor.std()) == pytest.approx(1, abs=0.1), key
                elif tensor.min() == tensor.max():
                    assert torch.equal(found[key], tensor), key
