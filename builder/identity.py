"""Which networks are the same: an id of what is computed, not of how it is spelled.

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

    from builder.graph import Graph
    from builder.ops.base import Operation
    from builder.shapes import Shape

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
    return [
        Piece(
            record(node.operation, graph.input_shapes(node), has_key=bool(node.key)),
            1,
            node.key if uses[node.key] > 1 else None,
        )
        for node in graph.nodes
    ]


def network_id(start: bytes, parts: Sequence[Piece], wires: Sequence[tuple[int, ...]], outputs: Sequence[int]) -> str:
    """Return the id of a network of ``parts``, each reading the parts in ``wires``; -1 is the network's input."""
    order = ordered(wires, outputs)
    said = reading(parts, wires, outputs, order)
    return digest(start, said, [parts[index].record for index in order])


def reading(
    parts: Sequence[Piece], wires: Sequence[tuple[int, ...]], outputs: Sequence[int], order: Iterable[int]
) -> list[bytes]:
    """Return what stands in the digest before the record of each part, in ``order``, and after the last."""
    said = []
    position = 0  # of the input; the first node has 1
    end = {-1: 0}
    first_use: dict[str, int] = {}
    for index in order:
        _, length, module = parts[index]
        here = position + 1
        reads = wires[index]
        if len(reads) == 1 and module is None:
            said.append(b"%d|0|" % (here - end[reads[0]]))
        else:
            back = here - first_use.setdefault(module, here) if module is not None else 0
            distances = b",".join([b"%d" % (here - end[each]) for each in reads])
            said.append(b"%b|%d|" % (distances, back))
        position += length
        end[index] = position
    said.append(b",".join([b"%d" % (position - end[each]) for each in outputs]))
    return said


def digest(start: bytes, said: Sequence[bytes], records: Sequence[bytes]) -> str:
    """Return the id of what ``reading`` said of a network and of its records, in the same order."""
    text = [start, *said]
    text[1:-1] = [part for pair in zip(said, records, strict=False) for part in pair]
    return sha256(b"".join(text)).hexdigest()[:_DIGITS]


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


def record(operation: Operation, inputs: tuple[Shape, ...], *, has_key: bool) -> bytes:
    """Return what a node does, as the call that makes it: fields that mean the same are the same there."""
    if not has_key:
        return f"{operation.kind} {operation!r}\n".encode()
    call = operation.call(*inputs)
    return f"{call.function} {[(each.name, repr(each.value)) for each in call.arguments]}\n".encode()
