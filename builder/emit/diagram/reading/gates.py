"""Blocks that are gates: one box at the level of blocks, as a gate that is an operation is."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from builder.graph import Block

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from builder.graph import BlockMember, Graph, Node

_WEIGHTS: Final = ("sigmoid", "hardsigmoid", "softmax")
"""Activations with which weights end."""


def gates_of(graph: Graph, opened: Sequence[str] = ()) -> Callable[[Block], bool]:
    """Return a function that says whether a block of ``graph`` is a gate; one that matches ``opened`` never is.

    A gate scales what comes in (``shortcut: identity``, ``merge: mul``), makes weights that do nothing but multiply, as
    those of selective kernels, or is several gates in sequence, as CBAM is.
    """
    users: dict[int, list[Node]] = {}
    for node in graph.nodes:
        for value in node.inputs:
            users.setdefault(value, []).append(node)

    def is_gate(block: Block) -> bool:
        if any(fnmatchcase(block.path, pattern) for pattern in opened):
            return False
        if block.merge is not None:
            return _multiplies(graph, block.merge) and any(_is_identity(graph, lane.members) for lane in block.lanes)
        members = [member for lane in block.lanes for member in lane.members]
        blocks = [member for member in members if isinstance(member, Block)]
        if blocks or not members:
            return bool(blocks) and len(blocks) == len(members) and all(map(is_gate, blocks))
        return graph.nodes[block.output].operation.kind in _WEIGHTS and _only_multiplies(block.output, users)

    return is_gate


def _only_multiplies(value: int, users: Mapping[int, Sequence[Node]]) -> bool:
    """Return whether all that a value is used for is to multiply another, cut and reshaped or as it is."""
    reading = users.get(value, ())
    return bool(reading) and all(
        _only_multiplies(node.index, users)
        if node.operation.family == "shape"
        else node.operation.kind == "mul" or getattr(node.operation, "by", "") == "mul"
        for node in reading
    )


def _multiplies(graph: Graph, merge: int) -> bool:
    return graph.nodes[merge].operation.kind == "mul"


def _is_identity(graph: Graph, members: Sequence[BlockMember]) -> bool:
    return all(not isinstance(each, Block) and graph.nodes[each].operation.kind == "identity" for each in members)
