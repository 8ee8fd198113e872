"""Draws one network, or a part of it, on a line from left to right: boxes, shortcuts above, taps and heads below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from builder.emit.diagram.layout.texts import write_line
from builder.emit.diagram.reading.lines import LINE_SIZE, line_width
from builder.emit.diagram.reading.outline import Fork, Head, Join, Opening, OutlineCell, OutlineSplit, cells
from builder.emit.diagram.reading.rows import Rhythm
from builder.emit.diagram.scene.metrics import LINE, text_width
from builder.emit.diagram.scene.scene import DOT, Box, Dot, Line
from builder.emit.diagram.scene.theme import LIGHT, SHAPE, TEXT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.emit.diagram.reading.outline import Strand, Token
    from builder.emit.diagram.scene.scene import Point, Scene

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

HIGHER: Final = PROJECTION[1] + 3.0
"""From the lane of a shortcut to that of a shortcut around it."""

LANE_PEN: Final = 1.3
TAP_PEN: Final = 0.9
APART: Final = 3.0
"""From a line that taps a value to the next."""

OUTSIDE: Final = -20.0
"""Where lines run that tap a value in another line of boxes."""


class BoxRow:
    """Draws one network: its lines one by one, then what taps values."""

    def __init__(self, scene: Scene, model: int) -> None:
        """Begin with nothing."""
        self.scene = scene
        self.model = model
        self.line = -1
        self.y = 0.0
        self.start: float | None = None
        self.shape = ""
        self.right = 0.0  # how far the boxes and forks of the line reach
        self.depths: list[float] = []  # of each line, where taps run below it
        self.forks: dict[str, float] = {}
        self.lanes: dict[str, int] = {}  # how many shortcuts one is, with those that it passes, on its line
        self.sources: dict[int, tuple[Point, int]] = {}  # where a value can be tapped, and on which line
        self.readers: list[tuple[int, Box, int]] = []
        self.holders: dict[int, tuple[Point, int]] = {}

    def draw(self, strand: Strand, places: Sequence[float], y: float, start: float | None = None) -> None:
        """Draw tokens on the line ``y``, each at its place from the left; an earlier line arrives at ``start``."""
        self.line += 1
        self.y, self.start, self.right = y, start, 0.0
        self.lanes = _nesting(strand)
        self.depths.append(y + STAGE[1] / 2 + LANE + (HEAD + LANE) * any(isinstance(each, Head) for each in strand))
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

    def taps(self) -> None:
        """Draw thin lines below the boxes from forks, or from boxes that hold a value, to the boxes that read it."""
        for number, (value, box, line) in enumerate(self.readers):
            source, from_line = self.sources[value] if value in self.sources else self.holders[value]
            deeper = APART * len({each for each, _, _ in self.readers[:number]} - {value})
            below = self.depths[line] + deeper
            way = [source, (source[0], below), (box.x, below), (box.x, box.area.bottom + 1.1)]
            if line != from_line:
                above, outside = self.depths[from_line] + deeper, OUTSIDE - deeper
                way[1:2] = [(source[0], above), (outside, above), (outside, below)]
            self.scene.lines.append(Line(tuple(way), "lane", arrow=True, pen=TAP_PEN))

    def _cell(self, cell: OutlineCell, left: float) -> None:
        """Draw a box on the line, and remember what it taps."""
        width, tall = cell_size(cell)
        if not cell.starts:
            self._connect(left - LIGHT.looks[cell.kind].pen / 2)
        box = self._box(cell, left + width / 2, self.y, width, tall)
        self._read(cell, box)
        self._leave(cell, left + width)

    def _read(self, cell: OutlineCell, box: Box) -> None:
        """Remember which values a box reads from elsewhere."""
        for value in dict.fromkeys(cell.taps):
            if value in self.sources or value not in cell.nodes:
                self.readers.append((value, box, self.line))

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
            middle = self.start + min(x - self.start, label_room(self.shape)) / 2
            self.scene.text(middle, self.y - 6, self.shape, SHAPE, tone="muted")
        self.shape = ""

    def _fork(self, fork: Fork, x: float) -> None:
        """Draw a dot and remember it for the lane that begins there."""
        self._write_shape(x)
        self.scene.dots.append(Dot(x, self.y))
        self.right = max(self.right, x)
        self.sources[fork.value] = (x, self.y + DOT / 2), self.line
        if fork.path is not None:
            self.forks[fork.path] = x

    def _join(self, join: Join, left: float) -> None:
        """Draw a joint and the shortcut that returns to it."""
        width, tall = cell_size(join.cell)
        x, half = left + width / 2, tall / 2 + 0.55
        self._connect(left - 0.55)
        self._box(join.cell, x, self.y, width, tall)
        fork, above = self.forks.pop(join.path), self.y - STAGE[1] / 2 - LANE - HIGHER * (self.lanes[join.path] - 1)
        here = self._lane(join.lane, fork, x, above)
        way = ((fork, self.y - DOT / 2), (fork, above), (x, above), (x, self.y - half))
        self._shortcut(*(way if here is None else ((here, above), *way[2:])), arrow=True)
        self._leave(join.cell, left + width)

    def _lane(self, lane: Strand, fork: float, x: float, above: float) -> float | None:
        """Draw the boxes on a lane in its middle, and return where the lane leaves them; None where there are none."""
        cells = [cell for cell in lane if isinstance(cell, OutlineCell)]
        here = (fork + x - sum(_lane_size(cell)[0] for cell in cells) - TURN * (len(cells) - 1)) / 2
        before: float | None = None
        for cell in cells:
            width, tall = _lane_size(cell)
            box = self._box(cell, here + width / 2, above, width, tall)
            self._read(cell, box)
            begin = ((fork, self.y - DOT / 2), (fork, above)) if before is None else ((before, above),)
            self._shortcut(*begin, (here, above))
            before = here + width
            here = before + TURN
        return before

    def _shortcut(self, *points: Point, arrow: bool = False) -> None:
        """Draw a piece of a shortcut."""
        self.scene.lines.append(Line(points, "lane", arrow=arrow, pen=LANE_PEN))

    def _head(self, head: Head, x: float) -> None:
        """Hang what runs in training only below the line."""
        self._write_shape(x)
        self.scene.dots.append(Dot(x, self.y))
        for cell in head.strand:
            assert isinstance(cell, OutlineCell), "the summary makes one box of a head"
            width, tall = cell_size(cell)[0], HEAD
            top = self.y + STAGE[1] / 2 + LANE
            self._box(cell, x, top + tall / 2, width, tall)
            self.scene.lines.append(Line(((x, self.y + DOT / 2), (x, top - 0.55)), "muted", arrow=True))

    def _box(self, cell: OutlineCell, x: float, y: float, width: float, tall: float) -> Box:
        """Add the box of a cell with its lines; the input is a text without a box."""
        look = LIGHT.looks[cell.kind]
        text = "" if cell.after or cell.kind == "input" else cell.label
        box = Box(
            cell.path, cell.kind, x, y, width, tall, text, look.bold and cell.kind != "input", cell.nodes, self.model
        )
        self.right = max(self.right, box.area.right)
        self.holders |= dict.fromkeys(cell.nodes, ((x + width / 4, y + tall / 2), self.line))
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
            write_line(self.scene, x, here + LINE_SIZE * LINE / 2, line, LINE_SIZE, cell.gates)
            here += LINE_SIZE * LINE


def cell_size(cell: OutlineCell) -> tuple[float, float]:
    """Return width and height of a box on the line."""
    if cell.kind == "input":
        return text_width(cell.label, SHAPE) + 3, SHAPE
    if cell.after:
        lines = [text_width(cell.label, TEXT, bold=True), *(line_width(line, cell.gates) for line in cell.after)]
        return max(STAGE[0], max(lines) + 9), STAGE[1]
    if cell.kind == "sum":
        return CIRCLE, CIRCLE
    least, tall = CHIP if cell.kind == "gate" else PILL
    return max(least, text_width(cell.label, TEXT, bold=cell.kind == "gate") + 9), tall


def _lane_size(cell: OutlineCell) -> tuple[float, float]:
    """Return width and height of a box on a lane."""
    least, tall = (CHIP[0], PROJECTION[1]) if cell.kind == "gate" else PROJECTION
    return max(least, text_width(cell.label, TEXT, bold=cell.kind == "gate") + 8), tall


def _width(token: Token) -> float:
    """Return the room that a token takes up along the line."""
    match token:
        case OutlineCell():
            return cell_size(token)[0]
        case Join():
            return cell_size(token.cell)[0]
    return 0.0


def _gap(before: Token | None, after: Token, _inside: bool) -> float:
    """Return the distance between two tokens, where no shape stands."""
    if before is None:
        return 0.0
    return FORK if isinstance(after, Fork | Head) else ARROW


def label_room(shape: str) -> float:
    """Return the distance that a shape above the line asks for."""
    return text_width(shape, SHAPE) + 8


def _lane_length(join: Join) -> float:
    """Return the least way from a fork to its joint."""
    widths = [_lane_size(cell)[0] for cell in join.lane if isinstance(cell, OutlineCell)]
    return sum(widths) + TURN * max(2, len(widths) + 1)


ACROSS: Final = Rhythm(length=_width, gap=_gap, label=label_room, lane=_lane_length, pause=ARROW)
"""The rhythm of a row."""


def room_above(strand: Strand) -> float:
    """Return the room that the shortcuts of a line need above its boxes."""
    most = max(_nesting(strand).values(), default=0)
    return LANE + PROJECTION[1] / 2 + HIGHER * (most - 1) if most else 0.0


def _nesting(strand: Strand) -> dict[str, int]:
    """Return for the path of each shortcut one more than the most that lie in one another below it."""
    found: dict[str, int] = {}
    inside: list[int] = []
    for token in strand:
        if isinstance(token, Fork) and token.path is not None:
            inside.append(0)
        elif isinstance(token, Join):
            found[token.path] = inside.pop() + 1
            if inside:
                inside[-1] = max(inside[-1], found[token.path])
    return found


def room_below(strand: Strand, taps: int) -> float:
    """Return the room that a line needs under its boxes, where ``taps`` values are tapped."""
    heads = any(isinstance(token, Head) for token in strand)
    return (LANE + HEAD if heads else 0.0) + (LANE + APART * (taps - 1) if taps else 0.0)


def count_taps(strand: Strand) -> int:
    """Return how many values the boxes of a strand tap."""
    return len({value for cell in cells(strand) for value in cell.taps if value not in cell.nodes})
