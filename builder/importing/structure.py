"""Steps inside calls to chains of items: where values part and meet again is found, and each such region is a joint.

A value that everything passes cuts a chain. Between two cuts stands a single item, or lanes that meet in a sum, a
product or a concatenation; each lane is a chain again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from builder.importing.steps import HOLE, MERGES, ModuleCall, TracedStep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.importing.steps import Unit

Item: TypeAlias = "TracedStep | Region | Joint"
"""What stands in a chain."""


@dataclass(eq=False)
class Region:
    """A module that was called as one, with what is inside; ``key`` names it."""

    key: str
    kind: str
    items: list[Item]
    channels: int = 0


@dataclass(eq=False)
class Joint:
    """Lanes that meet: the merge, and what each lane holds; an empty one is the identity."""

    word: str
    lanes: list[list[Item]]
    channels: int = 0
    split: bool = False


class UnsayableError(Exception):
    """A page has no words for how these values meet; ``step`` is where they do."""

    def __init__(self, reason: str, step: TracedStep | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.step = step


@dataclass
class Structure:
    """Makes chains; what cannot be one becomes a hole, and ``holes`` lists them."""

    holes: list[tuple[TracedStep, str]] = field(default_factory=list)
    shapes: dict[int, tuple[int, ...]] = field(default_factory=dict)
    words: dict[tuple[str, object], str] = field(default_factory=dict)

    def hole_word(self, step: TracedStep) -> str:
        """Return the word by which a page calls something that it cannot say; equal holes have one word."""
        plain = "".join(each if each.isalnum() else "_" for each in step.said.lower()).strip("_") or "value"
        same = plain, (step.shape, tuple(self.shapes.get(each, ()) for each in step.inputs))
        if same not in self.words:
            word, number = f"todo_{plain}", 2
            while word in self.words.values():
                word, number = f"todo_{plain}{number}", number + 1
            self.words[same] = word
        return self.words[same]

    def network(self, root: ModuleCall) -> list[Item]:
        """Return the chain from the image to the output."""
        self._learn(root)
        return self._body(root, -1)

    def part(self, root: ModuleCall, source: int, sink: int) -> list[Item]:
        """Return the chain between two values of a network; raise UnsayableError where there is none."""
        self._learn(root)
        return self._chain(root.units, source, sink)

    def _learn(self, call: ModuleCall) -> None:
        for unit in call.units:
            if isinstance(unit, ModuleCall):
                self._learn(unit)
            else:
                self.shapes[unit.value] = unit.shape

    def _body(self, call: ModuleCall, source: int) -> list[Item]:
        try:
            return self._chain(call.units, source, call.value)
        except UnsayableError as error:
            return [self._hole(call, source, error)]

    def _hole(self, call: ModuleCall, source: int, error: UnsayableError) -> TracedStep:
        """Return one step that stands for all of a body."""
        step = TracedStep(
            HOLE, {"name": call.kind}, (source,), call.value, call.key,
            channels=(self.shapes.get(source) or (0,))[0], shape=self.shapes.get(call.value, ()), said=call.kind,
            place=error.step.place if error.step is not None else "",
        )  # fmt: skip
        self.holes.append((step, error.reason))
        return step

    def _chain(self, units: Sequence[Unit], source: int, sink: int) -> list[Item]:
        """Return what leads from one value to another."""
        needed = _between(units, source, sink)
        items: list[Item] = []
        start, here = 0, source
        for position in _cuts(needed, source, sink):
            segment = needed[start : position + 1]
            items.append(self._segment(segment, here))
            start, here = position + 1, segment[-1].value
        return items

    def _segment(self, units: Sequence[Unit], source: int) -> Item:
        """Return what stands between two cuts."""
        last = units[-1]
        channels = (self.shapes.get(source) or (0,))[0]
        if isinstance(last, ModuleCall) and len(units) == 1:
            return Region(last.key, last.kind, self._body(last, source), channels)
        if isinstance(last, TracedStep) and len(units) == 1 and last.inputs == (source,):
            if last.word == "chunk":
                raise UnsayableError("a share of the channels goes on alone", last)
            if last.word == HOLE:
                self.holes.append((last, f"`{last.said}` is no operation of a page"))
            return last
        if not isinstance(last, TracedStep) or last.word not in MERGES:
            raise UnsayableError(
                "two values meet here in what is no sum, product or concatenation",
                last if isinstance(last, TracedStep) else None,
            )
        if len(set(last.inputs)) < len(last.inputs):
            raise UnsayableError("a value meets itself", last)
        return self._joint(units[:-1], last, source, channels)

    def _joint(self, units: Sequence[Unit], merge: TracedStep, source: int, channels: int) -> Joint:
        """Return the lanes that meet in ``merge``."""
        owns = [_ancestors(units, value, source) for value in merge.inputs]
        groups = _groups(owns)
        if len(groups) == 1 and len(owns) > 1:
            raise UnsayableError("the lanes exchange values before they meet", merge)
        if len(groups) < len(owns) and (
            merge.word != "concat" or any(each != list(range(each[0], each[-1] + 1)) for each in groups)
        ):
            raise UnsayableError("the lanes exchange values before they meet", merge)
        lanes = []
        for group in groups:
            inside = [unit for unit in units if any(unit in owns[index] for index in group)]
            if len(group) == 1:
                lanes.append((inside, merge.inputs[group[0]]))
            else:
                inner = TracedStep(
                    "concat",
                    {},
                    tuple(merge.inputs[index] for index in group),
                    -1000 - merge.value * 64 - group[0],
                    said="cat",
                    place=merge.place,
                )
                lanes.append(([*inside, inner], inner.value))
        if _is_split(lanes, source):
            chains = []
            for inside, end in lanes:
                first = inside[0]
                chains.append(self._chain(inside[1:], first.value, end))
            return Joint(merge.word, chains, channels, split=True)
        return Joint(merge.word, [self._chain(inside, source, end) for inside, end in lanes], channels)


def _is_split(lanes: list[tuple[list[Unit], int]], source: int) -> bool:
    """Return whether each lane takes its share of the channels, in order."""
    for position, (units, _) in enumerate(lanes):
        first = units[0] if units else None
        if (
            not isinstance(first, TracedStep)
            or first.word != "chunk"
            or first.fields != {"chunks": len(lanes), "position": position}
        ):
            return False
        if any(source in unit.inputs for unit in units[1:]):
            return False
    return True


def _between(units: Sequence[Unit], source: int, sink: int) -> list[Unit]:
    """Return the units on the way from one value to another, in their order; all they read must come from there."""
    makers = {unit.value: unit for unit in units}
    wanted, found = [sink], set()
    while wanted:
        value = wanted.pop()
        if value == source:
            continue
        unit = makers.get(value)
        if unit is None or not unit.inputs:
            reader = next((each for each in units if value in each.inputs and isinstance(each, TracedStep)), None)
            raise UnsayableError("it reads a value from elsewhere", reader)
        if unit not in found:
            found.add(unit)
            wanted += unit.inputs
    return [unit for unit in units if unit in found]


def _cuts(units: Sequence[Unit], source: int, sink: int) -> list[int]:
    """Return the positions after which only the value made there is still needed."""
    last = {source: -1}
    for position, unit in enumerate(units):
        for value in unit.inputs:
            last[value] = position
    last[sink] = len(units)
    cuts, reach = [], last[source]
    for position, unit in enumerate(units):
        if reach <= position:
            cuts.append(position)
        reach = max(reach, last.get(unit.value, -1))
    return cuts


def _ancestors(units: Sequence[Unit], value: int, source: int) -> set[Unit]:
    makers = {unit.value: unit for unit in units}
    wanted, found = [value], set()
    while wanted:
        unit = makers.get(wanted.pop())
        if unit is not None and unit not in found:
            found.add(unit)
            wanted += [each for each in unit.inputs if each != source]
    return found


def _groups(owns: list[set[Unit]]) -> list[list[int]]:
    """Return the positions of lanes that share units, together; in the order of their first."""
    groups: list[tuple[list[int], set[Unit]]] = []
    for position, own in enumerate(owns):
        touching = [each for each in groups if each[1] & own]
        merged = (
            [*[index for each in touching for index in each[0]], position],
            own.union(*[each[1] for each in touching]),
        )
        groups = [each for each in groups if each not in touching] + [merged]
    return sorted((sorted(indices) for indices, _ in groups), key=lambda each: each[0])
