"""A network in a few boxes: one for each block of the page, with at most three lines of what is inside.

Gates, joints and the activations after them stay visible between the boxes, because where they stand is what figures
are drawn for. A box bears the name of its block, so what is inside is folded, not lost.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from builder.emit.diagram.metrics import fit, text_width
from builder.emit.diagram.outline import Cell, Closing, Fork, Join, Opening, Split, Strand, Token, cells, outline
from builder.emit.diagram.outline import humanise as title_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from builder.emit.diagram.theme import Kind
    from builder.graph import Graph

LINE_SIZE: Final = 6.6
LINES: Final = 3
ROOMS: Final = (60.0, 70.0, 80.0)
"""Widths for the lines of a box, in pt: the first in which three lines hold everything."""

_DOMINANT: Final[tuple[Kind, ...]] = ("conv", "linear", "pool", "norm", "activation", "shape")
_QUIET: Final[tuple[Kind, ...]] = ("norm", "dropout", "shape", "scale")  # not named in a box that has better to say


class _Part(NamedTuple):
    """A run of tokens that one box stands for, and the name of the block that they belong to."""

    path: str
    tokens: Strand


def summary(graph: Graph) -> Strand:
    """Return the network as one strand of boxes for its blocks, gates, joints and what stands between blocks."""
    tokens = list(_top(outline(graph)))
    return tuple(_with_shapes(_folded(tokens), graph))


def _top(strand: Strand) -> Iterator[Token]:
    """Yield one token for each block, gate, joint, or run of loose layers at the top."""
    loose: list[Cell] = []
    closed = ""
    position = 0
    while position < len(strand):
        token = strand[position]
        position += 1
        if isinstance(token, Cell) and not _stands_alone(token, closed):
            loose.append(token)
            continue
        yield from _loose(loose)
        loose = []
        match token:
            case Opening():
                end = strand.index(Closing(token.path), position)
                yield from _block(_Part(token.path, strand[position:end]), token.title)
                closed, position = token.path, end + 1
            case Join():
                yield replace(token, lane=_lane(token.lane))
            case Cell():
                yield replace(token, label="SE") if token.kind == "gate" else token
            case Split():
                yield _box(_Part(token.path, (token,)), title_of(token.path))
            case Fork():
                yield token
    yield from _loose(loose)


def _stands_alone(cell: Cell, closed: str) -> bool:
    """Return whether a cell keeps a box of its own: the input, gates, and what follows a block and belongs to it."""
    return cell.kind in ("input", "gate") or (closed != "" and cell.path.rpartition(".")[0] == closed)


def _loose(run: list[Cell]) -> Iterator[Token]:
    """Yield boxes for layers that belong to no block: up to the first linear layer, and from there on."""
    linear = [position for position, cell in enumerate(run) if cell.kind == "linear"]
    cut = linear[0] if linear else len(run)
    for part in (run[:cut], run[cut:]):
        if part:
            kinds = {cell.kind for cell in part}
            title = "Classifier" if "linear" in kinds else "Stem" if "conv" in kinds else "Pool"
            yield _box(_Part(part[0].path, tuple(part)), title if kinds & {"linear", "conv", "pool"} else part[0].label)


def _block(block: _Part, title: str) -> Iterator[Token]:
    """Yield the box of a block, or the boxes of the blocks inside where three lines could not name them all."""
    inside = _children(block)
    runs = [list(run) for _, run in groupby(inside, key=_core)]
    if len(runs) <= LINES or not all(_is_block(part) for part in inside):
        yield _stage(block, title, runs)
    else:
        yield from (_box(part, title_of(part.path)) for part in inside)


def _is_block(part: _Part) -> bool:
    return any(isinstance(token, Opening) for token in part.tokens)


def _children(block: _Part) -> list[_Part]:
    """Return what stands in a block as one part for each block or layer inside; nameless forks go with their layer."""
    depth = block.path.count(".") + 1

    def child(token: Token) -> str:
        return ".".join(token.path.split(".")[: depth + 1]) if token.path else ""

    named = [token for token in block.tokens if token.path]
    return [_Part(path, tuple(run)) for path, run in groupby(named, key=child)]


def _stage(block: _Part, title: str, runs: list[list[_Part]]) -> Cell:
    """Return the box of a block; where it only repeats one smaller block, the lines show that one and the title ×N."""
    blocks = [part for part in _children(block) if _is_block(part)]
    if len(blocks) > 1 and len(runs) == 1:
        return _box(block, f"{title} ×{len(blocks)}", lines=_lines(list(cells(blocks[-1].tokens))))
    if len(blocks) > 1:
        lines = [f"{_core(run[0])[-1]} ×{len(run)}" if len(run) > 1 else _core(run[0])[-1] for run in runs]
        return _box(block, title, lines=lines)
    return _box(block, title)


def _box(part: _Part, title: str, *, lines: list[str] | None = None) -> Cell:
    inside = list(cells(part.tokens))
    nodes = tuple(sorted(node for cell in inside for node in cell.nodes))
    kinds = [cell.kind for cell in inside]
    kind: Kind = next((kind for kind in _DOMINANT if kind in kinds), "conv")
    shown = _lines(inside) if lines is None else lines
    residual = ["+ shortcut"] if any(isinstance(token, Join) for token in part.tokens) else []
    after = (*shown, *residual)
    return Cell(part.path, kind, title, nodes, inside[-1].value, after=after, taps=_foreign_taps(inside))


def _foreign_taps(inside: Sequence[Cell]) -> tuple[int, ...]:
    own = {node for cell in inside for node in cell.nodes}
    return tuple(value for cell in inside for value in cell.taps if value not in own)


def _core(part: _Part) -> tuple[str, ...]:
    """Return what makes two blocks the same kind of block: the main path's layers, strides apart."""
    main = [token for token in part.tokens if isinstance(token, Cell)]
    inside = [cell for cell in main if cell.kind not in _QUIET] or main or list(cells(part.tokens))
    return tuple(re.sub(r", /\d+(×\d+)?", "", short(cell.label)) for cell in inside)


def short(label: str) -> str:
    """Return a label as it stands in a box of many layers.

    >>> short("Conv 3×3, 64"), short("MaxPool 3×3, /2"), short("AvgPool → 6×6")
    ('3×3, 64', 'max 3×3, /2', 'avg → 6×6')
    """
    for long, brief in (("Conv ", ""), ("MaxPool ", "max "), ("AvgPool ", "avg "), ("GlobalAvgPool", "global avg")):
        if label.startswith(long):
            return brief + label.removeprefix(long)
    return label


def _lines(inside: Sequence[Cell]) -> list[str]:
    """Return at most three lines that name the layers in order, or as many as fit and how many are left out."""
    loud = [cell for cell in inside if cell.kind not in (*_QUIET, "sum", "joint", "projection")] or list(inside)
    everything = [short(cell.label) for cell in loud]
    weighty = [short(cell.label) for cell in loud if cell.kind != "activation"] or everything
    for pieces in (everything, weighty):
        for room in ROOMS:
            lines = _packed(pieces, room)
            if len(lines) <= LINES:
                return lines
    repeated = [(piece, len(list(run))) for piece, run in groupby(weighty)]
    lines = _packed([f"{piece} ×{count}" if count > 1 else piece for piece, count in repeated], ROOMS[-1])
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
    return (Cell(inside[0].path, "projection", label, nodes, inside[-1].value),)


def _folded(tokens: list[Token]) -> Iterator[Token]:
    """Fold boxes that follow one another and say the same into one with ×N."""
    for _, run in groupby(enumerate(tokens), key=lambda each: _sameness(each[1], each[0])):
        alike = [token for _, token in run]
        first = alike[0]
        if len(alike) == 1 or not isinstance(first, Cell):
            yield from alike
            continue
        boxes = [token for token in alike if isinstance(token, Cell)]
        nodes = tuple(node for box in boxes for node in box.nodes)
        yield replace(boxes[-1], path=first.path, label=f"{first.label} ×{len(boxes)}", nodes=nodes)


def _sameness(token: Token, position: int) -> object:
    return (token.kind, token.after) if isinstance(token, Cell) and token.after else position


def _with_shapes(tokens: Iterable[Token], graph: Graph) -> Iterator[Token]:
    """Give every box the shape that leaves it where it is another than the one before."""
    last = str(graph.input)
    for token in tokens:
        if isinstance(token, Cell | Join):
            cell = token if isinstance(token, Cell) else token.cell
            shape = str(graph.shape(cell.value))
            shown = replace(cell, shape=shape if shape != last and cell.kind != "linear" else "")
            yield shown if isinstance(token, Cell) else replace(token, cell=shown)
            last = shape
        else:
            yield token
