"""The columns of tables that say what networks cost, and how much more that is than another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.quantities import bytes_of, human, signed
from builder.tables import Column

if TYPE_CHECKING:
    from builder.costs import Cost
    from builder.tables.model import Cell


def signed_bytes(count: int) -> str:
    """Return a difference in bytes with its sign and unit."""
    return f"{signed(count)}B" if abs(count) >= 1000 else signed(count)


PRICES = (
    Column("parameters", "parameters", human, is_number=True),
    Column("more_parameters", "Δ", signed, is_number=True),
    Column("macs", "MACs", human, is_number=True),
    Column("more_macs", "Δ", signed, is_number=True),
    Column("memory", "memory", bytes_of, is_number=True),
    Column("more_memory", "Δ", signed_bytes, is_number=True),
)
"""For each part of the price the number, and how much more it is; memory is in bytes."""


def price_cells(cost: Cost, more: Cost | None) -> tuple[Cell, ...]:
    """Return the cells below ``PRICES``; without anything to compare with they have no differences."""
    extra = more or (None, None, None)
    return tuple(cell for pair in zip(cost, extra, strict=True) for cell in pair)
