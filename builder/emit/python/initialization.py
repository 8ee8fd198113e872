"""How weights begin, as torchvision writes it: a loop over all modules, a loop over a template's, or line by line."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import chain, repeat
from typing import TYPE_CHECKING, TypeVar

from builder.emit.python.layout import INDENT, Brackets, statement
from builder.emit.python.modules import Layer, Module
from builder.emit.python.names import is_attribute, literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from builder.emit.python.classes import Class
    from builder.emit.python.plan import SourcePlan
    from builder.graph import Graph, Initialization

_BODY = INDENT * 2
_Call = tuple[str, tuple[tuple[str, object], ...]]
"""A function of ``torch.nn.init`` and its arguments."""


def initialization(plan: SourcePlan, of: Mapping[Module, Class]) -> list[str]:
    """Return the lines at the end of the network's ``__init__``.

    Rules for an operation share one loop, so that random numbers are drawn in the order of the modules; a rule that a
    later one overrules draws none.
    """
    return _Rules(plan, of).lines() if plan.graph.initializations else []


class _Rules:
    """The rules of one network on their way into loops and lines."""

    def __init__(self, plan: SourcePlan, of: Mapping[Module, Class]) -> None:
        self._plan = plan
        self._of = of
        self._last = {key: rule for rule in plan.graph.initializations for key, _, _ in rule.targets}
        self._reach = _Reach(plan.graph)

    def lines(self) -> list[str]:
        """Return the loop over operations, then the other rules in their order."""
        loop: dict[tuple[str, ...], list[str]] = defaultdict(list)
        others: list[str] = []
        for rule in self._plan.graph.initializations:
            if not any(self._last[key] is rule for key, _, _ in rule.targets):
                continue
            call = _only((function, arguments) for _, function, arguments in rule.targets)
            classes = self._reach.classes(rule)
            if call is not None and classes:
                loop[classes] += _guarded(rule.parameter, call, self._reach.is_optional(rule))
            else:
                others += self._template_loop(rule, call) or self._explicit(rule)
        return [*_loop(loop), *others]

    def _template_loop(self, rule: Initialization, call: _Call | None) -> list[str]:
        """Return a loop over the template's classes, if it reaches what the rule does and nothing else."""
        inside: dict[Module, list[str]] = defaultdict(list)
        for key, _, _ in rule.targets:
            layer, name = self._find(key)
            home = self._instance_around(layer, rule.template)
            if home is None or self._last[key] is not rule:
                return []
            inside[home].append(_join(self._plan.address(layer, home, "module"), name))
        classes = list(dict.fromkeys(self._of[home] for home in inside))
        targets = _only(tuple(inside.get(module, ())) for cls in classes for module in cls.instances)
        if call is None or not targets:
            return []
        return _loop({tuple(cls.name for cls in classes): [line for each in targets for line in _lines(each, call)]})

    def _instance_around(self, layer: Layer, template: str | None) -> Module | None:
        """Return the template's instance that holds ``layer``."""
        home: Module | None = layer.parent
        while template is not None and home is not None:
            if home in self._of and home.block is not None and home.block.template == template:
                return home
            home = home.parent
        return None

    def _explicit(self, rule: Initialization) -> Iterator[str]:
        for key, function, arguments in rule.targets:
            if self._last[key] is rule:
                layer, name = self._find(key)
                yield from _lines(_join(self._plan.address(layer, self._plan.tree.root), name), (function, arguments))

    def _find(self, key: str) -> tuple[Layer, str]:
        """Return the layer that holds a parameter, and the parameter's name in it."""
        prefix = key
        while not isinstance(layer := self._plan.tree.parts.get(prefix), Layer):
            prefix = prefix.rpartition(".")[0]
            assert prefix, f"no layer holds {key}"
        return layer, key[len(prefix) + 1 :]


class _Reach:
    """Which parameters ``isinstance(module, nn.Conv2d)`` reaches: those of ``conv``, and those inside gates."""

    def __init__(self, graph: Graph) -> None:
        self._classes: dict[str, set[str]] = defaultdict(set)
        self._keys: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._everywhere: dict[str, set[str]] = {}
        self._below: dict[str, set[str]] = defaultdict(set)
        for node in {node.key: node for node in graph.nodes if node.key}.values():
            operation, shapes = node.operation, graph.input_shapes(node)
            parameters = operation.parameters(*shapes)
            for each in parameters:
                self._keys[each.of, each.name.rpartition(".")[2]].add(_join(node.key, each.name))
            if operation.is_module:
                function = operation.call(*shapes).function
                names = {each.name for each in parameters}
                self._classes[operation.kind].add(function)
                self._everywhere[operation.kind] = self._everywhere.get(operation.kind, names) & names
                for base in re.findall(rf"class {function}\((\S+)\):", operation.source() or ""):
                    self._below[base].add(node.key)

    def classes(self, rule: Initialization) -> tuple[str, ...]:
        """Return the classes to loop over, or none if the loop would reach other parameters than the rule."""
        classes = self._classes.get(rule.operation or "", set())
        exact = {key for key, _, _ in rule.targets} == self._keys.get((rule.operation or "", rule.parameter), set())
        derived = any(self._below.get(each) for each in classes)
        return tuple(sorted(classes)) if exact and not derived else ()

    def is_optional(self, rule: Initialization) -> bool:
        """Whether some of the modules have no such parameter, as convolutions without bias."""
        return rule.parameter not in self._everywhere.get(rule.operation or "", set())


_Item = TypeVar("_Item")


def _only(items: Iterable[_Item]) -> _Item | None:
    """Return the one item that all are equal to."""
    different = list(dict.fromkeys(items))
    return different[0] if len(different) == 1 else None


def _loop(lines: Mapping[tuple[str, ...], Sequence[str]]) -> list[str]:
    """Return one loop over all modules with a case for each tuple of classes."""
    if not lines:
        return []
    loop = [f"{_BODY}for module in self.modules():"]
    for word, (classes, inside) in zip(chain(["if"], repeat("elif")), lines.items(), strict=False):
        meant = classes[0] if len(classes) == 1 else f"({', '.join(classes)})"
        loop.append(f"{_BODY}{INDENT}{word} isinstance(module, {meant}):")
        loop += [f"{INDENT * 2}{line}" for line in inside]
    return loop


def _guarded(parameter: str, call: _Call, is_optional: bool) -> list[str]:
    """Return the call for a module's parameter, which some modules may lack."""
    target = f"module.{parameter}"
    lines = _lines(target, call)
    return [f"{_BODY}if {target} is not None:", *(f"{INDENT}{line}" for line in lines)] if is_optional else lines


def _lines(target: str, call: _Call) -> list[str]:
    """Return ``nn.init.normal_(target, std=0.01)``; ``dirac`` may be for the first filters alone."""
    function, arguments = call
    if function == "dirac":
        target = f"{target}.data[:{target}.shape[1]]" if ("rest", "default") in arguments else target
        arguments = ()
    given = (f"{_checked(name)}={literal(value)}" for name, value in arguments)
    if function == "constant":
        given = (literal(value) for _, value in arguments)
    return statement("", Brackets(f"nn.init.{_checked(function)}_(", (target, *given), ")"), _BODY)


def _checked(name: str) -> str:
    if not is_attribute(name):
        message = f"{name!r} is not a name"
        raise ValueError(message)
    return name


def _join(target: str, name: str) -> str:
    return f"{target}.{name}" if name else target
