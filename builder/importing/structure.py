"""Steps inside calls to chains of items: where values part and meet again is found, and each such region is a joint.

A value that everything passes cuts a chain. Between two cuts stands a single item, or lanes that meet in a sum, a
product or a concatenation; each lane is a chain again. Where lanes exchange values, or what meets was made one behind
the other, a ``join`` reads the earlier value by its path.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from builder.importing import reach
from builder.importing.steps import HOLE, MERGES, READERS, ModuleCall, TracedStep, UnsayableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.importing.steps import Unit

Item: TypeAlias = "TracedStep | Region | Joint"
"""What stands in a chain."""

Values: TypeAlias = frozenset[int]


@dataclass(eq=False)
class Region:
    """A module that was called as one, with what is inside; ``key`` names it. ``source`` enters, ``value`` leaves."""

    key: str
    kind: str
    items: list[Item]
    channels: int = 0
    source: int | None = None
    value: int | None = None


@dataclass(eq=False)
class Joint:
    """Lanes that meet: the merge, and what each lane holds; an empty one is the identity.

    ``split`` has the channels of each lane where it gets a share of them.
    """

    word: str
    lanes: list[list[Item]]
    channels: int = 0
    split: tuple[int, ...] = ()
    source: int | None = None
    value: int | None = None
    shares: tuple[int, ...] = ()
    activation: TracedStep | None = None
    merged: int | None = None


@dataclass
class Structure:
    """Makes chains; what cannot be one becomes a hole, and ``holes`` lists them."""

    holes: list[tuple[TracedStep, str]] = field(default_factory=list)
    shapes: dict[int, tuple[int, ...]] = field(default_factory=dict)
    words: dict[tuple[str, object], str] = field(default_factory=dict)
    in_order: bool = False
    """Whether sums and products keep Python's order; it decides in which order numbers lie, and so on later bits."""

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
            channels=self._channels(source), shape=self.shapes.get(call.value, ()), said=call.kind,
            place=error.step.place if error.step is not None else "",
        )  # fmt: skip
        self.holes.append((step, error.reason))
        return step

    def _channels(self, value: int) -> int:
        return (self.shapes.get(value) or (0,))[0]

    def _chain(self, units: Sequence[Unit], source: int, sink: int, outside: Values = frozenset()) -> list[Item]:
        """Return what leads from one value to another; ``outside`` are values that a ``join`` may read."""
        outside -= {source}
        if sink in outside:
            return [self._read(sink, source)]
        needed = reach.between(units, source, sink, outside)
        unsayable = next((unit for unit in needed if not reach.is_sayable(unit)), None)
        if isinstance(unsayable, TracedStep):
            same = len(set(unsayable.inputs)) < len(unsayable.inputs) and unsayable.word in MERGES
            what = "a value meets itself" if same else "values meet here in what is no sum, product or concatenation"
            raise UnsayableError(what, unsayable)
        if needed and not any(source in unit.inputs for unit in needed):
            first = needed[0].inputs[0]
            return [self._read(first, source), *self._chain(needed, first, sink, outside)]
        items: list[Item] = []
        start, here = 0, source
        for position in reach.cuts(needed, source, sink):
            segment = needed[start : position + 1]
            items += self._segment(segment, here, outside)
            start, here = position + 1, segment[-1].value
        return items

    def _read(self, value: int, source: int) -> TracedStep:
        """Return a step that goes on from an earlier value."""
        shape = self.shapes.get(value, ())
        return TracedStep("read", {}, (source,), value, channels=self._channels(value), shape=shape, reads=(value,))

    def _join(self, merge: TracedStep, here: int, reads: Sequence[int], *, first: bool, value: int) -> TracedStep:
        """Return a step that combines what comes in with earlier values."""
        if merge.word in ("add", "mul"):
            first = not self.in_order or merge.inputs[0] == here
        fields: dict[str, object] = {"by": merge.word, "first": first}
        return replace(
            merge, word="join", fields=fields, inputs=(here,), reads=tuple(reads), value=value, key="", owns=False,
            channels=self._channels(here),
        )  # fmt: skip

    def _segment(self, units: Sequence[Unit], source: int, outside: Values) -> list[Item]:
        """Return what stands between two cuts."""
        last = units[-1]
        if len(units) == 1:
            return self._single(last, source)
        assert isinstance(last, TracedStep), "a call reads one value and would have been cut off"
        attempts = (
            self._lanes, self._one_behind_another, self._cut, self._shared, self._pieces, self._exchanging
        )  # fmt: skip
        for attempt in attempts:
            found = attempt(units, last, source, outside)
            if found is not None:
                return found
        return self._sequence(units, source)

    def _single(self, unit: Unit, source: int) -> list[Item]:
        if isinstance(unit, ModuleCall):
            return [Region(unit.key, unit.kind, self._body(unit, source), self._channels(source), source, unit.value)]
        if unit.word in MERGES:
            return self._joined(unit, source, [])
        if unit.word in READERS:
            return [replace(unit, inputs=unit.inputs[:1], reads=unit.inputs[1:])]
        if unit.word == HOLE:
            self.holes.append((unit, unit.reason or f"`{unit.said}` is no operation of a page"))
        return [unit]

    def _joined(self, merge: TracedStep, here: int, items: list[Item]) -> list[Item]:
        """Return items and behind them the joins that combine ``here``, which they lead to, with earlier values."""
        position = merge.inputs.index(here)
        before, behind = merge.inputs[:position], merge.inputs[position + 1 :]
        if merge.word in ("add", "mul"):
            before, behind = (*before, *behind), ()
        if before and behind:
            inner = self._between_value(merge, position)
            self.shapes[inner] = merge.shape  # only its first number is ever asked for
            first = self._join(merge, here, before, first=False, value=inner)
            return [*items, first, self._join(merge, inner, behind, first=True, value=merge.value)]
        return [*items, self._join(merge, here, before or behind, first=bool(behind), value=merge.value)]

    def _between_value(self, merge: TracedStep, position: int) -> int:
        return -1000 - merge.value * 64 - position

    def _lanes(self, units: Sequence[Unit], merge: Unit, source: int, outside: Values) -> list[Item] | None:
        """Return lanes that share nothing, and behind them what is joined from outside."""
        assert isinstance(merge, TracedStep)
        if not reach.is_merge(merge):
            return None
        inner = [value for value in merge.inputs if value not in outside]
        owns = [reach.ancestors(units[:-1], value, source) for value in inner]
        if not any(owns) or len(reach.groups(owns)) < len(owns):
            return None
        if merge.word in ("concat", "div") and len(inner) == 2 == len(merge.inputs) and inner[1] == source:
            return self._joined(merge, inner[0], self._chain(units, source, inner[0], outside))
        if len(inner) == 1:
            return self._joined(merge, inner[0], self._chain(units, source, inner[0], outside))
        owns = [reach.ancestors(units[:-1], value, source) for value in merge.inputs]
        return [self._joint(units[:-1], merge, list(zip(owns, merge.inputs, strict=True)), source, outside)]

    def _one_behind_another(
        self, units: Sequence[Unit], merge: Unit, source: int, outside: Values
    ) -> list[Item] | None:
        """Return one chain on which all lie that meet, and the join of them: one-shot and deep layer aggregation."""
        assert isinstance(merge, TracedStep)
        if not reach.is_merge(merge):
            return None
        for end in reversed(merge.inputs):
            own = reach.ancestors(units[:-1], end, source)
            there = {source, *outside, *(unit.value for unit in own)}
            if len(own) == len(units) - 1 and there.issuperset(merge.inputs):
                return self._joined(merge, end, self._chain(units[:-1], source, end, outside))
        return None

    def _cut(self, units: Sequence[Unit], merge: Unit, source: int, outside: Values) -> list[Item] | None:
        """Return lanes of which each gets a share of the channels, and later ones what earlier ones have made."""
        found = self._exchanging(units, merge, source, outside)
        joint = found[0] if found is not None else None
        return found if isinstance(joint, Joint) and joint.split else None

    def _shared(self, units: Sequence[Unit], merge: Unit, source: int, outside: Values) -> list[Item] | None:
        """Return lanes, those that begin together as one lane that parts again."""
        assert isinstance(merge, TracedStep)
        if merge.word != "concat" or outside.intersection(merge.inputs):
            return None
        owns = [reach.ancestors(units[:-1], value, source) for value in merge.inputs]
        groups = reach.groups(owns)
        if len(groups) == 1 or any(each != list(range(each[0], each[-1] + 1)) for each in groups):
            return None
        lanes: list[tuple[set[Unit], int]] = []
        more: list[Unit] = []
        for group in groups:
            own = set().union(*[owns[index] for index in group])
            if len(group) == 1:
                lanes.append((own, merge.inputs[group[0]]))
            else:
                ends = tuple(merge.inputs[index] for index in group)
                inner = TracedStep(
                    "concat", {}, ends, self._between_value(merge, group[0]), said="cat", place=merge.place
                )
                more.append(inner)
                lanes.append(({*own, inner}, inner.value))
        return [self._joint([*units[:-1], *more], merge, lanes, source, outside)]

    def _pieces(self, units: Sequence[Unit], merge: Unit, source: int, outside: Values) -> list[Item] | None:  # noqa: ARG002 - as the others
        """Return the units in pieces, of which later ones read values of earlier ones."""
        positions, is_good = reach.pieces(units, source)
        if len(positions) < 2 or not is_good:
            return None
        items: list[Item] = []
        start, here, known = 0, source, set(outside)
        for position in positions:
            piece = units[start : position + 1]
            outer = frozenset(known) - {here}
            if len(reach.between(piece, here, piece[-1].value, outer)) == len(piece):
                items += self._chain(piece, here, piece[-1].value, outer)
            else:
                items += self._sequence(piece, here)
            known |= {here, *(unit.value for unit in piece)}
            start, here = position + 1, piece[-1].value
        return items

    def _exchanging(self, units: Sequence[Unit], merge: Unit, source: int, outside: Values) -> list[Item] | None:
        """Return lanes of which later ones read values that earlier ones have made."""
        assert isinstance(merge, TracedStep)
        if not reach.is_merge(merge):
            return None
        lanes: list[tuple[set[Unit], int]] = []
        there: set[Unit] = set()
        for value in merge.inputs:
            own = reach.ancestors(units[:-1], value, source) - there
            known = {unit.value for unit in there} | outside
            alone = [unit for unit in own if not reach.is_merge(unit) and known.intersection(unit.inputs)]
            joined = [unit for unit in own if reach.is_merge(unit) and known.issuperset(unit.inputs)]
            if alone or joined or value in known:
                return None
            there |= own
            lanes.append((own, value))
        return [self._joint(units[:-1], merge, lanes, source, outside)]

    def _joint(
        self,
        units: Sequence[Unit],
        merge: TracedStep,
        lanes: Sequence[tuple[set[Unit], int]],
        source: int,
        outside: Values,
    ) -> Joint:
        """Return the lanes that meet in ``merge``; a later one may read what an earlier one has made."""
        ordered = [([unit for unit in units if unit in own], end) for own, end in lanes]
        split = _shares(ordered, source)
        chains, known = [], set(outside)
        for inside, end in ordered:
            begin, rest = (inside[0].value, inside[1:]) if split else (source, inside)
            chains.append(self._chain(rest, begin, end, frozenset(known)))
            known |= {unit.value for unit in rest}
        shares = tuple(inside[0].value for inside, _ in ordered) if split else ()
        if self.in_order and merge.word == "add" and len(chains) == 2 and not chains[0]:
            chains[1] = _laid_anew(chains[1])
        return Joint(merge.word, chains, self._channels(source), split, source, merge.value, shares)

    def _sequence(self, units: Sequence[Unit], source: int) -> list[Item]:
        """Return the units as they were run, each going on from the values that it reads."""
        items: list[Item] = []
        here = source
        for unit in units:
            wanted = unit.inputs[0] if isinstance(unit, TracedStep) and unit.word in READERS else unit.inputs[-1]
            if here not in unit.inputs or (here != wanted and not reach.is_merge(unit)):
                items.append(self._read(wanted, here))
                here = wanted
            items += self._single(unit, here)
            here = unit.value
        return items


def _laid_anew(lane: list[Item]) -> list[Item]:
    """Return a lane whose numbers lie in the order of its axes, as a sum's do whose first term is such an image."""
    end = len(lane)
    while end and getattr(lane[end - 1], "word", "") in ("stochasticdepth", "dropout", "dropout2d", "identity"):
        end -= 1
    last = lane[end - 1] if end else None
    if not isinstance(last, TracedStep) or last.word != "permute":
        return lane
    return [*lane[: end - 1], replace(last, fields={**last.fields, "contiguous": True}), *lane[end:]]


def _shares(lanes: Sequence[tuple[list[Unit], int]], source: int) -> tuple[int, ...]:
    """Return how many channels each lane takes, if each takes its share of them, in order; else nothing."""
    sizes: list[int] = []
    channels = 0
    for units, _ in lanes:
        first = units[0] if units else None
        if not isinstance(first, TracedStep) or first.word != "narrow" or first.inputs != (source,):
            return ()
        own = set(units)
        readers = {unit for each, _ in lanes for unit in each if first.value in unit.inputs}
        if (
            first.fields["start"] != sum(sizes)
            or not readers <= own
            or any(source in each.inputs for each in units[1:])
        ):
            return ()
        length = first.fields["length"]
        assert isinstance(length, int)
        channels = first.channels
        sizes.append(length)
    return tuple(sizes) if sum(sizes) == channels else ()
