"""The whole text: what it is, what it imports, the classes from the inside out, the network last."""

from __future__ import annotations

import ast
import re
import textwrap
from itertools import accumulate, takewhile
from typing import TYPE_CHECKING, NamedTuple

from builder.costs import graph_cost
from builder.emit.python.class_count import PARAMETER
from builder.emit.python.classes import classes, give_names
from builder.emit.python.constructor import constructor
from builder.emit.python.forms import is_chain
from builder.emit.python.forward import Taps, forward
from builder.emit.python.initialization import initialization
from builder.emit.python.layout import INDENT, WIDTH
from builder.emit.python.names import is_attribute, prose, unique, variable
from builder.emit.python.plan import plan

if TYPE_CHECKING:
    from builder.emit.python.classes import Class
    from builder.graph import Graph

_LISTED = 64
"""How many characters of paths a docstring names before it counts the rest."""

PYTORCH = "2.11"
"""The oldest PyTorch that the project is tested with."""

_IMPORTS = (
    {"OrderedDict": "from collections import OrderedDict", "NamedTuple": "from typing import NamedTuple"},
    {"torch": "import torch", "nn": "import torch.nn as nn", "F": "import torch.nn.functional as F"},
)
"""What the text may need, by the name that it uses: the standard library, then PyTorch."""


class Document(NamedTuple):
    """A network's source, and the name of its class in it."""

    text: str
    network: str


def source(graph: Graph) -> str:
    """Return PyTorch source of the network: it needs nothing but PyTorch, and reads as if written by hand."""
    return document(graph).text


def document(graph: Graph) -> Document:
    """Return the source of the network with the name of its class."""
    sections = _Sections(graph)
    code = sections.code()
    used = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    imports = ["\n".join(line for name, line in group.items() if name in used) for group in _IMPORTS]
    head = "\n\n".join([_header(graph, sections.call), *filter(None, imports)])
    return Document(f"{head}\n\n\n{code}\n", sections.network)


class _Sections:
    """The definitions and classes of a text."""

    def __init__(self, graph: Graph) -> None:
        self._plan = plan(graph)
        self._taps = Taps(graph)
        written = (node.operation.source() for node in graph.nodes)
        self._definitions = [each.strip("\n") for each in dict.fromkeys(written) if each is not None]
        self._classes = classes(self._plan)
        self._of = {module: cls for cls in self._classes for module in cls.instances}
        pattern = re.compile(r"^(?:class|def) (\w+)", re.MULTILINE)
        taken = {name for each in self._definitions for name in pattern.findall(each)}
        give_names(self._classes, taken)
        self.network = self._classes[-1].name
        self.call = (
            f"{self.network}({PARAMETER}={graph.classes})" if self._classes[-1].counts_classes else f"{self.network}()"
        )
        self._heads = unique(f"{self.network}Outputs", taken)

    def code(self) -> str:
        """Return everything below the imports."""
        *inner, network = map(self._class, self._classes)
        heads = [self._outputs()] if self._plan.graph.heads else []
        return "\n\n\n".join([*self._definitions, *inner, *heads, network])

    def _class(self, cls: Class) -> str:
        module = cls.model
        base = "nn.Sequential" if module.is_numbered else "nn.Module"
        lines = [f"class {cls.name}({base}):", *self._docstring(cls), ""]
        version = self._plan.graph.version
        if module.parent is None and version != 1:
            lines += [f"{INDENT}_version = {version}  # saved beside the weights, for loaders that ask", ""]
        after = initialization(self._plan, self._of) if module.parent is None else ()
        lines += constructor(cls, self._of, self._plan, after)
        if not (module.is_numbered and is_chain(module, self._plan.bodies[module])):
            lines += ["", *forward(cls, self._plan, self._taps, self._heads)]
        return "\n".join(lines)

    def _outputs(self) -> str:
        """Return the class of the result of a network with auxiliary heads."""
        taken = {"logits"}
        names = ["logits", *(unique(_field(head.name), taken) for head in self._plan.graph.heads)]
        lines = [
            f"class {self._heads}(NamedTuple):",
            f'{INDENT}"""What the network returns in training; in evaluation it returns the logits."""',
            "",
            *(f"{INDENT}{name}: torch.Tensor" for name in names),
        ]
        return "\n".join(lines)

    def _docstring(self, cls: Class) -> list[str]:
        """Return a docstring that says where on the page a class stands."""
        block = cls.model.block
        assert block is not None
        graph = self._plan.graph
        if cls.model.parent is None:
            text = f"{graph.name} for {graph.input} images and {graph.classes:,} classes."
        else:
            places = [module.block.path for module in cls.instances if module.block is not None]
            what = "block" if len(places) == 1 else "blocks"
            text = f"The template {block.template}, at" if block.template is not None else f"The {what}"
            text = f"{text} {_listed(places)}."
        return _wrapped(f'"""{prose(text)}"""', INDENT)


def _listed(paths: list[str]) -> str:
    """Return as many paths as a line holds."""
    shown = list(takewhile(lambda length: length < _LISTED, accumulate(len(path) + 2 for path in paths)))
    names = paths if len(shown) == len(paths) else [*paths[: len(shown) or 1], f"{len(paths) - (len(shown) or 1)} more"]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _field(name: str) -> str:
    """Return a block's name as the name of a field."""
    return name if is_attribute(name) else variable(name)


def _header(graph: Graph, call: str) -> str:
    """Return the docstring of the whole text."""
    cost = graph_cost(graph)
    costs = f"{cost.parameters:,} parameters, {cost.macs:,} multiply-accumulates for one {graph.input} image."
    lines = [
        *_wrapped(f'"""{prose(graph.name)}: {costs}', ""),
        "",
        f"Written by archcli. It needs PyTorch {PYTORCH} or newer and nothing else:",
        "",
        f"{INDENT}model = {call}",
        f"{INDENT}logits = model(torch.rand(1, {', '.join(str(size) for size in graph.input.sizes)}))",
        '"""',
    ]
    return "\n".join(lines)


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False)
