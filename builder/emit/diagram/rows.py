"""From tokens to heights: where each row of one or several aligned strands begins, in pt from the top."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from builder.emit.diagram.outline import Cell, Closing, Fork, Join, Opening, Split, Strand, Token
from builder.emit.diagram.spacing import ARROW, DROP, HEADING, LABEL, cell_height, gap

if TYPE_CHECKING:
    from collections.abc import Sequence

Row: TypeAlias = tuple[Token | None, ...]
"""What stands at one height in each column; None where a column has nothing there."""

TURN: Final = 12.0
"""From a fork down to the first box of its lane, and from the last one to the joint."""


def tops(rows: Sequence[Row]) -> list[float]:
    """Return the upper edge of each row: every gap as tall as the column that needs most."""
    cursors = [_Cursor() for _ in rows[0]] if rows else []
    result: list[float] = []
    floor = 0.0
    for row in rows:
        top = max([floor, *(cursor.reach(token) for cursor, token in zip(cursors, row, strict=True) if token)])
        height = row_height(row)
        for cursor, token in zip(cursors, row, strict=True):
            if token:
                cursor.stand(token, top, height)
        result.append(top)
        floor = top + height + (ARROW if height and None in row else 0.0)
    return result


def row_height(row: Row) -> float:
    """Return the height of the tallest token of a row."""
    return max(height(token) for token in row if token)


def height(token: Token) -> float:
    """Return the height of a token, joints included."""
    match token:
        case Cell():
            return cell_height(token)
        case Opening():
            return HEADING
        case Join():
            return cell_height(token.cell)
        case Split():
            return 2 * DROP + branches_height(token) + cell_height(token.cell)
    return 0.0


def branches_height(split: Split) -> float:
    """Return the height of the tallest branch."""
    return max(strand_height(branch) for branch in split.branches)


def strand_height(strand: Strand) -> float:
    """Return the height of a strand that stands alone."""
    if not strand:
        return 0.0
    return tops([(token,) for token in strand])[-1] + height(strand[-1])


@dataclass
class _Cursor:
    """How far one column has come."""

    bottom: float = 0.0
    previous: Token | None = None
    label: bool = False
    depth: int = 0
    forks: dict[str, float] = field(default_factory=dict)

    def reach(self, token: Token) -> float:
        """Return the least height at which ``token`` may begin."""
        space = gap(self.previous, token, inside=self.depth > 0)
        if self.label and not isinstance(token, Closing):
            space = max(space, LABEL)
        top = self.bottom + space
        if isinstance(token, Join):
            lane = strand_height(token.lane)
            top = max(top, self.forks[token.path] + lane + 2 * TURN - height(token) / 2)
        return top

    def stand(self, token: Token, top: float, tallest: float) -> None:
        """Move on below ``token``, which stands in the middle of a row that is ``tallest`` high."""
        self.bottom = top + (tallest + height(token)) / 2
        self.previous = token
        self.depth += isinstance(token, Opening) - isinstance(token, Closing)
        match token:
            case Cell():
                self.label = bool(token.shape)
            case Join() | Split():
                self.label = bool(token.cell.shape)
            case Fork():
                self.label = False
                if token.path is not None:
                    self.forks[token.path] = top
            case Opening():
                self.label = False
