"""From a space to its variants: places made canonical, names given, equal networks merged, each priced."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from builder.costs import Cost, graph_cost
from builder.diagnostics import ArchError, Diagnostic
from builder.identity import graph_id
from builder.lowering.lower import lower
from builder.lowering.pages import shipped_folder
from builder.variants.places import Place, matching
from builder.variants.space import Subsets, page_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from builder.graph import Graph
    from builder.lowering.pages import Base
    from builder.variants.space import Insertion

MAX_VARIANTS = 4096
MAX_NAME = 64


@dataclass(frozen=True)
class Variant:
    """One network of the space: its name, what it changes, its page, its id and its price."""

    name: str
    places: tuple[str, ...]
    text: str
    graph: Graph = field(repr=False)
    id: str
    cost: Cost


@dataclass(frozen=True)
class Variants:
    """The variants of a space in a stable order, and which places turned out to be the same."""

    base: Variant
    size: int
    merged: dict[str, tuple[str, ...]]
    """For a place that is enumerated, the other places that mean the same."""
    variants: tuple[Variant, ...]


def enumerate_variants(
    base: Base,
    layer: Insertion,
    *,
    among: tuple[str, ...] = (),
    at: tuple[str, ...] = (),
    count: tuple[int, int | None] = (0, None),
    classes: int | None = None,
) -> Variants:
    """Return the variants of ``base`` with ``layer`` in every subset of ``among``, or at each entry of ``at``.

    An entry of ``at`` is one variant with all its matches. Raises ArchError for a selector that finds nothing, a layer
    that fits nowhere, or a space of more than MAX_VARIANTS.
    """
    graph = lower(base.merged(), classes=classes)
    maker = _Maker(base, layer, classes)
    origin = maker.priced(graph.name, graph)
    if at:
        wanted = [tuple(matching(graph, (each,), "--at")) for each in at]
        return Variants(origin, len(wanted), {}, tuple(_distinct(maker, wanted, at, origin, by_point=False)))
    places = matching(graph, among, "--among")
    canonical, merged = _canonical(maker, places)
    space = Subsets(layer, canonical, count[0], count[1])
    if space.size() > MAX_VARIANTS:
        message = f"{len(canonical)} places give {space.size():,} variants, more than {MAX_VARIANTS:,}"
        hint = "bound the number of places with `--count`, or name fewer places"
        raise ArchError(Diagnostic("too-many-variants", message, None, hint))
    found = _distinct(maker, list(space), None, origin, by_point=space.by_point)
    return Variants(origin, space.size(), merged, tuple(found))


def write_pages(variants: Variants, folder: Path) -> list[Path]:
    """Write each variant as a page into ``folder``, with copies of the pages that they extend unless shipped.

    Returns the paths written. Raises ArchError rather than overwrite a file that says something else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = {f"{variant.name}.yaml": variant.text for variant in variants.variants if variant.text}
    return [_write(folder / name, text) for name, text in texts.items()]


def copy_bases(base: Base, folder: Path) -> list[Path]:
    """Copy the pages that variants of ``base`` extend into ``folder``, as far as they are not shipped."""
    shipped = shipped_folder().resolve()
    kept = [path for _, path in base.chain if not path.resolve().is_relative_to(shipped)]
    return [_write(folder / path.name, path.read_text("utf-8")) for path in kept]


def _write(path: Path, text: str) -> Path:
    if path.exists() and path.read_text("utf-8") != text:
        raise ArchError(Diagnostic("exists", f"{path} exists and says something else", None, "choose another folder"))
    path.write_text(text, "utf-8")
    return path


class _Maker:
    """Makes variants of one base: page text, graph, id and price from the same few lines."""

    def __init__(self, base: Base, layer: Insertion, classes: int | None) -> None:
        self._base = base
        self._layer = layer
        self.word = layer.name or layer.word
        self._classes = classes
        self._header: dict[str, object] = {"extends": base.path.name}
        if base.member is not None:
            self._header["member"] = base.member
        if classes is not None:
            self._header["classes"] = classes

    def priced(self, name: str, graph: Graph) -> Variant:
        """Return the base itself as a variant without a page."""
        return Variant(name, (), "", graph, graph_id(graph), graph_cost(graph))

    def __call__(self, name: str, places: tuple[Place, ...], *, by_point: bool) -> Variant:
        """Return the variant with the layer at ``places``."""
        text = page_text(name, self._header, [self._layer.line(places, by_point=by_point)])
        graph = lower(self._base.extended(text, f"{name}.yaml"))
        return Variant(name, tuple(each.text for each in places), text, graph, graph_id(graph), graph_cost(graph))


def _canonical(maker: _Maker, places: list[Place]) -> tuple[tuple[Place, ...], dict[str, tuple[str, ...]]]:
    """Return the first of equal places, in page order, and for each the others that mean the same.

    Two places are the same where the layer alone, put there, gives the same network.
    """
    by_id: dict[str, list[Place]] = {}
    for place in places:
        by_id.setdefault(maker("variant", (place,), by_point=True).id, []).append(place)
    first = tuple(same[0] for same in by_id.values())
    return first, {same[0].text: tuple(each.text for each in same[1:]) for same in by_id.values() if len(same) > 1}


def _distinct(
    maker: _Maker, wanted: list[tuple[Place, ...]], labels: tuple[str, ...] | None, origin: Variant, *, by_point: bool
) -> Iterator[Variant]:
    """Yield one variant for each network; the base itself where no place is chosen."""
    points = {place.point for places in wanted for place in places}
    seen: set[str] = set()
    for number, places in enumerate(wanted):
        words = [labels[number]] if labels else [_short(place, points) for place in places]
        name = variant_name(origin.name, maker.word, words)
        variant = maker(name, places, by_point=by_point) if places else origin
        if variant.id not in seen:
            seen.add(variant.id)
            yield variant


def variant_name(base: str, word: str, places: list[str]) -> str:
    """Return a name that says what is where, with a digest where it would grow too long for a file.

    >>> variant_name("alexnet", "se", ["block1", "block2"])
    'alexnet_se_block1_block2'
    """
    spelt = "_".join(re.sub(r"\W+", "_", place).strip("_") for place in places)
    if len(base) + len(word) + len(spelt) + 2 <= MAX_NAME:
        return f"{base}_{word}_{spelt}"
    return f"{base}_{word}_{len(places)}_{sha256(spelt.encode()).hexdigest()[:8]}"


def _short(place: Place, points: set[str | None]) -> str:
    """Return the place without its point where all places of the space are at the same one."""
    return place.block if len(points) == 1 and place.point and place.block else place.text
