"""``archcli variants``: the networks that come of a page and a few lines about what may go where."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from builder.costs import Cost
from builder.diagnostics import ArchError, Diagnostic, suggest
from builder.tables import csv_line
from builder.variants import Sample, variants
from builder.variants.options import SpaceOptions, entries
from builder.variants.pareto import pareto_front
from builder.variants.writing import write_pages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from builder.choices import SortKey
    from builder.variants import Variant, Variants

MAX_DRAWN = 64
"""How many networks a contact sheet shows."""

_FEW = 4
"""How many are compared layer by layer."""


@dataclass(frozen=True)
class VariantRow:
    """One network: what it changes, its id, what it costs, and how much more than the base that is.

    ``memory`` is in bytes, of one image in single precision.
    """

    name: str
    places: tuple[str, ...]
    settings: Mapping[str, object]
    id: str
    parameters: int
    macs: int
    memory: int
    more_parameters: int
    more_macs: int
    more_memory: int


@dataclass(frozen=True)
class Varied:
    """The variants of a base. ``size`` is the number of choices, which was counted or, for very many, estimated.

    ``same`` are places that mean the same as the one under which they stand; ``repeated`` are names of choices that
    turned out to be a network listed before, with its id.
    """

    base: str
    size: int
    is_counted: bool
    variants: tuple[VariantRow, ...]
    same: Mapping[str, tuple[str, ...]]
    repeated: tuple[tuple[str, str], ...]
    files: tuple[Path, ...]


@dataclass(frozen=True, kw_only=True)
class ListingOptions:
    """Which of the variants are listed and how: sorted, the front of two prices only, the first so many."""

    sort: SortKey | None = None
    pareto: str | None = None
    limit: int | None = None


@dataclass(frozen=True, kw_only=True)
class VariantsOptions:
    """Everything that the command is told about the space."""

    page: str
    space: SpaceOptions
    uses: str | None = None
    classes: int | None = None
    plugins: tuple[Path, ...] = ()
    sample: tuple[int, int, bool] | None = None
    """How many to draw, with which seed, and whether every number of places equally often."""

    def variants(self) -> Variants:
        """Return the stream; raise ArchError with every mistake."""
        sample = Sample(*self.sample) if self.sample is not None else None
        space = entries(self.space)
        return variants(self.page, space, classes=self.classes, uses=self.uses, sample=sample, plugins=self.plugins)


def run(
    asked: VariantsOptions, listing: ListingOptions, output: Path | None = None, figure: Path | None = None
) -> Varied:
    """Return the variants, write their pages into the folder ``output`` and draw them into ``figure`` where given.

    Raises ArchError for what does not fit or matches nothing.
    """
    found = asked.variants()
    listed = list(_listed(found, listing))
    files = write_pages(listed, found.origin.base, output) if output else ()
    if figure is not None:
        _draw(listed, figure)
        files = (*files, figure)
    rows = tuple(row(each, found.base.cost) for each in listed)
    return Varied(found.base.name, found.size, found.is_counted, rows, found.merged, tuple(found.repeated), files)


def count(asked: VariantsOptions) -> Varied:
    """Return only how many choices there are, and which places are the same."""
    found = asked.variants()
    return Varied(found.base.name, found.size, found.is_counted, (), found.merged, (), ())


def csv_lines(asked: VariantsOptions, listing: ListingOptions) -> Iterator[str]:
    """Yield a head and a line for each variant, as they are found where nothing is to be sorted."""
    found = asked.variants()
    yield csv_line([field.name for field in fields(VariantRow)])
    for each in _listed(found, listing):
        line = asdict(row(each, found.base.cost))
        settings = ", ".join(f"{name}={value}" for name, value in each.settings.items())
        yield csv_line(list((line | {"places": " ".join(each.places), "settings": settings}).values()))


def _listed(found: Variants, listing: ListingOptions) -> Iterable[Variant]:
    chosen: Iterable[Variant] = found
    if listing.pareto is not None:
        chosen = pareto_front(found, *_two_prices(listing.pareto))
    if listing.sort is not None:
        key = listing.sort
        chosen = sorted(chosen, key=lambda each: each.name if key == "name" else (getattr(each.cost, key), each.name))
    for number, each in enumerate(chosen):
        if listing.limit is not None and number >= listing.limit:
            return
        yield each


def _two_prices(text: str) -> tuple[str, str]:
    names = [each.strip() for each in text.split(",")]
    if len(names) != 2 or names[0] == names[1]:
        hint = "such as `--pareto macs,parameters`"
        raise ArchError(Diagnostic("usage", f"`--pareto {text}` is not two prices", None, hint))
    for each in names:
        if each not in Cost._fields:
            raise ArchError(
                Diagnostic("usage", f"there is no price `{each}`", None, suggest(each, Cost._fields, "one of"))
            )
    return names[0], names[1]


def _draw(listed: list[Variant], figure: Path) -> None:
    """Draw a few side by side, layer by layer; more of them as a sheet of blocks."""
    if len(listed) > MAX_DRAWN:
        hint = "list fewer: `--limit`, `--pareto`, `--where` or `--sample`"
        raise ArchError(Diagnostic("usage", f"a figure of {len(listed):,} networks cannot be read", None, hint))
    graphs = [each.graph for each in listed]
    from builder.emit.diagram import draw

    draw(graphs, level="layer" if len(graphs) <= _FEW else "block").write(figure)


def row(variant: Variant, base: Cost) -> VariantRow:
    """Return what the list says of a variant of a network with the price ``base``."""
    return VariantRow(variant.name, variant.places, variant.settings, variant.id, *variant.cost, *(variant.cost - base))
