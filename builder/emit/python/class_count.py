"""Which numbers in the source are the number of classes: they become ``num_classes``."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from builder.graph import Graph, Node
    from builder.ops.base import Argument, Call

PARAMETER = "num_classes"
"""What torchvision, timm and Hugging Face call the argument."""


class ClassCount(int):
    """A number of a constructor that is the number of classes."""


def class_calls(graph: Graph) -> dict[int, Call]:
    """Return the constructors that count classes, with a ``ClassCount`` for each such number, by their node.

    They belong to the layers that make the logits, and those of each head, and to what follows these. The result is
    empty where another number of classes would change something else too: then the source is for one number.
    """
    readers = Counter(index for node in graph.nodes for index in node.inputs)
    found: dict[int, Call] = {}
    for output in (graph.output, *(head.output for head in graph.heads)):
        calls = _calls(graph, output, readers)
        if calls is None:
            return {}
        found.update(calls)
    return found


def _calls(graph: Graph, output: int, readers: Counter[int]) -> dict[int, Call] | None:
    """Return the constructors between an output and the layer whose ``out`` is the number of classes, or None."""
    calls: dict[int, Call] = {}
    index, most = output, 0  # nobody reads an output
    while index >= 0:
        node = graph.nodes[index]
        if len(node.inputs) != 1 or readers[index] > most:
            return None
        call, makes = _marked(graph, node), hasattr(node.operation, "out")
        if call is None:
            return None
        calls[index] = call
        if makes:
            return calls
        index, most = node.inputs[0], 1
    return None


def _marked(graph: Graph, node: Node) -> Call | None:
    """Return the node's constructor with its counts of classes, or None where it is not one for any number of them.

    What changes with one class more is what counts them.
    """
    (given,) = graph.input_shapes(node)
    call = node.operation.call(given)
    if hasattr(node.operation, "out"):
        if node.operation.out != graph.classes:
            return None
        other = node.operation.model_copy(update={"out": graph.classes + 1}).call(given)
    elif given.channels == graph.classes == node.shape.channels:
        other = node.operation.call(given.with_channels(graph.classes + 1))
    else:
        return None
    pairs = list(zip(call.arguments, other.arguments, strict=True))
    if any(one.value not in (two.value, graph.classes) for one, two in pairs):
        return None
    return replace(call, arguments=tuple(_counted(one) if one.value != two.value else one for one, two in pairs))


def _counted(argument: Argument) -> Argument:
    assert isinstance(argument.value, int)
    return argument._replace(value=ClassCount(argument.value))
