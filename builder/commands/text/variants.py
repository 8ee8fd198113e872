"""Variants and differences as a person reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.commands.text.prices import PRICES, price_cells, signed_bytes
from builder.costs import Cost
from builder.quantities import bytes_of, human, plural, signed
from builder.tables import Column, Table, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.commands.variants import VariantRow, Varied


def counted(value: Varied) -> str:
    """Return how many choices there are, and what means the same."""
    about = "" if value.is_counted else "about "
    return "\n".join([f"{about}{value.size:,} variants of {value.base}", *_merged(value)])


def varied(value: Varied) -> str:
    """Return a table of the variants, what means the same, and the files that were written."""
    of = (
        "" if len(value.variants) == value.size else f" of {'' if value.is_counted else 'about '}{value.size:,} choices"
    )
    head = ["name", "changes", "parameters", "", "MACs", "", "memory", "", "id"]
    lines = [
        f"{plural(len(value.variants), 'variant')} of {value.base}{of and f',{of}'}",
        "",
        table(head, [_line(row) for row in value.variants], right=[2, 3, 4, 5, 6, 7]),
        *_merged(value),
    ]
    names = {row.id: row.name for row in value.variants}
    repeated = [f"{name} is the same network as {names[known]}" for name, known in value.repeated if known in names]
    lines += ["", *repeated] if repeated else []
    lines += ["", *(str(path) for path in value.files)] if value.files else []
    return "\n".join(lines)


def listed(value: Varied) -> Table:
    """Return the variants as a table for papers."""
    rows = []
    for row in value.variants:
        changes = _changes(row)
        more = Cost(row.more_parameters, row.more_macs, row.more_memory) if changes else None
        prices = price_cells(Cost(row.parameters, row.macs, row.memory), more)
        rows.append((row.name, ", ".join(changes) or "none", *prices))
    return Table((Column("name", "variant"), Column("changes", "changes"), *PRICES), tuple(rows))


def _merged(value: Varied) -> Iterator[str]:
    if value.same:
        yield ""
    for place, others in value.same.items():
        yield f"{place} is the same as {', '.join(others)}"


_MOST = 6
"""How many places are named one by one."""


def _places(places: tuple[str, ...]) -> list[str]:
    if len(places) <= _MOST:
        return list(places)
    return [f"{len(places)} places, {places[0]} … {places[-1]}"]


def _changes(row: VariantRow) -> list[str]:
    return [f"{name}={value}" for name, value in row.settings.items()] + _places(row.places)


def _line(row: VariantRow) -> list[str]:
    changes = _changes(row)
    if not changes:
        return [row.name, "none", human(row.parameters), "", human(row.macs), "", bytes_of(row.memory), "", row.id]
    return [
        row.name,
        ", ".join(changes),
        human(row.parameters),
        signed(row.more_parameters),
        human(row.macs),
        signed(row.more_macs),
        bytes_of(row.memory),
        signed_bytes(row.more_memory),
        row.id,
    ]
