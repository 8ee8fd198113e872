"""The lines of a box that stands for many layers: what it holds, or how much more.

Convolutions, linear layers, pools and gates are named or counted (``+3 more``), and gates are always named.
Activations are named where there is room; normalization, dropout and reshaping go without saying, as does what
stands on a shortcut beside its gates: ``+ shortcut``.
"""

from __future__ import annotations

import re
from itertools import groupby, takewhile
from typing import TYPE_CHECKING, Final, NamedTuple

from builder.emit.diagram.reading.outline import Fork, Head, Join, OutlineCell, OutlineSplit, cells
from builder.emit.diagram.scene.metrics import fit, text_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from builder.emit.diagram.reading.outline import Strand, Token
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
_WITH: Final = " with "
_AND: Final = " and "
"""What stands before a piece: it follows another, stands in the next branch, begins a line, or is on a shortcut."""

_BEFORE_FORK: Final = " before the fork"

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
    for word in re.split(r"( [·|] | with | and | before |^\[|(?<= )\[|\](?: ×\d+)?)", line):
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
    following = [piece._replace(before=_NEXT) for piece in _pieces(after)]
    brief = len(following) < 2 or all(piece.gate or not piece.counts for piece in following)
    if len(joints) > 1 or not brief or not any(isinstance(each, OutlineCell) for each in before):
        return _packed(_pieces(tokens), count(tokens), shortcut)
    return _packed(_forked(before), count(before), [*shortcut, *following])


def _forked(tokens: Strand) -> list[Piece]:
    """Return what is to be said of a block up to its joint; gates before the fork, which scale the shortcut too, first.

    They have a line of their own, because they would otherwise look like gates of the branch.
    """
    fork = next(position for position, token in enumerate(tokens) if isinstance(token, Fork) and token.path is not None)
    entry, branch = list(_pieces(tokens[:fork])), list(_pieces(tokens[fork:]))
    if not branch or not any(piece.gate for piece in entry):
        return [*entry, *branch]
    return [*entry[:-1], entry[-1]._replace(closes=_BEFORE_FORK), branch[0]._replace(before=_BELOW), *branch[1:]]


def lines_of_head(tokens: Strand) -> Lines:
    """Return the line of what runs in training only."""
    many = count(tokens)
    pieces = [Piece("training only"), Piece(f"{many} layer{'s' * (many != 1)}"), *dict.fromkeys(_gates(tokens))]
    return Lines((_joined(pieces),), tuple(each.text for each in pieces if each.gate))


def count(tokens: Strand) -> int:
    """Return how many layers of the main path and its branches are to be named or counted."""
    return sum(cell.kind in _COUNTED for cell in cells(_beside_lanes(tokens)))


def contents(box: OutlineCell) -> tuple[str, ...]:
    """Return the labels of all layers in a box but those on shortcuts, by which equal boxes are known."""
    return tuple(label for kind, label in box.holds if kind != "projection")


def _packed(pieces: Iterable[Piece], total: int, shortcut: Sequence[Piece] = ()) -> Lines:
    """Return the fullest version that fits three lines: all, without activations, repeats as ×N, the first and a count.

    ``total`` is how many layers there are; ``shortcut`` has a line of its own. Where there is none, its line is free
    for the count, or for layers that would otherwise only be counted.
    """
    last = [_joined(shortcut)] if shortcut else []
    for version, rooms, most in _attempts(list(pieces), LINES + (not shortcut)):
        said = [*version, *_more(total - _counts(version))]
        free = len(said) > len(version) and not shortcut
        for room in rooms:
            lines = _filled(said, room)
            if len(lines) <= max(most, LINES + free):
                named = (each.text for each in (*version, *shortcut) if each.gate)
                return Lines((*lines, *last), tuple(dict.fromkeys(named)))
    message = "gates alone fit three lines"
    raise AssertionError(message)


def _attempts(every: Sequence[Piece], most: int) -> Iterator[tuple[Sequence[Piece], Sequence[float], int]]:
    """Yield what may be said, in which widths, and in how many lines: in ``most`` before any layer is left out."""
    loud = _loud(every) or every
    shorter = list(_shortened(loud))
    full = [version for version in shorter if _counts(version) == _counts(loud)]
    yield every, ROOMS, LINES
    yield loud, ROOMS, LINES
    for lines in (LINES, most):
        yield from ((version, ROOMS[-1:], lines) for version in (loud, *full))
    yield from ((version, ROOMS[-1:], LINES) for version in shorter if version not in full)


def _counts(pieces: Iterable[Piece]) -> int:
    """Return how many layers pieces name."""
    return sum(each.counts for each in pieces)


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


def weighty(inside: Sequence[OutlineCell]) -> list[OutlineCell]:
    """Return the cells that say most about a block."""
    return [cell for cell in inside if cell.kind in ("conv", "linear", "pool")]


def _beside_lanes(tokens: Strand) -> Strand:
    """Return tokens without shortcuts, of which the line of the shortcut speaks."""
    return tuple(token for token in tokens if not isinstance(token, Join))


def _pieces(tokens: Strand) -> Iterator[Piece]:
    """Yield what is to be said of the tokens of a block, in order; of joints only those before a gate."""
    before = _NEXT
    gated = _before_gates(tokens)
    for position, token in enumerate(tokens):
        match token:
            case OutlineCell() if token.kind not in _QUIET:
                piece = _piece(token)
                yield piece._replace(before=before, quiet=piece.quiet and position not in gated)
                before = _NEXT
            case Join() if position in gated:
                yield Piece(token.cell.label.lower(), 0, before=before)
                before = _NEXT
            case OutlineSplit() if any(map(count, token.branches)):
                yield Piece(f"{len(token.branches)} branches", 0, before=before)
                yield from _branches(token)
                before = _BELOW
            case OutlineSplit() if token.cell.label == "max":  # maxout, an activation
                yield Piece(f"max of {len(token.branches)}", 0, quiet=True, before=before)
                before = _NEXT
            case Head():
                yield from _gates(token.strand)
            case _:
                pass


def _before_gates(tokens: Strand) -> set[int]:
    """Return where joints stand that a gate follows before any other layer, and what is between: they place it."""
    found: set[int] = set()
    for position, token in enumerate(tokens):
        if isinstance(token, Join):
            end = position + 1 + sum(1 for _ in takewhile(_is_small, tokens[position + 1 :]))
            if any(isinstance(each, OutlineCell) and each.kind == "gate" for each in tokens[end : end + 1]):
                found |= set(range(position, end))
    return found


def _is_small(token: Token) -> bool:
    """Return whether a token is a layer that is not counted."""
    return isinstance(token, OutlineCell) and token.kind not in _COUNTED


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
        own = weighty([cell for cell in branch if isinstance(cell, OutlineCell)])
        return [Piece(short((own or weighty(list(cells(branch))))[-1].label))]
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
    gates = dict.fromkeys(gate for token in joints for gate in _gates(token.lane))
    said = f"{' and '.join(signs).lower()} shortcut{'s' * (len(signs) > 1)}"
    on = [gate._replace(before=_AND if number else _WITH) for number, gate in enumerate(gates)]
    return [Piece(said, 0), *on] if signs else []


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
    gates = (each for group in groups[kept:] for each in group if each.gate)
    return [*(each for group in groups[:kept] for each in group), *_summed(gates)]


def _summed(gates: Iterable[Piece]) -> Iterator[Piece]:
    """Yield gates, those of one name after one another as one with the number of all, brackets reckoned."""
    for name, run in groupby(gates, key=lambda each: each.text.partition(" ×")[0]):
        number = _counts(run)
        yield Piece(f"{name} ×{number}" if number > 1 else name, number, gate=True)


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
    first, *others = pieces
    return first.said + "".join(f"{each.before}{each.said}" for each in others)
