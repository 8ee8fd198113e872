"""``archcli show``: what a network is made of, layer by layer, and what each layer costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.costs import node_costs, total_cost
from builder.lowering import find, load, load_page, lower
from builder.lowering.resolved import resolved_page
from builder.ops.plugins import with_plugins

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from builder.costs import Cost
    from builder.graph import Block, Graph, Node


@dataclass(frozen=True)
class LayerRow:
    """One operation. ``in_`` and ``out`` are the shapes of one image: the first value that it reads, and its own.

    ``reads`` are the paths of the layers that it reads; the network's own input is called ``input``.
    """

    path: str
    key: str
    op: str
    label: str
    role: str
    reads: tuple[str, ...]
    in_: tuple[int, ...]
    out: tuple[int, ...]
    parameters: int
    macs: int


@dataclass(frozen=True)
class BlockRow:
    """A block: the key of its module, the template it came from, its first layer, and the price of all inside."""

    path: str
    module: str
    template: str | None
    first: int
    in_: tuple[int, ...]
    out: tuple[int, ...]
    parameters: int
    macs: int


@dataclass(frozen=True)
class Network:
    """A network with its price; layers and blocks are in execution order."""

    name: str
    title: str
    input: tuple[int, ...]
    classes: int
    parameters: int
    macs: int
    blocks: tuple[BlockRow, ...]
    layers: tuple[LayerRow, ...]


@dataclass(frozen=True)
class Resolved:
    """A page that says the same without any other page."""

    page: str


def run_resolved(page: str, plugins: Sequence[Path] = ()) -> Resolved:
    """Return ``page`` with all that it extends as one YAML text; raise ArchError with every mistake."""
    merged = load_page(*find(page), with_plugins(plugins))
    return Resolved(resolved_page(merged, lower(merged)))


def run(page: str, plugins: Sequence[Path] = ()) -> Network:
    """Return what ``page`` says, with shapes and costs; raise ArchError with every mistake."""
    return describe(load(page, operations=with_plugins(plugins)))


def describe(graph: Graph, costs: Sequence[Cost] | None = None) -> Network:
    """Return the table of a network that is loaded already; ``costs`` are its ``node_costs``, where they are known."""
    costs = node_costs(graph) if costs is None else costs
    total = total_cost(graph, costs)
    return Network(
        name=graph.name,
        title=graph.title,
        input=graph.input.sizes,
        classes=graph.classes,
        parameters=total.parameters,
        macs=total.macs,
        blocks=tuple(_block(graph, block, costs) for block in graph.root.blocks() if block.path),
        layers=tuple(_layer(graph, node, cost) for node, cost in zip(graph.nodes, costs, strict=True)),
    )


def _layer(graph: Graph, node: Node, cost: Cost) -> LayerRow:
    shapes = graph.input_shapes(node)
    return LayerRow(
        path=node.path,
        key=node.key,
        op=node.operation.kind,
        label=node.operation.label(*shapes),
        role=node.role,
        reads=tuple(graph.nodes[index].path if index >= 0 else "input" for index in node.inputs),
        in_=shapes[0].sizes,
        out=node.shape.sizes,
        parameters=cost.parameters,
        macs=cost.macs,
    )


def _block(graph: Graph, block: Block, costs: Sequence[Cost]) -> BlockRow:
    inside = list(block.nodes())
    return BlockRow(
        path=block.path,
        module=block.module,
        template=block.template,
        first=min(inside, default=block.input + 1),
        in_=graph.shape(block.input).sizes,
        out=graph.shape(block.output).sizes,
        parameters=sum(costs[index].parameters for index in inside),
        macs=sum(costs[index].macs for index in inside),
    )
