"""Blocks drawn as one box at the level of layers, where the user asks for it."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import groupby
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, Diagnostic, suggest
from builder.emit.diagram.reading.outline import Fork, Opening, cells, humanize
from builder.emit.diagram.reading.repeats import fold_equal
from builder.emit.diagram.reading.rows import shape_after
from builder.emit.diagram.reading.summary import SummaryPart, box

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.emit.diagram.reading.outline import Strand, Token


def folded(strands: Sequence[Strand], patterns: Sequence[str]) -> list[Strand]:
    """Return the strands with each block that matches one of ``patterns`` as a box, equal neighbors as one with ×N.

    Raises ArchError where a pattern names no block of any strand.
    """
    check_names(strands, patterns)
    return [tuple(fold_equal(list(_fold(strand, patterns)))) if patterns else strand for strand in strands]


def check_names(strands: Sequence[Strand], patterns: Sequence[str]) -> None:
    """Raise ArchError for a pattern that matches no block with a frame."""
    names = list(dict.fromkeys(path for strand in strands for path in _blocks(strand)))
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            hint = suggest(pattern, names, "blocks")
            raise ArchError(Diagnostic("usage", f"no block is called `{pattern}`", None, hint))


def _blocks(strand: Strand) -> Iterator[str]:
    """Yield the paths of all blocks with a frame."""
    return (token.path for token in strand if isinstance(token, Opening))


def _fold(strand: Strand, patterns: Sequence[str]) -> Iterator[Token]:
    """Yield the tokens, those of each matching block as one."""
    matching = [path for path in _blocks(strand) if any(fnmatchcase(path, pattern) for pattern in patterns)]
    chosen = [path for path in matching if not any(path.startswith(f"{other}.") for other in matching)]
    last = ""
    for path, run in groupby(zip(_homes(strand, chosen), strand, strict=True), key=lambda each: each[0]):
        tokens = tuple(token for _, token in run)
        shape = next((shape for token in reversed(tokens) if (shape := shape_after(token))), "")
        if path:
            yield replace(box(SummaryPart(path, tokens), humanize(path)), shape=shape if shape != last else "")
            yield from _still_tapped(tokens, strand)
        else:
            yield from tokens
        last = shape or last


def _homes(strand: Strand, chosen: Sequence[str]) -> list[str]:
    """Return for each token the chosen block to which it belongs; a nameless fork belongs where both neighbors do."""
    homes = [next((path for path in chosen if f"{token.path}.".startswith(f"{path}.")), "") for token in strand]
    for position, token in enumerate(strand[:-1]):
        if token.path is None and position and homes[position - 1] == homes[position + 1]:
            homes[position] = homes[position - 1]
    return homes


def _still_tapped(inside: Strand, strand: Strand) -> Iterator[Fork]:
    """Yield the forks of a folded block whose values are read elsewhere."""
    own = set(cells(inside))
    read = {value for cell in cells(strand) if cell not in own for value in cell.taps}
    return (token for token in inside if isinstance(token, Fork) and token.path is None and token.value in read)
