"""What separates two networks: layers, blocks, sizes and costs, not lines of text."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Literal

from builder.costs import Cost, graph_cost, node_costs
from builder.identity import graph_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.graph import Block, Graph, Node


@dataclass(frozen=True)
class LayerChange:
    """A layer that only one of the networks has, that is another one, or that reads something else.

    ``before`` and ``after`` are its labels, or what it reads; ``place`` is the layer of both that it stands behind.
    """

    kind: Literal["added", "removed", "changed", "reads"]
    path: str
    before: str | None
    after: str | None
    place: str | None


@dataclass(frozen=True)
class BlockChange:
    """Something about a block of both networks that differs: its shortcut, its merge, its template, an argument."""

    path: str
    what: str
    before: str
    after: str


@dataclass(frozen=True)
class CostChange:
    """What a block, or the whole network (an empty path), costs in both."""

    path: str
    before: Cost
    after: Cost


@dataclass(frozen=True)
class Distance:
    """Everything that separates two networks; nothing, where their ids are equal."""

    names: tuple[str, str]
    ids: tuple[str, str]
    sizes: tuple[tuple[str, str, str], ...]
    """Input and classes where they differ: what, before, after."""
    blocks: tuple[BlockChange, ...]
    layers: tuple[LayerChange, ...]
    costs: tuple[CostChange, ...]

    @property
    def is_same(self) -> bool:
        """Whether both are one network, whatever their layers are called."""
        return self.ids[0] == self.ids[1]


def distance(one: Graph, other: Graph) -> Distance:
    """Return what separates ``other`` from ``one``.

    Layers are matched by path; what is left by what it does and its shape, in order: a layer that is only called
    otherwise is no difference.
    """
    pairs = _matched(one, other)
    values = (("input", one.input, other.input), ("classes", one.classes, other.classes))
    return Distance(
        names=(one.name, other.name),
        ids=(graph_id(one), graph_id(other)),
        sizes=tuple((what, str(before), str(after)) for what, before, after in values if before != after),
        blocks=tuple(_blocks(one, other)),
        layers=tuple(_layers(one, other, pairs)),
        costs=tuple(_costs(one, other)),
    )


def _matched(one: Graph, other: Graph) -> dict[int, int]:
    """Return for every node of ``one`` its counterpart in ``other``, if it has one."""
    by_path = {node.path: node.index for node in other.nodes}
    pairs = {node.index: by_path[node.path] for node in one.nodes if node.path in by_path}
    taken = set(pairs.values())
    left = [node for node in one.nodes if node.index not in pairs]
    right = [node for node in other.nodes if node.index not in taken]
    before, after = [_does(one, node) for node in left], [_does(other, node) for node in right]
    for start, at, size in SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
        pairs |= {left[start + step].index: right[at + step].index for step in range(size)}
    return pairs


def _layers(one: Graph, other: Graph, pairs: dict[int, int]) -> Iterator[LayerChange]:
    back = {after: before for before, after in pairs.items()}
    for node in one.nodes:
        if node.index not in pairs:
            yield LayerChange("removed", node.path, _label(one, node), None, _behind(one, node, pairs))
            continue
        same = other.nodes[pairs[node.index]]
        if _does(one, node) != _does(other, same) and _label(one, node) != _label(other, same):
            yield LayerChange("changed", node.path, _label(one, node), _label(other, same), None)
        elif repr(node.operation) != repr(same.operation):
            yield LayerChange("changed", node.path, repr(node.operation), repr(same.operation), None)
        reads = [_source(one, index, pairs) for index in node.inputs]
        others = [_source(other, index, back) for index in same.inputs]
        if [pairs.get(index, index) for index in reads] != others:
            yield LayerChange("reads", node.path, _named(one, reads), _named(other, others), None)
    for node in other.nodes:
        if node.index not in back:
            yield LayerChange("added", node.path, None, _label(other, node), _behind(other, node, back))


def _source(graph: Graph, index: int, known: dict[int, int]) -> int:
    """Return the nearest value that both networks have."""
    while index >= 0 and index not in known:
        index = graph.nodes[index].inputs[0]
    return index


def _behind(graph: Graph, node: Node, known: dict[int, int]) -> str:
    return _named(graph, [_source(graph, node.inputs[0], known)])


def _named(graph: Graph, indices: list[int]) -> str:
    return ", ".join(graph.nodes[index].path if index >= 0 else "input" for index in indices)


def _does(graph: Graph, node: Node) -> tuple[str, str]:
    return repr(node.operation), str(graph.shape(node.index))


def _label(graph: Graph, node: Node) -> str:
    return node.operation.label(*graph.input_shapes(node))


def _blocks(one: Graph, other: Graph) -> Iterator[BlockChange]:
    known = {block.path: block for block in other.root.blocks()}
    for block in one.root.blocks():
        same = known.get(block.path)
        if same is not None:
            before, after = _facts(one, block), _facts(other, same)
            for what in {**before, **after}:
                pair = before.get(what, "none"), after.get(what, "none")
                if pair[0] != pair[1]:
                    yield BlockChange(block.path, what, *pair)


def _facts(graph: Graph, block: Block) -> dict[str, str]:
    """Return what a page says of a block beside its layers."""
    facts = {name: str(value) for name, value in block.arguments}
    if block.template is not None:
        facts["template"] = block.template
    for lane in block.lanes:
        if lane.kind == "shortcut":
            inside = [each for each in lane.members if isinstance(each, int)]
            layers = " → ".join(_label(graph, graph.nodes[index]) for index in inside)
            facts["shortcut"] = layers or ("identity" if not lane.members else "a block")
    if block.merge is not None:
        facts["merge"] = graph.nodes[block.merge].operation.kind
    return facts


def _costs(one: Graph, other: Graph) -> Iterator[CostChange]:
    """Yield the costs of both networks, then those of the outermost blocks of either where they differ."""
    yield CostChange("", graph_cost(one), graph_cost(other))
    before, after = _of_blocks(one), _of_blocks(other)
    nothing = Cost(0, 0, 0)
    for path in {**before, **after}:
        pair = before.get(path, nothing), after.get(path, nothing)
        if pair[0] != pair[1]:
            yield CostChange(path, *pair)


def _of_blocks(graph: Graph) -> dict[str, Cost]:
    costs = node_costs(graph)
    blocks = [block for block in graph.root.blocks() if block.path and "." not in block.path]
    return {block.path: sum((costs[index] for index in block.nodes()), Cost(0, 0, 0)) for block in blocks}
