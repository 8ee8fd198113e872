"""The block level: a box for each block, read from left to right; several networks one below the other, aligned.

What is too long for its column goes on in another line: one network with a line that leads there, several together,
as the staves of a score do.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from builder.emit.diagram.layout.columns import ColumnPlan, columns, most_columns, parameters
from builder.emit.diagram.layout.row import (
    ACROSS,
    STAGE,
    BoxRow,
    count_taps,
    room_above,
    room_below,
)
from builder.emit.diagram.layout.spacing import LEADING
from builder.emit.diagram.layout.wrapping import lines, lines_within, most_lines, room_for
from builder.emit.diagram.reading.alignment import are_kin, compare
from builder.emit.diagram.reading.difference import captions, with_notes
from builder.emit.diagram.reading.folding import check_names
from builder.emit.diagram.reading.options import DEFAULT, DrawOptions
from builder.emit.diagram.reading.outline import Fork, outline
from builder.emit.diagram.reading.rows import positions, row_length
from builder.emit.diagram.reading.summary import summary
from builder.emit.diagram.scene.metrics import LINE, text_width, wrap
from builder.emit.diagram.scene.scene import Box, Line, Scene
from builder.emit.diagram.scene.theme import SHAPE, SUBTITLE, TITLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.emit.diagram.reading.alignment import AlignedStrands
    from builder.emit.diagram.reading.outline import Strand
    from builder.emit.diagram.reading.rows import StrandRow
    from builder.graph import Graph

AROUND: Final = 4.5
HEADING: Final = 18.0
"""From a network's title to the room for its lanes."""

AGAIN: Final = 14.0
TIGHT_AGAIN: Final = 10.0
"""From what says which network goes on to the room for its lanes, and where the figure would not fit otherwise."""

PITCH: Final = 16.0
TIGHT_PITCH: Final = 9.0
"""From one network to the next one's title, and where the figure would not fit otherwise."""

UPRIGHT: Final = 72.0
"""The least width of a box that is read from top to bottom."""

BESIDE: Final = 22.0
"""From a column of boxes to the next."""

TURN: Final = 12.0
"""From the end of a line of boxes to where its way turns, and from there to the beginning of the next line."""

ROUND: Final = 5.0
"""How far a way goes into the line that it leads to, so that its corner is round."""

BELOW: Final = 8.0
TIGHT_BELOW: Final = 5.0
"""From the boxes of a line, and what hangs below them, to the way that leads to the next line, and from there to it."""


class BlockPlan(NamedTuple):
    """What is to be drawn: the networks in aligned rows, or each by itself."""

    graphs: Sequence[Graph]
    strands: list[Strand]
    words: list[str]
    comparison: AlignedStrands
    kin: bool

    @property
    def rows(self) -> tuple[StrandRow, ...]:
        """The networks side by side, row by row."""
        return self.comparison.rows


def block_plan(graphs: Sequence[Graph], options: DrawOptions, notes: Sequence[str]) -> BlockPlan:
    """Return the strands of ``graphs`` and what is said of them; raise ArchError where ``expand`` names no block."""
    strands = [summary(graph, expand=options.expand, shapes=options.shapes) for graph in graphs]
    comparison = compare(strands)
    kin = len(graphs) > 1 and are_kin(comparison)
    outlines = [outline(graph, shapes=options.shapes) for graph in graphs] if kin or options.expand else []
    check_names(outlines, options.expand)
    words = captions(outlines, compare(outlines)) if kin else [""] * len(graphs)
    return BlockPlan(graphs, strands, with_notes(words, notes), comparison, kin)


def blocks(graphs: Sequence[Graph], options: DrawOptions = DEFAULT, notes: Sequence[str] = (), count: int = 1) -> Scene:
    """Return the scene of ``graphs`` at the level of blocks, cut into ``count`` lines or fewer.

    Raises ArchError where ``expand`` names no block.
    """
    return draw_rows(block_plan(graphs, options, notes), options, count)


def draw_rows(plan: BlockPlan, options: DrawOptions, count: int, *, tight: bool = False) -> Scene:
    """Return the scene of a plan, read from left to right, cut into ``count`` lines or fewer, ``tight`` ones nearer."""
    scene = Scene()
    several = len(plan.graphs) > 1
    pens = [BoxRow(scene, number if several else 0) for number, _ in enumerate(plan.graphs, 1)]
    if plan.kin:
        _together(plan, options, pens, lines(plan.rows, ACROSS, count), tight=tight)
    else:
        _apart(plan, pens, count, TIGHT_BELOW if tight else BELOW)
    for pen in pens:
        pen.taps()
    return scene


def most_rows(plan: BlockPlan) -> int:
    """Return into how many lines the networks can be cut."""
    return most_lines(plan.rows) if plan.kin else max(most_lines(alone(strand)) for strand in plan.strands)


def draw_stacks(plan: BlockPlan, options: DrawOptions, count: int, *, tight: bool = False) -> Scene:
    """Return the scene of a plan, read from top to bottom, cut into ``count`` columns or fewer."""
    scene = Scene()
    columns(scene, _upright(plan), marked=options.highlight == "diff", count=count, tight=tight)
    return scene


def most_stacks(plan: BlockPlan) -> int:
    """Return into how many columns the networks can be cut."""
    return most_columns(_upright(plan))


def _upright(plan: BlockPlan) -> ColumnPlan:
    """Return the plan of columns."""
    comparison = plan.comparison
    kin = plan.kin or len(plan.graphs) == 1
    return ColumnPlan(plan.graphs, plan.strands, plan.words, comparison, kin, UPRIGHT, BESIDE)


def _apart(plan: BlockPlan, pens: Sequence[BoxRow], count: int, below: float) -> None:
    """Draw each network by itself, in lines that lead to one another by ways ``below`` them."""
    room = max(room_for(alone(strand), ACROSS, count) for strand in plan.strands)
    y = 0.0
    for number, (pen, strand) in enumerate(zip(pens, plan.strands, strict=True)):
        rows = alone(strand)
        cut = lines_within(rows, ACROSS, room) if count > 1 else [range(len(rows))]
        y = _title(plan, pen, number, y, room if count > 1 else None)
        for line in cut:
            part = strand[line.start : line.stop]
            if line.start:
                across = y + below + (SHAPE * LINE if pen.shape else 0.0)
                y = across + below
            middle = y + room_above(part) + STAGE[1] / 2
            start = _way(pen, across, middle) if line.start else None
            pen.draw(part, positions(rows[line.start : line.stop], ACROSS), middle, start)
            y = middle + STAGE[1] / 2 + room_below(part, count_taps(strand if len(cut) > 1 else part))
        y += PITCH


def _way(pen: BoxRow, across: float, middle: float) -> float:
    """Draw the way from the end of a line to the beginning of the next, and return where it arrives."""
    assert pen.start is not None, "a line is never empty"
    right = pen.right + TURN
    if pen.shape:
        left = right - text_width(pen.shape, SHAPE) - 6
        pen.scene.text_after(left, across - SHAPE * LINE / 2 - 1, pen.shape, SHAPE, tone="muted")
        pen.shape = ""
    arrival = -TURN + ROUND
    corners = ((pen.start, pen.y), (right, pen.y), (right, across), (-TURN, across), (-TURN, middle), (arrival, middle))
    pen.scene.lines.append(Line(corners))
    return arrival


def _together(
    plan: BlockPlan, options: DrawOptions, pens: Sequence[BoxRow], cut: Sequence[range], *, tight: bool
) -> None:
    """Draw the networks below one another in aligned rows, and go on with all of them in another line."""
    scene = pens[0].scene
    wrapped = len(cut) > 1
    pitch, heading = (TIGHT_PITCH, TIGHT_AGAIN) if tight else (PITCH, AGAIN)
    room = max(_length(plan.rows[line.start : line.stop]) for line in cut)
    y = 0.0
    for line in cut:
        rows, first = plan.rows[line.start : line.stop], len(scene.boxes)
        starts = positions(rows, ACROSS)
        for number, pen in enumerate(pens):
            part = tuple(token for row in rows if (token := row[number]))
            if line.start:
                _continued(plan.graphs[number], pen, y)
                y += heading
            else:
                y = _title(plan, pen, number, y, room if wrapped else None)
            y += room_above(part)
            pen.draw(part, _places(rows, starts, number), y + STAGE[1] / 2, -TURN if line.start else None)
            if line.stop < len(plan.rows):
                _onwards(pen)
            y += STAGE[1] + pitch + room_below(part, count_taps(plan.strands[number] if wrapped else part))
        if options.highlight == "diff":
            _bands(scene, rows, plan.comparison.differs[line.start : line.stop], starts, first)


def _onwards(pen: BoxRow) -> None:
    """Draw how a line of boxes goes on."""
    assert pen.start is not None, "a network has begun"
    pen.scene.lines.append(Line(((pen.start, pen.y), (pen.start + TURN, pen.y)), arrow=True))


def _continued(graph: Graph, pen: BoxRow, y: float) -> None:
    """Write which network goes on and what shape comes in."""
    said = ", ".join(filter(None, (f"{graph.title} (continued)", pen.shape)))
    pen.scene.text_after(0, y, said, SUBTITLE, tone="muted")
    pen.shape = ""


def _title(plan: BlockPlan, pen: BoxRow, number: int, y: float, room: float | None) -> float:
    """Write the title of a network, what differs and the number of parameters; return where its line has room.

    What does not fit beside the title into ``room`` stands below it.
    """
    scene, graph, words = pen.scene, plan.graphs[number], plan.words[number]
    scene.text_after(0, y, graph.title, TITLE, bold=True)
    after = text_width(graph.title, TITLE, bold=True) + 10
    said = f"{words} · {parameters(graph)}" if words else parameters(graph)
    if room is None or after + text_width(said, SUBTITLE) <= room:
        scene.text_after(after, y + 1, said, SUBTITLE, tone="muted")
        return y + HEADING
    under = [*wrap(words, room, SUBTITLE, most=3), parameters(graph)]
    for line in under:
        y += LEADING + (2 if line is under[0] else 0)
        scene.text_after(0, y, line, SUBTITLE, tone="muted")
    return y + HEADING - 4


def alone(strand: Strand) -> list[StrandRow]:
    """Return a strand as rows of its own."""
    return [(token,) for token in strand]


def _length(rows: Sequence[StrandRow]) -> float:
    """Return the length of a line of aligned rows."""
    return positions(rows, ACROSS)[-1] + row_length(rows[-1], ACROSS)


def _places(rows: Sequence[StrandRow], starts: Sequence[float], number: int) -> list[float]:
    """Return where each token of a network begins, from the left: in the middle of its row."""
    widths = [row_length(row, ACROSS) for row in rows]
    return [
        start + (width - ACROSS.length(token)) / 2
        for row, start, width in zip(rows, starts, widths, strict=True)
        if (token := row[number])
    ]


def _bands(
    scene: Scene, rows: Sequence[StrandRow], differs: Sequence[bool], starts: Sequence[float], first: int
) -> None:
    """Put a band behind every run of rows that differ, over all boxes from the ``first`` on."""
    areas = [box.area for box in scene.boxes[first:]]
    top, bottom = min(area.top for area in areas) - AROUND, max(area.bottom for area in areas) + AROUND
    runs = groupby(zip(rows, differs, starts, strict=True), key=lambda each: each[1])
    for number, (differ, run) in enumerate(runs):
        pairs = [(row, start) for row, _, start in run]
        if not differ or all(isinstance(token, Fork) for row, _ in pairs for token in row if token):
            continue
        left, right = pairs[0][1] - AROUND, pairs[-1][1] + row_length(pairs[-1][0], ACROSS) + AROUND
        name = f"band {number}" if not first else f"band {number} at {top:.0f}"
        scene.boxes.insert(0, Box(name, "band", (left + right) / 2, (top + bottom) / 2, right - left, bottom - top))
