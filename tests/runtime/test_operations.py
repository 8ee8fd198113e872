"""Every operation, built: shapes, parameters and costs as described, and safe to be overwritten where it says so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import builder
from builder.costs import graph_cost
from builder.emit.python import document
from builder.ops import OPERATIONS

if TYPE_CHECKING:
    from pathlib import Path

    from builder.graph import Graph

CALLS = {
    "conv": "{conv: {out: 6, kernel: [3, 1], stride: 2, padding: 1, dilation: 1, groups: 2, bias: false}}",
    "linear": "[{permute: {dims: [0, 2, 3, 1]}}, {linear: {out: 4}}, {permute: {dims: [0, 3, 1, 2]}}]",
    "layernorm": "[{permute: {dims: [0, 2, 3, 1]}}, layernorm, {permute: {dims: [0, 3, 1, 2]}}]",
    "maxpool": "{maxpool: {kernel: 3, stride: 2, padding: 1, ceil: true}}",
    "avgpool": "{avgpool: {kernel: [2, 3]}}",
    "groupnorm": "{groupnorm: {groups: 2}}",
    "localresponsenorm": "{localresponsenorm: {size: 3}}",
    "pad": "{pad: {top: 1, right: 2}}",
    "padchannels": "{padchannels: {out: 7}}",
    "prelu": "{prelu: {num_parameters: $in}}",
    "softmax": "{softmax: {groups: 2}}",
    "stochasticdepth": "{stochasticdepth: {p: 0.5}}",
    "join": "{join: {from: first}}",
    "read": "{read: {from: first}}",
    "narrow": "{narrow: {length: 3}}",
    "stdconv": "{stdconv: {out: 6, kernel: 3, gamma: 1.5}}",
    "se": "{se: {hidden: 2, activation: silu, gate: hardsigmoid}}",
    "coordinateattention": "{coordinateattention: {reduction: 2}}",
    "rescale": "{rescale: {scale: [1.0, 2.0, 3.0, 4.0], shift: [0.5, 0.0, 0.0, -1.0]}}",
    "crop": "{crop: {top: 1, left: 2}}",
    "permute": "{permute: {dims: [0, 1, 3, 2]}}",
    "mean": "{mean: {dims: [2, 3]}}",
    "channelshuffle": "{channelshuffle: {groups: 2}}",
    "scale": "{scale: {init: 0.5}}",
    "condconv": "{layers: [adaptiveavgpool, flatten, {linear: {out: 3}}, {read: {from: in}}, "
    "{condconv: {from: linear1, out: 6, kernel: 3}}]}",
    "reduce": "{reduce: {by: std, dims: [2]}}",
    "sqrt": "[sigmoid, sqrt]",
    "rsqrt": "[sigmoid, rsqrt]",
    "pixelunshuffle": "{pixelunshuffle: {factor: 3}}",
    "expandas": "{layers: [adaptiveavgpool, {expandas: {from: first}}]}",
    "unflatten": "{layers: [adaptiveavgpool, flatten, unflatten]}",
}
"""Operations with fields; the others are called by their name."""

PAGE = """\
name: net
input: [3, 9, 9]
classes: 4
layers:
  first: {{conv: {{out: 4, kernel: 1}}}}
  under: {call}
  after: relu
  flatten: flatten
  fc: {{linear: {{out: 4}}}}
"""


@pytest.fixture(params=sorted(OPERATIONS))
def graph(request: pytest.FixtureRequest, tmp_path: Path) -> Graph:
    """Return a network of a convolution, the operation, an activation that acts in place if it may, and a head."""
    page = tmp_path / "net.yaml"
    page.write_text(PAGE.format(call=CALLS.get(request.param, request.param)), "utf-8")
    return builder.load(page)


def compiled(text: str, network: str) -> nn.Module:
    """Return the network of a text, seeded."""
    torch.manual_seed(0)
    namespace: dict[str, type[nn.Module]] = {}
    exec(text, namespace)
    return namespace[network]()


def results(module: nn.Module, images: torch.Tensor) -> list[torch.Tensor]:
    """Return outputs and gradients in training, and outputs in evaluation."""
    torch.manual_seed(1)
    images = images.clone().requires_grad_()
    logits = module.train()(images)
    logits.square().sum().backward()
    gradients = [each.grad for each in (images, *module.parameters()) if each.grad is not None]
    return [logits, *gradients, module.eval()(images)]


class TestOperations:
    """One network for each operation."""

    def test_shapes_are_as_described(self, graph: Graph) -> None:
        """Of every value, without the batch."""
        document_ = document(graph)
        module = compiled(document_.text, document_.network)
        shapes: dict[str, torch.Size] = {}
        for name, child in module.named_modules():
            child.register_forward_hook(lambda _, __, out, name=name: shapes.update({name: out.shape[1:]}))
        module(torch.rand(2, *graph.input.sizes))
        modules = [node for node in graph.nodes if node.operation.is_module and node.key]
        assert {node.key: tuple(shapes[node.key]) for node in modules} == {
            node.key: node.shape.sizes for node in modules
        }

    def test_costs_are_as_described(self, graph: Graph) -> None:
        """Parameters, and half of what PyTorch's counter of flops says."""
        document_ = document(graph)
        module = compiled(document_.text, document_.network).eval()
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            module(torch.rand(1, *graph.input.sizes))
        cost = graph_cost(graph)
        assert cost.parameters == sum(each.numel() for each in module.parameters())
        assert cost.macs * 2 == counter.get_total_flops()

    def test_parameters_have_the_names_and_shapes_described(self, graph: Graph) -> None:
        """In the order of registration."""
        document_ = document(graph)
        module = compiled(document_.text, document_.network)
        described = {
            f"{node.key}.{each.name}".rstrip("."): each.shape
            for node in graph.nodes
            for each in node.operation.parameters(*graph.input_shapes(node))
        }
        assert {name: tuple(each.shape) for name, each in module.named_parameters()} == described

    def test_overwriting_changes_nothing(self, graph: Graph) -> None:
        """Outputs and gradients are those of the same text with everything in place taken out."""
        text, network = document(graph)
        plain = re.sub(r"(\w+) \+= (\w+)", r"\1 = \1 + \2", text.replace("inplace=True", ""))
        images = torch.rand(2, *graph.input.sizes, generator=torch.Generator().manual_seed(2))
        mine, other = (results(compiled(each, network), images) for each in (text, plain))
        assert all(torch.equal(a, b) for a, b in zip(mine, other, strict=True))
