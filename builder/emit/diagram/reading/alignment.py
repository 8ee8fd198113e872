"""Which tokens of several strands stand side by side, and where the strands differ.

The longest common subsequence of two strands, in which a token counts more the more it has in common: the same
operation with the same fields at the same path most, the same place with another label less, the same label at
another path least. https://en.wikipedia.org/wiki/Longest_common_subsequence
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from builder.emit.diagram.reading.outline import (
    Closing,
    Fork,
    Head,
    Join,
    Opening,
    OutlineCell,
    OutlineSplit,
    Strand,
    Token,
    cells,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.emit.diagram.reading.rows import StrandRow

SAME: Final = 6
SAME_PLACE: Final = 4
SAME_LABEL: Final = 1
KINSHIP: Final = 0.5  # the share of equal cells below which two networks are strangers, better not aligned


@dataclass(frozen=True)
class AlignedStrands:
    """Aligned rows, which of them differ, and the paths of cells that all have but that do not say the same."""

    rows: tuple[StrandRow, ...]
    differs: tuple[bool, ...]
    changed: frozenset[str]


def compare(strands: Sequence[Strand]) -> AlignedStrands:
    """Align ``strands``, at least one, and say where they differ."""
    rows: list[StrandRow] = [(token,) for token in strands[0]]
    for strand in strands[1:]:
        rows = _merge(rows, strand)
    differs = tuple(_differs(row) for row in rows)
    odd = [row for row, each in zip(rows, differs, strict=True) if each]
    complete = [row for row in odd if None not in row]
    changed = frozenset(token.path for row in complete for token in row if isinstance(token, OutlineCell))
    return AlignedStrands(tuple(rows), differs, changed)


def are_kin(comparison: AlignedStrands) -> bool:
    """Return whether so much is common to all that it helps to align the strands."""
    columns = range(len(comparison.rows[0]))
    every = [sum(isinstance(row[column], OutlineCell) for row in comparison.rows) for column in columns]
    pairs = zip(comparison.rows, comparison.differs, strict=True)
    shared = sum(isinstance(row[0], OutlineCell) and _one_path(row) for row, differs in pairs if not differs)
    return shared >= KINSHIP * min(every)


def _one_path(row: StrandRow) -> bool:
    """Return whether a row shows one and the same place of a page."""
    return len({token.path for token in row if token}) == 1


def _merge(rows: list[StrandRow], strand: Strand) -> list[StrandRow]:
    """Return ``rows`` with one more column."""
    begin = _common(rows, strand)
    end = _common(rows[begin:][::-1], strand[begin:][::-1])
    empty: StrandRow = (None,) * len(rows[0])
    middle = _best(rows[begin : len(rows) - end], strand[begin : len(strand) - end], empty)
    head = [(*row, token) for row, token in zip(rows[:begin], strand, strict=False)]
    tail = [(*row, token) for row, token in zip(rows[len(rows) - end :], strand[len(strand) - end :], strict=True)]
    return [*head, *middle, *tail]


def _common(rows: Sequence[StrandRow], strand: Sequence[Token]) -> int:
    """Return how many tokens from the beginning on are the same in both: most of two variants is."""
    count = 0
    for row, token in zip(rows, strand, strict=False):
        if _likeness(row, token) < SAME:
            break
        count += 1
    return count


def _best(rows: Sequence[StrandRow], strand: Sequence[Token], empty: StrandRow) -> list[StrandRow]:
    """Return the alignment with the greatest sum of likeness; ``empty`` stands where only ``strand`` has a token."""
    likeness = [[_likeness(row, token) for token in strand] for row in rows]
    score = [[0] * (len(strand) + 1) for _ in range(len(rows) + 1)]
    for i in reversed(range(len(rows))):
        for j in reversed(range(len(strand))):
            together = likeness[i][j] + score[i + 1][j + 1] if likeness[i][j] else 0
            score[i][j] = max(together, score[i + 1][j], score[i][j + 1])
    result: list[StrandRow] = []
    i = j = 0
    while i < len(rows) and j < len(strand):
        if likeness[i][j] and score[i][j] == likeness[i][j] + score[i + 1][j + 1]:
            result.append((*rows[i], strand[j]))
            i, j = i + 1, j + 1
        elif score[i][j] == score[i + 1][j]:
            result.append((*rows[i], None))
            i += 1
        else:
            result.append((*empty, strand[j]))
            j += 1
    return [*result, *((*row, None) for row in rows[i:]), *((*empty, token) for token in strand[j:])]


def _likeness(row: StrandRow, token: Token) -> int:
    """Return how much a token has in common with what stands in a row already."""
    return max(_like(each, token) for each in row if each)


def _like(first: Token, second: Token) -> int:
    """Return how much two tokens have in common; 0 where they cannot share a row."""
    match first, second:
        case (OutlineCell(), OutlineCell()):
            if first.kind != second.kind:
                return 0
            if first.path == second.path:
                return SAME if _words(first) == _words(second) else SAME_PLACE
            return SAME_LABEL if _words(first) == _words(second) else 0
        case (Join(), Join()) | (OutlineSplit(), OutlineSplit()) | (Head(), Head()):
            if first.path != second.path:
                return 0
            return SAME if _words(first) == _words(second) else SAME_PLACE
        case (Opening(), Opening()) | (Closing(), Closing()):
            return SAME if first.path == second.path else 0
        case (Fork(), Fork()):
            return SAME if first.path == second.path else 0
    return 0


def _words(token: Token) -> tuple[tuple[str, ...], ...]:
    """Return all that a token says or holds, for comparison."""
    return tuple(
        (cell.kind, *cell.before, cell.label, *cell.after, *(label for _, label in cell.holds))
        for cell in cells((token,))
    )


def _differs(row: StrandRow) -> bool:
    """Return whether a strand lacks the row, or says something else in it."""
    present = [token for token in row if token]
    return len(present) < len(row) or any(_words(token) != _words(present[0]) for token in present[1:])
