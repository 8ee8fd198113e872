"""The variants that no other beats in two prices at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builder.variants.enumeration import Variant


def pareto_front(variants: Iterable[Variant], one: str, other: str) -> list[Variant]:
    """Return the variants for which no other is at most as dear in both prices and cheaper in one, ``one`` rising.

    ``one`` and ``other`` are fields of ``Cost``. Only the front is kept while they come.
    """
    front: list[Variant] = []
    for variant in variants:
        here = _prices(variant, one, other)
        if not any(_beats(_prices(each, one, other), here) for each in front):
            front = [each for each in front if not _beats(here, _prices(each, one, other))]
            front.append(variant)
    return sorted(front, key=lambda each: (_prices(each, one, other), each.name))


def _prices(variant: Variant, one: str, other: str) -> tuple[int, int]:
    return getattr(variant.cost, one), getattr(variant.cost, other)


def _beats(these: tuple[int, int], those: tuple[int, int]) -> bool:
    return these != those and these[0] <= those[0] and these[1] <= those[1]
