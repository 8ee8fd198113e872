"""Where a strand, or aligned strands, may be cut into lines, and the cuts that make the lines about equally long."""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING

from builder.emit.diagram.reading.outline import Closing, Fork, Head, Join, Opening, OutlineCell
from builder.emit.diagram.reading.rows import positions, row_length

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.emit.diagram.reading.outline import Token
    from builder.emit.diagram.reading.rows import Rhythm, StrandRow


def lines(rows: Sequence[StrandRow], rhythm: Rhythm, count: int) -> list[range]:
    """Cut ``rows`` into at most ``count`` lines, the longest of which is as short as can be."""
    if count < 2 or not rows:
        return [range(len(rows))]
    return _cut(_stretches(rows, rhythm), room_for(rows, rhythm, count))


def lines_within(rows: Sequence[StrandRow], rhythm: Rhythm, room: float) -> list[range]:
    """Cut ``rows`` into lines of at most ``room``, as far as they may be cut."""
    return _cut(_stretches(rows, rhythm), room) if rows else [range(0)]


def room_for(rows: Sequence[StrandRow], rhythm: Rhythm, count: int) -> float:
    """Return the shortest room into which ``rows`` can be cut in at most ``count`` lines."""
    stretches = _stretches(rows, rhythm)
    rooms = sorted({end - begin for _, begin, _ in stretches for _, _, end in stretches if end > begin})
    return rooms[min(bisect_left(rooms, -count, key=lambda room: -len(_cut(stretches, room))), len(rooms) - 1)]


def most_lines(rows: Sequence[StrandRow]) -> int:
    """Return into how many lines ``rows`` can be cut."""
    return max(1, len(_openings(rows)))


def _cut(stretches: Sequence[tuple[range, float, float]], room: float) -> list[range]:
    """Fill lines up to ``room`` with stretches, at least one each."""
    found: list[range] = []
    first = 0.0
    for rows, begin, end in stretches:
        if found and end - first <= room + 1e-6:
            found[-1] = range(found[-1].start, rows.stop)
        else:
            found.append(rows)
            first = begin
    return found


def _stretches(rows: Sequence[StrandRow], rhythm: Rhythm) -> list[tuple[range, float, float]]:
    """Return the runs of rows that stay together, and where each begins and ends when nothing is cut."""
    starts = positions(rows, rhythm)
    cuts = [*_openings(rows), len(rows)]
    runs = [range(begin, end) for begin, end in pairwise(cuts)]
    return [(run, starts[run[0]], starts[run[-1]] + row_length(rows[run[-1]], rhythm)) for run in runs]


def _openings(rows: Sequence[StrandRow]) -> list[int]:
    """Return the rows with which a line may begin: outside of frames and shortcuts, with what stands by itself."""
    depth = 0
    found = [0] if rows else []
    for number, row in enumerate(rows):
        tokens = [token for token in row if token]
        if number > 1 and depth == 0 and not any(_belongs(token) for token in tokens):
            found.append(number)
        depth += sum(_opens(token) for token in tokens)
    return found


def _opens(token: Token) -> int:
    """Return whether a token begins (1) or ends (-1) what must not be cut."""
    opens = isinstance(token, Opening) or (isinstance(token, Fork) and token.path is not None)
    return opens - isinstance(token, Closing | Join)


def _belongs(token: Token) -> bool:
    """Return whether a token stays with what stands before it: gates, activations, forks of taps, heads."""
    if isinstance(token, OutlineCell):
        return token.kind in ("activation", "gate", "norm", "dropout")
    return isinstance(token, Head | Closing | Join) or (isinstance(token, Fork) and token.path is None)
