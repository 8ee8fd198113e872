"""Where something can be inserted: every point of every block and every layer, in the order of the page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from builder.diagnostics import nearest
from builder.graph import Block
from builder.lowering.selectors import Place as Location
from builder.lowering.selectors import parse_selector

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from builder.graph import Graph
    from builder.lowering.selectors import Selector
    from builder.reader import Scalar


@dataclass(frozen=True)
class InsertionPlace:
    """One place by the text that ``at:`` takes: ``block1.out``, or a layer's path, which means after it.

    ``home`` is the path under which lives what is inserted there: that of the block, but in the first version of the
    language a block of ``branches`` among other layers had no module of its own.
    """

    text: str
    block: str
    point: str | None
    home: str

    @property
    def last(self) -> str:
        """What ``$point`` is in the name of an inserted layer: the point, or the layer's own name."""
        return self.text.rpartition(".")[2]


class Places:
    """Every place of a network, in the order in which a value passes it."""

    def __init__(self, graph: Graph) -> None:
        self._known = list(_in_block(graph, graph.root, ()))
        self._templates = frozenset(block.template for block in graph.root.blocks() if block.template)

    def __iter__(self) -> Iterator[InsertionPlace]:
        return (place for place, _ in self._known)

    def matching(self, selector: Scalar) -> list[InsertionPlace]:
        """Return the places that ``selector`` means, in page order; a path without a point means after it."""
        meant = self._parsed(selector)
        if meant.segments[-1:] == ("merge",) and not any(meant.matches(location) for _, location in self._known):
            meant = replace(meant, segments=meant.segments[:-1], point="pre_activation")
        points = (meant.point,) if meant.point else (None, "out")
        return [place for place, location in self._known if place.point in points and meant.matches(location)]

    def blocks(self, selector: Scalar) -> list[str]:
        """Return the paths of the blocks that ``selector`` means."""
        meant = self._parsed(selector)
        found = (place.block for place, location in self._known if place.point == "in" and meant.matches(location))
        return list(dict.fromkeys(found))

    def in_order(self, places: Iterable[InsertionPlace]) -> list[InsertionPlace]:
        """Return ``places`` in page order, each once."""
        wanted = set(places)
        return [place for place in self if place in wanted]

    def advice(self, selector: Scalar) -> str:
        """Return what to say of a selector that means nothing."""
        close = nearest(str(selector.value), [place.text for place in self])
        return f"did you mean `{close}`?" if close else "`archcli show` lists every path"

    def _parsed(self, selector: Scalar) -> Selector:
        return parse_selector(str(selector.value), selector.mark, self._templates)


def _in_block(
    graph: Graph, block: Block, instances: tuple[tuple[int, str], ...]
) -> Iterator[tuple[InsertionPlace, Location]]:
    segments = tuple(block.path.split(".")) if block.path else ()
    if block.template:
        instances = (*instances, (len(segments), block.template))
    here = Location(segments, instances)
    branched = any(lane.kind == "branch" for lane in block.lanes)
    among_layers = graph.page.language == 1 and block.template is None and branched
    home = block.path.rpartition(".")[0] if among_layers else block.path

    def point(name: str) -> Iterator[tuple[InsertionPlace, Location]]:
        if name in block.points:  # behind branches people say `merge`: there is no activation
            said = "merge" if branched and name == "pre_activation" else name
            yield InsertionPlace(f"{block.path}.{said}".lstrip("."), block.path, name, home), here

    yield from point("in")
    yield from _members(graph, block.entry, instances, block)
    for lane in block.lanes:
        if lane.kind == "layers":
            yield from point("branch_in")
        yield from _members(graph, lane.members, instances, block)
        if lane.kind != "branch":
            yield from point("branch" if lane.kind == "layers" else "shortcut")
    yield from point("pre_activation")
    yield from _members(graph, block.exit, instances, block)
    yield from point("out")


def _members(
    graph: Graph, members: tuple[int | Block, ...], instances: tuple[tuple[int, str], ...], block: Block
) -> Iterator[tuple[InsertionPlace, Location]]:
    for member in members:
        if isinstance(member, Block):
            yield from _in_block(graph, member, instances)
        else:
            path = graph.nodes[member].path
            yield (
                InsertionPlace(path, block.path, None, path.rpartition(".")[0]),
                Location(tuple(path.split(".")), instances),
            )
