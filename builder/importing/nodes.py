"""What nodes of torch.fx read, and where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import fx

from builder.importing.words import functions

if TYPE_CHECKING:
    from collections.abc import Iterator


def is_last_axis(dim: Any, image: torch.Tensor) -> bool:
    """Return whether an axis is the last of an image's."""
    return image.ndim == 4 and dim in (3, -1)


def home_of(node: Any) -> str | None:
    """Return the module in which a node was called."""
    stack = list(node.meta.get("nn_module_stack", {}).values())
    return str(stack[-1][0]) if stack and stack[-1][0] else None


def nodes_of(value: Any) -> Iterator[fx.Node]:
    """Yield every node in nested arguments."""
    if isinstance(value, fx.Node):
        yield value
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from nodes_of(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from nodes_of(each)


def sources_of(name: str, inputs: tuple[fx.Node, ...]) -> list[fx.Node]:
    """Return the values that a function reads, without weights and without those of which it takes the size alone."""
    read = [each for each in inputs if each.op != "get_attr"]
    return read[:1] if name in functions.SIZED_BY else read


def owner_of(inputs: tuple[fx.Node, ...]) -> str | None:
    """Return the module whose weights a function takes, if they are one module's."""
    weights = [str(each.target).rpartition(".") for each in inputs if each.op == "get_attr"]
    owners, names = {owner for owner, _, _ in weights}, {name for _, _, name in weights}
    if len(owners) != 1 or not names <= {"weight", "bias", "running_mean", "running_var"}:
        return None
    return owners.pop()


def values_of(value: Any) -> Iterator[fx.Node]:
    """Yield what an output holds; a named tuple is a node that makes it."""
    for node in nodes_of(value):
        yield from [node] if "known" in node.meta else nodes_of((node.args, node.kwargs))


def tensors_of(given: dict[str, Any]) -> dict[str, Any]:
    """Return arguments with the tensor of each node in its place."""
    return {name: each.meta.get("known") if isinstance(each, fx.Node) else each for name, each in given.items()}


def one_row(values: tuple[Any, ...]) -> tuple[int, ...]:
    """Return numbers that were given one by one, or as one list."""
    return tuple(values[0]) if len(values) == 1 and isinstance(values[0], (tuple, list)) else tuple(values)
