"""Which networks are the same: an id of what is computed, not of how it is spelt.

Two networks have one id if they consist of the same operations with the same fields and the same wiring, and agree in
input and classes. Names, keys and the order in which a page says things do not count, and no algebra is done.

The nodes are put into the order in which a depth-first search from the outputs leaves them, and the id is a digest of
a record for each: how far back it reads, how far back the module that it uses was used first, and what it does.
Distances instead of positions make the record of a chain of nodes the same wherever the chain stands.
"""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from builder.graph import Graph, Node

_DIGITS = 16


class Piece(NamedTuple):
    """A node, or a chain of nodes in which each reads nothing but the one before and is read by nothing but the next.

    ``record`` says what they do; ``module`` is the key of a module that several nodes use, which are pieces of their
    own, and None for all others.
    """

    record: bytes
    length: int = 1
    module: str | None = None

    def then(self, other: Piece) -> Piece:
        """Return both as one chain."""
        return Piece(self.record + b"1|0|" + other.record, self.length + other.length)


def graph_id(graph: Graph) -> str:
    """Return 16 hexadecimal digits that are the same on every machine and for every spelling of one network."""
    wires = [node.inputs for node in graph.nodes]
    return network_id(opening(graph), pieces(graph), wires, [each.output for each in (graph.root, *graph.heads)])


def opening(graph: Graph) -> bytes:
    """Return what the digest begins with: input and classes."""
    return repr((graph.input.sizes, graph.classes)).encode()


def pieces(graph: Graph) -> list[Piece]:
    """Return every node as a piece of its own."""
    uses = Counter(node.key for node in graph.nodes if node.key)
    return [Piece(_record(graph, node), 1, node.key if uses[node.key] > 1 else None) for node in graph.nodes]


def network_id(start: bytes, parts: Sequence[Piece], wires: Sequence[tuple[int, ...]], outputs: Sequence[int]) -> str:
    """Return the id of a network of ``parts``, each reading the parts in ``wires``; -1 is the network's input."""
    records = [start]
    position = 0  # of the input; the first node has 1
    end = {-1: 0}
    first_use: dict[str, int] = {}
    for index in ordered(wires, outputs):
        record, length, module = parts[index]
        here = position + 1
        reads = wires[index]
        if len(reads) == 1 and module is None:
            records.append(b"%d|0|" % (here - end[reads[0]]))
        else:
            back = here - first_use.setdefault(module, here) if module is not None else 0
            distances = b",".join([b"%d" % (here - end[each]) for each in reads])
            records.append(b"%b|%d|" % (distances, back))
        records.append(record)
        position += length
        end[index] = position
    records.append(b",".join([b"%d" % (position - end[each]) for each in outputs]))
    return sha256(b"".join(records)).hexdigest()[:_DIGITS]


def ordered(wires: Sequence[tuple[int, ...]], outputs: Iterable[int]) -> list[int]:
    """Return what ``outputs`` need in the order in which a depth-first search leaves it: first input first."""
    order: list[int] = []
    seen = {-1}
    stack = list(outputs)[::-1]
    while stack:
        index = stack.pop()
        if index < -1:
            order.append(-2 - index)
        elif index not in seen:
            seen.add(index)
            stack.append(-2 - index)
            reads = wires[index]
            stack += reads if len(reads) == 1 else reads[::-1]
    return order


def _record(graph: Graph, node: Node) -> bytes:
    """Return what a node does, as the call that makes it: fields that mean the same are the same there."""
    if not node.key:
        return f"{node.operation.kind} {node.operation!r}\n".encode()
    call = node.operation.call(*graph.input_shapes(node))
    return f"{call.function} {[(each.name, repr(each.value)) for each in call.arguments]}\n".encode()
