"""Networks that nobody thought of: the built module is what the graph says, whatever the page combines."""

from __future__ import annotations

import json
import re
import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import builder
from builder.costs import graph_cost
from builder.diagnostics import ArchError
from builder.emit.python import document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.graph import Graph

CHANNELS = 4
SAME = st.sampled_from(
    [
        "relu", "relu6", "silu", "hardswish", "sigmoid", "gelu", "dropout", "batchnorm", "scale", "layernorm2d",
        "leakyrelu", "softmax", "identity",
        {"conv": {"out": CHANNELS, "kernel": 3, "padding": 1}},
        {"conv": {"out": CHANNELS, "kernel": 1, "bias": False}},
        {"maxpool": {"kernel": 3, "stride": 1, "padding": 1}},
        {"se": {"hidden": 2}},
        {"stochasticdepth": {"p": 0.25}},
        {"channelshuffle": {"groups": 2}},
    ]
)  # fmt: skip
"""Layers that keep channels and size; nearly all of them either act in place or can be spoilt by it."""


def opened(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return blocks with a shortcut whose layers live in the module around them, to be written out there."""
    layers = st.lists(inner, min_size=1, max_size=3)
    return st.fixed_dictionaries({"key": st.just("."), "layers": layers, "shortcut": st.just("identity")})


def body(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return lists and mappings of items, the two ways to write a body."""
    names = st.sampled_from(["a", "b", "conv", "left", "right_1", "right_2", "x", "self", "a-0", "class", "max"])
    lists = st.lists(inner, min_size=1, max_size=4)
    return st.one_of(lists, st.dictionaries(names, st.one_of(inner, opened(inner)), min_size=1, max_size=4))


def lane(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return bodies of a branch."""
    names = st.sampled_from(["lane_a", "lane_b", "lane_c"])
    named = st.dictionaries(names, st.one_of(inner, opened(inner)), min_size=1, max_size=3)
    return st.one_of(st.just({}), st.lists(inner, min_size=1, max_size=3), named)


def numbered(value: Any, numbers: Iterator[int]) -> Any:
    """Return the page with a name of its own for every layer of a lane, since lanes share a module."""
    if isinstance(value, list):
        return [numbered(each, numbers) for each in value]
    if isinstance(value, dict):
        return {
            f"lane_{next(numbers)}" if key.startswith("lane_") else key: numbered(each, numbers)
            for key, each in value.items()
        }
    return value


def block(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return blocks that keep channels and size: residual ones, gated ones, parallel ones, templates."""
    activation = st.sampled_from(["relu", "silu", "sigmoid"])
    beside = st.dictionaries(st.sampled_from(["beside_1", "beside_2"]), inner, min_size=1, max_size=2)
    plain = st.fixed_dictionaries({"layers": body(inner)}, optional={"activation": activation})
    residual = st.fixed_dictionaries(
        {"layers": body(inner), "shortcut": st.one_of(st.sampled_from(["identity", "auto"]), beside)},
        optional={"merge": st.sampled_from(["add", "mul"]), "activation": activation},
    )
    lanes = st.lists(lane(inner), min_size=2, max_size=3)
    parallel = st.fixed_dictionaries({"branches": lanes, "merge": st.sampled_from(["add", "mul"])})
    template = st.sampled_from(["Unit", {"Unit": {"wide": True}}, "Gate"])
    return st.one_of(plain, residual, parallel, template)


ITEMS = st.recursive(SAME, block, max_leaves=8)

TEMPLATES = {
    "Unit": {
        "params": {"wide": False},
        "layers": {
            "conv1": {"conv": {"out": "$in * 2 if $wide else $in", "kernel": 1}},
            "bn": "batchnorm",
            "act": "relu",
            "conv2": {"conv": {"out": CHANNELS, "kernel": 3, "padding": 1}},
        },
        "shortcut": "identity",
        "activation": "relu",
    },
    "Gate": {"layers": ["adaptiveavgpool", "sigmoid"], "shortcut": "identity", "merge": "mul"},
}


@st.composite
def pages(draw: st.DrawFn) -> str:
    """Return a page: a stem, a few blocks that may share a key, inserts and taps between them, a head."""
    layers: dict[str, Any] = {"stem": {"conv": {"out": CHANNELS, "kernel": 3, "padding": 1}}}
    blocks = draw(st.integers(1, 4))
    for number in range(blocks):
        made: dict[str, Any] = {"layers": draw(body(ITEMS))}
        if isinstance(made["layers"], list) and draw(st.booleans()):
            made["key"] = "features"
        if draw(st.booleans()):
            made["shortcut"] = draw(st.sampled_from(["identity", "auto"]))
        if draw(st.booleans()):
            made["activation"] = draw(st.sampled_from(["relu", "hardswish"]))
        layers[f"block{number}"] = made
    layers |= {"pool": "adaptiveavgpool", "flatten": "flatten", "fc": {"linear": {"out": "$classes"}}}
    points = st.sampled_from(["in", "branch", "pre_activation", "out"])
    insert = []
    for number in range(draw(st.integers(0, 2))):
        target = draw(st.integers(0, blocks - 1))
        source = draw(st.integers(0, target))
        gate: dict[str, Any] = {"hidden": 2}
        if source < target or draw(st.booleans()):
            gate["squeeze"] = f"block{source}.{draw(points) if source < target else 'in'}"
        at = f"block{target}.{draw(points) if source < target else 'out'}"
        insert.append({"se": gate, "at": at, "name": f"gate{number}"})
    page = {"name": "net", "input": [3, 6, 6], "classes": 3, "templates": TEMPLATES, "layers": layers, "insert": insert}
    return json.dumps(numbered(page, count()))


def graph_of(page: str) -> Graph:
    """Return the graph of a page's text."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "net.yaml")
        file.write_text(page, "utf-8")
        return builder.load(file)


def compiled(text: str, network: str) -> nn.Module:
    """Return the network of a text, seeded."""
    torch.manual_seed(0)
    namespace: dict[str, type[nn.Module]] = {}
    exec(text, namespace)
    return namespace[network]()


def interpreted(graph: Graph, module: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Return the network's output node by node, as the graph says it, with the layers of ``module``."""
    values = {-1: images}
    for node in graph.nodes:
        inputs = [values[index] for index in node.inputs]
        names = {f"v{number}": value for number, value in enumerate(inputs)}
        if node.key:
            owner, _, name = node.key.rpartition(".")
            names["layer"] = getattr(module.get_submodule(owner), name)
        values[node.index] = eval(
            node.operation.expression("layer", *(name for name in names if name != "layer")), {"torch": torch}, names
        )
        assert values[node.index].shape[1:] == node.shape.sizes, node.path
    return values[graph.output]


def results(module: nn.Module, images: torch.Tensor) -> list[torch.Tensor]:
    """Return outputs and gradients in training, outputs in evaluation, and the images afterwards."""
    torch.manual_seed(1)
    leaf = images.clone().requires_grad_()
    logits = module.train()(leaf)
    logits.square().sum().backward()
    gradients = [torch.zeros(()) if each.grad is None else each.grad for each in (leaf, *module.parameters())]
    return [logits, *gradients, module.eval()(images), images]


def assert_close(mine: list[torch.Tensor], other: list[torch.Tensor]) -> None:
    """Check equality but for the order of sums, whose error is as small as the largest number is large."""
    largest = max(float(each.detach().abs().nan_to_num().max()) for each in other)
    torch.testing.assert_close(mine, other, rtol=1e-6, atol=1e-10 * max(1.0, largest), equal_nan=True)


def check_network(page: str) -> None:
    """Assert what holds of every network: keys, shapes, output, costs, and gradients whatever is overwritten."""
    graph = graph_of(page)
    text, network = document(graph)
    module = compiled(text, network)
    parameters = {
        f"{node.key}.{each.name}".rstrip("."): each.shape
        for node in graph.nodes
        for each in node.operation.parameters(*graph.input_shapes(node))
    }
    assert {name: tuple(each.shape) for name, each in module.named_parameters()} == parameters
    images = torch.rand(2, 3, 6, 6, generator=torch.Generator().manual_seed(2))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        assert module.eval()(images[:1]).shape == (1, 3)
    cost = graph_cost(graph)
    assert cost.parameters == sum(each.numel() for each in module.parameters())
    assert cost.macs * 2 == counter.get_total_flops()
    plain = re.sub(r"(\w+) \+= (\w+)", r"\1 = \1 + \2", text.replace("inplace=True", ""))
    reference = compiled(plain, network).double()
    torch.manual_seed(1)
    expected = interpreted(graph, reference, images.double())
    mine, other = (results(compiled(each, network).double(), images.double()) for each in (text, plain))
    assert_close([mine[0]], [expected])
    assert_close(mine, other)


class TestGenerated:
    """Properties of every network."""

    @pytest.mark.slow
    @settings(
        max_examples=500,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(pages())
    def test_is_what_the_graph_says(self, page: str) -> None:
        """A tenth of what `python -m benchmarks.generated --networks 5000` tries."""
        try:
            check_network(page)
        except ArchError as error:
            assert {each.code for each in error.diagnostics} == {"duplicate-name"}  # noqa: PT017 - rare, and no network
