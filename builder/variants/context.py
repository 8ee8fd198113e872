"""The base with one choice of settings and parameters: which places it has, which are the same, what fits where."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from math import comb, prod
from typing import TYPE_CHECKING, TypeAlias

from builder.costs import graph_cost
from builder.diagnostics import ArchError, Diagnostic
from builder.identity import graph_id
from builder.lowering.lower import lower
from builder.quantities import plural
from builder.variants.composition import Composition
from builder.variants.layout import Entangled, Laid
from builder.variants.pages import Differences, Inserted, insert_names, inserted_path, page_text
from builder.variants.places import Places
from builder.variants.replay import Price, Replays

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.graph import Graph
    from builder.lowering.pages import Base
    from builder.lowering.tape import Tape
    from builder.reader import Scalar
    from builder.spec.space import Insertions, Space
    from builder.variants.layout import Chosen
    from builder.variants.places import InsertionPlace


MAX_WORK = 500_000
"""Places of a space times layers of its networks: each place is tried alone, in a network of all layers."""


@dataclass(frozen=True)
class Origin:
    """The page whose variants are wanted, what may be done to it, and the lines that every variant begins with."""

    base: Base
    space: Space
    classes: int | None
    header: Mapping[str, object]

    def check_size(self, places: int, graph: Graph) -> None:
        """Raise ArchError where so many places of a graph are too many to be tried, each alone."""
        space = self.space
        layers = max((len(each.layers) for each in space.insertions), default=0)
        selectors = sum(len(each.among) + len(each.at) for each in space.insertions) + 2 * len(space.apart)
        work = len(graph.nodes) * max(places, selectors, 50 * layers)
        if work > MAX_WORK:
            many = f"{plural(places, 'place')}, {plural(selectors, 'selector')} and {plural(layers, 'layer')} to insert"
            message = f"{many} are too many for a network of {len(graph.nodes):,} layers"
            mark = next((each.mark for each in space.insertions), None)
            raise ArchError(Diagnostic("too-many-variants", message, mark, "name fewer places, or fewer layers"))

    @cached_property
    def id(self) -> str:
        """The id of the base itself."""
        return self.replays.price(Differences()).id

    @cached_property
    def replays(self) -> Replays:
        """Prices and shapes of variants into which nothing is inserted."""
        return Replays(lambda differences, tape: self.lowered(differences, tape=tape))

    def lowered(self, differences: Differences, name: str = "variant", tape: Tape | None = None) -> Graph:
        """Return the graph of a variant, by way of its page; raise ArchError with every mistake."""
        if not differences:
            return lower(self.base.merged(), classes=self.classes)
        try:
            page = self.base.extended(page_text(name, self.header, differences), f"{name}.yaml")
            return lower(page, tape=tape)
        except ArchError as error:
            raise ArchError(*(self._as_asked(each, f"{name}.yaml") for each in error.diagnostics)) from None

    def _as_asked(self, mistake: Diagnostic, page: str) -> Diagnostic:
        """Return a mistake in a page that nobody wrote as one of the space that led to it."""
        if mistake.mark is None or mistake.mark.source.name != page:
            return mistake
        space = self.space
        asked = [each.mark for each in space.insertions]
        asked += [each.selector.mark for each in space.settings]
        asked += [each.parameter.mark for each in space.choices]
        written = [mark for mark in asked if not mark.source.name.startswith("<")]  # not on the command line
        notes = tuple(note for note in mistake.notes if note.mark.source.name != page)
        return replace(mistake, mark=written[0] if written else None, notes=notes)


Option: TypeAlias = "tuple[int, tuple[tuple[int, ...], ...]]"
"""The number of a layer and the elements at which it is inserted; an element is one place, or several as one."""


Choice: TypeAlias = "tuple[Option, ...]"
"""An option of every dimension."""


@dataclass(frozen=True)
class Dimension:
    """What one entry with ``insert`` allows here: layers, and elements of which some are taken.

    With ``alternatives`` exactly one element is taken: the places of one entry of ``at``.
    """

    layers: int
    elements: tuple[tuple[int, ...], ...]
    least: int
    most: int
    alternatives: bool = False

    @property
    def levels(self) -> range:
        """How many elements may be taken."""
        return range(1, 2) if self.alternatives else range(self.least, min(self.most, len(self.elements)) + 1)

    def size(self, level: int | None = None) -> int:
        """Return how many options there are, or how many that take ``level`` elements; no layer is no choice."""
        if level is None:
            return sum(map(self.size, self.levels))
        return comb(len(self.elements), level) * (self.layers if level else 1)

    def __iter__(self) -> Iterator[Option]:
        """Yield the options, few elements first, the layers of a choice one after another."""
        for level in self.levels:
            for elements in combinations(self.elements, level):
                for layer in range(self.layers if level else 1):
                    yield layer, elements

    def option(self, number: int, level: int | None = None) -> Option:
        """Return the option that iteration yields as the one with ``number``, among all or among those of a level."""
        if level is None:
            level = self.levels.start
            while number >= (count := self.size(level)):
                number -= count
                level += 1
        number, layer = divmod(number, self.layers if level else 1)
        taken: list[tuple[int, ...]] = []
        for position, element in enumerate(self.elements):
            with_it = comb(len(self.elements) - position - 1, level - len(taken) - 1) if level > len(taken) else 0
            if number < with_it:
                taken.append(element)
            else:
                number -= with_it
        return layer, tuple(taken)


class Context:
    """One network into which layers are inserted: its places by number, and the price of every choice of them."""

    def __init__(self, origin: Origin, changes: Differences) -> None:
        """Lower the network; raise ArchError where settings or parameters do not fit."""
        self._origin = origin
        self._changes = changes
        self._price = origin.replays.price(changes)
        if changes and self._price.id == origin.id:
            self._changes = Differences()  # a page holds only what differs
        self.spots: list[InsertionPlace] = []
        self.merged: dict[str, tuple[str, ...]] = {}
        """For a place that is tried, the others that mean the same."""
        self._alias: dict[int, list[InsertionPlace]] = {}
        self._selectors: dict[frozenset[int], str] = {}
        if origin.space.insertions or origin.space.apart:
            origin.check_size(0, self.graph)
        self._spots_of = [self._numbered(each) for each in origin.space.insertions]
        if self.spots:
            origin.check_size(len(self.spots), self.graph)
        self._named = self._names()
        self._composition = self._composed()
        self.dimensions = [
            self._dimension(each, spots) for each, spots in zip(origin.space.insertions, self._spots_of, strict=True)
        ]

    @cached_property
    def graph(self) -> Graph:
        """The network itself, lowered where it is asked for."""
        return self._origin.lowered(self._changes)

    @cached_property
    def places(self) -> Places:
        """Every place of it."""
        return Places(self.graph)

    @cached_property
    def size(self) -> int:
        """How many choices there are, those that constraints forbid included."""
        return prod(each.size() for each in self.dimensions)

    @property
    def can_repeat(self) -> bool:
        """Whether two choices may be the same network: not where one operation goes to places that differ."""
        if self._composition is None or len(self.dimensions) != 1:
            return True
        only = self.dimensions[0]
        word = self._origin.space.insertions[0].layers[0].word
        return only.alternatives or only.layers > 1 or word not in self._origin.base.operations

    def options(self) -> Iterator[Choice]:
        """Yield every choice in a stable order, the last dimension changing fastest."""
        yield from _product(self.dimensions)

    def option(self, number: int) -> Choice:
        """Return the choice that ``options`` yields as the one with ``number``."""
        chosen = []
        for each in reversed(self.dimensions):
            number, rest = divmod(number, each.size())
            chosen.append(each.option(rest))
        return tuple(reversed(chosen))

    def chosen(self, options: Choice) -> Chosen:
        """Return the number of the layer at every place that ``options`` take."""
        return {spot: layer for layer, elements in options for element in elements for spot in element}

    def price(self, chosen: Chosen) -> Price:
        """Return id and cost of a choice."""
        if not chosen:
            return self._price
        if self._composition is not None:
            return Price(self._composition.id(chosen), self._composition.cost(chosen))
        graph = self._origin.lowered(self.differences(chosen))
        return Price(graph_id(graph), graph_cost(graph))

    def _id(self, chosen: Chosen) -> str:
        """Return the id of a choice: its price costs three times as much."""
        return self._composition.id(chosen) if self._composition is not None else self.price(chosen).id

    def differences(self, chosen: Chosen) -> Differences:
        """Return what separates a choice from the base."""
        inserted = []
        for dimension, spots, named in zip(self._origin.space.insertions, self._spots_of, self._named, strict=True):
            by_name: dict[str | None, list[InsertionPlace]] = {}
            taken = [spot for spot in spots if spot in chosen]
            for spot in taken:
                by_name.setdefault(named[chosen[spot]][spot], []).append(self.spots[spot])
            layer = dimension.layers[chosen[taken[0]] if taken else 0]
            said = self._selectors.get(frozenset(taken)) if dimension.at else None
            inserted += [Inserted(layer, tuple(places), name, said) for name, places in by_name.items()]
        return Differences(tuple(inserted), self._changes.settings, self._changes.params)

    def forbids(self, chosen: Chosen) -> bool:
        """Return whether a choice takes both of two places that the space keeps apart."""
        return any(not one.isdisjoint(chosen) and not other.isdisjoint(chosen) for one, other in self._apart)

    @cached_property
    def points(self) -> frozenset[str | None]:
        """The points at which something may be inserted."""
        return frozenset(place.point for place in self.spots)

    @cached_property
    def _apart(self) -> list[tuple[frozenset[int], frozenset[int]]]:
        return [(self.meant(one), self.meant(other)) for one, other in self._origin.space.apart]

    def meant(self, selector: Scalar) -> frozenset[int]:
        """Return the numbers of the places that ``selector`` means, by any of their names."""
        places = set(self.places.matching(selector))
        return frozenset(
            number for number, place in enumerate(self.spots) if places & {place, *self._alias.get(number, ())}
        )

    def _numbered(self, insertions: Insertions) -> list[int]:
        found = [place for each in (*insertions.among, *insertions.at) for place in self.places.matching(each)]
        places = self.places.in_order(found)
        self.spots += places
        return list(range(len(self.spots) - len(places), len(self.spots)))

    def _names(self) -> list[list[dict[int, str | None]]]:
        """Return for every dimension and layer what it is called at each place."""
        taken = set(_paths(self.graph)) if self._spots_of else set()
        named: list[list[dict[int, str | None]]] = []
        for dimension, spots in zip(self._origin.space.insertions, self._spots_of, strict=True):
            places = [self.spots[spot] for spot in spots]
            names = [insert_names(layer, places, dimension.name, taken) for layer in dimension.layers]
            named.append([dict(zip(spots, each, strict=True)) for each in names])
            for layer, each in zip(dimension.layers, names, strict=True):
                taken |= {inserted_path(layer, place, name) for place, name in zip(places, each, strict=True)}
        return named

    def _composed(self) -> Composition | None:
        """Return the quick way to a price, or None where every variant must be lowered."""
        most = max((len(each.layers) for each in self._origin.space.insertions), default=0)
        if not self.spots or any(
            self._counts(layer.word) for each in self._origin.space.insertions for layer in each.layers
        ):
            return None
        try:
            return Composition(self.graph, [self._laid(number) for number in range(most)])
        except (ArchError, Entangled):
            return None

    def _counts(self, word: str) -> bool:
        """Return whether a template's layers depend on how many of it there are."""
        merged = self._origin.base.merged()
        return word in merged.templates and any(each.counts for each in merged.templates.values())

    def _laid(self, number: int) -> Laid:
        """Return the page with a layer at every place: of each dimension the one with ``number``, or its last."""
        inserted, names = [], {}
        for dimension, spots in zip(self._origin.space.insertions, self._spots_of, strict=True):
            for spot in spots:
                name = f"inserted-{spot}"
                names[name] = spot
                inserted.append(
                    Inserted(dimension.layers[min(number, len(dimension.layers) - 1)], (self.spots[spot],), name)
                )
        changes = Differences(tuple(inserted), self._changes.settings, self._changes.params)
        return Laid(self._origin.lowered(changes), names)

    def _dimension(self, insertions: Insertions, spots: list[int]) -> Dimension:
        layers = len(insertions.layers)
        if insertions.at:
            of = {self.spots[spot]: spot for spot in spots}
            elements = [tuple(of[place] for place in self.places.matching(each)) for each in insertions.at]
            texts = (str(each.value) for each in insertions.at)
            self._selectors |= {frozenset(each): text for each, text in zip(elements, texts, strict=True)}
            return Dimension(layers, tuple(each for each in elements if each), 1, 1, alternatives=True)
        kept = self._canonical(spots)
        elements = self._grouped(kept, insertions.same_per)
        most = len(elements) if insertions.most is None else insertions.most
        return Dimension(layers, tuple(elements), insertions.least, most)

    def _canonical(self, spots: list[int]) -> list[int]:
        """Return the first of equal places, in page order: where the layer alone gives the same network."""
        first: dict[str, int] = {}
        for spot in spots:
            kept = first.setdefault(self._id({spot: 0}), spot)
            if kept != spot:
                self._alias.setdefault(kept, []).append(self.spots[spot])
                name = self.spots[kept].text
                self.merged[name] = (*self.merged.get(name, ()), self.spots[spot].text)
        return list(first.values())

    def _grouped(self, spots: list[int], same_per: Scalar | None) -> list[tuple[int, ...]]:
        """Return the elements that are chosen or not: places, or those of one point in one block together."""
        if same_per is None:
            return [(spot,) for spot in spots]
        blocks = sorted(self.places.blocks(same_per), key=len, reverse=True)
        groups: dict[tuple[str, str], list[int]] = {}
        for spot in spots:
            place = self.spots[spot]
            inside = next((each for each in blocks if f"{place.text}.".startswith(f"{each}.")), place.text)
            groups.setdefault((inside, place.last), []).append(spot)
        return [tuple(each) for each in groups.values()]


def _paths(graph: Graph) -> Iterator[str]:
    yield from (node.path for node in graph.nodes)
    yield from (block.path for block in graph.root.blocks())


def _product(dimensions: list[Dimension]) -> Iterator[Choice]:
    """Yield what ``itertools.product`` would, without writing any dimension out."""
    if not dimensions:
        yield ()
        return
    for first in dimensions[0]:
        for rest in _product(dimensions[1:]):
            yield (first, *rest)
