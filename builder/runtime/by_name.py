"""Fresh weights that a layer draws from a stream of its own, so that they are the same whatever stands beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from builder.emit.python.calls import call_text
from builder.runtime.classes import classes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from builder.graph import Graph

_Rules = dict[str, tuple[str, dict[str, Any]]]
"""By the key of a parameter: the function of ``torch.nn.init`` that begins it, and its arguments."""


def draw_by_name(model: nn.Module, graph: Graph, seed_of: Callable[[str], int]) -> None:
    """Draw all weights of ``model``, which is ``graph`` built, anew in place, from the same distributions as before.

    Each layer is made once more, alone, with the seed that ``seed_of`` gives for its name. Of several uses of one layer
    the first decides. The global random numbers go on where they were.
    """
    namespace, rules, weights = dict(classes_of(graph).namespace), _rules(graph), model.state_dict()
    nodes = {node.key: node for node in reversed(graph.nodes) if node.key}
    with torch.random.fork_rng(devices=()), torch.no_grad():
        for key, node in nodes.items():
            torch.default_generator.manual_seed(seed_of(key))
            made = eval(call_text(node.operation.call(*graph.input_shapes(node))), namespace)  # noqa: S307 - our own text, made of identifiers and literals
            for name, fresh in _begun(key, made, rules).items():
                weights[name].copy_(fresh)


def _rules(graph: Graph) -> _Rules:
    """Return what ``init`` says of each parameter; the last rule that matches applies."""
    targets = [each for rule in graph.initializations for each in rule.targets]
    return {key: (function, dict(arguments)) for key, function, arguments in targets}


def _begun(key: str, made: nn.Module | nn.Parameter, rules: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """Return the weights of the layer ``made`` by their whole names, as the page's rules begin them."""
    if isinstance(made, nn.Parameter):
        found = {key: made.detach()}
    else:
        found = {f"{key}.{name}": tensor for name, tensor in made.state_dict().items()}
    for name, tensor in found.items():
        if name in rules:
            function, arguments = rules[name]
            if function == "dirac":
                first = tensor.shape[1] if arguments.get("rest") == "default" else len(tensor)
                nn.init.dirac_(tensor[:first])
            else:
                getattr(nn.init, f"{function}_")(tensor, **arguments)
    return found
