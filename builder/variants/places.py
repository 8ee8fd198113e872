"""Where something can be inserted: every point of every block and every layer, in the order of the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, Diagnostic, Mark, Source, nearest
from builder.graph import Block
from builder.lowering.selectors import Place as Location
from builder.lowering.selectors import parse_selector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.graph import Graph


@dataclass(frozen=True)
class Place:
    """One place by the text that ``at:`` takes: ``block1.out``, or a layer's path, which means after it."""

    text: str
    block: str
    point: str | None


def all_places(graph: Graph) -> list[tuple[Place, Location]]:
    """Return every place of a network in the order in which a value passes it."""
    return list(_in_block(graph, graph.root, ()))


def matching(graph: Graph, selectors: tuple[str, ...], option: str) -> list[Place]:
    """Return the places that any of ``selectors`` means, in page order, each once.

    Raises ArchError where one of them means nothing; ``option`` says where the user wrote it.
    """
    known = all_places(graph)
    templates = frozenset(block.template for block in graph.root.blocks() if block.template)
    found: dict[Place, None] = {}
    for text in selectors:
        selector = parse_selector(text, Mark(Source(option, text), 1, 1, len(text)), templates)
        matched = [place for place, location in known if place.point == selector.point and selector.matches(location)]
        if not matched:
            close = nearest(text, [place.text for place, _ in known])
            hint = f"did you mean `{close}`?" if close else "`archcli show` lists every path"
            raise ArchError(Diagnostic("no-such-place", f"`{text}` matches nothing", selector.mark, hint))
        found |= dict.fromkeys(matched)
    return [place for place, _ in known if place in found]


def _in_block(graph: Graph, block: Block, instances: tuple[tuple[int, str], ...]) -> Iterator[tuple[Place, Location]]:
    segments = tuple(block.path.split(".")) if block.path else ()
    if block.template:
        instances = (*instances, (len(segments), block.template))
    here = Location(segments, instances)

    def point(name: str) -> Iterator[tuple[Place, Location]]:
        if name in block.points:
            yield Place(f"{block.path}.{name}".lstrip("."), block.path, name), here

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
) -> Iterator[tuple[Place, Location]]:
    for member in members:
        if isinstance(member, Block):
            yield from _in_block(graph, member, instances)
        else:
            path = graph.nodes[member].path
            yield Place(path, block.path, None), Location(tuple(path.split(".")), instances)
