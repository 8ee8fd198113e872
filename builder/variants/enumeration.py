"""The variants of a space as a stream: in a stable order, each network once, priced as it comes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, Diagnostic
from builder.spec.space import Space
from builder.variants.constraints import Constraints
from builder.variants.context import Context, Origin
from builder.variants.contexts import Contexts, spelled_changes
from builder.variants.notebook import variants_table
from builder.variants.pages import Differences, page_text, variant_name
from builder.variants.sampling import Dice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.costs import Cost
    from builder.graph import Graph
    from builder.lowering.pages import Merged
    from builder.shapes import Shape
    from builder.variants.context import Choice, Dimension, Option
    from builder.variants.layout import Chosen
    from builder.variants.sampling import Sample

MAX_VARIANTS = 1_000_000
"""How large a space may be that is not sampled, and how many ids are kept to tell equal networks."""

_MAX_NOTED = 100


@dataclass(frozen=True)
class Variant:
    """One network of the space: its name, its id and its price; its page and its graph are made when asked for."""

    name: str
    id: str
    cost: Cost
    differences: Differences = field(repr=False)
    _origin: Origin = field(repr=False, compare=False)

    @property
    def places(self) -> tuple[str, ...]:
        """Where something was inserted."""
        return tuple(place.text for each in self.differences.inserted for place in each.places)

    @property
    def settings(self) -> dict[str, object]:
        """What was set, by ``selector.field`` or by the name of the parameter."""
        fields: dict[str, object] = {f"{where}.{name}": value for where, name, value in self.differences.settings}
        return fields | dict(self.differences.params)

    @property
    def changes(self) -> list[str]:
        """What is set, and where something is inserted, in words."""
        return [*(f"{name}={value}" for name, value in self.settings.items()), *self.places]

    @property
    def text(self) -> str:
        """The page, which extends the base; empty for the base itself."""
        return page_text(self.name, self._origin.header, self.differences) if self.differences else ""

    @property
    def page(self) -> Merged:
        """The page with all that it extends, read each time it is asked for."""
        base = self._origin.base
        return base.extended(self.text, f"{self.name}.yaml") if self.differences else base.merged()

    @property
    def shapes(self) -> Mapping[str, Shape]:
        """What every layer and merge gives, by its path; quick where variants differ in numbers only."""
        if self.differences.inserted:
            return {node.path: node.shape for node in self.graph.nodes}
        return self._origin.replays.shapes(self.differences)

    @property
    def graph(self) -> Graph:
        """The network, lowered from the page each time it is asked for."""
        return self._origin.lowered(self.differences, self.name)


class Variants:
    """The variants of a space. Iterating yields each network once, and may be done again."""

    def __init__(self, origin: Origin, sample: Sample | None = None) -> None:
        """Find the places and how many choices there are.

        Raises ArchError for what matches nothing or does not fit, and for more than MAX_VARIANTS that are not sampled.
        """
        self.origin = origin
        self._sample = sample
        plain = Context(Origin(origin.base, Space(), origin.classes, origin.header), Differences())
        price = plain.price({})
        self.base = Variant(origin.base.merged().name, price.id, price.cost, Differences(), origin)
        self._contexts = Contexts(origin)
        self.repeated: list[tuple[str, str]] = []
        """What turned out to be a network that came before: names, each with its id; the first hundred."""
        self._contexts.check()
        if sample is None and self.size > MAX_VARIANTS:
            about = "" if self.is_counted else "about "
            message = f"there are {about}{self.size:,} variants, more than {MAX_VARIANTS:,}"
            hint = "bound the number of places with `count`, name fewer places, or draw some with `--sample N`"
            raise ArchError(Diagnostic("too-many-variants", message, None, hint))

    def __repr__(self) -> str:
        """Return the base and the number of choices."""
        about = "" if self.is_counted else "about "
        drawn = f", of which {self._sample.count:,} are drawn" if self._sample else ""
        return f"<variants of {self.base.name}: {about}{self.size:,} choices{drawn}>"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the first of them."""
        return variants_table(repr(self).strip("<>"), ((each.name, each.changes, each.cost) for each in self))

    @property
    def size(self) -> int:
        """How many choices there are: as many as variants, or more where constraints forbid some or some are equal."""
        return self._contexts.size

    @property
    def is_counted(self) -> bool:
        """Whether ``size`` was counted, not estimated."""
        return self._contexts.is_counted

    @property
    def merged(self) -> Mapping[str, tuple[str, ...]]:
        """For a place that is tried, the other places that mean the same; after what was set, if anything was."""
        found: dict[str, tuple[str, ...]] = {}
        for number, context in enumerate(self._contexts.first()):
            where = ", ".join(spelled_changes(self._contexts.changes(number)))
            found |= {f"{place} ({where})" if where else place: others for place, others in context.merged.items()}
        return found

    def __iter__(self) -> Iterator[Variant]:
        """Yield the variants as they are priced; raise ArchError if constraints leave none."""
        constraints = Constraints(self.origin.space, self.base.cost)
        seen: set[str] = set()
        remembers = self._can_repeat
        self.repeated.clear()
        count = 0
        for context, choice in self._choices():
            chosen = context.chosen(choice)
            if context.forbids(chosen):
                continue
            price = context.price(chosen)
            if not constraints.allow(price.cost, len(chosen)):
                continue
            if price.id in seen:
                self._note_repeated(context, chosen, price.id)
                continue
            if remembers and len(seen) < MAX_VARIANTS:
                seen.add(price.id)
            count += 1
            differences = context.differences(chosen)
            is_base = price.id == self.base.id
            yield self.base if is_base else Variant(self._name(differences), *price, differences, self.origin)
            if self._sample is not None and count == self._sample.count:
                return
        if not count:
            raise ArchError(constraints.unsatisfied())

    @property
    def _can_repeat(self) -> bool:
        return self._sample is not None or len(self._contexts) > 1 or self._contexts[0].can_repeat

    def _choices(self) -> Iterator[tuple[Context, Choice]]:
        if self._sample is not None and self._sample.count < self.size:
            yield from self._drawn(self._sample)
        else:
            for context in self._contexts:
                for choice in context.options():
                    yield context, choice

    def _drawn(self, sample: Sample) -> Iterator[tuple[Context, Choice]]:
        """Yield choices at random; some come twice."""
        for turn in range(20 * sample.count + 1000):
            dice = Dice(f"{sample.seed} {turn}")
            if self.is_counted and not sample.stratified:
                yield self._contexts.choice(dice.below(self.size))
                continue
            context = self._contexts[dice.below(len(self._contexts))]
            draw = (
                _leveled(each, turn, dice) if sample.stratified else _any(each, dice) for each in context.dimensions
            )
            yield context, tuple(draw)

    def _name(self, differences: Differences) -> str:
        """Return a name of what is set and what is inserted where, the point left out where all have one."""
        points = self._contexts[0].points
        words = spelled_changes(differences)
        for each in differences.inserted:
            words.append(each.layer.label)
            places = each.places if each.selector is None else ()
            words += [each.selector] if each.selector is not None else []
            words += [
                place.block if len(points) == 1 and place.point and place.block else place.text for place in places
            ]
        return variant_name(self.base.name, words)

    def _note_repeated(self, context: Context, chosen: Chosen, known: str) -> None:
        if self._sample is None and len(self.repeated) < _MAX_NOTED:
            self.repeated.append((self._name(context.differences(chosen)), known))


def _any(dimension: Dimension, dice: Dice) -> Option:
    return dimension.option(dice.below(dimension.size()))


def _leveled(dimension: Dimension, turn: int, dice: Dice) -> Option:
    """Return an option that takes as many elements as it is the turn of."""
    level = dimension.levels[turn % len(dimension.levels)]
    return dimension.option(dice.below(dimension.size(level)), level)
