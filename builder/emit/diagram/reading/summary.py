"""A network in a few boxes: one for each block of the page, with at most three lines of what is inside.

Gates, joints and the activations after them stay visible between the boxes, because where they stand is what figures
are drawn for. A box bears the name of its block, so what is inside is folded, not lost.
"""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple, TypeGuard

from builder.emit.diagram.reading.gates import gates_of
from builder.emit.diagram.reading.likeness import are_alike, core, gate_places, kinds_of
from builder.emit.diagram.reading.lines import LINES, Lines, lines_of, lines_of_head, short
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
    value_of,
)
from builder.emit.diagram.reading.outline import humanize as title_of
from builder.emit.diagram.reading.repeats import fold_equal, fold_units

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from builder.choices import Shapes
    from builder.emit.diagram.scene.theme import BoxKind
    from builder.graph import Graph

MANY: Final = 12
"""Runs of blocks that each have a box, where they differ in their widths only."""

_CARRIED: Final[tuple[BoxKind, ...]] = ("norm", "dropout", "shape")
_DOMINANT: Final[tuple[BoxKind, ...]] = ("conv", "linear", "pool", "norm", "activation", "shape")


class SummaryPart(NamedTuple):
    """A run of tokens that one box stands for, and the name of the block that they belong to."""

    path: str
    tokens: Strand


def summary(graph: Graph, *, expand: Sequence[str] = (), shapes: Shapes = "changes") -> Strand:
    """Return the network as one strand of boxes for its blocks, gates, joints and what stands between blocks.

    Blocks whose path matches ``expand`` are opened: what is inside stands on the line itself.
    """
    tokens = _joined_up(_top(outline(graph, whole=gates_of(graph, expand)), expand))
    return tuple(_with_shapes(fold_units(list(fold_equal(tokens))), graph, shapes))


def _joined_up(tokens: Iterable[Token]) -> list[Token]:
    """Return tokens without what says nothing at this level.

    That is small layers without a box, which the box before carries, and taps of the value that comes in anyway.
    """
    found: list[Token] = []
    for token in tokens:
        before = next((each for each in reversed(found) if not isinstance(each, Fork)), None)
        if _is_box(before) and before is found[-1] and isinstance(token, OutlineCell) and token.kind in _CARRIED:
            found[-1] = replace(before, nodes=(*before.nodes, *token.nodes), value=token.value)
        elif _is_box(token) and before is not None and token.taps:
            found.append(replace(token, taps=tuple(each for each in token.taps if each != value_of(before))))
        else:
            found.append(token)
    read = {value for cell in cells(tuple(found)) for value in cell.taps}
    return [each for each in found if not isinstance(each, Fork) or each.path is not None or each.value in read]


def _is_box(token: Token | None) -> TypeGuard[OutlineCell]:
    """Return whether a token is the box of a block."""
    return isinstance(token, OutlineCell) and token.folded


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
                yield _branches(token)
            case Head():
                yield _head(token)
            case Fork():
                yield token
    yield from _loose(loose)


def _opened(inside: Strand, expand: Sequence[str]) -> Iterator[Token]:
    """Yield what is in an opened block: smaller blocks as boxes, layers as they are."""
    if any(isinstance(token, Opening) for token in inside):
        yield from _top(inside, expand)
        return
    for token in inside:
        match token:
            case OutlineCell():
                yield replace(token, label=short(token.label), before=(), after=())
            case Join():
                yield replace(token, lane=_lane(token.lane))
            case OutlineSplit():
                yield _branches(token)
            case Head():
                yield _head(token)
            case _:
                yield token


def _branches(split: OutlineSplit) -> OutlineCell:
    """Return the box of parallel branches."""
    return box(SummaryPart(split.path, (split,)), title_of(split.path))


def _head(head: Head) -> Head:
    """Return a head as one box."""
    part = SummaryPart(head.path, head.strand)
    return replace(head, strand=(box(part, title_of(head.path), lines=lines_of_head(head.strand)),))


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
    runs = [list(run) for _, run in groupby(inside, key=lambda part: core(part.tokens))]
    few = len(runs) <= LINES or (len(runs) > MANY and _differ_in_widths(inside))
    if (few and _gated_alike(block)) or sum(_is_block(part) for part in inside) <= 1:
        yield _stage(block, title)
        return
    for position, (loose, run) in enumerate(groupby(inside, key=lambda part: not _is_block(part))):
        if loose:
            yield from _loose([cell for part in run for cell in cells(part.tokens)], first=position == 0)
        else:
            for part in run:
                yield from [_stage(part, title_of(part.path))] if _gated_alike(part) else _top(part.tokens)


def _differ_in_widths(inside: list[SummaryPart]) -> bool:
    """Return whether parts are blocks of the same layers, widths apart: as pruned networks have them."""
    return all(map(_is_block, inside)) and len({kinds_of(core(part.tokens)) for part in inside}) == 1


def _gated_alike(block: SummaryPart) -> bool:
    """Return whether all blocks inside have the same gates at the same places."""
    return len({gate_places(part.tokens) for part in _children(block) if _is_block(part)}) < 2


def _is_block(part: SummaryPart) -> bool:
    """Return whether a part is a block with a frame."""
    return any(isinstance(token, Opening) for token in part.tokens)


def _children(block: SummaryPart) -> list[SummaryPart]:
    """Return what stands in a block as one part for each block or layer inside; nameless forks go with their layer.

    A block of blocks without a frame of its own, such as a list that a stage calls ``blocks``, does not count.
    """
    named = [token for token in block.tokens if token.path and token.path != block.path]
    depth = block.path.count(".") + 1
    parts, below = (
        [SummaryPart(path, tuple(run)) for path, run in groupby(named, key=partial(_upper, depth=each))]
        for each in (depth, depth + 1)
    )
    return below if len(parts) == 1 and all(map(_is_framed, below)) else parts


def _upper(token: Token, depth: int) -> str:
    """Return the beginning of a token's path."""
    return ".".join((token.path or "").split(".")[: depth + 1])


def _is_framed(part: SummaryPart) -> bool:
    """Return whether a part is a single block, with its frame."""
    return any(isinstance(token, Opening) and token.path == part.path for token in part.tokens)


def _stage(block: SummaryPart, title: str) -> OutlineCell:
    """Return the box of a block; if it repeats one smaller block, its title says ×N and the lines show one."""
    parts = _children(block)
    blocks = [part.tokens for part in parts if _is_block(part)]
    if len(blocks) < 2 or len(blocks) < len(parts):
        return box(block, title)
    if are_alike(blocks):
        return box(block, f"{title} ×{len(blocks)}", lines=lines_of(blocks[-1]))
    listed = all(part.path.rpartition(".")[2].isdigit() for part in parts)
    return box(block, title, lines=lines_of(block.tokens, len(blocks) if listed else 0))


def box(part: SummaryPart, title: str, *, lines: Lines | None = None) -> OutlineCell:
    """Return the box of a part with its title and lines that name what is inside."""
    inside = list(cells(part.tokens))
    nodes = tuple(sorted(node for cell in inside for node in cell.nodes))
    kinds = [cell.kind for cell in inside]
    kind: BoxKind = next((kind for kind in _DOMINANT if kind in kinds), "conv")
    shown = lines or lines_of(part.tokens)
    taps = _foreign_taps(inside)
    return OutlineCell(
        part.path, kind, title, nodes, inside[-1].value,
        after=shown.texts, taps=taps, folded=True, gates=shown.gates, starts=inside[0].starts,
        holds=tuple(_held(part.tokens)),
    )  # fmt: skip


def _held(strand: Strand, *, aside: bool = False) -> Iterator[tuple[BoxKind, str]]:
    """Yield the kinds and labels of all cells; what stands on a shortcut is of the kind of a projection, or a gate."""
    for token in strand:
        if isinstance(token, Join):
            yield from _held(token.lane, aside=True)
        every = (token.cell,) if isinstance(token, Join) else cells((token,))
        for cell in every:
            kind: BoxKind = "projection" if aside and cell.kind != "gate" else cell.kind
            yield from ((kind, text) for text in (*cell.before, cell.label, *cell.after))


def _foreign_taps(inside: Sequence[OutlineCell]) -> tuple[int, ...]:
    """Return the values that cells inside read from outside."""
    own = {node for cell in inside for node in cell.nodes}
    return tuple(value for cell in inside for value in cell.taps if value not in own)


def _lane(lane: Strand) -> Strand:
    """Return the boxes on a shortcut as one, and its gates by themselves."""
    boxes: list[Token] = []
    for gate, run in groupby(cells(lane), key=lambda cell: cell.kind == "gate"):
        inside = list(run)
        if gate:
            boxes += [replace(cell, label=short(cell.label), before=(), after=()) for cell in inside]
            continue
        nodes = tuple(node for cell in inside for node in cell.nodes)
        weighty = [cell for cell in inside if cell.kind in ("projection", "conv", "pool")] or inside
        label = " · ".join(short(cell.label) for cell in weighty)
        taps = _foreign_taps(inside)
        boxes.append(OutlineCell(inside[0].path, "projection", label, nodes, inside[-1].value, taps=taps))
    return tuple(boxes)


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
