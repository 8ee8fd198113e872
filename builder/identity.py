"""Which networks are the same: an id of what is computed, not of how it is spelt.

Two networks have one id if they consist of the same operations with the same fields and the same wiring, and agree in
input and classes. Names, keys and the order in which a page says things do not count, and no algebra is done.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from builder.graph import Graph, Node


def graph_id(graph: Graph) -> str:
    """Return 16 hexadecimal digits that are the same on every machine and for every spelling of one network."""
    order = _canonical_order(graph)
    number = {index: position for position, index in enumerate(order)}
    first_use: dict[str, int] = {}
    digest = sha256(repr((graph.input.sizes, graph.classes)).encode())
    for index in order:
        node = graph.nodes[index]
        module = first_use.setdefault(node.key, number[index]) if node.key else number[index]
        wires = tuple(number.get(each, -1) for each in node.inputs)
        digest.update(repr((*_meaning(graph, node), wires, module)).encode())
    digest.update(repr([number.get(each.output, -1) for each in (graph.root, *graph.heads)]).encode())
    return digest.hexdigest()[:16]


def _canonical_order(graph: Graph) -> list[int]:
    """Return the nodes that outputs need, inputs before readers: a depth-first search, first input first."""
    order: list[int] = []
    seen: set[int] = set()
    stack = [(head.output, False) for head in reversed(graph.heads)] + [(graph.output, False)]
    while stack:
        index, done = stack.pop()
        if done:
            order.append(index)
        elif index >= 0 and index not in seen:
            seen.add(index)
            stack.append((index, True))
            stack += [(each, False) for each in reversed(graph.nodes[index].inputs)]
    return order


def _meaning(graph: Graph, node: Node) -> tuple[object, ...]:
    """Return the operation as the call that makes it, so that fields which mean the same are the same."""
    if not node.key:
        return node.operation.kind, repr(node.operation)
    call = node.operation.call(*graph.input_shapes(node))
    return call.function, tuple((each.name, repr(each.value)) for each in call.arguments)
