"""The layer level: every layer a box, read from top to bottom; several networks side by side in aligned rows."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from builder.costs import graph_cost
from builder.emit.diagram.layout.column import BoxColumn
from builder.emit.diagram.layout.extent import Extent, extent
from builder.emit.diagram.layout.inset import insets
from builder.emit.diagram.layout.spacing import DOWN, WIDTH, box_width
from builder.emit.diagram.reading.alignment import AlignedStrands, are_kin, compare
from builder.emit.diagram.reading.difference import captions
from builder.emit.diagram.reading.folding import folded
from builder.emit.diagram.reading.options import DEFAULT, DrawOptions
from builder.emit.diagram.reading.outline import Closing, Fork, Opening, Strand, outline
from builder.emit.diagram.reading.rows import positions, row_length
from builder.emit.diagram.scene.metrics import text_width, wrap
from builder.emit.diagram.scene.scene import Box, Scene
from builder.emit.diagram.scene.theme import SUBTITLE, TITLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.graph import Graph

BETWEEN: Final = 34.0
"""From one column to the next."""

ABOVE: Final = 11.0
"""From the last line under the title to the input."""

LEADING: Final = 8.8
"""From one line under the title to the next."""

AROUND: Final = 4.0
"""What a band shows above and below its rows."""


def layers(graphs: Sequence[Graph], options: DrawOptions = DEFAULT, notes: Sequence[str] = ()) -> Scene:
    """Return the scene of ``graphs`` at the level of layers; raise ArchError where ``fold`` names no block."""
    scene = Scene()
    compact = len(graphs) > 1 and options.shapes == "changes"
    strands = folded([outline(graph, shapes=options.shapes, compact=compact) for graph in graphs], options.fold)
    width = max(box_width(strand, WIDTH) for strand in strands)
    extents = [extent(strand, width) for strand in strands]
    spines = _spines(extents)
    comparison = compare(strands)
    kin = are_kin(comparison)
    heights = _heights(strands, comparison if kin else None)
    words = captions(strands, comparison) if kin and len(graphs) > 1 else [""] * len(graphs)
    words = with_notes(words, notes)
    _titles(scene, graphs, words, spines, extents)
    for number, strand in enumerate(strands):
        model = number + 1 if len(graphs) > 1 else 0
        column = BoxColumn(scene, model, comparison.changed if kin and options.highlight == "diff" else ())
        column.draw(strand, extents[number], spines[number], heights[number])
    if len(graphs) > 1:
        right = spines[-1] + extents[-1].right
        if kin and options.highlight == "diff":
            _bands(scene, comparison, spines[0] - extents[0].left - AROUND, right + AROUND)
        insets(scene, graphs, right + BETWEEN / 2, 20)
    return scene


def with_notes(words: Sequence[str], notes: Sequence[str]) -> list[str]:
    """Return what stands under each title: what differs, and its note if there is one."""
    pairs = zip(words, notes or [""] * len(words), strict=True)
    return [", ".join(filter(None, pair)) for pair in pairs]


def parameters(graph: Graph) -> str:
    """Return the number of parameters as it stands under a title: ``57.064 M params``."""
    count = graph_cost(graph).parameters
    return f"{count / 1e6:.3f} M params" if count >= 1_000_000 else f"{count / 1e3:.1f} k params"


def _spines(extents: Sequence[Extent]) -> list[float]:
    """Return where the spine of each column stands."""
    spines: list[float] = []
    edge = 0.0
    for each in extents:
        spines.append(edge + each.left)
        edge += each.left + each.right + BETWEEN
    return spines


def _heights(strands: Sequence[Strand], comparison: AlignedStrands | None) -> list[list[float]]:
    """Return the height of each token of each strand: in common rows, or every strand on its own."""
    if comparison is None:
        return [positions([(token,) for token in strand], DOWN) for strand in strands]
    rows = positions(comparison.rows, DOWN)
    return [
        [top for row, top in zip(comparison.rows, rows, strict=True) if row[column]] for column in range(len(strands))
    ]


def _titles(
    scene: Scene, graphs: Sequence[Graph], words: Sequence[str], spines: Sequence[float], extents: Sequence[Extent]
) -> None:
    """Write above each column its title, what differs, and the number of parameters."""
    rooms = [2 * min(each.left, each.right) + BETWEEN - 6 for each in extents]
    lines = _subtitles(words, [parameters(graph) for graph in graphs], rooms)
    most = max(len(each) for each in lines)
    for graph, x, under in zip(graphs, spines, lines, strict=True):
        first = -ABOVE - LEADING * (most - 1)
        scene.text(x, first - 12, graph.title, TITLE, bold=True)
        for number, line in enumerate(under):
            if line:
                scene.text(x, first + LEADING * number, line, SUBTITLE, tone="muted")


def _subtitles(words: Sequence[str], counts: Sequence[str], rooms: Sequence[float]) -> list[list[str]]:
    """Return the lines under each title: one where words and number fit in every column, else the number is last."""
    together = [f"{word} · {count}" if word else count for word, count in zip(words, counts, strict=True)]
    if all(text_width(line, SUBTITLE) <= room for line, room in zip(together, rooms, strict=True)):
        return [[line] for line in together]
    wrapped = [wrap(word, room, SUBTITLE) for word, room in zip(words, rooms, strict=True)]
    most = max(map(len, wrapped))
    return [[*each, *[""] * (most - len(each)), count] for each, count in zip(wrapped, counts, strict=True)]


def _bands(scene: Scene, comparison: AlignedStrands, left: float, right: float) -> None:
    """Put a band behind every run of rows that differ, forks and frames' edges alone not counting."""
    heights = positions(comparison.rows, DOWN)
    runs = groupby(zip(comparison.rows, comparison.differs, heights, strict=True), key=lambda each: each[1])
    for number, (differs, run) in enumerate(runs):
        rows = [(row, top) for row, _, top in run]
        if not differs or all(isinstance(token, Fork | Opening | Closing) for row, _ in rows for token in row if token):
            continue
        top, bottom = rows[0][1] - AROUND, rows[-1][1] + row_length(rows[-1][0], DOWN) + AROUND
        middle, width = (left + right) / 2, right - left
        scene.boxes.insert(0, Box(f"band {number}", "band", middle, (top + bottom) / 2, width, bottom - top))
