"""The block level: a box for each block, read from left to right; several networks one below the other, aligned."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from builder.emit.diagram.layout.layers import parameters, with_notes
from builder.emit.diagram.reading.alignment import are_kin, compare
from builder.emit.diagram.reading.difference import captions
from builder.emit.diagram.reading.folding import check_names
from builder.emit.diagram.reading.options import DEFAULT, DrawOptions
from builder.emit.diagram.reading.outline import Fork, Head, Join, Opening, OutlineCell, OutlineSplit, outline
from builder.emit.diagram.reading.rows import Rhythm, positions, row_length
from builder.emit.diagram.reading.summary import LINE_SIZE, summary
from builder.emit.diagram.scene.metrics import LINE, text_width
from builder.emit.diagram.scene.scene import DOT, Box, Dot, Line, Scene
from builder.emit.diagram.scene.theme import LIGHT, SHAPE, SUBTITLE, TEXT, TITLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.emit.diagram.reading.alignment import AlignedStrands
    from builder.emit.diagram.reading.outline import Strand, Token
    from builder.emit.diagram.scene.scene import Point
    from builder.graph import Graph

STAGE: Final = (62.0, 46.0)
CHIP: Final = (20.0, 32.0)
PILL: Final = (24.0, 14.0)
PROJECTION: Final = (44.0, 13.0)
CIRCLE: Final = 13.0
HEAD: Final = 26.0

ARROW: Final = 13.0
"""The shortest way from box to box."""

FORK: Final = 8.0
"""From a box to a fork; the way from there to the next box has room for an arrow."""

TURN: Final = 10.0
"""From a fork to the box on its lane, and from there to the joint."""

LANE: Final = 10.0
"""From the boxes up to the lane of a shortcut, and down to a line that taps a value."""

LANE_PEN: Final = 1.3
TAP_PEN: Final = 0.9
AROUND: Final = 4.5
HEADING: Final = 18.0
"""From a network's title to the room for its lanes."""

PITCH: Final = 16.0
"""From one network to the next one's title."""


def blocks(graphs: Sequence[Graph], options: DrawOptions = DEFAULT, notes: Sequence[str] = ()) -> Scene:
    """Return the scene of ``graphs`` at the level of blocks; raise ArchError where ``expand`` names no block."""
    scene = Scene()
    outlines = [outline(graph, shapes=options.shapes) for graph in graphs]
    check_names(outlines, options.expand)
    strands = [summary(graph, expand=options.expand, shapes=options.shapes) for graph in graphs]
    comparison = compare(strands)
    kin = len(graphs) > 1 and are_kin(comparison)
    places = _places(strands, comparison if kin else None)
    words = captions(outlines, compare(outlines)) if kin else [""] * len(graphs)
    words = with_notes(words, notes)
    y = 0.0
    for number, (graph, strand) in enumerate(zip(graphs, strands, strict=True)):
        _title(scene, graph, words[number], y)
        y += HEADING + (LANE + PROJECTION[1] / 2 if any(isinstance(token, Join) for token in strand) else 0)
        _Row(scene, y + STAGE[1] / 2, number + 1 if len(graphs) > 1 else 0).draw(strand, places[number])
        y += STAGE[1] + PITCH + _below(strand)
    if kin and options.highlight == "diff":
        _bands(scene, comparison)
    return scene


def _title(scene: Scene, graph: Graph, words: str, y: float) -> None:
    """Write the title of a network, and behind it what differs and the number of parameters."""
    scene.text_after(0, y, graph.title, TITLE, bold=True)
    after = text_width(graph.title, TITLE, bold=True) + 10
    said = f"{words} · {parameters(graph)}" if words else parameters(graph)
    scene.text_after(after, y + 1, said, SUBTITLE, tone="muted")


def _places(strands: Sequence[Strand], comparison: AlignedStrands | None) -> list[list[float]]:
    """Return where each token of each strand begins, from the left."""
    if comparison is None:
        return [positions([(token,) for token in strand], ACROSS) for strand in strands]
    starts = positions(comparison.rows, ACROSS)
    widths = [row_length(row, ACROSS) for row in comparison.rows]
    return [
        [
            start + (width - _width(token)) / 2
            for row, start, width in zip(comparison.rows, starts, widths, strict=True)
            if (token := row[number])
        ]
        for number in range(len(strands))
    ]


class _Row:
    """Draws one network on the line ``y``."""

    def __init__(self, scene: Scene, y: float, model: int) -> None:
        """Begin at the left end of the line ``y``."""
        self.scene = scene
        self.y = y
        self.model = model
        self.start: float | None = None
        self.shape = ""
        self.forks: dict[str, float] = {}
        self.sources: dict[int, float] = {}
        self.holders: dict[int, Point] = {}

    def draw(self, strand: Strand, places: Sequence[float]) -> None:
        """Draw all tokens, each at its place from the left."""
        for token, left in zip(strand, places, strict=True):
            match token:
                case OutlineCell():
                    self._cell(token, left)
                case Fork():
                    self._fork(token, left)
                case Join():
                    self._join(token, left)
                case Head():
                    self._head(token, left)
                case Opening() | OutlineSplit():
                    message = "a summary has neither frames nor branches"
                    raise AssertionError(message)

    def _cell(self, cell: OutlineCell, left: float) -> None:
        """Draw a box on the line, and what it taps."""
        width, tall = _size(cell)
        if not cell.starts:
            self._connect(left - LIGHT.looks[cell.kind].pen / 2)
        box = self._box(cell, left + width / 2, self.y, width, tall)
        for value in dict.fromkeys(cell.taps):
            if value in self.sources:
                self._tap((self.sources[value], self.y + DOT / 2), box)
            elif value not in cell.nodes:
                self._tap(self.holders[value], box)
        self._leave(cell, left + width)

    def _connect(self, x: float) -> None:
        """Draw the line from the last box to ``x``."""
        self._write_shape(x)
        if self.start is not None:
            self.scene.lines.append(Line(((self.start, self.y), (x, self.y)), arrow=True))

    def _leave(self, cell: OutlineCell, right: float) -> None:
        """Remember where the line leaves a box and which shape it then carries."""
        self.start = right
        self.shape = cell.shape

    def _write_shape(self, x: float) -> None:
        """Write the shape above the line that begins where the last box ends and leads to ``x``."""
        if self.shape and self.start is not None:
            middle = self.start + min(x - self.start, _label(self.shape)) / 2
            self.scene.text(middle, self.y - 6, self.shape, SHAPE, tone="muted")
        self.shape = ""

    def _fork(self, fork: Fork, x: float) -> None:
        """Draw a dot and remember it for the lane that begins there."""
        self._write_shape(x)
        self.scene.dots.append(Dot(x, self.y))
        self.sources[fork.value] = x
        if fork.path is not None:
            self.forks[fork.path] = x

    def _join(self, join: Join, left: float) -> None:
        """Draw a joint and the shortcut that returns to it."""
        width, tall = _size(join.cell)
        x, half = left + width / 2, tall / 2 + 0.55
        self._connect(left - 0.55)
        self._box(join.cell, x, self.y, width, tall)
        fork, above = self.forks.pop(join.path), self.y - STAGE[1] / 2 - LANE
        if join.lane:
            self._lane(join.lane, fork, x, half, above)
        else:
            self._shortcut((fork, self.y - DOT / 2), (fork, above), (x, above), (x, self.y - half))
        self._leave(join.cell, left + width)

    def _lane(self, lane: Strand, fork: float, x: float, half: float, above: float) -> None:
        """Return the least way from a fork to its joint."""
        for cell in lane:
            assert isinstance(cell, OutlineCell), "the summary makes one box of a lane"
            width, tall = _lane_size(cell)
            middle = (fork + x) / 2
            self._box(cell, middle, above, width, tall)
            way = ((fork, self.y - DOT / 2), (fork, above), (middle - width / 2, above))
            self.scene.lines.append(Line(way, "lane", pen=LANE_PEN))
            self._shortcut((middle + width / 2, above), (x, above), (x, self.y - half))

    def _shortcut(self, *points: Point) -> None:
        """Draw a piece of a shortcut with an arrow."""
        self.scene.lines.append(Line(points, "lane", arrow=True, pen=LANE_PEN))

    def _head(self, head: Head, x: float) -> None:
        """Hang what runs in training only below the line."""
        self._write_shape(x)
        self.scene.dots.append(Dot(x, self.y))
        for cell in head.strand:
            assert isinstance(cell, OutlineCell), "the summary makes one box of a head"
            width, tall = _size(cell)[0], HEAD
            top = self.y + STAGE[1] / 2 + LANE
            self._box(cell, x, top + tall / 2, width, tall)
            self.scene.lines.append(Line(((x, self.y + DOT / 2), (x, top - 0.55)), "muted", arrow=True))

    def _tap(self, source: Point, box: Box) -> None:
        """Draw a thin line below the boxes from a fork, or a box that holds the value, to a box that reads it."""
        below = self.y + STAGE[1] / 2 + LANE
        way = (source, (source[0], below), (box.x, below), (box.x, box.area.bottom + 1.1))
        self.scene.lines.append(Line(way, "lane", arrow=True, pen=TAP_PEN))

    def _box(self, cell: OutlineCell, x: float, y: float, width: float, tall: float) -> Box:
        """Add the box of a cell with its lines; the input is a text without a box."""
        look = LIGHT.looks[cell.kind]
        text = "" if cell.after or cell.kind == "input" else cell.label
        box = Box(
            cell.path, cell.kind, x, y, width, tall, text, look.bold and cell.kind != "input", cell.nodes, self.model
        )
        self.holders |= dict.fromkeys(cell.nodes, (x + width / 4, y + tall / 2))
        if cell.kind == "input":
            self.scene.text(x, y, cell.label, SHAPE, tone="muted")
            return box
        self.scene.boxes.append(box)
        if cell.after:
            self._lines(cell, x, y)
        return box

    def _lines(self, cell: OutlineCell, x: float, y: float) -> None:
        """Write the title of a box and its lines below one another."""
        here = y - (TEXT + LINE_SIZE * len(cell.after)) * LINE / 2 - 1
        self.scene.text(x, here + TEXT * LINE / 2, cell.label, TEXT, bold=True)
        here += TEXT * LINE + 2
        for line in cell.after:
            self.scene.text(x, here + LINE_SIZE * LINE / 2, line, LINE_SIZE)
            here += LINE_SIZE * LINE


def _size(cell: OutlineCell) -> tuple[float, float]:
    """Return width and height of a box on the line."""
    if cell.kind == "input":
        return text_width(cell.label, SHAPE) + 3, SHAPE
    if cell.after:
        lines = [text_width(cell.label, TEXT, bold=True), *(text_width(line, LINE_SIZE) for line in cell.after)]
        return max(STAGE[0], max(lines) + 9), STAGE[1]
    if cell.kind == "sum":
        return CIRCLE, CIRCLE
    least, tall = CHIP if cell.kind == "gate" else PILL
    return max(least, text_width(cell.label, TEXT, bold=cell.kind == "gate") + 9), tall


def _lane_size(cell: OutlineCell) -> tuple[float, float]:
    """Return width and height of a box on a lane."""
    least, tall = PROJECTION
    return max(least, text_width(cell.label, TEXT) + 8), tall


def _width(token: Token) -> float:
    """Return the room that a token takes up along the line."""
    match token:
        case OutlineCell():
            return _size(token)[0]
        case Join():
            return _size(token.cell)[0]
    return 0.0


def _gap(before: Token | None, after: Token, _inside: bool) -> float:
    """Return the distance between two tokens, where no shape stands."""
    if before is None:
        return 0.0
    return FORK if isinstance(after, Fork | Head) else ARROW


def _label(shape: str) -> float:
    """Return the distance that a shape above the line asks for."""
    return text_width(shape, SHAPE) + 8


def _lane(join: Join) -> float:
    """Return the least way from a fork to its joint."""
    return sum(_lane_size(cell)[0] for cell in join.lane if isinstance(cell, OutlineCell)) + 2 * TURN


def _below(strand: Strand) -> float:
    """Return the room that a network needs under its boxes."""
    if any(isinstance(token, Head) for token in strand):
        return LANE + HEAD
    return LANE if any(isinstance(token, OutlineCell) and token.taps for token in strand) else 0.0


ACROSS: Final = Rhythm(length=_width, gap=_gap, label=_label, lane=_lane, pause=ARROW)
"""The rhythm of a row."""


def _bands(scene: Scene, comparison: AlignedStrands) -> None:
    """Put a band behind every run of places that differ, from the first network to the last."""
    starts = positions(comparison.rows, ACROSS)
    areas = [box.area for box in scene.boxes]
    top, bottom = min(area.top for area in areas) - AROUND, max(area.bottom for area in areas) + AROUND
    runs = groupby(zip(comparison.rows, comparison.differs, starts, strict=True), key=lambda each: each[1])
    for number, (differs, run) in enumerate(runs):
        rows = [(row, start) for row, _, start in run]
        if not differs or all(isinstance(token, Fork) for row, _ in rows for token in row if token):
            continue
        left, right = rows[0][1] - AROUND, rows[-1][1] + row_length(rows[-1][0], ACROSS) + AROUND
        band = Box(f"band {number}", "band", (left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
        scene.boxes.insert(0, band)
