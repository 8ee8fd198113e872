"""Draws one strand into a scene: boxes on a spine, frames around blocks, lanes beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from builder.emit.diagram.layout.extent import BESIDE, BETWEEN, TO_LANE
from builder.emit.diagram.layout.spacing import (
    ARROW,
    DROP,
    HEADING,
    LABEL,
    MARGIN,
    branches_height,
    cell_height,
    strand_height,
    strand_tops,
)
from builder.emit.diagram.layout.taps import Corridor, TapLines
from builder.emit.diagram.layout.texts import write_line
from builder.emit.diagram.reading.outline import Closing, Fork, Head, Join, Opening, OutlineCell, OutlineSplit
from builder.emit.diagram.scene.metrics import LINE, fit_end, text_width
from builder.emit.diagram.scene.scene import DOT, Box, Dot, Line, Point, Scene, Tone
from builder.emit.diagram.scene.theme import FRAME_TITLE, LIGHT, LONG_TITLE, SHAPE, SMALL, TEXT

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from builder.emit.diagram.layout.extent import Extent
    from builder.emit.diagram.reading.outline import Strand, Token

LANE_PEN: Final = 1.3
CROSSING: Final = 5.0
"""From a fork, and from where its ways meet, to a line that crosses over to one of them."""

BEFORE: Final = 7.0
"""From a branch to a line between it and the branch to its left, with room for an arrow."""


class BoxColumn:
    """The drawing of one network; ``changed`` are the paths of cells whose text is set in bold.

    ``label`` is the gap in which a shape stands beside the line.
    """

    def __init__(self, scene: Scene, model: int, changed: Collection[str] = (), label: float = LABEL) -> None:
        self.scene = scene
        self.model = model
        self.changed = changed
        self.label = label
        self.taps = TapLines(scene)

    def draw(
        self,
        strand: Strand,
        extent: Extent,
        x: float,
        heights: Sequence[float],
        start: float | None = None,
        corridors: tuple[Corridor, ...] = (),
    ) -> tuple[float | None, str]:
        """Draw tokens at ``heights`` on the spine ``x``, to which a line comes from ``start``.

        Returns where the line leaves the last one, and the shape that is still to be written there.
        """
        pen = _Strand(self, extent, x, "ink", corridors)
        end = pen.draw(strand, heights, start)
        return end, pen.shape


class _Strand:
    """A strand being drawn: the spine, how far the line has come, and what is still open around it."""

    def __init__(
        self, column: BoxColumn, extent: Extent, x: float, tone: Tone, corridors: tuple[Corridor, ...] = ()
    ) -> None:
        """Begin above the first token, on the spine ``x``, which has ``corridors`` beside it."""
        self.column = column
        self.scene = column.scene
        self.extent = extent
        self.x = x
        self.tone = tone
        self.corridors = corridors
        self.start: float | None = None  # where the line to the next box begins
        self.edge = 0.0  # below what the shape may stand
        self.shape = ""
        self.frames: dict[str, tuple[float, str]] = {}
        self.forks: dict[str, float] = {}
        self.last_fork = 0.0

    def draw(self, strand: Strand, heights: Sequence[float], start: float | None) -> float | None:
        """Draw all tokens and return where the line leaves the last one."""
        self.start = start
        for token, top in zip(strand, heights, strict=True):
            if not isinstance(token, Closing):
                self._write_shape()
            match token:
                case OutlineCell():
                    self._cell(token, top)
                case Opening():
                    self.frames[token.path] = (top, token.title)
                case Closing():
                    self._frame(token.path, top)
                case Fork():
                    self._fork(token, top)
                case Join():
                    self._join(token, top)
                case OutlineSplit():
                    self._split(token, top)
                case Head():
                    self._head(token, top)
        return self.start

    def _cell(self, cell: OutlineCell, top: float) -> None:
        """Draw a box on the spine."""
        tall = cell_height(cell)
        box = self._box(cell, self.x, top + tall / 2, self.extent.width)
        if not cell.starts:
            self._connect(top - _half_pen(box))
        elif self.start is not None and self.last_fork > self.start:
            self._line((self.x, self.start), (self.x, self.last_fork), arrow=False)
        self._leave(cell, top + tall)
        for value in dict.fromkeys(cell.taps):
            self.column.taps.reader(value, box, self.corridors)
        if cell.folded:
            self.column.taps.holder(cell.nodes, box, self.corridors)

    def _connect(self, y: float) -> None:
        """Draw the spine from the last box down to ``y``, with an arrow where there is room for one."""
        if self.start is not None:
            self._line((self.x, self.start), (self.x, y), arrow=y - self.start >= ARROW - 1.5)

    def _leave(self, cell: OutlineCell, bottom: float) -> None:
        """Remember where the line leaves a box and which shape it then carries."""
        self.start = self.edge = bottom
        self.shape = cell.shape

    def _write_shape(self) -> None:
        """Write the shape beside the line, between what it left last and what comes next."""
        if self.shape:
            middle = self.edge + self.column.label / 2 - 0.5
            self.scene.text_after(self.x + BESIDE, middle, self.shape, SHAPE, tone="muted")
            self.shape = ""

    def _frame(self, path: str, bottom: float) -> None:
        """Draw the frame of a block, with its title at the top left."""
        top, title = self.frames.pop(path)
        left, right = self.extent.frames[path]
        name = f"frame {path}"
        middle, width = self.x + (right - left) / 2, left + right
        frame = Box(name, "frame", middle, (top + bottom) / 2, width, bottom - top, model=self.column.model)
        self.scene.boxes.insert(0, frame)
        room = left - 10  # the spine runs through the middle
        size = FRAME_TITLE if text_width(title, FRAME_TITLE, bold=True) <= room else LONG_TITLE
        shown = fit_end(title, room, size, bold=True)
        self.scene.text_after(self.x - left + 4, top + HEADING / 2, shown, size, bold=True)
        self.edge = bottom

    def _fork(self, fork: Fork, y: float) -> None:
        """Draw a dot and remember it for the lane that begins there."""
        self.scene.dots.append(Dot(self.x, y))
        self.last_fork = y
        self.column.taps.source(fork.value, (self.x, y), self.corridors)
        if fork.path is not None:
            self.forks[fork.path] = y

    def _join(self, join: Join, top: float) -> None:
        """Draw a joint and the shortcut that returns to it."""
        tall = cell_height(join.cell)
        y = top + tall / 2
        is_circle = LIGHT.looks[join.cell.kind].form == "circle"
        box = self._box(join.cell, self.x, y, tall if is_circle else self.extent.width)
        self._connect(top - _half_pen(box))
        self._lane(join, box)
        self._leave(join.cell, top + tall)

    def _lane(self, join: Join, joint: Box) -> None:
        """Draw a shortcut: out of its fork to the right, down, and into the joint from the right."""
        fork, x = self.forks.pop(join.path), self.x + self.extent.lanes[join.path]
        arrival = ((x, joint.y), (joint.area.right + _half_pen(joint), joint.y))
        departure = ((self.x + DOT / 2, fork), (x, fork))
        if not join.lane:
            self._shortcut(*departure, *arrival)
            return
        top = (fork + joint.y - strand_height(join.lane)) / 2
        aside = self.extent.asides[join.path]
        across = (fork + CROSSING, joint.area.top - CROSSING)
        corridor = Corridor(join.path, 0, x - aside.left - TO_LANE / 2, x + aside.right + TO_LANE / 2, *across)
        lane = _Strand(self.column, aside, x, "lane", (*self.corridors, corridor))
        boxed = isinstance(join.lane[0], OutlineCell)
        heights = [top + each for each in strand_tops(join.lane)]
        bottom = lane.draw(join.lane, heights, start=None if boxed else top)
        entrance = (x, top - 0.55 if boxed else top)
        self.scene.lines.append(Line((*departure, entrance), "lane", arrow=boxed, pen=LANE_PEN))
        self._shortcut((x, bottom or top), *arrival)

    def _shortcut(self, *points: Point) -> None:
        """Draw a piece of a shortcut with an arrow."""
        self.scene.lines.append(Line(points, "lane", arrow=True, pen=LANE_PEN))

    def _head(self, head: Head, y: float) -> None:
        """Draw what runs in training only beside the spine, which passes it."""
        extent, x = self.extent.asides[head.path], self.x + self.extent.lanes[head.path]
        self.scene.dots.append(Dot(self.x, y))
        self.scene.text_after(self.x + BESIDE, y + 6, "training only", SMALL, tone="muted")
        first = next(top for top, token in zip(strand_tops(head.strand), head.strand, strict=True) if _is_solid(token))
        goal = (x, y + DROP + first - 0.5)
        self.scene.lines.append(Line(((self.x + DOT / 2, y), (x, y), goal), "muted", arrow=True))
        side = _Strand(self.column, extent, x, "muted")
        side.draw(head.strand, [y + DROP + each for each in strand_tops(head.strand)], start=None)

    def _split(self, split: OutlineSplit, top: float) -> None:
        """Draw branches side by side below a fork, and the cell in which they meet."""
        below = top + DROP
        meeting = below + branches_height(split) + DROP
        joint = self._meeting(split, meeting)
        self._connect_plainly(top)
        self.scene.dots.append(Dot(self.x, top))
        across = (top + CROSSING, meeting - DROP + CROSSING)
        placed = zip(split.branches, self.extent.branches[split.path], strict=True)
        for number, (branch, (offset, extent)) in enumerate(placed):
            x = self.x + offset
            way = [(self.x, top), (x, top)] if offset else [(x, top)]
            goal = _entrance(joint, x)
            if not branch:
                self._line(*way, *goal, arrow=True)
                continue
            boxed = isinstance(branch[0], OutlineCell)
            self._line(*way, (x, below - 0.5 if boxed else below), arrow=boxed)
            heights = [below + each for each in strand_tops(branch)]
            edges = x - extent.left - (BEFORE if number else MARGIN - 2), x + extent.right + BETWEEN - BEFORE
            beside = Corridor(split.path, number, *edges, *across)
            side = _Strand(self.column, extent, x, self.tone, (*self.corridors, beside))
            end = side.draw(branch, heights, start=None if boxed else below)
            self._line((x, end or below), *goal, arrow=True)
        self._leave(split.cell, meeting + cell_height(split.cell))

    def _meeting(self, split: OutlineSplit, top: float) -> Box:
        """Add the box in which branches meet: a circle on the spine or a bar below all of them."""
        tall = cell_height(split.cell)
        if LIGHT.looks[split.cell.kind].form == "circle":
            return self._box(split.cell, self.x, top + tall / 2, tall)
        branches = self.extent.branches[split.path]
        left = min(x - each.left for x, each in branches)
        right = max(x + each.right for x, each in branches)
        return self._box(split.cell, self.x + (left + right) / 2, top + tall / 2, right - left)

    def _connect_plainly(self, y: float) -> None:
        """Draw the spine down to ``y`` without an arrow."""
        if self.start is not None:
            self._line((self.x, self.start), (self.x, y), arrow=False)

    def _line(self, *points: Point, arrow: bool) -> None:
        """Add a line in the color of this strand."""
        pen = LANE_PEN if self.tone == "lane" else 0.9
        self.scene.lines.append(Line(points, self.tone, arrow, pen))

    def _box(self, cell: OutlineCell, x: float, y: float, width: float) -> Box:
        """Add the box of a cell and the lines that it carries; circles have their sign drawn, not written."""
        look = LIGHT.looks[cell.kind]
        tall = cell_height(cell)
        alone = not (cell.before or cell.after)
        bold = look.bold or cell.folded or cell.path in self.column.changed
        text = cell.label if alone else ""
        box = Box(cell.path, cell.kind, x, y, width, tall, text, bold, cell.nodes, self.column.model)
        self.scene.boxes.append(box)
        if not alone:
            self._lines_of(cell, x, y, bold=bold)
        return box

    def _lines_of(self, cell: OutlineCell, x: float, y: float, *, bold: bool) -> None:
        """Write a label and the lines that its box carries, in the order of execution."""
        lines = [(line, SMALL) for line in cell.before] + [(cell.label, TEXT)] + [(line, SMALL) for line in cell.after]
        here = y - sum(size for _, size in lines) * LINE / 2
        for line, size in lines:
            gates = cell.gates if size == SMALL else ()
            write_line(self.scene, x, here + size * LINE / 2, line, size, gates, bold=bold and size == TEXT)
            here += size * LINE


def _is_solid(token: Token) -> bool:
    """Return whether a token is something that a line can lead to."""
    return isinstance(token, OutlineCell | Join | OutlineSplit)


def _entrance(joint: Box, x: float) -> list[Point]:
    """Return the last points of a line that comes down at ``x``: from above into a bar, from the side into a circle."""
    if x == joint.x or joint.area.left < x < joint.area.right:
        return [(x, joint.area.top - _half_pen(joint))]
    edge = joint.area.left - _half_pen(joint) if x < joint.x else joint.area.right + _half_pen(joint)
    return [(x, joint.y), (edge, joint.y)]


def _half_pen(box: Box) -> float:
    """Return how far the outline of a box reaches beyond its edge."""
    return LIGHT.looks[box.kind].pen / 2
