"""Blocks that are gates: one box at the level of blocks, as a gate that is an operation is."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from builder.graph import Block

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from builder.graph import BlockMember, Graph


def gates_of(graph: Graph, opened: Sequence[str] = ()) -> Callable[[Block], bool]:
    """Return a function that says whether a block of ``graph`` is a gate; one that matches ``opened`` never is.

    A gate scales what comes in (``shortcut: identity``, ``merge: mul``), or is several gates in sequence, as CBAM is.
    """

    def is_gate(block: Block) -> bool:
        if any(fnmatchcase(block.path, pattern) for pattern in opened):
            return False
        if block.merge is not None:
            return _multiplies(graph, block.merge) and any(_is_identity(graph, lane.members) for lane in block.lanes)
        members = [member for lane in block.lanes for member in lane.members]
        blocks = [member for member in members if isinstance(member, Block)]
        return bool(blocks) and len(blocks) == len(members) and all(map(is_gate, blocks))

    return is_gate


def _multiplies(graph: Graph, merge: int) -> bool:
    return graph.nodes[merge].operation.kind == "mul"


def _is_identity(graph: Graph, members: Sequence[BlockMember]) -> bool:
    return all(not isinstance(each, Block) and graph.nodes[each].operation.kind == "identity" for each in members)
