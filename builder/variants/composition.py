"""Variants priced without lowering each of them.

Layers that keep the shape of what they are inserted into do not meet: whatever is chosen, each does to its neighbors
what it does alone. So one page is lowered with a layer at every place. From it one reads, for every input of every
node, past which places its value came; a variant is then found by giving each input the nearest of these that is
chosen. What no choice can touch is one piece, and costs add up.

All this holds only where the base's own nodes come out of that page as they were; ``Entangled`` says that they did not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.costs import Cost, activation_memory, graph_cost
from builder.identity import network_id, opening
from builder.variants.layout import Layout, Reading, resolve
from builder.variants.regions import Regions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.graph import Graph
    from builder.identity import Piece
    from builder.variants.layout import Chosen, Laid

_MAX_REMEMBERED = 100_000


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
        """Return what the layers at neighboring places change in memory."""
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
                wires[part] = tuple([resolve(slot, exits) for slot in slots])
        return wires, [resolve(slot, exits) for slot in self._outputs]

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
