"""What an exported program calls its steps: after the place on the page of the layer or merge that they compute."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import fx
    from torch.export import ExportedProgram

    from builder.graph import Graph

_LINE = re.compile(r'File "<archcli [^"]*", line (\d+), in forward$', re.MULTILINE)
"""A frame of a stack trace: a line of a forward of the network's source, which is no file."""

_CALL = re.compile(r"@(\d+)$")
"""What the exporter puts after a module that is called more than once."""


class _Scope(NamedTuple):
    """A module that is running, by its key, and for which time."""

    key: str
    call: int


def page_names(program: ExportedProgram, graph: Graph) -> dict[str, str]:
    """Return for each step of ``program``, which was made of ``graph``, the path on the page that it belongs to.

    A step inside a layer that is a module belongs to that layer, with the name of the part (``block1.se.fc1``). The
    others are merges, splits and parameters, which are no modules that are called: they run in the order of the page,
    and each is one line of the source.
    """
    layers, others = defaultdict(list), deque[str]()
    for node in graph.nodes:
        if node.key and node.operation.is_module:
            layers[node.key].append(node.path)
        elif node.index not in graph.head_nodes:
            others.append(node.path)
    names: dict[str, str] = {}
    line, other = "", ""
    for step in program.graph.nodes:
        if step.op != "call_function":
            continue
        scopes = _scopes(step)
        place = _layer(scopes, layers)
        if place is not None:
            line = ""
        elif source := _line(step):  # without one it is a check of the exporter's
            here = f"{scopes} {source}"
            if here != line and others:
                other = others.popleft()
            line, place = here, other
        if place:
            names[step.name] = place
    return names


def _scopes(step: fx.Node) -> list[_Scope]:
    """Return the modules around a step, the network itself left out."""
    stack = step.meta.get("nn_module_stack", {}).values()
    found = []
    for path, _ in stack:
        call = _CALL.search(path)
        found.append(_Scope(_CALL.sub("", path), int(call[1]) if call else 0))
    return found


def _layer(scopes: list[_Scope], layers: dict[str, list[str]]) -> str | None:
    """Return the path of the innermost layer around a step, with the names of its parts; None outside of layers."""
    for scope in reversed(scopes):
        if scope.key in layers:
            paths = layers[scope.key]
            return paths[min(scope.call, len(paths) - 1)] + scopes[-1].key.removeprefix(scope.key)
    return None


def _line(step: fx.Node) -> str:
    """Return the line of the source that a step comes from: the innermost of those in a forward."""
    return next(reversed(_LINE.findall(step.stack_trace or "")), "")
