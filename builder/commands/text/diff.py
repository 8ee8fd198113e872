"""The difference of two networks as a person reads it: sentences, then what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.commands.text.prices import PRICES, price_cells
from builder.quantities import bytes_of, human, plural, signed
from builder.tables import Column, Table, escaped, markdown_table, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.costs import Cost
    from builder.tables.model import Cell
    from builder.variants.distance import CostChange, Distance, LayerChange


def differing(value: Distance) -> str:
    """Return sentences and a table of costs; one sentence where the networks are the same."""
    if value.is_same:
        return _same(value)
    one, other = value.names
    rows = [_row(change, value.names) for change in value.costs]
    head = ["", "parameters", "", "MACs", "", "memory", ""]
    lines = [f"from {one} to {other}", *(f"  {sentence}" for sentence in _sentences(value))]
    return "\n".join([*lines, "", table(head, [cells for row in rows for cells in row], right=[1, 2, 3, 4, 5, 6])])


def markdown(value: Distance) -> str:
    """Return the sentences as a list, and the table of costs."""
    if value.is_same:
        return escaped(_same(value))
    changes = "\n".join(f"- {escaped(sentence)}" for sentence in _sentences(value))
    return "\n\n".join(part for part in (changes, markdown_table(costs(value))) if part)


def costs(value: Distance) -> Table:
    """Return what both networks cost, and what each block costs in the other one and how much more that is."""
    rows: list[tuple[Cell, ...]] = []
    for change in value.costs:
        if not change.path:
            rows.append((value.names[0], *price_cells(change.before, None)))
        rows.append((change.path or value.names[1], *price_cells(change.after, change.after - change.before)))
    return Table((Column("name", "network or block"), *PRICES), tuple(rows))


def _same(value: Distance) -> str:
    one, other = value.names
    return f"{one} and {other} are the same network ({value.ids[0]})"


def _sentences(value: Distance) -> Iterator[str]:
    for what, before, after in value.sizes:
        yield f"{what}: {before} becomes {after}"
    for block in value.blocks:
        yield f"{block.path or 'the network'}: {block.what} {block.before} becomes {block.after}"
    for kind in ("removed", "added", "changed", "reads"):
        found = [layer for layer in value.layers if layer.kind == kind]
        if len(found) > _MOST:
            yield f"{plural(len(found), 'layer')} {'read something else' if kind == 'reads' else kind}, such as"
        yield from (_layer(layer) for layer in (found if len(found) <= _MOST else found[:_SHOWN]))


_MOST = 24
"""How many changes of one kind are told one by one."""

_SHOWN = 6


def _layer(change: LayerChange) -> str:
    match change.kind:
        case "added":
            return f"{change.path}: {change.after} added behind {change.place}"
        case "removed":
            return f"{change.path}: {change.before} removed from behind {change.place}"
        case "changed":
            return f"{change.path}: {change.before} becomes {change.after}"
    return f"{change.path}: reads {change.after} instead of {change.before}"


def _row(change: CostChange, names: tuple[str, str]) -> list[list[str]]:
    if change.path:
        return [_cells(change.path, change.after, change.before)]
    return [_cells(names[0], change.before, None), _cells(names[1], change.after, change.before)]


def _cells(name: str, cost: Cost, before: Cost | None) -> list[str]:
    more = cost - before if before is not None else None
    cells = [name]
    for show, count, extra in zip((human, human, bytes_of), cost, more or (None, None, None), strict=True):
        cells += [show(count), signed(extra) if extra is not None else ""]
    return cells
