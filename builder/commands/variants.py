"""``archcli variants``: the networks that come of putting one layer at several places of another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, Diagnostic
from builder.lowering.pages import find, read_base
from builder.variants import enumerate_variants, insertion
from builder.variants.enumeration import copy_bases, write_pages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from builder.costs import Cost
    from builder.variants import Variant


@dataclass(frozen=True)
class VariantRow:
    """One network: where the layer stands, what the network costs, and how much more than the base that is."""

    name: str
    places: tuple[str, ...]
    id: str
    parameters: int
    macs: int
    more_parameters: int
    more_macs: int


@dataclass(frozen=True)
class Varied:
    """All variants of a base; ``same`` are places that mean the same as the one under which they stand."""

    base: str
    layer: str
    variants: tuple[VariantRow, ...]
    same: Mapping[str, tuple[str, ...]]
    files: tuple[Path, ...]


def run(
    page: str, insert: str, among: Sequence[str], at: Sequence[str], count: str | None, output: Path | None
) -> Varied:
    """Return the variants of ``page`` and write their pages into the folder ``output`` if that is given.

    ``insert`` is a layer as a page writes it: ``se`` or ``se: {reduction: 8}``. Every subset of the places in ``among``
    is one variant, or every entry of ``at`` is. Raises ArchError for what does not fit.
    """
    if bool(among) == bool(at):
        hint = "--among 'block*.out' for every subset of the places, --at 'block*.out' for all of them at once"
        raise ArchError(Diagnostic("usage", "say where to insert: either --among or --at", None, hint))
    path, member = find(page)
    base = read_base(path, member)
    layer = insertion(insert)
    found = enumerate_variants(base, layer, among=tuple(among), at=tuple(at), count=_bounds(count))
    files = (*copy_bases(base, output), *write_pages(found, output)) if output else ()
    rows = tuple(_row(variant, found.base.cost) for variant in found.variants)
    return Varied(found.base.name, layer.word, rows, found.merged, files)


def _row(variant: Variant, base: Cost) -> VariantRow:
    cost = variant.cost
    more = (cost.parameters - base.parameters, cost.macs - base.macs)
    return VariantRow(variant.name, variant.places, variant.id, cost.parameters, cost.macs, *more)


def _bounds(count: str | None) -> tuple[int, int | None]:
    """Return the least and the largest number of places that ``--count`` allows: ``2``, ``1-3`` or ``1-``."""
    if count is None:
        return 0, None
    found = re.fullmatch(r"(\d{1,6})(-(\d{1,6})?)?", count)
    if found is None:
        hint = "a number or a range: 2, 0-2, 1-"
        raise ArchError(Diagnostic("usage", f"`--count {count}` is no number of places", None, hint))
    least = int(found[1])
    most = least if found[2] is None else None if found[3] is None else int(found[3])
    return least, most
