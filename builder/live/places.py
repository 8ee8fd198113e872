"""Where the places of a network stand on its figure: beside which box, on which side, and which of them share one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from builder.variants.places import Places

if TYPE_CHECKING:
    from builder.graph import Block, Graph
    from builder.variants.places import InsertionPlace

Side: TypeAlias = Literal["after", "before", "lane"]
"""Behind the box of a node, in front of it, or on the shortcut that returns to it."""

_BEST: Final = ("pre_activation", "out", "branch", "shortcut", "branch_in", "in")
"""Of several places that share a spot, the point that says most about it."""


@dataclass(frozen=True)
class Spot:
    """A spot on the figure, by the node it stands at (-1 is the input); ``places`` mean it, the plainest one first."""

    node: int
    side: Side
    block: str
    shape: str
    places: tuple[str, ...]


def spots(graph: Graph) -> tuple[Spot, ...]:
    """Return the spots where a feature map passes a point of a block, in page order."""
    blocks = {block.path: block for block in graph.root.blocks()}
    found: dict[tuple[int, Side], list[InsertionPlace]] = {}
    for place in Places(graph):
        block = blocks[place.block]
        if place.point is None or not block.path:
            continue
        if graph.shape(block.points[place.point]).is_image:
            found.setdefault(_anchor(block, place.point), []).append(place)
    return tuple(_spot(graph, *anchor, places) for anchor, places in found.items())


def _anchor(block: Block, point: str) -> tuple[int, Side]:
    """Return the node at which a point is seen: what is inserted there stands behind what stands there already."""
    if point == "shortcut" and block.merge is not None:
        return block.merge, "lane"
    if point == "branch_in":
        inside = next((_first(lane.members[0]) for lane in block.lanes if lane.kind == "layers" and lane.members), None)
        if inside is not None:
            return inside, "before"
    return block.points[point], "after"


def _first(member: int | Block) -> int:
    return member if isinstance(member, int) else min(member.nodes(), default=member.output)


def _spot(graph: Graph, node: int, side: Side, places: list[InsertionPlace]) -> Spot:
    depth = max(place.block.count(".") for place in places)
    deepest = [place for place in places if place.block.count(".") == depth]
    best = min(deepest, key=lambda place: _BEST.index(str(place.point)))
    texts = (best.text, *(place.text for place in places if place is not best))
    return Spot(node, side, best.block, str(graph.shape(node)), texts)
