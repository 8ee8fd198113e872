"""Whether what a plugin says of an operation is what its module does: names, shapes, and the output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from builder.diagnostics import ArchError, Diagnostic
from builder.ops.faults import is_ours

if TYPE_CHECKING:
    from torch import nn

    from builder.graph import Graph, Node

_IMAGES = 2


def check_plugins(graph: Graph, model: nn.Module) -> None:
    """Raise ArchError where a plugin's operation says something else than its module does; others are tested by us.

    A wrong shape or count would else be found late, in another layer, or never.
    """
    seen = set()
    for node in graph.nodes:
        if is_ours(node.operation) or not node.operation.is_module:
            continue
        asked = (node.operation.model_dump_json(), node.operation.kind, graph.input_shapes(node))
        if asked not in seen:
            seen.add(asked)
            _check(graph, node, model.get_submodule(node.key))


def _check(graph: Graph, node: Node, module: nn.Module) -> None:
    shapes = graph.input_shapes(node)
    said = {each.name: tuple(each.shape) for each in node.operation.parameters(*shapes)}
    found = {name: tuple(each.shape) for name, each in module.named_parameters()}
    if said != found:
        _refuse(node, f"says that it learns {_listed(said)}, and its module learns {_listed(found)}")
    was_training = module.training
    with torch.no_grad(), torch.random.fork_rng(devices=()):
        try:
            result = module.eval()(*(torch.zeros(_IMAGES, *shape.sizes) for shape in shapes))
        except Exception as error:  # noqa: BLE001 - whatever a user's module raises is an answer for the user
            _refuse(node, f"has a module that fails: {type(error).__name__}: {error}")
    module.train(was_training)
    sizes = tuple(result.shape) if isinstance(result, torch.Tensor) else None
    if sizes != (_IMAGES, *node.shape.sizes):
        got = "×".join(str(size) for size in sizes[1:]) if sizes else type(result).__name__
        _refuse(node, f"says that it gives {node.shape}, and its module gives {got}")


def _refuse(node: Node, what: str) -> None:
    message = f"{node.path}: the plugin's `{node.operation.kind}` {what}"
    raise ArchError(Diagnostic("bad-plugin", message, node.mark))


def _listed(parameters: dict[str, tuple[int, ...]]) -> str:
    named = [f"{name} ({'×'.join(str(size) for size in shape) or 'one number'})" for name, shape in parameters.items()]
    return ", ".join(named) or "nothing"
