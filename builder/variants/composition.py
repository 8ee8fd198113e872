"""Variants priced without lowering each of them.

Layers that keep the shape of what they are inserted into do not meet: whatever is chosen, each does to its neighbours
what it does alone. So one page is lowered with a layer at every place. From it one reads, for every input of every
node, past which places its value came; a variant is then found by giving each input the nearest of these that is
chosen. What no choice can touch is one piece, and costs add up.

All this holds only where the base's own nodes come out of that page as they were; ``Entangled`` says that they did not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from builder.costs import Cost, activation_memory, graph_cost, node_costs
from builder.identity import Piece, network_id, opening, ordered, pieces
from builder.variants.regions import Regions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from builder.graph import Graph, Node

Chosen: TypeAlias = "Mapping[int, int]"
"""Places by number, each with the number of the layer that stands there."""

_MAX_REMEMBERED = 100_000


class Entangled(Exception):  # noqa: N818 - it says what is the case, and is no error
    """What is inserted changes more than what it is inserted into; every variant must be lowered."""


class Reading(NamedTuple):
    """What an input of a node reads: the layer at the first place of ``past`` where there is one, else ``value``.

    ``past`` are the places that lie between, the nearest first; ``value`` is a node of the base, of the same inserted
    layer, or -1.
    """

    past: tuple[int, ...]
    value: int


@dataclass(frozen=True)
class Laid:
    """A page lowered with a layer at every place; ``places`` gives the number of each by the name of its layer."""

    graph: Graph
    places: Mapping[str, int]


class Layout:
    """Everything that may be part of a variant: the base's nodes, then for every layer those of each place."""

    def __init__(self, base: Graph, laid: Sequence[Laid]) -> None:
        """Read what the pages say; raise Entangled where they change the base's own nodes."""
        self.base = base
        self.nodes: list[Node] = list(base.nodes)
        self.pieces: list[Piece] = pieces(base)
        self.readings: list[tuple[Reading, ...]] = [()] * len(base.nodes)
        self.outputs: tuple[Reading, ...] = ()
        self.inside: dict[tuple[int, int], list[int]] = {}
        """The nodes of the layer at a place, by place and number of the layer."""
        self.exits: dict[tuple[int, int], int] = {}
        """The node that others read there."""
        self.costs: dict[tuple[int, int], Cost] = {}
        for number, each in enumerate(laid):
            _Reader(self, each, number).run()

    def may_read(self, reading: Reading) -> set[int]:
        """Return every node that an input may read in some variant."""
        return {reading.value} | {node for (place, _), node in self.exits.items() if place in reading.past}

    def network(self, chosen: Chosen) -> Graph:
        """Return the flat graph of a variant: nodes and outputs; its blocks are the base's and stale."""
        exits = {place: self.exits[place, layer] for place, layer in chosen.items() if (place, layer) in self.exits}
        wires = [tuple(_resolve(each, exits) for each in readings) for readings in self.readings]
        outputs = [_resolve(each, exits) for each in self.outputs]
        order = ordered(wires, outputs)
        number = {-1: -1} | {index: position for position, index in enumerate(order)}
        nodes = tuple(
            replace(self.nodes[index], index=number[index], inputs=tuple(number[each] for each in wires[index]))
            for index in order
        )
        root, *heads = (number[index] for index in outputs)
        ends = tuple(replace(head, output=index) for head, index in zip(self.base.heads, heads, strict=True))
        return replace(self.base, nodes=nodes, root=replace(self.base.root, output=root), heads=ends)


class _Reader:
    """Reads one page with the same layer at every place into a layout."""

    def __init__(self, layout: Layout, laid: Laid, number: int) -> None:
        self._layout = layout
        self._graph = laid.graph
        self._number = number
        self._place = [_place_of(node.path, laid.places) for node in laid.graph.nodes]
        self._index: list[int] = []
        self._flow: dict[int, Reading] = {}

    def run(self) -> None:
        """Give every node its number, then note what it reads."""
        layout, graph = self._layout, self._graph
        known = {node.path: node.index for node in layout.base.nodes}
        records = pieces(graph)
        for node, place in zip(graph.nodes, self._place, strict=True):
            if place is None:
                self._index.append(self._same(node, known, records[node.index]))
            else:
                self._index.append(len(layout.nodes))
                layout.nodes.append(node)
                layout.pieces.append(records[node.index])
                layout.readings.append(())
                layout.inside.setdefault((place, self._number), []).append(self._index[-1])
        if len(set(self._index)) < len(graph.nodes) or len(graph.nodes) - len(known) != self._inserted:
            raise Entangled
        for node, place in zip(graph.nodes, self._place, strict=True):
            self._note(self._index[node.index], tuple(self._reading(each, place) for each in node.inputs), place)
        outputs = tuple(self._reading(each.output, None) for each in (graph.root, *graph.heads))
        if layout.outputs and outputs != layout.outputs:
            raise Entangled
        layout.outputs = outputs
        self._add_costs()

    @property
    def _inserted(self) -> int:
        return sum(1 for place in self._place if place is not None)

    def _same(self, node: Node, known: dict[str, int], piece: Piece) -> int:
        """Return the number of one of the base's own nodes, which must mean what it means there."""
        index = known.get(node.path)
        if index is None or self._layout.pieces[index] != piece or self._layout.nodes[index].shape != node.shape:
            raise Entangled
        return index

    def _note(self, index: int, readings: tuple[Reading, ...], place: int | None) -> None:
        layout = self._layout
        if place is not None:
            self._flow.setdefault(place, readings[0])
        else:
            values = tuple(each.value for each in readings)
            as_before = not self._number or readings == layout.readings[index]
            if values != layout.base.nodes[index].inputs or not as_before:
                raise Entangled
        layout.readings[index] = readings

    def _reading(self, index: int, reader: int | None) -> Reading:
        """Return where the value ``index`` comes from; through other inserted layers it is followed to its source."""
        if index < 0:
            return Reading((), -1)
        place = self._place[index]
        if place is None or place == reader:
            return Reading((), self._index[index])
        if self._layout.exits.setdefault((place, self._number), self._index[index]) != self._index[index]:
            raise Entangled
        flow = self._flow[place]
        return Reading((place, *flow.past), flow.value)

    def _add_costs(self) -> None:
        idle = self._graph.head_nodes
        for node, place, cost in zip(self._graph.nodes, self._place, node_costs(self._graph), strict=True):
            if place is not None:
                own = Cost(cost.parameters, 0 if node.index in idle else cost.macs, 0)
                key = (place, self._number)
                self._layout.costs[key] = self._layout.costs.get(key, Cost(0, 0, 0)) + own


class Composition:
    """Ids and prices of the variants of one base, by what is chosen."""

    def __init__(self, base: Graph, laid: Sequence[Laid]) -> None:
        """Read the pages ``laid``, one for each layer; raise Entangled where choices cannot be told apart."""
        self._layout = Layout(base, laid)
        self._cost = graph_cost(base)
        self._opening = opening(base)
        self._parts = _Parts(self._layout)
        self._regions = Regions(self._layout)
        self._memory: dict[tuple[tuple[int, int], ...], int] = {}
        self._plain = activation_memory(self._layout.network({}))

    def id(self, chosen: Chosen) -> str:
        """Return what ``graph_id`` gives for the variant."""
        wires, outputs = self._parts.wired(chosen)
        return network_id(self._opening, self._parts.pieces, wires, outputs)

    def cost(self, chosen: Chosen) -> Cost:
        """Return what ``graph_cost`` gives for the variant."""
        parameters, macs, memory = self._cost
        for each in chosen.items():
            own = self._layout.costs.get(each)
            if own is not None:
                parameters += own[0]
                macs += own[1]
        return Cost(parameters, macs, memory + sum(map(self._more_memory, self._regions.split(chosen))))

    def _more_memory(self, together: tuple[tuple[int, int], ...]) -> int:
        """Return what the layers at neighbouring places change in memory."""
        known = self._memory.get(together)
        if known is None:
            if len(self._memory) >= _MAX_REMEMBERED:
                self._memory.clear()
            known = activation_memory(self._layout.network(dict(together))) - self._plain
            self._memory[together] = known
        return known


class _Parts:
    """The layout with everything that no choice can touch contracted into pieces."""

    def __init__(self, layout: Layout) -> None:
        self._part: dict[int, int] = {-1: -1}
        self.pieces: list[Piece] = []
        self._static: list[tuple[int, ...]] = []
        readers = _readers(layout)
        owner = {node: key for key, inside in layout.inside.items() for node in inside}
        open_slots: dict[tuple[int, int] | None, list[tuple[int, tuple[Reading, ...]]]] = {}
        for index in (*range(len(layout.base.nodes)), *(node for inside in layout.inside.values() for node in inside)):
            readings = layout.readings[index]
            if self._continues(layout, index, readers, owner):
                part = self._part[readings[0].value]
                self.pieces[part] = self.pieces[part].then(layout.pieces[index])
            else:
                part = len(self.pieces)
                self.pieces.append(layout.pieces[index])
                if any(each.past for each in readings):
                    open_slots.setdefault(owner.get(index), []).append((part, readings))
                    self._static.append(())
                else:
                    self._static.append(tuple(self._part[each.value] for each in readings))
            self._part[index] = part
        self._open = {key: [(part, self._placed(reads)) for part, reads in slots] for key, slots in open_slots.items()}
        self._outputs = self._placed(layout.outputs)
        self._exits = {key: self._part[node] for key, node in layout.exits.items()}

    def wired(self, chosen: Chosen) -> tuple[list[tuple[int, ...]], list[int]]:
        """Return what every piece reads, and the outputs."""
        wires = self._static.copy()
        exits = {each[0]: self._exits[each] for each in chosen.items() if each in self._exits}
        for key in (None, *chosen.items()):
            for part, slots in self._open.get(key, ()):
                wires[part] = tuple([_resolve(slot, exits) for slot in slots])
        return wires, [_resolve(slot, exits) for slot in self._outputs]

    def _placed(self, readings: tuple[Reading, ...]) -> tuple[Reading, ...]:
        return tuple(Reading(each.past, self._part[each.value]) for each in readings)

    def _continues(
        self, layout: Layout, index: int, readers: dict[int, int], owner: dict[int, tuple[int, int]]
    ) -> bool:
        """Return whether a node reads one value, always the same, that nobody else can read."""
        readings = layout.readings[index]
        if len(readings) != 1 or readings[0].past or readings[0].value < 0:
            return False
        before = readings[0].value
        plain = layout.pieces[index].module is None and layout.pieces[before].module is None
        return plain and readers[before] == 1 and owner.get(before) == owner.get(index)


def _readers(layout: Layout) -> dict[int, int]:
    """Count for every node the inputs and outputs that may read it."""
    count: dict[int, int] = {}
    for reading in (*(each for readings in layout.readings for each in readings), *layout.outputs):
        for node in layout.may_read(reading):
            count[node] = count.get(node, 0) + 1
    return count


def _resolve(reading: Reading, exits: Mapping[int, int]) -> int:
    for place in reading[0]:
        if place in exits:
            return exits[place]
    return reading[1]


def _place_of(path: str, places: Mapping[str, int]) -> int | None:
    return next((places[segment] for segment in path.split(".") if segment in places), None)
