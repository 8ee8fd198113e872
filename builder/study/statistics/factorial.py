"""Arms that are a product of factors: which contrasts of them are main effects and interactions of two factors."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

WITHOUT, WITH = "without", "with"
"""The levels of a factor that is there or not."""

LEAST_FOR_A_FRACTION = 5
"""With fewer factors a half of the arms mixes up interactions of two factors with each other."""


@dataclass(frozen=True)
class Factor:
    """What is varied, and how; the first level is the one that others stand beside."""

    name: str
    levels: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Contrast:
    """An effect as a sum over arms: ``coefficients`` (arms,) times their accuracies.

    ``factors`` are one (a main effect) or two (an interaction), and ``levels`` those that stand beside the first ones.
    """

    kind: Literal["main", "interaction"]
    factors: tuple[str, ...]
    levels: tuple[str, ...]
    coefficients: NDArray[np.float64]

    @property
    def weight(self) -> float:
        """The squares of the coefficients, summed: its variance in variances of an arm's mean."""
        return float(self.coefficients @ self.coefficients)


@dataclass(frozen=True)
class Factorial:
    """Arms by their levels: ``settings`` has a row for each arm, with the place of its level of each factor.

    Raises ValueError where main effects and interactions of two factors could not be told from each other: whichever
    four factors are looked at (all of them, where there are fewer), every combination of their levels has to occur
    equally often. That is an orthogonal array of strength four, or a design of resolution V: G. E. P. Box, J. S.
    Hunter, The 2^(k-p) Fractional Factorial Designs, Technometrics 3 (1961).
    """

    factors: tuple[Factor, ...]
    settings: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        for factor in self.factors:
            if len(factor.levels) < 2:
                raise ValueError(f"{factor.name} has {len(factor.levels)} level, an effect needs two")
        if len(set(self.settings)) != len(self.settings):
            raise ValueError("two arms have the same levels of all factors")
        for places in combinations(range(len(self.factors)), min(4, len(self.factors))):
            self._check_balance(places)

    def _check_balance(self, places: tuple[int, ...]) -> None:
        counts = Counter(tuple(levels[place] for place in places) for levels in self.settings)
        possible = set(product(*(range(len(self.factors[place].levels)) for place in places)))
        if set(counts) != possible or len(set(counts.values())) > 1:
            names = ", ".join(self.factors[place].name for place in places)
            raise ValueError(f"the arms do not have every combination of {names} equally often")

    def contrasts(self) -> tuple[Contrast, ...]:
        """Return all main effects, then all interactions of two factors.

        A main effect is the mean over the arms with a level, minus that over those with the first one: the mean over
        the levels of all other factors. An interaction is half the difference of differences.
        """
        return (*self._main_effects(), *self._interactions())

    def _main_effects(self) -> Iterator[Contrast]:
        for place, factor in enumerate(self.factors):
            for level in range(1, len(factor.levels)):
                coefficients = self._mean({place: level}) - self._mean({place: 0})
                yield Contrast("main", (factor.name,), (factor.levels[level],), coefficients)

    def _interactions(self) -> Iterator[Contrast]:
        for (one, first), (other, second) in combinations(enumerate(self.factors), 2):
            for level, beside in product(range(1, len(first.levels)), range(1, len(second.levels))):
                there = self._mean({one: level, other: beside}) - self._mean({one: 0, other: beside})
                here = self._mean({one: level, other: 0}) - self._mean({one: 0, other: 0})
                names, levels = (first.name, second.name), (first.levels[level], second.levels[beside])
                yield Contrast("interaction", names, levels, (there - here) / 2)

    def _mean(self, levels: dict[int, int]) -> NDArray[np.float64]:
        """Return what each arm counts with in the mean over those with ``levels``."""
        there = [all(arm[place] == level for place, level in levels.items()) for arm in self.settings]
        return np.array(there, dtype=float) / sum(there)


def full_product(factors: Sequence[Factor]) -> Factorial:
    """Return the arms with every combination of levels, the last factor changing fastest."""
    return Factorial(tuple(factors), tuple(product(*(range(len(each.levels)) for each in factors))))


def half_fraction(factors: Sequence[Factor]) -> Factorial:
    """Return half of the arms: those with an even number of factors at their second level, the base among them.

    Factors have two levels, and there are five at least: then the effects of one factor and of two are mixed up with
    such of three and more only, the product of all factors being constant. Raises ValueError for anything else.
    """
    if len(factors) < LEAST_FOR_A_FRACTION:
        raise ValueError(f"{len(factors)} factors need all of their combinations, a half is for five and more")
    for factor in factors:
        if len(factor.levels) != 2:
            raise ValueError(f"{factor.name} has {len(factor.levels)} levels, a half fraction is for two")
    kept = (levels for levels in product((0, 1), repeat=len(factors)) if sum(levels) % 2 == 0)
    return Factorial(tuple(factors), tuple(kept))


def change(factor: str, level: str) -> str:
    """Return what is different with a level of a factor beside its first, in words.

    >>> change("se at block1", "with"), change("se", "at block1"), change("lr", "0.01")
    ('se at block1', 'se at block1', 'lr = 0.01')
    """
    if level == WITH:
        return factor
    return f"{factor} {level}" if level.startswith("at ") else f"{factor} = {level}"


def effects_of(levels: Sequence[int]) -> int:
    """Return how many main effects and interactions factors with so many levels have: the size of their family.

    >>> effects_of([2, 2, 2]), effects_of([2, 2, 2, 2]), effects_of([3, 2])
    (6, 10, 5)
    """
    apart = [each - 1 for each in levels]
    return sum(apart) + sum(one * other for one, other in combinations(apart, 2))
