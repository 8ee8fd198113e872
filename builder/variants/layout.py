"""Pages lowered with a layer at every place, read as one: what each input of each node may read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from builder.costs import Cost, node_costs
from builder.identity import Piece, ordered, pieces

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from builder.graph import Graph, Node

Chosen: TypeAlias = "Mapping[int, int]"
"""Places by number, each with the number of the layer that stands there."""


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
        wires = [tuple(resolve(each, exits) for each in readings) for readings in self.readings]
        outputs = [resolve(each, exits) for each in self.outputs]
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


def resolve(reading: Reading, exits: Mapping[int, int]) -> int:
    """Return what an input reads where ``exits`` gives the last node of the layer at each place that is chosen."""
    for place in reading[0]:
        if place in exits:
            return exits[place]
    return reading[1]


def _place_of(path: str, places: Mapping[str, int]) -> int | None:
    return next((places[segment] for segment in path.split(".") if segment in places), None)
