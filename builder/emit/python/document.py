"""The whole text: what it is, what it imports, the classes from the inside out, the network last."""

from __future__ import annotations

import ast
import re
import textwrap
from typing import TYPE_CHECKING, NamedTuple

from builder.costs import graph_cost
from builder.emit.python.classes import classes, give_names, network_name
from builder.emit.python.constructor import constructor
from builder.emit.python.forms import forms, is_chain
from builder.emit.python.forward import Taps, forward
from builder.emit.python.initialisation import initialisation
from builder.emit.python.inplace import acts_in_place
from builder.emit.python.layout import INDENT, WIDTH
from builder.emit.python.modules import module_tree
from builder.emit.python.names import prose
from builder.emit.python.steps import bodies

if TYPE_CHECKING:
    from builder.emit.python.classes import Class
    from builder.graph import Graph

PYTORCH = "2.11"
"""The oldest PyTorch that the project is tested with."""

_IMPORTS = {
    "OrderedDict": "from collections import OrderedDict\n",
    "torch": "import torch",
    "nn": "import torch.nn as nn",
    "F": "import torch.nn.functional as F",
}


class Document(NamedTuple):
    """A network's source, and the name of its class in it."""

    text: str
    network: str


def source(graph: Graph) -> str:
    """Return PyTorch source of the network: it needs nothing but PyTorch, and reads as if written by hand."""
    return document(graph).text


def document(graph: Graph) -> Document:
    """Return the source of the network with the name of its class."""
    parts = _Parts(graph)
    code = "\n\n\n".join([*parts.definitions, *map(parts.class_text, parts.classes)])
    used = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    imports = [line for name, line in _IMPORTS.items() if name in used]
    network = parts.classes[-1].name
    text = "\n".join([_header(graph, network), *imports, "\n", code, ""])
    return Document(text, network)


class _Parts:
    """Everything about a graph that its text is written from."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._tree = module_tree(graph)
        self._in_place = acts_in_place(graph)
        self._bodies = bodies(graph, self._tree, self._in_place)
        self._forms = forms(self._bodies)
        self._taps = Taps(graph)
        written = (node.operation.definition for node in graph.nodes)
        self.definitions = [each.strip("\n") for each in dict.fromkeys(written) if each is not None]
        self.classes = classes(graph, self._bodies, self._forms, self._in_place)
        taken = {name for each in self.definitions for name in re.findall(r"^(?:class|def) (\w+)", each, re.MULTILINE)}
        give_names(self.classes, taken)
        self._of = {module: cls for cls in self.classes for module in cls.instances}

    def class_text(self, cls: Class) -> str:
        """Return the source of one class."""
        module = cls.model
        body = self._bodies[module]
        base = "nn.Sequential" if module.is_numbered else "nn.Module"
        lines = [f"class {cls.name}({base}):", *_docstring(cls), ""]
        after: list[str] = []
        if module.parent is None:
            after = initialisation(self._graph, self._tree, self._of, self._forms)
        lines += constructor(cls, self._of, self._forms, self._graph, self._in_place, after)
        if not (module.is_numbered and is_chain(module, body)):
            lines += ["", *forward(module, body, self._forms, self._taps)]
        return "\n".join(lines)


def _docstring(cls: Class) -> list[str]:
    """Return a docstring that says where on the page a class stands."""
    block = cls.model.block
    assert block is not None
    if cls.model.parent is None:
        return [f'{INDENT}"""The whole network."""']
    places = [module.block.path for module in cls.instances if module.block is not None]
    shown = ", ".join(places[:4]) + (f" and {len(places) - 4} more" if len(places) > 4 else "")
    what = f"Template {block.template}" if block.template is not None else "Block"
    return _wrapped(f'"""{prose(f"{what}: {shown}")}."""', INDENT)


def _header(graph: Graph, network: str) -> str:
    """Return the docstring of the whole text."""
    cost = graph_cost(graph)
    name = prose(graph.title)
    facts = (
        f'"""{name}: {cost.parameters:,} parameters, {cost.macs:,} multiply-accumulates for one {graph.input} image, '
        f"{graph.classes:,} classes."
    )
    lines = [
        *_wrapped(facts, ""),
        "",
        f"Written by archcli from the page {prose(graph.name)}. Needs PyTorch {PYTORCH} or newer and nothing else:",
        "",
        f"{INDENT}model = {network}()",
        f"{INDENT}logits = model(torch.rand(1, {', '.join(str(size) for size in graph.input.sizes)}))",
        '"""',
        "",
    ]
    return "\n".join(lines)


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False)
