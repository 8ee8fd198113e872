"""A network in a few boxes: one for each block of the page, with at most three lines of what is inside.

Gates, joints and the activations after them stay visible between the boxes, because where they stand is what figures
are drawn for. A box bears the name of its block, so what is inside is folded, not lost.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

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
    outline,
)
from builder.emit.diagram.reading.outline import humanize as title_of
from builder.emit.diagram.scene.metrics import fit, text_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from builder.choices import Shapes
    from builder.emit.diagram.scene.theme import BoxKind
    from builder.graph import Graph

LINE_SIZE: Final = 6.6
LINES: Final = 3
ROOMS: Final = (60.0, 70.0, 80.0)
"""Widths for the lines of a box, in pt: the first in which three lines hold everything."""

_DOMINANT: Final[tuple[BoxKind, ...]] = ("conv", "linear", "pool", "norm", "activation", "shape")
_QUIET: Final[tuple[BoxKind, ...]] = ("norm", "dropout", "shape", "scale")  # not named in a box that has better to say


_SHORT: Final = {
    "Conv ": "",
    "DWConv ": "dw ",
    "MaxPool ": "max ",
    "AvgPool ": "avg ",
    "GlobalAvgPool": "global avg",
}


class SummaryPart(NamedTuple):
    """A run of tokens that one box stands for, and the name of the block that they belong to."""

    path: str
    tokens: Strand


def summary(graph: Graph, *, expand: Sequence[str] = (), shapes: Shapes = "changes") -> Strand:
    """Return the network as one strand of boxes for its blocks, gates, joints and what stands between blocks.

    Blocks whose path matches ``expand`` are opened: what is inside stands on the line itself.
    """
    tokens = list(_top(outline(graph), expand))
    return tuple(_with_shapes(fold_equal(tokens), graph, shapes))


def _top(strand: Strand, expand: Sequence[str] = ()) -> Iterator[Token]:
    """Yield one token for each block, gate, joint, or run of loose layers at the top."""
    loose: list[OutlineCell] = []
    closed = ""
    position = 0
    while position < len(strand):
        token = strand[position]
        position += 1
        if isinstance(token, OutlineCell) and not _stands_alone(token, closed):
            loose.append(token)
            continue
        yield from _loose(loose, first=not closed)
        loose = []
        match token:
            case Opening():
                end = strand.index(Closing(token.path), position)
                inside = strand[position:end]
                opened = any(fnmatchcase(token.path, pattern) for pattern in expand)
                yield from _opened(inside, expand) if opened else _block(SummaryPart(token.path, inside), token.title)
                closed, position = token.path, end + 1
            case Join():
                yield replace(token, lane=_lane(token.lane))
            case OutlineCell():
                yield replace(token, label=short(token.label), after=()) if token.kind == "gate" else token
            case OutlineSplit():
                yield box(SummaryPart(token.path, (token,)), title_of(token.path))
            case Head():
                part = SummaryPart(token.path, token.strand)
                yield Head(token.path, token.value, (box(part, title_of(token.path), lines=["training only"]),))
            case Fork():
                yield token
    yield from _loose(loose)


def _opened(inside: Strand, expand: Sequence[str]) -> Iterator[Token]:
    """Yield what is in an opened block: smaller blocks as boxes, layers as they are."""
    if any(isinstance(token, Opening) for token in inside):
        yield from _top(inside, expand)
        return
    for token in inside:
        yield replace(token, label=short(token.label), before=(), after=()) if isinstance(token, OutlineCell) else token


def _stands_alone(cell: OutlineCell, closed: str) -> bool:
    """Return whether a cell keeps a box of its own: the input, gates, and what follows a block and belongs to it."""
    return cell.kind in ("input", "gate") or (closed != "" and cell.path.rpartition(".")[0] == closed)


def _loose(run: list[OutlineCell], *, first: bool = False) -> Iterator[Token]:
    """Yield boxes for layers that belong to no block: up to the first linear layer, and from there on."""
    linear = [position for position, cell in enumerate(run) if cell.kind == "linear"]
    cut = linear[0] if linear else len(run)
    for part in (run[:cut], run[cut:]):
        kinds = {cell.kind for cell in part}
        titles = {"linear": "Classifier", "conv": "Stem" if first else "Conv", "pool": "Pool"}
        title = next((title for kind, title in titles.items() if kind in kinds), None)
        if title is None:
            yield from (replace(cell, before=(), after=()) for cell in part)
        else:
            yield box(SummaryPart(part[0].path, tuple(part)), title)


def _block(block: SummaryPart, title: str) -> Iterator[Token]:
    """Yield the box of a block, or the boxes of the blocks inside where three lines could not name them all."""
    inside = _children(block)
    runs = [list(run) for _, run in groupby(inside, key=_core)]
    if len(runs) <= LINES or sum(_is_block(part) for part in inside) <= 1:
        yield _stage(block, title)
        return
    for position, (loose, run) in enumerate(groupby(inside, key=lambda part: not _is_block(part))):
        if loose:
            yield from _loose([cell for part in run for cell in cells(part.tokens)], first=position == 0)
        else:
            yield from (_stage(part, title_of(part.path)) for part in run)


def _is_block(part: SummaryPart) -> bool:
    """Return whether a part is a block with a frame."""
    return any(isinstance(token, Opening) for token in part.tokens)


def _children(block: SummaryPart) -> list[SummaryPart]:
    """Return what stands in a block as one part for each block or layer inside; nameless forks go with their layer."""
    depth = block.path.count(".") + 1

    def child(token: Token) -> str:
        return ".".join(token.path.split(".")[: depth + 1]) if token.path else ""

    named = [token for token in block.tokens if token.path and token.path != block.path]
    return [SummaryPart(path, tuple(run)) for path, run in groupby(named, key=child)]


def _stage(block: SummaryPart, title: str) -> OutlineCell:
    """Return the box of a block; if it repeats one smaller block, its title says ×N and the lines show one."""
    blocks = [part for part in _children(block) if _is_block(part)]
    if len(blocks) < 2 or len(blocks) < len(_children(block)):
        return box(block, title)
    ends = [_core(part)[-1] for part in blocks]
    if len(set(ends)) == 1:
        return box(block, f"{title} ×{len(blocks)}", lines=_lines_of(blocks[-1]))
    lines = [_times(end, len(list(run))) for end, run in groupby(ends)]
    return box(block, title, lines=[*_at_most(lines), *_returning(block.tokens)])


def _times(piece: str, count: int) -> str:
    """Return a piece and how often it stands there, if more than once."""
    return f"{piece} ×{count}" if count > 1 else piece


def box(part: SummaryPart, title: str, *, lines: list[str] | None = None) -> OutlineCell:
    """Return the box of a part with its title and lines that name what is inside."""
    inside = list(cells(part.tokens))
    nodes = tuple(sorted(node for cell in inside for node in cell.nodes))
    kinds = [cell.kind for cell in inside]
    kind: BoxKind = next((kind for kind in _DOMINANT if kind in kinds), "conv")
    shown = tuple(_lines_of(part) if lines is None else lines)
    return OutlineCell(
        part.path, kind, title, nodes, inside[-1].value, after=shown, taps=_foreign_taps(inside), folded=True,
        starts=inside[0].starts,
    )  # fmt: skip


def _foreign_taps(inside: Sequence[OutlineCell]) -> tuple[int, ...]:
    """Return the values that cells inside read from outside."""
    own = {node for cell in inside for node in cell.nodes}
    return tuple(value for cell in inside for value in cell.taps if value not in own)


def _core(part: SummaryPart) -> tuple[str, ...]:
    """Return what makes two blocks the same kind of block: the convolutions of the main path, strides apart."""
    every = list(cells(part.tokens))
    inside = [token for token in part.tokens if isinstance(token, OutlineCell)] or every
    loud = next(filter(None, (_weighty(inside), _weighty(every))), inside)
    return tuple(re.sub(r", /\d+(×\d+)?", "", short(cell.label)) for cell in loud)


def _weighty(inside: Sequence[OutlineCell]) -> list[OutlineCell]:
    """Return the cells that say most about a block."""
    return [cell for cell in inside if cell.kind in ("conv", "linear", "pool")]


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


def _returning(tokens: Sequence[Token]) -> list[str]:
    """Return the line of the shortcuts that return among ``tokens``, if any."""
    signs = dict.fromkeys(token.cell.label for token in tokens if isinstance(token, Join))
    return [f"{' '.join(signs).lower()} shortcut"] if signs else []


def _lines_of(part: SummaryPart) -> list[str]:
    """Return at most three lines that name what is in a block, and one for its shortcut and what follows."""
    joints = [position for position, token in enumerate(part.tokens) if isinstance(token, Join)]
    if len(joints) != 1:
        return [*_inner_lines(part), *_returning(part.tokens)]
    before, after = part.tokens[: joints[0]], part.tokens[joints[0] + 1 :]
    following = [short(cell.label) for cell in cells(after)]
    (line,) = _returning(part.tokens)
    if len(following) > 1 or not any(isinstance(token, OutlineCell) for token in before):
        return [*_inner_lines(part), line]
    return [*_inner_lines(SummaryPart(part.path, before)), " · ".join([line, *following])]


def _inner_lines(part: SummaryPart) -> list[str]:
    """Return at most three lines that name what is in a block."""
    split = next((token for token in part.tokens if isinstance(token, OutlineSplit)), None)
    if split is None:
        return _lines(list(cells(part.tokens)))
    ends = [_core(SummaryPart("", branch))[-1] for branch in split.branches if branch]
    return [f"{len(split.branches)} branches", *_packed(ends, ROOMS[-1])[: LINES - 1]]


def _lines(inside: Sequence[OutlineCell]) -> list[str]:
    """Return at most three lines that name the layers in order: all, or without activations, or the first."""
    loud = [cell for cell in inside if cell.kind not in (*_QUIET, "sum", "joint", "projection")] or list(inside)
    everything = [short(cell.label) for cell in loud]
    weighty = [short(cell.label) for cell in loud if cell.kind != "activation"] or everything
    for pieces in (everything, weighty):
        for room in ROOMS:
            lines = _packed(pieces, room)
            if len(lines) <= LINES:
                return lines
    repeated = [(piece, len(list(run))) for piece, run in groupby(weighty)]
    return _at_most(_packed([_times(piece, count) for piece, count in repeated], ROOMS[-1]))


def _at_most(lines: list[str]) -> list[str]:
    """Return three lines, the last of which counts those left out."""
    return lines if len(lines) <= LINES else [*lines[: LINES - 1], f"… {len(lines) - LINES + 1} more lines"]


def _packed(pieces: Iterable[str], room: float) -> list[str]:
    """Return lines of pieces joined by dots, each as full as ``room`` allows."""
    lines: list[str] = []
    for piece in pieces:
        joined = f"{lines[-1]} · {piece}" if lines else piece
        if lines and text_width(joined, LINE_SIZE) <= room:
            lines[-1] = joined
        else:
            lines.append(fit(piece, ROOMS[-1], LINE_SIZE))
    return lines


def _lane(lane: Strand) -> Strand:
    """Return the boxes on a shortcut as one."""
    inside = list(cells(lane))
    if not inside:
        return ()
    nodes = tuple(node for cell in inside for node in cell.nodes)
    weighty = [cell for cell in inside if cell.kind in ("projection", "conv")] or inside
    label = " · ".join(short(cell.label) for cell in weighty)
    return (OutlineCell(inside[0].path, "projection", label, nodes, inside[-1].value),)


def fold_equal(tokens: list[Token]) -> Iterator[Token]:
    """Fold boxes that follow one another and say the same into one with ×N."""
    for _, run in groupby(enumerate(tokens), key=lambda each: _sameness(each[1], each[0])):
        alike = [token for _, token in run]
        first = alike[0]
        if len(alike) == 1 or not isinstance(first, OutlineCell):
            yield from alike
            continue
        boxes = [token for token in alike if isinstance(token, OutlineCell)]
        nodes = tuple(node for each in boxes for node in each.nodes)
        label = f"{_span(first.label, boxes[-1].label)} ×{len(boxes)}"
        shape = next((each.shape for each in reversed(boxes) if each.shape), "")
        yield replace(boxes[-1], path=first.path, label=label, nodes=nodes, shape=shape)


def _span(first: str, last: str) -> str:
    """Return the titles of the first and the last of several boxes as one.

    >>> _span("features.3", "features.5"), _span("Conv", "Conv")
    ('features.3–5', 'Conv')
    """
    numbers = [re.search(r"\d+$", title) for title in (first, last)]
    if first == last or not all(numbers):
        return first
    return f"{first}–{numbers[1][0]}" if numbers[1] else first


def _sameness(token: Token, position: int) -> object:
    """Return what neighbours must have in common to be folded."""
    return (token.kind, token.after) if isinstance(token, OutlineCell) and token.after else position


def _with_shapes(tokens: Iterable[Token], graph: Graph, shapes: Shapes) -> Iterator[Token]:
    """Give every box the shape that leaves it where it is another than the one before."""
    last = str(graph.input)
    for token in tokens:
        if isinstance(token, OutlineCell | Join):
            cell = token if isinstance(token, OutlineCell) else token.cell
            shape = str(graph.shape(cell.value))
            news = shapes == "all" or (shapes == "changes" and shape != last and cell.kind != "linear")
            shown = replace(cell, shape=shape if news else "")
            yield shown if isinstance(token, OutlineCell) else replace(token, cell=shown)
            last = shape
        else:
            yield token
