"""Proves of a finished SVG that every node of every network is in it exactly once."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.graph import Graph

_IDENTIFIER: Final = re.compile(r"(?:m(?P<model>\d+)-)?n(?P<runs>\d+(?:-\d+)?(?:_\d+(?:-\d+)?)*)")


class IncompleteDrawingError(Exception):
    """A figure leaves nodes out or shows them twice: a mistake of this program, never of a page."""


def check_complete(svg: str, graphs: Sequence[Graph]) -> None:
    """Raise IncompleteDrawingError unless the ids in ``svg`` name each node of ``graphs`` exactly once."""
    drawn = Counter(drawn_nodes(svg))
    first = 1 if len(graphs) > 1 else 0
    expected = {(first + place, node.index) for place, graph in enumerate(graphs) for node in graph.nodes}
    missing = sorted(expected - drawn.keys())
    twice = sorted(each for each, count in drawn.items() if count > 1)
    foreign = sorted(drawn.keys() - expected)
    for what, found in (("missing", missing), ("drawn twice", twice), ("unknown", foreign)):
        if found:
            model, index = found[0]
            graph = graphs[model - first]
            path = graph.nodes[index].path if index < len(graph.nodes) else index
            raise IncompleteDrawingError(f"figure of {graph.name}: {len(found)} nodes are {what}, first `{path}`")


def drawn_nodes(svg: str) -> Iterator[tuple[int, int]]:
    """Yield (network, node) for every node that a box of ``svg`` stands for."""
    root = ET.fromstring(svg)  # noqa: S314 - written by our own renderer a moment ago
    for element in root.iter("{http://www.w3.org/2000/svg}g"):
        if found := _IDENTIFIER.fullmatch(element.get("id", "")):
            for run in found["runs"].split("_"):
                first, _, last = run.partition("-")
                yield from ((int(found["model"] or 0), index) for index in range(int(first), int(last or first) + 1))
