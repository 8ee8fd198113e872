"""A page at the size of the images that it is judged by, and at those that it is trained on before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, Diagnostic
from builder.lowering.lower import lower
from builder.ops.normalization import BatchNorm

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builder.graph import Graph, Node
    from builder.lowering.pages import Merged


def lower_at(page: Merged, channels: int, side: int, others: Iterable[int] = (), classes: int | None = None) -> Graph:
    """Return the graph of ``page`` for square images of ``side``, which has the same weights at all ``others``.

    Raises ArchError with every mistake of the page, and where it takes no images of another side or would have other
    layers for them.
    """
    graph = lower(page, input=(channels, side, side), classes=classes)
    for other in others:
        _check_same(graph, _at_other(page, channels, other, classes), other)
    return graph


def check_batch_of_one(graph: Graph, processes: int = 1) -> None:
    """Raise ArchError at a batch norm that would see one value a channel, which has no spread to normalize by.

    That is where each of so many ``processes`` takes a batch of one image.
    """
    for node in graph.nodes:
        if isinstance(node.operation, BatchNorm) and node.shape.elements == node.shape.channels:
            each = " in each process" if processes > 1 else ""
            message = f"{node.path}: {node.shape} in a batch of one image{each} has one value per channel"
            hint = f"train with a larger one: --set batch_size={2 * processes}"
            raise ArchError(Diagnostic("batch-of-one", message, node.mark, hint))


def _at_other(page: Merged, channels: int, side: int, classes: int | None) -> Graph:
    try:
        return lower(page, input=(channels, side, side), classes=classes)
    except ArchError as error:
        when = f"while the images of the recipe's `size` grow, at {side} px: "
        raise ArchError(*(replace(each, message=when + each.message) for each in error.diagnostics)) from None


def _check_same(graph: Graph, other: Graph, side: int) -> None:
    """Raise ArchError at the first layer that is another one for images of ``side``."""
    for one, two in zip(graph.nodes, other.nodes, strict=True):
        if one.operation != two.operation or _weights(graph, one) != _weights(other, two):
            final = graph.input.sizes[1]
            message = f"{one.path}: its weights depend on the size of the images, which grows from {side} to {final} px"
            if _weights(graph, one) == _weights(other, two):
                message = f"{one.path}: it is another layer at {side} px than at {final} px, and the images grow"
            hint = f"pool to a fixed size before it (`adaptiveavgpool`), or give one size: --set size={final}"
            raise ArchError(Diagnostic("size-grows", message, one.mark, hint))


def _weights(graph: Graph, node: Node) -> tuple[tuple[int, ...], ...]:
    return tuple(each.shape for each in node.operation.parameters(*graph.input_shapes(node)))
