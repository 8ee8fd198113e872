"""Which places can tell each other's difference in memory.

Whether an activation may overwrite its input, and which tensors are one and the same storage, is decided among values
that may share memory. Places that touch different groups of such values add up; those that touch a common one are
priced together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from builder.variants.layout import Layout


class Regions:
    """The places of a layout, parted so that what is chosen in one part changes no memory in another."""

    def __init__(self, layout: Layout) -> None:
        groups = _Groups()
        for index, node in enumerate(layout.nodes):
            operation = node.operation
            if operation.may_alias or operation.can_act_in_place:
                groups.join(index, *layout.may_read(layout.readings[index][0]))
            if layout.pieces[index].module is not None:
                groups.join(index, f"module {node.key}")
        groups.join(*_without_gradient(layout))
        for (place, _), inside in layout.inside.items():
            groups.join(("place", place), *inside, *_read_by(layout, inside))
        for readings in (*layout.readings, layout.outputs):
            for reading in readings:
                for place in reading.past:
                    groups.join(("place", place), *layout.may_read(reading))
        self._part = {place: groups.of(("place", place)) for place, _ in layout.inside}

    def split(self, chosen: Mapping[int, int]) -> Iterable[tuple[tuple[int, int], ...]]:
        """Return what is chosen in each part."""
        parts: dict[object, tuple[tuple[int, int], ...]] = {}
        for each in sorted(chosen.items()):
            part = self._part.get(each[0])
            if part is not None:
                parts[part] = (*parts.get(part, ()), each)
        return parts.values()


def _read_by(layout: Layout, nodes: Iterable[int]) -> Iterator[int]:
    for node in nodes:
        for reading in layout.readings[node]:
            yield from layout.may_read(reading)


def _without_gradient(layout: Layout) -> list[int]:
    """Return the values that depend on no parameter, which what is inserted before them may change."""
    found = {-1}
    for node in layout.base.nodes:
        shapes = layout.base.input_shapes(node)
        if all(index in found for index in node.inputs) and not node.operation.parameters(*shapes):
            found.add(node.index)
    return sorted(found)


class _Groups:
    """Disjoint sets, joined as it is found that their elements belong together."""

    def __init__(self) -> None:
        self._above: dict[object, object] = {}

    def of(self, element: object) -> object:
        """Return what stands for the set of ``element``."""
        while (above := self._above.setdefault(element, element)) != element:
            element = above
        return element

    def join(self, *elements: object) -> None:
        """Make one set of those that hold ``elements``."""
        first = self.of(elements[0])
        for each in elements[1:]:
            self._above[self.of(each)] = first
