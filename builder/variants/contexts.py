"""The choices of settings and parameters of a space, each a network into which layers are inserted."""

from __future__ import annotations

from collections import OrderedDict
from math import prod
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, Diagnostic
from builder.spec.space import spelled
from builder.variants.context import Context
from builder.variants.pages import Differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.variants.context import Choice, Origin

MOST_KNOWN = 16
"""How many are lowered before the first variant, and kept."""

MOST_NODES = 13_000
"""Of all that are kept: of a large network there are fewer."""


class Contexts:
    """All contexts of a space by number; in their order the axis named last changes fastest."""

    def __init__(self, origin: Origin) -> None:
        """Take the space's settings and parameters as axes."""
        self._origin = origin
        space = origin.space
        self._axes = [*(len(each.values) for each in space.settings), *(len(each.values) for each in space.choices)]
        self._known: OrderedDict[int, Context] = OrderedDict()
        self._most = MOST_KNOWN
        if space.insertions:  # else a context is a price
            self._most = min(MOST_KNOWN, max(1, MOST_NODES // max(1, len(self[0].graph.nodes))))

    def __len__(self) -> int:
        return prod(self._axes)

    def __getitem__(self, number: int) -> Context:
        """Return the context with ``number``; raise ArchError where its settings do not fit."""
        if number in self._known:
            self._known.move_to_end(number)
        else:
            self._known[number] = Context(self._origin, self.changes(number))
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        return self._known[number]

    def __iter__(self) -> Iterator[Context]:
        return (self[number] for number in range(len(self)))

    def first(self) -> list[Context]:
        """Return as many of the first as are kept."""
        return [self[number] for number in range(min(len(self), self._most))]

    @property
    def is_counted(self) -> bool:
        """Whether ``size`` was counted; else every context is taken to have as many places as the first."""
        return len(self) <= self._most or not self._origin.space.insertions

    @property
    def size(self) -> int:
        """How many choices there are, those that constraints forbid and those that are equal included."""
        if not self._origin.space.insertions:
            return len(self)
        return sum(each.size for each in self.first()) if self.is_counted else len(self) * self[0].size

    def choice(self, number: int) -> tuple[Context, Choice]:
        """Return the choice with ``number`` among those of all contexts, one context after another."""
        if not self._origin.space.insertions:
            return self[number], ()
        for context in self:
            if number < context.size:
                return context, context.option(number)
            number -= context.size
        raise IndexError(number)

    def changes(self, number: int) -> Differences:
        """Return the settings and parameters of the context with ``number``."""
        picked = []
        for axis in reversed(self._axes):
            number, rest = divmod(number, axis)
            picked.append(rest)
        picked.reverse()
        space = self._origin.space
        settings = zip(space.settings, picked, strict=False)
        choices = zip(space.choices, picked[len(space.settings) :], strict=True)
        return Differences(
            settings=tuple((str(each.selector.value), each.field, each.values[index]) for each, index in settings),
            params=tuple((str(each.parameter.value), each.values[index]) for each, index in choices),
        )

    def check(self) -> None:
        """Raise ArchError for selectors that mean nothing in any of the first contexts."""
        contexts = self.first()
        space = self._origin.space
        places = [each for insertions in space.insertions for each in (*insertions.among, *insertions.at)]
        blocks = [each.same_per for each in space.insertions if each.same_per is not None]
        lost = [each for each in places if not any(context.places.matching(each) for context in contexts)]
        lost += [each for each in blocks if not any(context.places.blocks(each) for context in contexts)]
        found = [
            Diagnostic("no-such-place", f"`{each.value}` matches nothing", each.mark, contexts[0].places.advice(each))
            for each in lost
        ]
        unused = [each for pair in space.apart for each in pair if not any(context.meant(each) for context in contexts)]
        hint = "`not_both` is about places that `among` or `at` select"
        found += [
            Diagnostic("no-such-place", f"nothing is inserted at `{each.value}`", each.mark, hint) for each in unused
        ]
        if found:
            raise ArchError(*found)


def spelled_changes(differences: Differences) -> list[str]:
    """Return settings and parameters as parts of a name."""
    fields = [name for _, name, _ in differences.settings]
    settings = [
        f"{name}_{spelled(value)}" if fields.count(name) == 1 else f"{selector}_{name}_{spelled(value)}"
        for selector, name, value in differences.settings
    ]
    return settings + [f"{name}_{spelled(value)}" for name, value in differences.params]
