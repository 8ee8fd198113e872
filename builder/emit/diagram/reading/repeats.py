"""Equal neighbors drawn once, with ×N: boxes that say the same, and residual blocks one after another."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from builder.emit.diagram.reading.lines import contents
from builder.emit.diagram.reading.outline import Fork, Join, OutlineCell, cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.emit.diagram.reading.outline import Strand, Token

FEWEST: Final = 3
"""So many equal residual blocks are drawn as one box."""


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

    >>> _span("features.3", "features.5"), _span("Mixed_6c", "Mixed_6d"), _span("Conv", "Conv")
    ('features.3–5', 'Mixed_6c–d', 'Conv')
    """
    one, other = (re.fullmatch(r"(.*?)(\d+|(?<=\d)[a-z])", title) for title in (first, last))
    if first == last or not one or not other or one[1] != other[1]:
        return first
    return f"{first}–{other[2]}"


def _sameness(token: Token, position: int) -> object:
    """Return what neighbors must have in common to be folded."""
    return (token.kind, token.after, contents(token)) if isinstance(token, OutlineCell) and token.after else position


class _Unit(NamedTuple):
    """A block with its shortcut and what follows the joint, or any other token by itself."""

    tokens: Strand
    says: object
    """What equal units have in common; None where it equals nothing."""


def fold_units(tokens: Sequence[Token]) -> Iterator[Token]:
    """Fold residual blocks that follow one another and say the same into one box with ×N; gates stay visible."""
    for says, run in groupby(_units(tokens), key=lambda unit: unit.says):
        units = list(run)
        if says is None or len(units) < FEWEST:
            yield from (token for unit in units for token in unit.tokens)
        else:
            yield _as_one(units)


def _units(tokens: Sequence[Token]) -> Iterator[_Unit]:
    """Yield the units of a strand."""
    position = 0
    while position < len(tokens):
        end = _end_of_unit(tokens, position)
        part = tuple(tokens[position:end])
        yield _Unit(part, _says(part) if end > position + 1 else None)
        position = end


def _end_of_unit(tokens: Sequence[Token], position: int) -> int:
    """Return where the unit that begins at ``position`` ends: behind its joint and its activation."""
    fork = tokens[position]
    if not isinstance(fork, Fork) or fork.path is None:
        return position + 1
    joints = (at for at, each in enumerate(tokens) if isinstance(each, Join) and each.path == fork.path)
    end = next(joints) + 1
    following = tokens[end] if end < len(tokens) else None
    return end + (isinstance(following, OutlineCell) and following.kind == "activation")


def _says(unit: Strand) -> object:
    """Return what is written in a unit; None where it is not one box, a joint and an activation, or is tapped."""
    boxes = [token for token in unit if isinstance(token, OutlineCell)]
    inside = list(cells(unit))
    tapped = any(cell.taps for cell in inside) or any(isinstance(each, Fork) and each.path is None for each in unit[1:])
    if tapped or not boxes or not boxes[0].folded or any(cell.kind == "gate" for cell in inside) or len(boxes) > 2:
        return None
    return tuple((cell.kind, cell.after or cell.label, contents(cell)) for cell in inside)


def _as_one(units: Sequence[_Unit]) -> OutlineCell:
    """Return the box of equal units: what the first one says, and a line for the shortcut and what follows it."""
    first = next(token for token in units[0].tokens if isinstance(token, OutlineCell))
    last = next(token for token in units[-1].tokens if isinstance(token, OutlineCell))
    joint = next(token for token in units[0].tokens if isinstance(token, Join))
    after = [token.label for token in units[0].tokens if isinstance(token, OutlineCell) and token is not first]
    line = " · ".join([f"{joint.cell.label} shortcut", *after])
    inside = [cell for unit in units for cell in cells(unit.tokens)]
    nodes = tuple(sorted(node for cell in inside for node in cell.nodes))
    label = f"{_span(first.label, last.label)} ×{len(units)}"
    value = list(cells(units[-1].tokens))[-1].value
    return replace(first, label=label, nodes=nodes, value=value, after=(*first.after, line))
