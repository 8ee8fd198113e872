"""Where each row of one or several aligned strands begins, in pt along the direction in which they are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from builder.emit.diagram.reading.outline import Closing, Fork, Join, Opening, OutlineCell, OutlineSplit, Token

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

StrandRow: TypeAlias = tuple[Token | None, ...]
"""What stands at one height in each column; None where a column has nothing there."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The measures of one direction of reading, in pt.

    ``length`` of a token; ``gap`` between two, which is shorter inside frames; ``label``, the gap that a shape asks
    for; ``lane``, the least way from a fork to the middle of its joint; ``pause`` after a row that not all share.
    """

    length: Callable[[Token], float]
    gap: Callable[[Token | None, Token, bool], float]
    label: Callable[[str], float]
    lane: Callable[[Join], float]
    pause: float


def positions(rows: Sequence[StrandRow], rhythm: Rhythm, *, inside: bool = False) -> list[float]:
    """Return where each row begins: every gap as long as the strand that needs most."""
    cursors = [_Cursor(rhythm, depth=int(inside)) for _ in rows[0]] if rows else []
    result: list[float] = []
    floor = 0.0
    for row in rows:
        start = max([floor, *(cursor.reach(token) for cursor, token in zip(cursors, row, strict=True) if token)])
        longest = row_length(row, rhythm)
        for cursor, token in zip(cursors, row, strict=True):
            if token:
                cursor.stand(token, start, longest)
        result.append(start)
        floor = start + longest + (rhythm.pause if longest and None in row else 0.0)
    return result


def row_length(row: StrandRow, rhythm: Rhythm) -> float:
    """Return the length of the longest token of a row."""
    return max(rhythm.length(token) for token in row if token)


def shape_after(token: Token) -> str:
    """Return the shape that is to be written after a token."""
    match token:
        case OutlineCell():
            return token.shape
        case Join() | OutlineSplit():
            return token.cell.shape
    return ""


@dataclass
class _Cursor:
    """How far one strand has come."""

    rhythm: Rhythm
    depth: int
    end: float = 0.0
    previous: Token | None = None
    shape: str = ""
    forks: dict[str, float] = field(default_factory=dict)

    def reach(self, token: Token) -> float:
        """Return the first place at which ``token`` may begin."""
        space = self.rhythm.gap(self.previous, token, self.depth > 0)
        if self.shape and not isinstance(token, Closing):
            space = max(space, self.rhythm.label(self.shape))
        start = self.end + space
        if isinstance(token, Join):
            start = max(start, self.forks[token.path] + self.rhythm.lane(token) - self.rhythm.length(token) / 2)
        return start

    def stand(self, token: Token, start: float, longest: float) -> None:
        """Move on behind ``token``, which stands in the middle of a row of length ``longest``."""
        self.end = start + (longest + self.rhythm.length(token)) / 2
        self.previous = token
        self.depth += isinstance(token, Opening) - isinstance(token, Closing)
        if not isinstance(token, Closing):
            self.shape = shape_after(token)
        if isinstance(token, Fork) and token.path is not None:
            self.forks[token.path] = start
