"""How tall things are and how far apart: the vertical rhythm of a column, in pt."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from builder.emit.diagram.reading.lines import line_width
from builder.emit.diagram.reading.outline import Closing, Fork, Head, Join, Opening, OutlineCell, OutlineSplit, Token
from builder.emit.diagram.reading.rows import Rhythm, positions
from builder.emit.diagram.scene.metrics import text_width
from builder.emit.diagram.scene.theme import LIGHT, SMALL, TEXT

if TYPE_CHECKING:
    from builder.emit.diagram.reading.outline import Strand

WIDTH: Final = 124.0
ASIDE: Final = 82.0
BRANCH: Final = 76.0
PADDING: Final = 5.0
MARGIN: Final = 6.0
"""From the boxes inside a frame, or a frame inside a frame, to the frame's line."""

HEADING: Final = 14.5
"""Room for the title at the top of a frame."""

CARRIED: Final = 6.6
"""What each carried line adds to the height of a box."""

LEADING: Final = 8.8
"""From one line under the title to the next."""

LABEL: Final = 17.0
"""A gap in which the shape stands beside the line."""

JOINED: Final = 5.0
"""A gap inside a frame, crossed by a plain line."""

ARROW: Final = 8.0
"""The shortest gap with an arrow."""

TURN: Final = 12.0
"""From a fork down to the first box of its lane, and from the last one to the joint."""

DROP: Final = 14.0
"""From a split's fork down to its branches, and from them down to where they meet."""


def cell_height(cell: OutlineCell) -> float:
    """Return the height of a cell with the lines that it carries."""
    return LIGHT.looks[cell.kind].height + CARRIED * (len(cell.before) + len(cell.after))


def box_width(strand: Strand, least: float) -> float:
    """Return the common width of the boxes of a strand: the least that holds each text, at least ``least``."""
    needed = (needed_width(token) for token in strand if isinstance(token, OutlineCell))
    return max([least, *needed])


def needed_width(cell: OutlineCell) -> float:
    """Return the width that the texts of a cell ask for."""
    if LIGHT.looks[cell.kind].form in ("circle", "text"):
        return 0.0
    bold = LIGHT.looks[cell.kind].bold or cell.folded
    widths = [text_width(cell.label, TEXT, bold=bold)]
    widths += [line_width(line, cell.gates, SMALL) for line in (*cell.before, *cell.after)]
    return max(widths) + 2 * PADDING


_GAPS: Final = (  # what stands above, what stands below, the distance; the first that fits holds
    (Opening, OutlineCell, 0.0),
    (Opening, Opening, 1.0),
    (Opening, object, 3.0),
    (Closing, Closing, MARGIN),
    (object, Closing, MARGIN - 1),
    (Closing | OutlineCell, Opening, 11.0),
    (Fork, Opening, 6.0),
    (object, Fork | Join | Head, 10.0),
    (Fork | Closing | Head, object, 10.0),
)


def gap(before: Token | None, after: Token, inside: bool) -> float:
    """Return the distance from the lower edge of one token to the upper edge of the next, where no shape stands."""
    if before is None:
        return 0.0
    if inside and isinstance(before, OutlineCell) and isinstance(after, OutlineCell):
        return JOINED
    fitting = (space for above, below, space in _GAPS if isinstance(before, above) and isinstance(after, below))
    return next(fitting, ARROW)


def height(token: Token) -> float:
    """Return the height of a token, joints included."""
    match token:
        case OutlineCell():
            return cell_height(token)
        case Opening():
            return HEADING
        case Join():
            return cell_height(token.cell)
        case OutlineSplit():
            return 2 * DROP + branches_height(token) + cell_height(token.cell)
        case Head():
            return DROP + strand_height(token.strand)
    return 0.0


def branches_height(split: OutlineSplit) -> float:
    """Return the height of the tallest branch."""
    return max(strand_height(branch) for branch in split.branches)


def strand_height(strand: Strand) -> float:
    """Return the height of a strand that stands beside another."""
    return strand_tops(strand)[-1] + height(strand[-1]) if strand else 0.0


def strand_tops(strand: Strand) -> list[float]:
    """Return the upper edges of the tokens of a strand that stands beside another."""
    return positions([(token,) for token in strand], DOWN, inside=True)


DOWN: Final = Rhythm(
    length=height,
    gap=gap,
    label=lambda _: LABEL,
    lane=lambda join: strand_height(join.lane) + 2 * TURN,
    pause=ARROW,
)
"""The rhythm of a column."""


def _tight_gap(before: Token | None, after: Token, inside: bool) -> float:
    """Return a gap that is as short as its arrow allows."""
    loose = gap(before, after, inside)
    return 0.6 * loose if loose < ARROW else max(6.5, 0.6 * loose)


TIGHT: Final = replace(DOWN, gap=_tight_gap, label=lambda _: 12.0, pause=5.0)
"""The rhythm of a column that would not fit otherwise."""
