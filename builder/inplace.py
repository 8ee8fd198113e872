"""Which operations may overwrite their input: where torchvision does, and only where nobody misses the old value."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from builder.graph import Graph, Node


def acts_in_place(graph: Graph) -> frozenset[int]:
    """Return the nodes that may overwrite the first value that they read.

    The value, and every value that it may share memory with on the way back to the operation that computed it, must be
    read once; that operation's backward must not need it; no two of its numbers may lie in one place; and the
    network's own input is never touched. A layer that is used again acts in place everywhere or nowhere.
    """
    readers = Counter(index for node in graph.nodes for index in node.inputs)
    readers.update([graph.output, *(head.output for head in graph.heads)])
    allowed = {node.index for node in graph.nodes if _may(node) and _is_free(node.inputs[0], graph, readers)}
    uses: dict[str, list[int]] = defaultdict(list)
    for node in graph.nodes:
        uses[node.key or f"merge {node.index}"].append(node.index)
    return frozenset(index for same in uses.values() if allowed.issuperset(same) for index in same)


def _may(node: Node) -> bool:
    """Whether PyTorch offers it: activations, and sums of two, which are written ``x += shortcut``."""
    return node.operation.can_act_in_place and (node.operation.is_module or len(node.inputs) == 2)


def _is_free(value: int, graph: Graph, readers: Counter[int]) -> bool:
    """Whether nothing but its one reader needs ``value``."""
    while value >= 0 and readers[value] == 1:
        producer = graph.nodes[value]
        if producer.operation.overlaps:
            return False
        if not _may_share_memory(producer):
            return not producer.operation.backward_reads_output
        value = producer.inputs[0]
    return False


def _may_share_memory(node: Node) -> bool:
    """Whether its output may be its first input; so is a merge of a single lane."""
    return node.operation.may_alias or (node.role == "merge" and len(node.inputs) == 1)
