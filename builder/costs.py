"""What a network costs, counted without building it."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from builder.inplace import acts_in_place
from builder.ops.base import FLOAT, pair
from builder.ops.convolution import Conv

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.graph import Graph, Node


class Cost(NamedTuple):
    """Learned numbers, multiply-accumulates for one image, and bytes that a training step keeps for its backward pass.

    ``memory`` is in single precision for a batch of one image; weights, gradients and optimizer are not in it.
    """

    parameters: int
    macs: int
    memory: int

    def __add__(self, other: object) -> Cost:
        assert isinstance(other, Cost), "costs are added to costs"
        return Cost(self[0] + other[0], self[1] + other[1], self[2] + other[2])

    def __sub__(self, other: Cost) -> Cost:
        """Return how much more this is."""
        return Cost(self[0] - other[0], self[1] - other[1], self[2] - other[2])


def node_costs(graph: Graph) -> tuple[Cost, ...]:
    """Return the cost of every node.

    A module that is used again has no parameters the second time, and a tensor that several nodes keep is counted at
    the first of them.
    """
    return tuple(
        Cost(learned, node.operation.macs(*graph.input_shapes(node)), memory)
        for node, learned, memory in zip(graph.nodes, _learned(graph), _kept(graph), strict=True)
    )


def parameter_count(graph: Graph) -> int:
    """Return how many numbers the network learns: the first part of ``graph_cost``."""
    return sum(_learned(graph))


def _learned(graph: Graph) -> Iterator[int]:
    """Yield how many numbers each node learns; a module that is used again learns none the second time."""
    seen: set[str] = set()
    for node in graph.nodes:
        learned = () if node.key in seen else node.operation.parameters(*graph.input_shapes(node))
        yield sum(prod(each.shape) for each in learned)
        seen.add(node.key)


def graph_cost(graph: Graph) -> Cost:
    """Return the cost of the whole network.

    Multiply-accumulates are half of what ``torch.utils.flop_counter.FlopCounterMode`` counts for one image in
    evaluation mode, where auxiliary heads do not run. Memory is what ``saved_tensors_hooks`` see in
    training mode on a CPU, each tensor once and weights left out.
    """
    return total_cost(graph, node_costs(graph))


def total_cost(graph: Graph, costs: Sequence[Cost]) -> Cost:
    """Return ``graph_cost`` of a network whose ``node_costs`` are known."""
    idle = graph.head_nodes
    macs = sum(cost.macs for index, cost in enumerate(costs) if index not in idle)
    return Cost(sum(cost.parameters for cost in costs), macs, sum(cost.memory for cost in costs))


def numbers_moved(graph: Graph) -> int:
    """Return how many numbers all layers read and write for one image in a forward pass; views move none."""
    moved = 0
    for node in graph.nodes:
        shapes = graph.input_shapes(node)
        if not node.operation.is_alias(*shapes):
            moved += sum(each.elements for each in shapes) + graph.shape(node.index).elements
    return moved


def windows_on_one_pixel(graph: Graph) -> tuple[Node, ...]:
    """Return the convolutions with a window over a single pixel: all of it but its center sees padding only."""
    return tuple(
        node
        for node in graph.nodes
        if isinstance(node.operation, Conv)
        and graph.input_shapes(node)[0].sizes[1:] == (1, 1)
        and pair(node.operation.kernel) != (1, 1)
    )


def weights_multiplied(graph: Graph) -> int:
    """Return how many learned tensors there are of layers that multiply: what another number format casts."""
    owners = {node.key: node for node in graph.nodes if node.operation.macs(*graph.input_shapes(node))}
    return sum(len(node.operation.parameters(*graph.input_shapes(node))) for node in owners.values())


def activation_memory(graph: Graph) -> int:
    """Return the bytes that a training step keeps for its backward pass: the last part of ``graph_cost``."""
    return sum(_kept(graph))


class Keeping(NamedTuple):
    """What a node that learns keeps: bytes of its own, and values that no node before it kept.

    ``learns`` says which of its inputs depend on a parameter.
    """

    own: int
    fresh: frozenset[int]
    learns: tuple[bool, ...]
    in_place: bool


def _kept(graph: Graph) -> Iterator[int]:
    """Yield for each node the bytes that it keeps and no node before it kept."""
    for each in keeping(graph):
        yield each.own + FLOAT * sum(graph.shape(index).elements for index in each.fresh) if each is not None else 0


def keeping(graph: Graph) -> Iterator[Keeping | None]:
    """Yield for each node what it keeps for the backward pass; None where it and its inputs learn nothing.

    A view, and a result that overwrites its input, lie in the memory of the value that they come from.
    """
    in_place = acts_in_place(graph)
    memory: dict[int, int] = {-1: -1}
    learning: set[int] = set()
    counted: set[int] = set()
    for node in graph.nodes:
        shapes = graph.input_shapes(node)
        operation, overwrites = node.operation, node.index in in_place
        shares = overwrites or operation.is_alias(*shapes)
        memory[node.index] = memory[node.inputs[0]] if shares else node.index
        learns = tuple(index in learning for index in node.inputs)
        if not any(learns) and not operation.parameters(*shapes):
            yield None
            continue
        learning.add(node.index)
        kept = operation.saved_tensors(shapes, learns, in_place=overwrites)
        values = [*(node.inputs[position] for position in kept.inputs), *([node.index] if kept.output else [])]
        fresh = frozenset({memory[index] for index in values} - counted)
        counted |= fresh
        yield Keeping(kept.own, fresh, learns, overwrites)
