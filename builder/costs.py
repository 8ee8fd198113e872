"""What a network costs, counted without building it."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from builder.graph import Graph


class Cost(NamedTuple):
    """Learned numbers, and multiply-accumulates of convolutions and linear maps for one image."""

    parameters: int
    macs: int


def node_costs(graph: Graph) -> tuple[Cost, ...]:
    """Return the cost of every node; a module that is used again has no parameters the second time."""
    seen: set[str] = set()
    costs = []
    for node in graph.nodes:
        shapes = graph.input_shapes(node)
        learned = () if node.key in seen else node.operation.parameters(*shapes)
        costs.append(Cost(sum(prod(each.shape) for each in learned), node.operation.macs(*shapes)))
        seen.add(node.key)
    return tuple(costs)


def graph_cost(graph: Graph) -> Cost:
    """Return the cost of the whole network.

    Multiply-accumulates are half of what ``torch.utils.flop_counter.FlopCounterMode`` counts for one image in
    evaluation mode, where heads that serve training only do not run.
    """
    costs = node_costs(graph)
    idle = graph.head_nodes
    macs = sum(cost.macs for index, cost in enumerate(costs) if index not in idle)
    return Cost(sum(cost.parameters for cost in costs), macs)
