"""Strands from top to bottom: networks side by side in aligned rows, cut into several columns if too tall."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from builder.costs import parameter_count
from builder.emit.diagram.layout.column import BoxColumn
from builder.emit.diagram.layout.extent import BESIDE, Extent, extent
from builder.emit.diagram.layout.spacing import ARROW, DOWN, LABEL, LEADING, TIGHT, box_width
from builder.emit.diagram.layout.taps import Corridor
from builder.emit.diagram.layout.wrapping import lines, lines_within, most_lines, room_for
from builder.emit.diagram.reading.outline import Closing, Fork, Opening, Strand, cells
from builder.emit.diagram.reading.rows import positions, row_length
from builder.emit.diagram.scene.metrics import text_width, wrap
from builder.emit.diagram.scene.scene import Box, Line
from builder.emit.diagram.scene.theme import SHAPE, SUBTITLE, TITLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.emit.diagram.reading.alignment import AlignedStrands
    from builder.emit.diagram.reading.rows import Rhythm, StrandRow
    from builder.emit.diagram.scene.scene import Scene
    from builder.graph import Graph

BETWEEN: Final = 34.0
"""From one column to the next."""

ABOVE: Final = 11.0
"""From the last line under the title to the input."""

AROUND: Final = 4.0
"""What a band shows above and below its rows."""

TURN: Final = 10.0
"""From the end of a column to where its way turns, and from there to the beginning of the next column."""

BESIDE_WAY: Final = 9.0
"""From a column to the way that leads up beside it."""


class ColumnPlan(NamedTuple):
    """What is to be drawn: networks as strands, what is said of them, and the least width of their boxes and gaps."""

    graphs: Sequence[Graph]
    strands: Sequence[Strand]
    words: Sequence[str]
    comparison: AlignedStrands
    kin: bool
    least: float
    between: float = BETWEEN


@dataclass
class _Part:
    """A piece of a network that stands in one column: ``bank`` counts the columns of a network."""

    number: int
    bank: int
    strand: Strand
    heights: list[float]
    extent: Extent
    x: float = 0.0

    @property
    def bottom(self) -> float:
        """Where the column ends."""
        return self.heights[-1] + DOWN.length(self.strand[-1])


def parameters(graph: Graph) -> str:
    """Return the number of parameters as it stands under a title: ``57.064 M params``."""
    count = parameter_count(graph)
    return f"{count / 1e6:.3f} M params" if count >= 1_000_000 else f"{count / 1e3:.1f} k params"


def most_columns(plan: ColumnPlan) -> int:
    """Return into how many columns the networks can be cut."""
    if plan.kin:
        return most_lines(plan.comparison.rows)
    return max(most_lines([(token,) for token in strand]) for strand in plan.strands)


def columns(scene: Scene, plan: ColumnPlan, *, marked: bool, count: int = 1, tight: bool = False) -> float:
    """Draw the networks into ``scene``, each cut into ``count`` columns or fewer; return how far right they reach.

    ``tight`` columns have shorter gaps.
    """
    rhythm = TIGHT if tight else DOWN
    width = max(box_width(strand, plan.least) for strand in plan.strands)
    cut = _cut(plan, count, rhythm)
    parts = _parts(plan, cut, width, rhythm)
    right = _spread(parts, plan)
    _titles(scene, plan, parts)
    changed = plan.comparison.changed if plan.kin and marked and len(plan.graphs) > 1 else ()
    bottom = max(part.bottom for part in parts) + 2 * TURN
    for number in range(len(plan.graphs)):
        own = [part for part in parts if part.number == number]
        pen = BoxColumn(scene, number + 1 if len(plan.graphs) > 1 else 0, changed, rhythm.label(""))
        _network(pen, plan, own, bottom)
    if plan.kin and marked and len(plan.graphs) > 1:
        for bank, line in enumerate(cut[0]):
            inside = [part for part in parts if part.bank == bank]
            edges = inside[0].x - inside[0].extent.left - AROUND, inside[-1].x + inside[-1].extent.right + AROUND
            _bands(scene, plan, line, edges, rhythm)
    return right


def _cut(plan: ColumnPlan, count: int, rhythm: Rhythm) -> list[list[range]]:
    """Return the pieces of each network: the same where they are aligned, else as long as those of the others."""
    if plan.kin:
        return [lines(plan.comparison.rows, rhythm, count)] * len(plan.strands)
    rows = [_alone(strand) for strand in plan.strands]
    if count < 2:
        return [[range(len(each))] for each in rows]
    room = max(room_for(each, rhythm, count) for each in rows)
    return [lines_within(each, rhythm, room) for each in rows]


def _alone(strand: Strand) -> list[StrandRow]:
    """Return a strand as rows of its own."""
    return [(token,) for token in strand]


def _parts(plan: ColumnPlan, cut: Sequence[Sequence[range]], width: float, rhythm: Rhythm) -> list[_Part]:
    """Return what stands in the columns, from left to right."""
    found = []
    for number, (strand, pieces) in enumerate(zip(plan.strands, cut, strict=True)):
        for bank, piece in enumerate(pieces):
            rows = plan.comparison.rows if plan.kin else _alone(strand)
            aligned = rows[piece.start : piece.stop]
            column = number if plan.kin else 0
            tops = zip(aligned, positions(aligned, rhythm), strict=True)
            own = [(token, top) for row, top in tops if (token := row[column])]
            tokens = tuple(token for token, _ in own)
            found.append(_Part(number, bank, tokens, [top for _, top in own], extent(tokens, width)))
    return sorted(found, key=lambda part: part.bank) if plan.kin else found


def _spread(parts: Sequence[_Part], plan: ColumnPlan) -> float:
    """Give each column its spine, from left to right, and return where the last one ends."""
    edge = 0.0
    for part in parts:
        edge += ARROW * _taps(part.strand) if part.bank else 0.0
        part.x = edge + part.extent.left
        edge += part.extent.left + part.extent.right + plan.between
    return edge - plan.between


def _taps(strand: Strand) -> int:
    """Return how many values the cells of a strand tap."""
    return len({value for cell in cells(strand) for value in cell.taps})


def _network(pen: BoxColumn, plan: ColumnPlan, parts: Sequence[_Part], bottom: float) -> None:
    """Draw the columns of one network, and how each leads to the next."""
    for part in parts:
        left = part.x - part.extent.left - ARROW
        beside = (Corridor("", part.bank, left, left, bottom, bottom),) if len(parts) > 1 else ()
        start = -TURN if part.bank else None
        end, shape = pen.draw(part.strand, part.extent, part.x, part.heights, start, beside)
        if part is parts[-1]:
            continue
        assert end is not None, "a column is never empty"
        following = parts[part.bank + 1]
        if plan.kin and len(plan.graphs) > 1:
            pen.scene.lines.append(Line(((part.x, end), (part.x, part.bottom + TURN)), arrow=True))
            said = ", ".join(filter(None, (f"{plan.graphs[part.number].title} (continued)", shape)))
            pen.scene.text(following.x, -TURN - LEADING, said, SUBTITLE, tone="muted")
        else:
            _way(pen.scene, part, end, shape, following)
    pen.taps.draw(parts[0].x - parts[0].extent.left)


def _way(scene: Scene, part: _Part, end: float, shape: str, following: _Part) -> None:
    """Draw the way from the end of a column up to the beginning of the next."""
    x = part.x
    if shape:
        scene.text_after(x + BESIDE, part.bottom + LABEL / 2 - 0.5, shape, SHAPE, tone="muted")
    below = part.bottom + (LABEL if shape else TURN)
    beside = following.x - following.extent.left - BESIDE_WAY
    top = -TURN - 5
    corners = ((x, end), (x, below), (beside, below), (beside, top), (following.x, top), (following.x, -TURN))
    scene.lines.append(Line(corners))


def _titles(scene: Scene, plan: ColumnPlan, parts: Sequence[_Part]) -> None:
    """Write above the first column of each network its title, what differs, and the number of parameters."""
    first = [part for part in parts if not part.bank]
    wrapped = len(parts) > len(first)
    rooms = [2 * min(part.extent.left, part.extent.right) + (0 if wrapped else plan.between - 6) for part in first]
    lines_under = _subtitles(plan.words, [parameters(graph) for graph in plan.graphs], rooms)
    most = max(len(each) for each in lines_under)
    for graph, part, under in zip(plan.graphs, first, lines_under, strict=True):
        top = -ABOVE - LEADING * (most - 1)
        scene.text(part.x, top - 12, graph.title, TITLE, bold=True)
        for number, line in enumerate(under):
            if line:
                scene.text(part.x, top + LEADING * number, line, SUBTITLE, tone="muted")


def _subtitles(words: Sequence[str], counts: Sequence[str], rooms: Sequence[float]) -> list[list[str]]:
    """Return the lines under each title: one where words and number fit in every column, else the number is last."""
    together = [f"{word} · {count}" if word else count for word, count in zip(words, counts, strict=True)]
    if all(text_width(line, SUBTITLE) <= room for line, room in zip(together, rooms, strict=True)):
        return [[line] for line in together]
    wrapped = [wrap(word, room, SUBTITLE) for word, room in zip(words, rooms, strict=True)]
    most = max(map(len, wrapped))
    return [[*each, *[""] * (most - len(each)), count] for each, count in zip(wrapped, counts, strict=True)]


def _bands(scene: Scene, plan: ColumnPlan, line: range, edges: tuple[float, float], rhythm: Rhythm) -> None:
    """Put a band behind every run of rows of a line that differ, forks and frames' edges alone not counting."""
    left, right = edges
    rows, differs = plan.comparison.rows[line.start : line.stop], plan.comparison.differs[line.start : line.stop]
    heights = positions(rows, rhythm)
    runs = groupby(zip(rows, differs, heights, strict=True), key=lambda each: each[1])
    for number, (differ, run) in enumerate(runs, line.start):
        pairs = [(row, top) for row, _, top in run]
        if not differ or all(isinstance(token, Fork | Opening | Closing) for row, _ in pairs for token in row if token):
            continue
        top, bottom = pairs[0][1] - AROUND, pairs[-1][1] + row_length(pairs[-1][0], DOWN) + AROUND
        middle, width = (left + right) / 2, right - left
        scene.boxes.insert(0, Box(f"band {number}", "band", middle, (top + bottom) / 2, width, bottom - top))
