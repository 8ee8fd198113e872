"""The lines of a box that stands for many layers: what it holds, or how much more.

Convolutions, linear layers, pools and gates are named or counted (``+3 more``), and gates are always named.
Activations are named where there is room; normalization, dropout and reshaping go without saying, as does what
stands on a shortcut beside its gates: ``+ shortcut``.
"""

from __future__ import annotations

import re
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
    """What a line says of some layers, of which ``counts`` are convolutions and the like; with what stands before.

    Pieces that repeat stand between brackets: ``opens`` before the first, ``closes`` behind the last of them.
    """

    text: str
    counts: int = 1
    gate: bool = False
    quiet: bool = False
    before: str = _NEXT
    opens: str = ""
    closes: str = ""

    @property
    def said(self) -> str:
        """The text with its brackets."""
        return f"{self.opens}{self.text}{self.closes}"


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
    for word in re.split(r"( [·|] |^\[|(?<= )\[|\](?: ×\d+)?)", line):
        yield word, word in gates


def line_width(line: str, gates: Sequence[str], size: float = LINE_SIZE) -> float:
    """Return the width of a line, with the boxes around its gates."""
    if not gates:
        return text_width(line, size)
    return sum(text_width(word, size, bold=gate) + BADGE * gate for word, gate in words(line, gates))


def lines_of(tokens: Strand, blocks: int = 0) -> Lines:
    """Return at most three lines that say what is in a block, and one for its shortcut and what follows it.

    ``blocks`` is how many smaller ones are inside, which is said where the lines cannot name all of them.
    """
    if blocks:
        plain = _packed(_pieces(tokens), count(tokens), _returning(tokens))
        named = [Piece(f"{blocks} blocks", 0), *_pieces(tokens)]
        is_cut = any(text.endswith(" more") for text in plain.texts)
        return _packed(named, count(tokens), _returning(tokens)) if is_cut else plain
    joints = [position for position, token in enumerate(tokens) if isinstance(token, Join)]
    shortcut = _returning(tokens)
    if not joints:
        return _packed(_pieces(tokens), count(tokens))
    before, after = tokens[: joints[0]], tokens[joints[0] + 1 :]
    following = list(_pieces(after))
    alone = len(joints) == 1 and len(following) < 2 and any(isinstance(each, OutlineCell) for each in before)
    inner = before if alone else tokens
    return _packed(_pieces(inner), count(inner), [*shortcut, *following] if alone else shortcut)


def lines_of_head(tokens: Strand) -> Lines:
    """Return the line of what runs in training only."""
    many = count(tokens)
    pieces = [Piece("training only"), Piece(f"{many} layer{'s' * (many != 1)}"), *dict.fromkeys(_gates(tokens))]
    return Lines((_joined(pieces),), tuple(each.text for each in pieces if each.gate))


def count(tokens: Strand) -> int:
    """Return how many layers of the main path and its branches are to be named or counted."""
    return sum(cell.kind in _COUNTED for cell in cells(_beside_lanes(tokens)))


def counted(box: OutlineCell) -> tuple[str, ...]:
    """Return the labels of the layers in a box that are named or counted, by which equal boxes are known."""
    return tuple(label for kind, label in box.holds if kind in _COUNTED)


def _packed(pieces: Iterable[Piece], total: int, shortcut: Sequence[Piece] = ()) -> Lines:
    """Return the fullest version that fits three lines: all, without activations, repeats as ×N, the first and a count.

    ``total`` is how many layers there are; ``shortcut`` has a line of its own.
    """
    every = list(pieces)
    loud = _loud(every) or every
    last = [_joined(shortcut)] if shortcut else []
    for version in (every, loud, *_shortened(loud)):
        said = [*version, *_more(total - sum(each.counts for each in version))]
        most = LINES + (len(said) > len(version) and not shortcut)  # the count may have the line of the shortcut
        for room in ROOMS if version is every or version is loud else ROOMS[-1:]:
            lines = _filled(said, room)
            if len(lines) <= most:
                named = (each.text for each in (*version, *shortcut) if each.gate)
                return Lines((*lines, *last), tuple(dict.fromkeys(named)))
    message = "gates alone fit three lines"
    raise AssertionError(message)


def _loud(pieces: Sequence[Piece]) -> list[Piece]:
    """Return pieces without activations and the like; what begins a line still does where its first piece goes."""
    found: list[Piece] = []
    first = False
    for piece in pieces:
        first = piece.before == _BELOW or (first and piece.before == _BESIDE)
        if not piece.quiet:
            found.append(piece._replace(before=_BELOW) if first else piece)
            first = False
    return found


def core(tokens: Strand) -> tuple[str, ...]:
    """Return what makes two blocks the same kind of block: the weighty layers of the main path, strides apart."""
    every = list(cells(tokens))
    inside = [token for token in tokens if isinstance(token, OutlineCell)] or every
    loud = next(filter(None, (_weighty(inside), _weighty(every))), inside)
    return tuple(re.sub(r", /\d+(×\d+)?", "", short(cell.label)) for cell in loud)


def are_alike(blocks: Sequence[Strand]) -> bool:
    """Return whether blocks are one block ×N: of the same kinds of layers, and as wide at the end.

    The first, which changes channels and size, may have more layers than the others.
    """
    cores = [core(block) for block in blocks]
    first, *others = [tuple(re.sub(r"(, |FC )\d+", r"\1", label) for label in each) for each in cores]
    left = iter(first)
    return len({each[-1] for each in cores}) == 1 and len(set(others)) == 1 and all(each in left for each in others[0])


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
            case OutlineSplit() if any(map(count, token.branches)):
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
    """Yield for each branch its last layer and its gates, or all that is in it where it is the only one with layers."""
    busy = [branch for branch in split.branches if count(branch)]
    before = _BELOW
    for branch in split.branches:
        for piece in _pieces(branch) if busy == [branch] else (*_end(branch), *_gates(branch)):
            yield piece._replace(before=before)
            before = _NEXT
        before = _BESIDE if before == _NEXT else before


def _end(branch: Strand) -> list[Piece]:
    """Return the last layer of a branch; what has only normalization, or nothing, is named where there is room."""
    if count(branch) > len(_gates(branch)):
        weighty = _weighty([cell for cell in branch if isinstance(cell, OutlineCell)]) or _weighty(list(cells(branch)))
        return [Piece(short(weighty[-1].label))]
    if _gates(branch):
        return []
    named = [cell.label for cell in cells(branch) if cell.kind in ("norm", "activation")]
    return [Piece(named[-1] if named else "identity", 0, quiet=True)]


def _gates(tokens: Strand) -> tuple[Piece, ...]:
    """Return the gates among tokens, those in branches and on lanes too."""
    return tuple(_piece(cell) for cell in cells(tokens) if cell.kind == "gate")


def _returning(tokens: Strand) -> list[Piece]:
    """Return the words for the shortcuts that return among ``tokens``, if any, and for the gates on them."""
    joints = [token for token in tokens if isinstance(token, Join)]
    signs = dict.fromkeys(token.cell.label for token in joints)
    gates = [gate for token in joints for gate in _gates(token.lane)]
    said = f"{' and '.join(signs).lower()} shortcut{'s' * (len(signs) > 1)}"
    return [Piece(said, 0), *dict.fromkeys(gates)] if signs else []


def _times(piece: Piece, count: int) -> Piece:
    """Return a piece and how often it stands there, if more than once."""
    return piece._replace(text=f"{piece.text} ×{count}", counts=piece.counts * count) if count > 1 else piece


def _bracketed(pieces: Sequence[Piece], count: int) -> list[Piece]:
    """Return pieces that stand there ``count`` times one after another."""
    first, *others = [piece._replace(counts=piece.counts * count) for piece in pieces]
    *inner, last = [first._replace(opens="[", before=_BELOW), *others]
    return [*inner, last._replace(closes=f"] ×{count}")]


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


def _sequences(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Return pieces in groups: those that repeat one after another in brackets, every other piece by itself."""
    groups: list[list[Piece]] = []
    position = 0
    while position < len(pieces):
        length, often = _repeat(pieces[position:])
        one = list(pieces[position : position + length])
        groups.append(_bracketed(one, often) if often > 1 else one)
        position += length * often
    return groups


def _repeat(pieces: Sequence[Piece]) -> tuple[int, int]:
    """Return how long the sequence is with which pieces begin and that covers most by repeating, and how often."""
    texts = [piece.text for piece in pieces]
    best = (1, 1)
    for length in range(2, len(texts) // 2 + 1):
        often = 1
        while texts[length * often : length * (often + 1)] == texts[:length]:
            often += 1
        if often > 1 and length * often > best[0] * best[1]:
            best = (length, often)
    return best


def _shortened(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Yield shorter and shorter versions: repeats as ×N and in brackets, fewer from the front, the gates alone."""
    folded = _folded(pieces)
    groups = _sequences(folded)
    yield from (_kept(groups, kept) for kept in reversed(range(2, len(groups) + 1)))
    yield from (_kept([[each] for each in folded], kept) for kept in reversed(range(len(folded) + 1)))
    gates = {each.text.partition(" ×")[0]: each for each in pieces if each.gate}
    yield [Piece(name, 0, gate=True) for name in gates][: 2 * LINES]


def _kept(groups: Sequence[Sequence[Piece]], kept: int) -> list[Piece]:
    """Return the pieces of the first groups, and of the others the gates."""
    gates = [each._replace(opens="", closes="") for group in groups[kept:] for each in group if each.gate]
    return [*(each for group in groups[:kept] for each in group), *_folded(gates)]


def _filled(pieces: Sequence[Piece], room: float) -> list[str]:
    """Return lines of pieces, each as full as ``room`` allows; a gate takes what it stands behind along."""
    gates = [each.text for each in pieces if each.gate]
    lines: list[str] = []
    for piece in pieces:
        joined = f"{lines[-1]}{piece.before}{piece.said}" if lines else piece.said
        if lines and piece.before != _BELOW and line_width(joined, gates) <= room:
            lines[-1] = joined
        elif lines and piece.gate and piece.before == _NEXT and (kept := re.fullmatch("(.+) [·|] (.+?)", lines[-1])):
            lines[-1:] = [kept[1], f"{kept[2]}{_NEXT}{piece.said}"]
        else:
            lines.append(fit(piece.said, ROOMS[-1], LINE_SIZE))
    return lines


def _joined(pieces: Iterable[Piece]) -> str:
    """Return pieces as one line."""
    return _NEXT.join(each.said for each in pieces)
