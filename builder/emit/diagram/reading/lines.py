"""The lines of a box that stands for many layers: what it holds, or how much more.

Convolutions, linear layers, pools and gates are named or counted (``+3 more``), and gates are always named.
Activations are named where there is room; normalization, dropout and reshaping go without saying, as does what
stands on a shortcut beside its gates: ``+ shortcut``.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from builder.emit.diagram.reading.outline import Head, Join, OutlineCell, OutlineSplit, cells
from builder.emit.diagram.scene.metrics import fit, text_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from builder.emit.diagram.reading.outline import Strand
    from builder.emit.diagram.scene.theme import BoxKind

LINE_SIZE: Final = 6.6
LINES: Final = 3
ROOMS: Final = (60.0, 70.0, 80.0)
"""Widths for the lines of a box, in pt: the first in which three lines hold everything."""

BADGE: Final = 5.0
"""What the orange box around the name of a gate adds to its width."""

_NEXT: Final = " · "
_BESIDE: Final = " | "
_BELOW: Final = "\n"
"""What stands before a piece: it follows another, stands in the next branch, or begins a line."""

_QUIET: Final[tuple[BoxKind, ...]] = ("norm", "dropout", "shape", "scale", "sum", "joint", "projection")
_COUNTED: Final[tuple[BoxKind, ...]] = ("conv", "linear", "pool", "gate")
_SHORT: Final = {
    "Conv ": "",
    "DWConv ": "dw ",
    "MaxPool ": "max ",
    "AvgPool ": "avg ",
    "GlobalAvgPool": "global avg",
}


class Piece(NamedTuple):
    """What a line says of some layers, of which ``counts`` are convolutions and the like; with what stands before."""

    text: str
    counts: int = 1
    gate: bool = False
    quiet: bool = False
    before: str = _NEXT


class Lines(NamedTuple):
    """The lines of a box, and which of their words are names of gates."""

    texts: tuple[str, ...]
    gates: tuple[str, ...] = ()


def short(label: str) -> str:
    """Return a label as it stands in a box of many layers.

    >>> short("Conv 3×3, 64"), short("MaxPool 3×3, /2"), short("SE 96→24→96"), short("CA 96→8→96")
    ('3×3, 64', 'max 3×3, /2', 'SE', 'CA')
    """
    if "→" in label and label[:2].isupper():
        return label.partition(" ")[0]
    for long, brief in _SHORT.items():
        if label.startswith(long):
            return brief + label.removeprefix(long)
    return label


def words(line: str, gates: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Yield the words of a line with what stands between them, and whether each names a gate.

    >>> list(words("3×3, 64 · SE ×2", ("SE ×2",)))
    [('3×3, 64', False), (' · ', False), ('SE ×2', True)]
    """
    for word in re.split(r"( [·|] )", line):
        yield word, word in gates


def line_width(line: str, gates: Sequence[str], size: float = LINE_SIZE) -> float:
    """Return the width of a line, with the boxes around its gates."""
    if not gates:
        return text_width(line, size)
    return sum(text_width(word, size, bold=gate) + BADGE * gate for word, gate in words(line, gates))


def lines_of(tokens: Strand) -> Lines:
    """Return at most three lines that say what is in a block, and one for its shortcut and what follows it."""
    joints = [position for position, token in enumerate(tokens) if isinstance(token, Join)]
    shortcut = _returning(tokens)
    if not joints:
        return _packed(_pieces(tokens), count(tokens))
    before, after = tokens[: joints[0]], tokens[joints[0] + 1 :]
    following = list(_pieces(after))
    alone = len(joints) == 1 and len(following) < 2 and any(isinstance(each, OutlineCell) for each in before)
    inner = before if alone else tokens
    return _packed(_pieces(inner), count(inner), [*shortcut, *following] if alone else shortcut)


def lines_of_blocks(blocks: Sequence[Strand], tokens: Strand) -> Lines:
    """Return the lines of a block of blocks: the last layer of each, and how much more there is."""
    ends = [(Piece(core(block)[-1]), _gates(_beside_lanes(block))) for block in blocks]
    pieces: list[Piece] = []
    for (end, gates), run in groupby(ends):
        often = len(list(run))
        pieces += [_times(end, often), *(_times(gate, often) for gate in gates)]
    return _packed(pieces, count(tokens), _returning(tokens))


def lines_of_head(tokens: Strand) -> Lines:
    """Return the line of what runs in training only."""
    many = count(tokens)
    pieces = [Piece("training only"), Piece(f"{many} layer{'s' * (many != 1)}"), *dict.fromkeys(_gates(tokens))]
    return Lines((_joined(pieces),), tuple(each.text for each in pieces if each.gate))


def count(tokens: Strand) -> int:
    """Return how many layers of the main path and its branches are to be named or counted."""
    return sum(cell.kind in _COUNTED for cell in cells(_beside_lanes(tokens)))


def _packed(pieces: Iterable[Piece], total: int, shortcut: Sequence[Piece] = ()) -> Lines:
    """Return the fullest version that fits three lines: all, without activations, repeats as ×N, the first and a count.

    ``total`` is how many layers there are; ``shortcut`` has a line of its own.
    """
    every = list(pieces)
    loud = [each for each in every if not each.quiet] or every
    last = [_joined(shortcut)] if shortcut else []
    for version in (every, loud, *_shortened(_folded(loud))):
        said = [*version, *_more(total - sum(each.counts for each in version))]
        most = LINES + (len(said) > len(version) and not shortcut)  # the count may have the line of the shortcut
        for room in ROOMS if version is every or version is loud else ROOMS[-1:]:
            lines = _filled(said, room)
            if len(lines) <= most:
                named = (each.text for each in (*version, *shortcut) if each.gate)
                return Lines((*lines, *last), tuple(dict.fromkeys(named)))
    message = "gates alone fit three lines"
    raise AssertionError(message)


def core(tokens: Strand) -> tuple[str, ...]:
    """Return what makes two blocks the same kind of block: the weighty layers of the main path, strides apart."""
    every = list(cells(tokens))
    inside = [token for token in tokens if isinstance(token, OutlineCell)] or every
    loud = next(filter(None, (_weighty(inside), _weighty(every))), inside)
    return tuple(re.sub(r", /\d+(×\d+)?", "", short(cell.label)) for cell in loud)


def gate_places(tokens: Strand) -> tuple[tuple[str, str], ...]:
    """Return the gates of a block and where in it they stand, by which blocks of a stage are told apart."""
    return tuple((short(cell.label), cell.path.rpartition(".")[2]) for cell in cells(tokens) if cell.kind == "gate")


def _weighty(inside: Sequence[OutlineCell]) -> list[OutlineCell]:
    """Return the cells that say most about a block."""
    return [cell for cell in inside if cell.kind in ("conv", "linear", "pool")]


def _beside_lanes(tokens: Strand) -> Strand:
    """Return tokens without shortcuts, of which the line of the shortcut speaks."""
    return tuple(token for token in tokens if not isinstance(token, Join))


def _pieces(tokens: Strand) -> Iterator[Piece]:
    """Yield what is to be said of the tokens of a block, in order."""
    before = _NEXT
    for token in tokens:
        match token:
            case OutlineCell() if token.kind not in _QUIET:
                yield _piece(token)._replace(before=before)
                before = _NEXT
            case OutlineSplit():
                yield Piece(f"{len(token.branches)} branches", 0, before=before)
                yield from _branches(token)
                before = _BELOW
            case Head():
                yield from _gates(token.strand)
            case _:
                pass


def _piece(cell: OutlineCell) -> Piece:
    """Return what is to be said of one layer."""
    return Piece(short(cell.label), int(cell.kind in _COUNTED), cell.kind == "gate", cell.kind == "activation")


def _branches(split: OutlineSplit) -> Iterator[Piece]:
    """Yield for each branch its last layer and its gates."""
    before = _BELOW
    for branch in split.branches:
        ends = [Piece(core(branch)[-1])] if count(branch) > len(_gates(branch)) else []
        for piece in (*ends, *_gates(branch)):
            yield piece._replace(before=before)
            before = _NEXT
        before = _BESIDE if before == _NEXT else before


def _gates(tokens: Strand) -> tuple[Piece, ...]:
    """Return the gates among tokens, those in branches and on lanes too."""
    return tuple(_piece(cell) for cell in cells(tokens) if cell.kind == "gate")


def _returning(tokens: Strand) -> list[Piece]:
    """Return the words for the shortcuts that return among ``tokens``, if any, and for the gates on them."""
    joints = [token for token in tokens if isinstance(token, Join)]
    signs = dict.fromkeys(token.cell.label for token in joints)
    gates = [gate for token in joints for gate in _gates(token.lane)]
    return [Piece(f"{' '.join(signs).lower()} shortcut", 0), *dict.fromkeys(gates)] if signs else []


def _times(piece: Piece, count: int) -> Piece:
    """Return a piece and how often it stands there, if more than once."""
    return piece._replace(text=f"{piece.text} ×{count}", counts=piece.counts * count) if count > 1 else piece


def _more(count: int) -> list[Piece]:
    """Return what says how many layers are not named."""
    return [Piece(f"+{count} more", count)] if count > 0 else []


def _folded(pieces: Sequence[Piece]) -> list[Piece]:
    """Return pieces with those that say the same after one another as one."""
    runs: list[list[Piece]] = []
    for piece in pieces:
        if runs and runs[-1][0].text == piece.text and piece.before != _BELOW:
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return [_times(run[0], len(run)) for run in runs]


def _shortened(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Yield shorter and shorter versions: all, fewer and fewer from the front, the gates alone, once each."""
    for kept in reversed(range(len(pieces) + 1)):
        yield [each for position, each in enumerate(pieces) if position < kept or each.gate]
    gates = {each.text.partition(" ×")[0]: each for each in pieces if each.gate}
    yield [Piece(name, 0, gate=True) for name in gates][: 2 * LINES]


def _filled(pieces: Sequence[Piece], room: float) -> list[str]:
    """Return lines of pieces, each as full as ``room`` allows; a gate takes what it stands behind along."""
    gates = [each.text for each in pieces if each.gate]
    lines: list[str] = []
    for piece in pieces:
        joined = f"{lines[-1]}{piece.before}{piece.text}" if lines else piece.text
        if lines and piece.before != _BELOW and line_width(joined, gates) <= room:
            lines[-1] = joined
        elif lines and piece.gate and piece.before == _NEXT and (kept := re.fullmatch("(.+) [·|] (.+?)", lines[-1])):
            lines[-1:] = [kept[1], f"{kept[2]}{_NEXT}{piece.text}"]
        else:
            lines.append(fit(piece.text, ROOMS[-1], LINE_SIZE))
    return lines


def _joined(pieces: Iterable[Piece]) -> str:
    """Return pieces as one line."""
    return _NEXT.join(each.text for each in pieces)
