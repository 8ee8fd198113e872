"""What the forward of a module does, step by step: calls and merges, with the values that they read and write.

A value that is read in another module than the one it comes from is a further argument of every module on the way in
and a further result of every module on the way out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import TYPE_CHECKING

from builder.emit.python.modules import Layer, Module
from builder.emit.python.names import unique, variable
from builder.graph import Block

if TYPE_CHECKING:
    from builder.emit.python.modules import ModulePart, ModuleTree
    from builder.graph import BlockMember, Graph, Lane
    from builder.ops.base import Operation


@dataclass(frozen=True, slots=True)
class ForwardStep:
    """One line of a forward: what is called (None for a merge), and values by their node's index.

    ``variable`` is what the lane calls its value, ``section`` the block whose layers are written out here.
    """

    part: ModulePart | None
    operation: Operation | None
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    variable: str
    section: str
    in_place: bool = False
    is_head: bool = False
    """Whether it runs in training only."""


@dataclass(slots=True)
class ForwardBody:
    """The forward of one module: values that come in, steps, values that go out, the block's own first.

    ``forks`` are values that wait for a shortcut, with the name to wait under and the section where they do.
    """

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    steps: list[ForwardStep] = field(default_factory=list)
    forks: dict[int, tuple[str, str]] = field(default_factory=dict)


def bodies(graph: Graph, tree: ModuleTree, in_place: frozenset[int]) -> dict[Module, ForwardBody]:
    """Return the forward of every module that is called as one, the innermost first."""
    found: dict[Module, ForwardBody] = {}
    inputs, outputs = _crossings(graph, tree)

    def visit(module: Module) -> None:
        for child in module.children.values():
            if isinstance(child, Module):
                visit(child)
        if module.block is not None:
            coming, leaving = inputs.get(module, {}), outputs.get(module, {})
            found[module] = ForwardBody(_first(module.block.input, coming), _first(module.block.output, leaving))
            _Walk(graph, tree, in_place, found, module).run()

    visit(tree.root)
    return found


_Values = dict[Module, dict[int, None]]


def _crossings(graph: Graph, tree: ModuleTree) -> tuple[_Values, _Values]:
    """Return the values that enter and leave every module, as ordered sets."""
    inputs: _Values = {}
    outputs: _Values = {}
    depths: dict[Module, int] = {}

    def depth(module: Module) -> int:
        if module not in depths:
            depths[module] = depth(module.owner) + 1 if module.owner is not None else 0
        return depths[module]

    def route(value: int, source: Module | None, reader: Module | None) -> None:
        while source is not reader:
            if reader is None or (source is not None and depth(source) >= depth(reader)):
                assert source is not None
                outputs.setdefault(source, {})[value] = None
                source = source.owner
            else:
                inputs.setdefault(reader, {})[value] = None
                reader = reader.owner

    home = [*tree.homes, None]  # the network's input, -1, comes from outside
    for node in graph.nodes:
        for value in node.inputs:
            route(value, home[value], home[node.index])
    for value in (graph.output, *(head.output for head in graph.heads)):
        route(value, home[value], None)
    return inputs, outputs


def _first(value: int, values: dict[int, None]) -> tuple[int, ...]:
    """Return the values in execution order, the block's own in front."""
    return tuple(sorted(values, key=lambda each: (each != value, each)))


@dataclass(frozen=True, slots=True)
class _Lane:
    """Where a walk is: the variable of the lane, the variables that hold other values, the block written out here."""

    name: str
    busy: frozenset[str]
    section: str
    is_head: bool = False


class _Walk:
    """A walk over the block of one module that notes a step for everything that its forward does."""

    def __init__(
        self, graph: Graph, tree: ModuleTree, in_place: frozenset[int], found: dict[Module, ForwardBody], module: Module
    ) -> None:
        assert module.block is not None
        self._graph = graph
        self._tree = tree
        self._in_place = in_place
        self._found = found
        self._module = module
        self._module_path = module.block.path
        self._body = found[module]

    def run(self) -> None:
        """Fill in the body's steps and forks."""
        assert self._module.block is not None
        self._walk(self._module.block, _Lane("x", frozenset({"x"}), ""))
        self._body.steps = _folded(self._module, self._body)

    def _walk(self, block: Block, lane: _Lane) -> None:
        """Note the steps of a block that stands in ``lane``."""
        self._members(block.entry, lane)
        forked = self._output(block.entry[-1]) if block.entry else block.input
        for number, inner in enumerate(block.lanes, 1):
            if inner.kind == "shortcut":
                self._body.forks[forked] = ("shortcut" if inner.members else "identity", lane.section)
            name = lane.name if inner.kind == "layers" else unique(self._lane_name(inner, number), set(lane.busy))
            lane = replace(lane, busy=lane.busy | {name})
            self._members(inner.members, replace(lane, name=name))
        if block.merge is not None:
            self._node(block.merge, lane)
        self._members(block.exit, lane)

    def _members(self, members: tuple[BlockMember, ...], lane: _Lane) -> None:
        for member in members:
            if isinstance(member, Block):
                name = unique(variable(member.name), set(lane.busy)) if member.head else lane.name
                self._block(member, replace(lane, name=name, is_head=lane.is_head or member.head))
            else:
                self._node(member, lane)

    def _block(self, block: Block, lane: _Lane) -> None:
        called = self._tree.called(block)
        if called is None:
            section = block.path.removeprefix(f"{self._module_path}.")
            self._walk(block, replace(lane, section=section, busy=lane.busy | {lane.name}))
        else:
            body = self._found[called]
            step = ForwardStep(called, None, body.inputs, body.outputs, lane.name, lane.section, is_head=lane.is_head)
            self._body.steps.append(step)

    def _node(self, index: int, lane: _Lane) -> None:
        node = self._graph.nodes[index]
        part = self._tree.parts[node.key] if node.key else None
        in_place = node.role == "merge" and index in self._in_place and not lane.is_head
        step = ForwardStep(part, node.operation, node.inputs, (index,), lane.name, lane.section, in_place, lane.is_head)
        self._body.steps.append(step)

    def _output(self, member: BlockMember) -> int:
        return member.output if isinstance(member, Block) else member

    def _lane_name(self, lane: Lane, number: int) -> str:
        """Return what a lane's value is called: after what its layers' names share, or the last of them."""
        if lane.kind == "shortcut":
            return "shortcut"
        names = [name for each in lane.members if (name := self._name(each))]
        if not names or any(each.isdigit() for each in names):
            return f"branch{number}"
        pairs = zip(min(names), max(names), strict=False)
        shared = "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)).rstrip("_-")
        return variable(shared if len(shared) > 2 else names[-1])

    def _name(self, member: BlockMember) -> str:
        """Return what the page calls a layer or a block: its number if it has no name, nothing without a module."""
        if isinstance(member, Block):
            return member.name
        node = self._graph.nodes[member]
        number = node.key.rpartition(".")[2]
        return number if number.isdigit() or not number else node.path.rpartition(".")[2]


def _folded(module: Module, body: ForwardBody) -> list[ForwardStep]:
    """Return the steps with every container that is run from end to end called whole, as torchvision's ``features``."""
    whole = _Containers(body).found(module)
    steps, position = [], 0
    while position < len(body.steps):
        step = body.steps[position]
        if position in whole:
            container, last = whole[position]
            run = body.steps[position : last + 1]
            sections = ", ".join(dict.fromkeys(each.section for each in run if each.section))
            step = ForwardStep(container, None, step.reads, run[-1].writes, run[-1].variable, sections)
            position = last
        steps.append(step)
        position += 1
    return steps


class _Containers:
    """Finds the numbered containers whose children run one after another, each on its predecessor's value alone."""

    def __init__(self, body: ForwardBody) -> None:
        self._steps = body.steps
        self._readers = Counter(value for step in body.steps for value in step.reads) + Counter(body.outputs)
        self._runs: dict[ModulePart, list[int]] = defaultdict(list)
        self._whole: dict[int, tuple[Module, int]] = {}
        for position, step in enumerate(body.steps):
            if step.part is not None:
                self._runs[step.part].append(position)

    def found(self, module: Module) -> dict[int, tuple[Module, int]]:
        """Return by the position of its first step each container that is called whole, with its last."""
        for child in module.children.values():
            self._span(child)
        return self._whole

    def _span(self, part: ModulePart) -> tuple[int, int] | None:
        """Return the first and last step of what is run in one go, or None."""
        if isinstance(part, Layer) or part.block is not None:
            runs = self._runs[part]
            plain = len(runs) == 1 and len(self._steps[runs[0]].reads) == len(self._steps[runs[0]].writes) == 1
            return (runs[0], runs[0]) if plain else None
        spans = [self._span(child) for child in part.children.values()]
        known = [span for span in spans if span is not None]
        if not part.is_numbered or len(known) < len(spans) or not all(map(self._linked, known, known[1:])):
            return None
        self._whole[known[0][0]] = (part, known[-1][1])
        return known[0][0], known[-1][1]

    def _linked(self, before: tuple[int, int], after: tuple[int, int]) -> bool:
        (value,) = self._steps[before[1]].writes
        return after[0] == before[1] + 1 and self._steps[after[0]].reads == (value,) and self._readers[value] == 1
