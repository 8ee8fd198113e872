"""The ``__init__`` of a class: its children as a good engineer would construct them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.emit.python.class_count import PARAMETER
from builder.emit.python.classes import is_number
from builder.emit.python.forms import ModuleForm
from builder.emit.python.layout import INDENT, Brackets, Comment, statement
from builder.emit.python.modules import Layer, Module
from builder.emit.python.names import is_attribute, literal, prose

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from builder.emit.python.classes import Class
    from builder.emit.python.layout import SourceLines
    from builder.emit.python.modules import ModulePart
    from builder.emit.python.plan import SourcePlan

_BODY = INDENT * 2


def constructor(cls: Class, of: Mapping[Module, Class], plan: SourcePlan, after: Sequence[str] = ()) -> list[str]:
    """Return the lines of ``__init__``, with ``after`` at its end."""
    return _Constructor(cls, of, plan).lines(after)


class _Constructor:
    """Writes one ``__init__`` from one instance, the class's fillings in place of its numbers."""

    def __init__(self, cls: Class, of: Mapping[Module, Class], plan: SourcePlan) -> None:
        self._cls = cls
        self._of = of
        self._plan = plan
        self._fillings = iter(cls.fillings)
        self._later: list[tuple[ModulePart, SourceLines]] = []

    def lines(self, after: Sequence[str]) -> list[str]:
        """Return ``def __init__`` and its body."""
        module = self._cls.model
        classes = (f"{PARAMETER}={self._plan.graph.classes}",) if self._cls.counts_classes else ()
        lines = statement("def __init__", Brackets("(", ("self", *self._cls.parameters, *classes), "):"), INDENT)
        if module.is_numbered:
            children = tuple(self._expression(child) for child in module.children.values())
            lines += statement("", Brackets("super().__init__(", children, ")", spread=len(children) > 1), _BODY)
            lines += self._rest()
        else:
            lines.append(f"{_BODY}super().__init__()")
            for child in module.children.values():
                lines += self._assignment(child, self._expression(child))
                lines += self._rest()
        return [*lines, *([""] if after else []), *after]

    def _rest(self) -> Iterator[str]:
        """Yield the lines that fill the containers that were made empty."""
        waiting, self._later = self._later, []
        for part, value in waiting:
            yield from self._assignment(part, value)

    def _assignment(self, part: ModulePart, value: SourceLines) -> list[str]:
        """Return the lines that make ``part`` a child of its module."""
        parent = part.parent
        assert parent is not None
        if is_attribute(part.name):
            return statement(f"{self._plan.address(part, self._cls.model)} = ", value, _BODY)
        bare = isinstance(part, Layer) and not part.node.operation.is_module
        register = "register_parameter" if bare else "add_module"
        outer = self._plan.address(parent, self._cls.model)
        return statement("", Brackets(f"{outer}.{register}(", (literal(part.name), value), ")"), _BODY)

    def _expression(self, part: ModulePart) -> SourceLines:
        if isinstance(part, Layer):
            return self._layer(part)
        match self._plan.forms[part]:
            case ModuleForm.CLASS:
                return self._instance(part)
            case ModuleForm.SEQUENTIAL if part.is_numbered:
                return Brackets("nn.Sequential(", tuple(self._numbered(part)), ")", spread=len(part.children) > 1)
            case ModuleForm.SEQUENTIAL:
                pairs = Brackets("[", tuple(self._pairs(part, "(", ", ", ")")), "]", spread=len(part.children) > 1)
                return Brackets("nn.Sequential(", (Brackets("OrderedDict(", (pairs,), ")"),), ")")
            case ModuleForm.DICT:
                entries = Brackets("{", tuple(self._pairs(part, "", ": ", "")), "}", spread=len(part.children) > 1)
                return Brackets("nn.ModuleDict(", (entries,), ")")
            case ModuleForm.BARE:
                self._fill_later(part)
                return "nn.Module()"

    def _fill_later(self, module: Module) -> None:
        """Remember the children of a container that is made empty, each before what fills it in its turn."""
        later = self._later
        for child in module.children.values():
            self._later = []
            value = self._expression(child)
            later += [(child, value), *self._later]
        self._later = later

    def _pairs(self, module: Module, opening: str, between: str, closing: str) -> Iterator[SourceLines]:
        """Yield name and constructor of every child."""
        for name, child in module.children.items():
            value = self._expression(child)
            before = f"{opening}{literal(name)}{between}"
            if isinstance(value, str):
                yield f"{before}{value}{closing}"
            elif closing:
                yield Brackets(opening, (literal(name), value), closing)
            else:
                yield Brackets(f"{before}{value.opening}", value.elements, value.closing, value.spread)

    def _numbered(self, module: Module) -> Iterator[SourceLines]:
        """Yield the children; where several blocks share the container, each under a comment."""
        sections = {child: prose(_section(child)) for child in module.children.values()}
        shared = module.block is None and len(set(sections.values())) > 1
        before = ""
        for child, section in sections.items():
            if shared and section != before:
                yield Comment(f"# {section}")
            before = section
            yield self._expression(child)

    def _instance(self, module: Module) -> SourceLines:
        cls = self._of[module]
        arguments = tuple(f"{name}={next(self._fillings)}" for name in cls.parameters)
        return Brackets(f"{cls.name}(", arguments, ")")

    def _layer(self, layer: Layer) -> SourceLines:
        call = self._plan.call(layer)
        arguments = []
        for each in call.arguments:
            known = None if each.is_default else literal(each.value)
            text = next(self._fillings) if is_number(each.value) else known
            if text is not None:
                arguments.append(f"{each.name}={text}" if each.name else text)
        return Brackets(f"{call.function}(", tuple(arguments), ")")


def _section(part: ModulePart) -> str:
    """Return the path of the block that declares ``part``."""
    if isinstance(part, Layer):
        return part.node.path.rpartition(".")[0]
    return part.block.path.rpartition(".")[0] if part.block is not None else part.name
