"""The ``forward`` of a class: one line a step, variables named after what they hold."""

from __future__ import annotations

from collections import Counter
from itertools import takewhile
from typing import TYPE_CHECKING

from builder.emit.python.layout import INDENT, Brackets, statement
from builder.emit.python.names import numbered, prose, variable

if TYPE_CHECKING:
    from collections.abc import Container

    from builder.emit.python.classes import Class
    from builder.emit.python.modules import Module
    from builder.emit.python.plan import SourcePlan
    from builder.emit.python.steps import ForwardStep
    from builder.graph import Graph

_BODY = INDENT * 2


class Taps:
    """What to call a value that is read far from where it is computed: after the place on the page."""

    def __init__(self, graph: Graph) -> None:
        self._paths = {-1: "image"}
        for block in graph.root.blocks():
            for point, value in reversed(list(block.points.items())):
                if value >= 0 and graph.nodes[value].path.startswith(f"{block.path}."):
                    self._paths.setdefault(value, f"{block.path}.{point}")
        for node in graph.nodes:
            self._paths.setdefault(node.index, node.path)

    def name(self, value: int, module: Module) -> str:
        """Return a variable's name for ``value`` inside ``module``, without the part of the path that they share."""
        assert module.block is not None
        path, here = self._paths[value].split("."), module.block.path.split(".")
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(path[:-1], here, strict=False)))
        return variable(".".join(path[shared:]))


def forward(cls: Class, plan: SourcePlan, taps: Taps, heads: str) -> list[str]:
    """Return the lines of ``forward``; ``heads`` is the class of what a network with several heads returns."""
    return _Forward(cls, plan, taps, heads).lines()


class _Forward:
    """Writes one forward; knows which variable holds which value, and how often each will still be read."""

    def __init__(self, cls: Class, plan: SourcePlan, taps: Taps, heads: str) -> None:
        module = cls.model
        assert module.block is not None
        body = plan.bodies[module]
        self._module = module
        self._instances = cls.instances
        self._plan = plan
        self._body = body
        self._taps = taps
        self._heads = heads
        self._lines: list[str] = []
        self._names: dict[int, str] = {}
        self._values: dict[str, int] = {}
        self._reads = Counter(value for step in body.steps for value in step.reads) + Counter(body.outputs)
        self._used: list[str] = []
        self._marks: dict[int, tuple[int, int]] = {}
        self._section = ""
        for position, value in enumerate(body.inputs):
            self._hold(value, "x" if value == module.block.input else self._fresh(self._input_name(position)))

    def lines(self) -> list[str]:
        """Return ``def forward`` and its body."""
        arguments = ("self", *(self._names[value] for value in self._body.inputs))
        head = statement("def forward", Brackets("(", arguments, "):"), INDENT)
        returned = False
        for step in self._body.steps:
            last = step is self._body.steps[-1] and step.writes == self._body.outputs and not step.in_place
            self._step(step, last)
            returned = last
        if not returned:
            self._return()
        return head + self._lines

    def _input_name(self, position: int) -> str:
        """Return what every instance calls an input beside the block's own."""
        names = {self._taps.name(self._plan.bodies[each].inputs[position], each) for each in self._instances}
        return names.pop() if len(names) == 1 else "tap"

    def _return(self) -> None:
        self._begin("")
        results = [self._names[value] for value in self._body.outputs]
        if self._module.parent is None and len(results) > 1:
            self._lines.append(f"{_BODY}if self.training:")
            self._lines += statement("return ", Brackets(f"{self._heads}(", tuple(results), ")"), _BODY + INDENT)
            results = results[:1]
        self._say("return ", ", ".join(results))

    def _step(self, step: ForwardStep, last: bool) -> None:
        self._mark_forks(step)
        names = [self._names[value] for value in step.reads]
        self._used += names
        self._reads.subtract(step.reads)
        expression = self._expression(step, names)
        if last:
            self._begin(step.section)
            self._say("return ", expression)
        elif step.in_place:
            self._begin(step.section)
            self._say(f"{names[0]} += ", names[1])
            self._hold(step.writes[0], names[0])
        else:
            targets = self._targets(step)
            self._begin(step.section)
            self._say(f"{', '.join(targets)} = " if targets else "", expression)

    def _expression(self, step: ForwardStep, names: list[str]) -> str:
        target = self._plan.address(step.part, self._module) if step.part is not None else ""
        call = f"{target}({', '.join(names)})" if step.operation is None else step.operation.expression(target, *names)
        return f"{call} if self.training else None" if step.is_head else call

    def _targets(self, step: ForwardStep) -> list[str]:
        """Return the variables for a step's values; what they held and is still needed is saved before."""
        if not any(self._reads[value] for value in step.writes):
            return []
        for number, value in enumerate(step.writes):
            name = step.variable if number == 0 else self._fresh(self._taps.name(value, self._module))
            held = self._values.get(name)
            if held is not None and self._reads[held] > 0:
                self._save(held, name)
            self._hold(value, name)
        return [self._names[value] for value in step.writes]

    def _save(self, value: int, name: str) -> None:
        """Give a value that is still to be read another name, since ``name`` will hold the next.

        What waits for a shortcut gets it where the block forks, anything else where we are.
        """
        other = self._body.forks[value][0] if value in self._body.forks else name
        if other == name:
            saved = self._fresh(self._taps.name(value, self._module))
            self._say(f"{saved} = ", name)
        else:
            position, used = self._marks[value]
            saved = self._fresh(other, frozenset(self._used[used:]))
            self._insert(position, statement(f"{saved} = ", name, _BODY))
        self._hold(value, saved)

    def _insert(self, position: int, lines: list[str]) -> None:
        """Put lines before others, with a blank line before the name of a block."""
        if self._lines[position:] and self._lines[position].lstrip().startswith("#"):
            lines.append("")
        self._lines[position:position] = lines
        for value, (at, used) in self._marks.items():
            self._marks[value] = (at + len(lines) * (at > position), used)

    def _mark_forks(self, step: ForwardStep) -> None:
        """Note where the lines of a block with a shortcut begin: where its input is first read.

        With it goes how many variables had been read or written by then: a name given there is none of the later ones.
        """
        for value in step.reads:
            if value in self._body.forks and value not in self._marks:
                if self._body.forks[value][1] == step.section:
                    self._begin(step.section)
                self._marks[value] = (len(self._lines), len(self._used))

    def _fresh(self, name: str, used: Container[str] = ()) -> str:
        """Return ``name``, numbered if it is in ``used`` or a value that is still needed bears it."""
        names = (each for each in numbered(name) if each not in used)
        return next(each for each in names if each not in self._values or not self._reads[self._values[each]])

    def _hold(self, value: int, name: str) -> None:
        self._names[value] = name
        self._values[name] = value
        self._used.append(name)

    def _begin(self, section: str) -> None:
        """Begin the lines of a block that is written out here, or end them."""
        if section != self._section:
            self._lines += [""] * bool(self._lines)
            self._lines += [f"{_BODY}# {prose(section)}"] * bool(section)
        self._section = section

    def _say(self, before: str, expression: str) -> None:
        self._lines += statement(before, expression, _BODY)
