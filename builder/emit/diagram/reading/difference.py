"""Says in words what a network has that the others of the figure lack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from builder.emit.diagram.reading.outline import (
    Closing,
    Head,
    Join,
    Opening,
    OutlineCell,
    OutlineSplit,
    cells,
    humanize,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.emit.diagram.reading.alignment import AlignedStrands
    from builder.emit.diagram.reading.outline import Strand, Token

MOST: Final = 3
"""How many places are named one by one."""


class _Phrase(NamedTuple):
    """``what`` stands at a place; the place's block is named between ``before`` and ``after``."""

    what: str
    before: str
    after: str


def captions(strands: Sequence[Strand], comparison: AlignedStrands) -> list[str]:
    """Return for each strand what only it has, such as ``SE before Block 1’s ReLU``; ``base`` where that is nothing.

    Where the strands differ in no more than fields, such as channels, the labels of these boxes are named.
    """
    odd = [row for row, differs in zip(comparison.rows, comparison.differs, strict=True) if differs]
    added = [row for row in odd if None in row] or odd
    columns = [[token for row in added if (token := row[column])] for column in range(len(strands))]
    return [_caption(strand, own) for strand, own in zip(strands, columns, strict=True)]


def _caption(strand: Strand, own: Sequence[Token]) -> str:
    """Return in words what is ``own`` to a strand."""
    blocks = [token.path for token in own if isinstance(token, Opening)]
    grouped: dict[_Phrase, list[str]] = {}
    for position, token in enumerate(strand):
        alone = not any(f"{token.path}.".startswith(f"{block}.") for block in blocks)
        if alone and any(token is each for each in own) and (place := _place(strand, position)):
            phrase, block = place
            grouped.setdefault(phrase, []).append(block)
    sentences = [_sentence(phrase, places) for phrase, places in grouped.items()]
    return "; ".join([*_more(blocks), *sentences]) or "base"


def _more(blocks: list[str]) -> list[str]:
    """Name whole blocks that only this strand has, but not the blocks inside them."""
    outer = [path for path in blocks if not any(path.startswith(f"{block}.") for block in blocks)]
    if len(outer) > MOST:
        return [f"{len(outer)} more blocks"]
    return [f"with {' and '.join(humanize(path) for path in outer)}"] if outer else []


def _place(strand: Strand, position: int) -> tuple[_Phrase, str] | None:
    """Return what a token is and the title of the block where it stands; None for edges and forks."""
    token = strand[position]
    match token:
        case Join():
            return _Phrase("shortcut", "at", ""), humanize(token.path)
        case OutlineSplit():
            return _Phrase("branches", "at", ""), humanize(token.path)
        case Head():
            return _Phrase("head", "at", ""), humanize(token.path)
        case OutlineCell():
            return _around(strand, position, token)
    return None


def _around(strand: Strand, position: int, cell: OutlineCell) -> tuple[_Phrase, str]:
    """Say where a cell stands: before the activation of its block, after the block, or in it."""
    source = _tapped(strand, cell)
    what = cell.label if cell.kind != "gate" else f"SE from {source}" if source else "SE"
    block = _parent(cell)
    if not block:
        return _Phrase(what, "at", ""), cell.path
    if Closing(block) in strand[:position]:
        following = strand[position + 1 : position + 2]
        activation = [after for after in following if isinstance(after, OutlineCell) and after.kind == "activation"]
        own = activation and _parent(activation[0]) == block
        phrase = _Phrase(what, "before", f"’s {activation[0].label}") if own else _Phrase(what, "after", "")
        return phrase, humanize(block)
    return _Phrase(what, "in", ""), humanize(block)


def _tapped(strand: Strand, reader: OutlineCell) -> str:
    """Return the title of the block whose value ``reader`` taps, empty where it taps none."""
    found = [cell for cell in cells(strand) if cell.value in reader.taps]
    return humanize(_parent(found[0])) if found else ""


def _parent(cell: OutlineCell) -> str:
    """Return the path of the block that holds a cell."""
    return cell.path.rpartition(".")[0]


def _sentence(phrase: _Phrase, blocks: list[str]) -> str:
    """Return a phrase with its places named, or counted where they are many."""
    named = list(dict.fromkeys(blocks))
    if len(named) > MOST:
        return f"{phrase.what} at {len(blocks)} places"
    possessive = "’s" if phrase.after else ""
    listed = " and ".join(f"{block}{possessive}" for block in named)
    return f"{phrase.what} {phrase.before} {listed}{phrase.after.removeprefix('’s')}"
