"""Which blocks of a stage are alike, so that one box with ×N may stand for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from builder.emit.diagram.reading.lines import short, weighty
from builder.emit.diagram.reading.outline import Fork, Head, Join, OutlineCell, OutlineSplit, cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.emit.diagram.reading.outline import Strand


def core(tokens: Strand) -> tuple[str, ...]:
    """Return what makes two blocks the same kind of block: the weighty layers of the main path, strides apart."""
    every = list(cells(tokens))
    inside = [token for token in tokens if isinstance(token, OutlineCell)] or every
    loud = next(filter(None, (weighty(inside), weighty(every))), inside)
    return tuple(re.sub(r", /\d+(×\d+)?", "", short(cell.label)) for cell in loud)


def are_alike(blocks: Sequence[Strand]) -> bool:
    """Return whether blocks are one block ×N: of the same layers.

    The first, which changes channels and size, may have more of them and other widths before the last.
    """
    cores = [core(block) for block in blocks]
    left = iter(kinds_of(cores[0]))
    same = len(set(cores[1:])) == 1 and cores[0][-1] == cores[1][-1]
    return same and all(each in left for each in kinds_of(cores[1]))


def kinds_of(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the layers of a block without their widths."""
    return tuple(re.sub(r"(, |FC )\d+", r"\1", label) for label in labels)


def gate_places(tokens: Strand) -> tuple[tuple[str, ...], ...]:
    """Return the gates of a block and where in it they stand, by which blocks of a stage are told apart."""
    return tuple(_places(tokens))


def _places(strand: Strand, *inside: str) -> Iterator[tuple[str, ...]]:
    """Yield for each gate its name, what it is beside the spine, and behind what it stands: a layer, fork or joint."""
    behind = ""
    for token in strand:
        match token:
            case OutlineCell():
                if token.kind == "gate":
                    yield (short(token.label), *inside, behind)
                behind = token.path.rpartition(".")[2]
            case Fork(path=str()):
                behind = "fork"
            case Join():
                yield from _on_lane(token.lane)
                behind = "joint"
            case OutlineSplit():
                for number, branch in enumerate(token.branches):
                    yield from _places(branch, *inside, f"branch {number}")
                behind = "joint"
            case Head():
                yield from _places(token.strand, *inside, "head")
            case _:
                pass


def _on_lane(lane: Strand) -> Iterator[tuple[str, ...]]:
    """Yield the gates on a shortcut, and whether a projection follows: that of the first block of a stage does not."""
    every = list(cells(lane))
    for position, cell in enumerate(every):
        if cell.kind == "gate":
            following = any(each.kind in ("projection", "conv") for each in every[position:])
            yield (short(cell.label), "shortcut", "before the projection" if following else "")
