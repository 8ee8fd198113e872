"""What nodes of torch.fx read, and where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import fx

from builder.importing.words import functions, modules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn


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


class Found(NamedTuple):
    """A pattern that ends in a node: its word, its fields, the node that enters it, and the module with its weights.

    ``before`` are words that come first, with their fields, and ``reads`` what is read besides.
    """

    word: str
    fields: dict[str, object]
    source: fx.Node
    key: str = ""
    before: tuple[tuple[str, dict[str, object]], ...] = ()
    reads: tuple[fx.Node, ...] = ()


def is_module(node: Any) -> bool:
    """Return whether a node calls a module of PyTorch."""
    return isinstance(node, fx.Node) and node.op == "call_module"


def is_parameter(node: Any) -> bool:
    """Return whether a node is a parameter, a buffer or a number that Python made of them."""
    return isinstance(node, fx.Node) and node.op == "get_attr"


def function_of(node: Any) -> str:
    """Return the name of the function that a node calls, empty where it calls none."""
    calls = isinstance(node, fx.Node) and node.op in ("call_function", "call_method")
    return functions.name_of(node.target) if calls else ""


def activation_of(node: Any, net: nn.Module) -> str:
    """Return the word of an activation, whether a module or a function."""
    if is_module(node):
        found = modules.said(net.get_submodule(str(node.target)))
        return found[0] if found is not None else ""
    return function_of(node)


def past(node: Any, *names: str) -> Any:
    """Return a node, or the one before where it only lays values out anew."""
    while function_of(node) in names:
        node = node.args[0]
    return node
