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
    from builder.emit.diagram.reading.rows import StrandRow

MOST: Final = 3
"""How many places are named one by one."""


class _Phrase(NamedTuple):
    """``what`` stands at a place; the place's block is named between ``before`` and ``after``."""

    what: str
    before: str
    after: str


class _Place(NamedTuple):
    """A block, by its path, and its title: blocks of one template have titles in common."""

    path: str
    title: str


def _titled(path: str) -> _Place:
    """Return a block with its title."""
    return _Place(path, humanize(path))


def captions(strands: Sequence[Strand], comparison: AlignedStrands) -> list[str]:
    """Return for each strand what only it has, such as ``SE before Block 1’s ReLU``; ``base`` where that is nothing.

    Where the strands differ in no more than fields, such as channels, the labels of these boxes are named.
    """
    odd = [row for row, differs in zip(comparison.rows, comparison.differs, strict=True) if differs]
    inner = [_inner_gates(row) for row in odd if None not in row]
    added = [row for row in odd if None in row] or ([] if any(map(any, inner)) else odd)
    columns = [[token for row in added if (token := row[column])] for column in range(len(strands))]
    beside = [[place for row in inner for place in row[column]] for column in range(len(strands))]
    return [_caption(*each) for each in zip(strands, columns, beside, strict=True)]


def _inner_gates(row: StrandRow) -> list[list[tuple[_Phrase, _Place]]]:
    """Return for each column the gates in branches, lanes and heads that not all others have there, and where."""
    inside = [
        [cell for cell in cells((token,)) if cell.kind == "gate"]
        if token and not isinstance(token, OutlineCell)
        else []
        for token in row
    ]
    shared = set.intersection(*({(gate.path, gate.label) for gate in gates} for gates in inside))
    return [
        [_beside(token, gate) for gate in gates if (gate.path, gate.label) not in shared]
        for token, gates in zip(row, inside, strict=True)
    ]


def _beside(token: Token | None, gate: OutlineCell) -> tuple[_Phrase, _Place]:
    """Say where beside the spine a gate stands."""
    what = "SE" if gate.label.startswith("SE ") else gate.label
    if isinstance(token, Join):
        return _Phrase(what, "on the shortcut of", ""), _titled(token.path)
    return _Phrase(what, "in", ""), _Place(_parent(gate), _parent(gate))


def with_notes(words: Sequence[str], notes: Sequence[str]) -> list[str]:
    """Return what stands under each title: what differs, and its note if there is one."""
    pairs = zip(words, notes or [""] * len(words), strict=True)
    return [", ".join(filter(None, pair)) for pair in pairs]


def _caption(strand: Strand, own: Sequence[Token], beside: Sequence[tuple[_Phrase, _Place]]) -> str:
    """Return in words what is ``own`` to a strand, on its spine and ``beside`` it."""
    blocks = [token.path for token in own if isinstance(token, Opening)]
    grouped: dict[_Phrase, list[_Place]] = {}
    for position, token in enumerate(strand):
        alone = not any(f"{token.path}.".startswith(f"{block}.") for block in blocks)
        if alone and any(token is each for each in own) and (place := _place(strand, position)):
            phrase, block = place
            grouped.setdefault(phrase, []).append(block)
    for phrase, block in beside:
        grouped.setdefault(phrase, []).append(block)
    sentences = [_sentence(phrase, places) for phrase, places in grouped.items()]
    if len(sentences) > MOST:
        sentences = [f"{sum(map(len, grouped.values()))} layers differ"]
    return "; ".join([*_more(blocks), *sentences]) or "base"


def _more(blocks: list[str]) -> list[str]:
    """Name whole blocks that only this strand has, but not the blocks inside them."""
    outer = [path for path in blocks if not any(path.startswith(f"{block}.") for block in blocks)]
    if len(outer) > MOST:
        return [f"{len(outer)} more blocks"]
    return [f"with {_listed([humanize(path) for path in outer])}"] if outer else []


def _place(strand: Strand, position: int) -> tuple[_Phrase, _Place] | None:
    """Return what a token is and the title of the block where it stands; None for edges and forks."""
    token = strand[position]
    match token:
        case Join():
            return _Phrase("shortcut", "at", ""), _titled(token.path)
        case OutlineSplit():
            return _Phrase("branches", "at", ""), _titled(token.path)
        case Head():
            return _Phrase("head", "at", ""), _titled(token.path)
        case OutlineCell():
            return _around(strand, position, token)
    return None


def _around(strand: Strand, position: int, cell: OutlineCell) -> tuple[_Phrase, _Place]:
    """Say where a cell stands: before the activation of its block, after the block, or in it."""
    source = _tapped(strand, cell)
    what = cell.label if cell.kind != "gate" else f"SE from {source}" if source else "SE"
    block = _parent(cell)
    if not block:
        return _Phrase(what, "at", ""), _Place(cell.path, cell.path)
    if Closing(block) in strand[:position]:
        following = strand[position + 1 : position + 2]
        activation = [after for after in following if isinstance(after, OutlineCell) and after.kind == "activation"]
        own = activation and _parent(activation[0]) == block
        phrase = _Phrase(what, "before", f"’s {activation[0].label}") if own else _Phrase(what, "after", "")
        return phrase, _titled(block)
    return _Phrase(what, _inside(strand, position, block) if cell.kind == "gate" else "in", ""), _titled(block)


def _inside(strand: Strand, position: int, block: str) -> str:
    """Say where in a block, or before it, a gate stands, by what is beside it."""
    if any(isinstance(token, Opening) and token.path == block for token in strand[position:]):
        return "before"
    if isinstance(strand[position - 1], Opening):
        return "at the beginning of"
    return "at the end of" if strand[position + 1] == Closing(block) else "in"


def _tapped(strand: Strand, reader: OutlineCell) -> str:
    """Return the title of the block whose value ``reader`` taps, empty where it taps none."""
    found = [cell for cell in cells(strand) if cell.value in reader.taps]
    return humanize(_parent(found[0])) if found else ""


def _parent(cell: OutlineCell) -> str:
    """Return the path of the block that holds a cell."""
    return cell.path.rpartition(".")[0]


def _sentence(phrase: _Phrase, places: list[_Place]) -> str:
    """Return a phrase with its places named, or counted where they are many."""
    blocks = len({place.path for place in places})
    if blocks > MOST:
        if phrase.before == "at" or blocks < len(places):
            return f"{phrase.what} at {len(places)} places"
        return f"{phrase.what} {phrase.before} {blocks} blocks{phrase.after.replace('’s', '’')}"
    possessive = "’s" if phrase.after else ""
    listed = _listed([f"{title}{possessive}" for title in dict.fromkeys(place.title for place in places)])
    return f"{phrase.what} {phrase.before} {listed}{phrase.after.removeprefix('’s')}"


def _listed(names: list[str]) -> str:
    """Return names with commas and an ``and``."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
