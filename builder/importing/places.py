"""Values that are read from earlier places: the path by which each ``join`` and ``read`` names what it reads."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from builder.importing.forms import BlockForm, BodyForm, LayerForm

if TYPE_CHECKING:
    from builder.importing.forms import Node


NOWHERE = "nowhere"
"""The path of a value that no layer of the page makes: it is made by what the page cannot say."""


class Candidate(NamedTuple):
    """One place of a value: the path of a layer or a block, and the point of the block."""

    path: tuple[str, ...]
    point: str = ""


class Places:
    """Walks a page's tree in the order in which it runs, so that a place is known only to what comes later."""

    def __init__(self) -> None:
        self._of: dict[int, list[Candidate]] = defaultdict(list)
        self._known: set[tuple[str, ...]] = set()
        self._blocks: list[BlockForm] = []
        self._layers: dict[LayerForm, tuple[str, ...]] = {}

    def run(self, root: BodyForm, source: int) -> None:
        """Write into every layer that reads an earlier value where that is; ``source`` is the image."""
        self._of[source].append(Candidate((), "in"))
        self._known.add(("in",))
        self._body(root, (), Counter())

    def _body(self, body: BodyForm, path: tuple[str, ...], ordinals: Counter[str]) -> None:
        for name, node in body.entries:
            own = (*path, name if name is not None else _address(node, ordinals))
            self._known.add(own)
            if isinstance(node, BlockForm):
                self._block(node, own)
            else:
                self._layer(node, own, path)

    def _layer(self, layer: LayerForm, own: tuple[str, ...], path: tuple[str, ...]) -> None:
        self._layers[layer] = own
        if layer.again is not None:
            first = self._layers[layer.again]
            depth = self._nearest(first, path)
            layer.fields = {"layer": ".".join(first[max(depth, 0) :])}
            for block in self._blocks[max(depth, 0) :]:
                block.outward = True
        if layer.reads:
            found = [self._found(value, path) for value in layer.reads]
            layer.fields = {"from": found[0] if len(found) == 1 else found, **layer.fields}
        if layer.value is not None:
            self._of[layer.value].append(Candidate(own))

    def _block(self, block: BlockForm, path: tuple[str, ...]) -> None:
        ordinals: Counter[str] = Counter()
        self._point(block.source, path, "in")
        self._blocks.append(block)
        for number, share in enumerate(block.shares):
            self._of[share].append(Candidate((*path, f"split{number + 1}")))
        for body in (block.layers, *(block.branches or ()), block.shortcut):
            if body is not None:
                self._body(body, path, ordinals)
        self._blocks.pop()
        if block.activation is not None:
            self._point(block.merged, path, "pre_activation")
        self._point(block.value, path, "out")

    def _point(self, value: int | None, path: tuple[str, ...], point: str) -> None:
        self._known.add((*path, point))
        if value is not None:
            self._of[value].append(Candidate(path, point))

    def _found(self, value: int, reader: tuple[str, ...]) -> str:
        """Return the shortest name of a value in the nearest block that holds it."""
        best: tuple[tuple[bool, int, int, int], str, int] | None = None
        for number, each in enumerate(self._of.get(value, ())):
            whole = (*each.path, each.point) if each.point else each.path
            depth = self._nearest(whole, reader)
            rank = each.point == "in" and len(whole) - depth > 1, -depth, len(whole) - depth, -number
            if depth >= 0 and (best is None or rank < best[0]):
                best = rank, ".".join(whole[depth:]), depth
        if best is None:
            return NOWHERE
        for block in self._blocks[best[2] :]:
            block.outward = True
        return best[1]

    def _nearest(self, whole: tuple[str, ...], reader: tuple[str, ...]) -> int:
        """Return how deep the block lies by which a place is called shortest, negative where no name leads there."""
        shared = range(min(len(reader), len(whole) - 1), -1, -1)
        depth = next((depth for depth in shared if reader[:depth] == whole[:depth]), 0)
        while depth >= 0 and self._is_hidden(reader, depth, whole[depth:]):
            depth -= 1
        return depth

    def _is_hidden(self, reader: tuple[str, ...], depth: int, text: tuple[str, ...]) -> bool:
        """Return whether a block between has a place that is called the same."""
        return any((*reader[:length], *text) in self._known for length in range(depth + 1, len(reader) + 1))


def _address(node: Node, ordinals: Counter[str]) -> str:
    """Return by what a path calls the entry of a list: operations are counted, other blocks have their number."""
    if isinstance(node, BlockForm) and node.key != ".":
        return str(node.number)
    word = "block" if isinstance(node, BlockForm) else node.word
    ordinals[word] += 1
    return f"{word}{ordinals[word]}"
