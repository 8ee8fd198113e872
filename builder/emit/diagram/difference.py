"""Says in words what a network has that the others of the figure lack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from builder.emit.diagram.outline import Cell, Head, Join, Opening, Split, cells, humanise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.emit.diagram.alignment import Comparison
    from builder.emit.diagram.outline import Strand, Token

MOST: Final = 3
"""How many places are named one by one."""


class _Phrase(NamedTuple):
    """``what`` stands at a place; the place's block is named between ``before`` and ``after``."""

    what: str
    before: str
    after: str


def captions(strands: Sequence[Strand], comparison: Comparison) -> list[str]:
    """Return for each strand what only it has, such as ``SE before Block 1’s ReLU``; ``base`` where that is nothing."""
    return [_caption(strand, own) for strand, own in zip(strands, comparison.own, strict=True)]


def _caption(strand: Strand, own: Strand) -> str:
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
    return [f"with {' and '.join(humanise(path) for path in outer)}"] if outer else []


def _place(strand: Strand, position: int) -> tuple[_Phrase, str] | None:
    token = strand[position]
    match token:
        case Join():
            return _Phrase("shortcut", "at", ""), humanise(token.path)
        case Split():
            return _Phrase("branches", "at", ""), humanise(token.path)
        case Head():
            return _Phrase("head", "at", ""), humanise(token.path)
        case Cell():
            after = strand[position + 1] if position + 1 < len(strand) else None
            return _around(token, _tapped(strand, token), strand[position - 1], after)
    return None


def _around(cell: Cell, source: str, before: Token | None, after: Token | None) -> tuple[_Phrase, str]:
    what = cell.label if cell.kind != "gate" else f"SE from {source}" if source else "SE"
    block = _parent(cell)
    title = humanise(block)
    if isinstance(after, Cell) and after.kind == "activation" and _parent(after) == block:
        return _Phrase(what, "before", f"’s {after.label}"), title
    if isinstance(before, Cell) and before.kind == "activation" and _parent(before) == block:
        return _Phrase(what, "after", ""), title
    return (_Phrase(what, "in", ""), title) if block else (_Phrase(what, "at", ""), cell.path)


def _tapped(strand: Strand, reader: Cell) -> str:
    """Return the title of the block whose value ``reader`` taps, empty where it taps none."""
    found = [cell for cell in cells(strand) if cell.value in reader.taps]
    return humanise(_parent(found[0])) if found else ""


def _parent(cell: Cell) -> str:
    return cell.path.rpartition(".")[0]


def _sentence(phrase: _Phrase, blocks: list[str]) -> str:
    named = list(dict.fromkeys(blocks))
    if len(named) > MOST:
        return f"{phrase.what} at {len(blocks)} places"
    possessive = "’s" if phrase.after else ""
    listed = " and ".join(f"{block}{possessive}" for block in named)
    return f"{phrase.what} {phrase.before} {listed}{phrase.after.removeprefix('’s')}"
