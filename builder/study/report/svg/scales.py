"""Axes: from values to positions, and the round values that are written beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_STEPS: Final = (1.0, 2.0, 5.0, 10.0, 20.0)
_ROUND: Final = 1e-9  # what is left of arithmetic on decimal fractions


@dataclass(frozen=True)
class Axis:
    """A line from ``low`` to ``high``, drawn from ``start`` to ``end``; ``logarithmic`` where factors count."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Return where ``value`` stands."""
        if self.logarithmic:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    @property
    def ticks(self) -> list[float]:
        """The round values on the line, at least two: those of a ruler, or 1, 2 and 5 times a power of ten."""
        if self.logarithmic and (found := powers(self.low, self.high)):
            return found
        return ticks(self.low, self.high)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return at most ``most`` round values from ``low`` to ``high``.

    >>> ticks(81.93, 82.71), ticks(0, 1)
    ([82.0, 82.2, 82.4, 82.6], [0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    """
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    for step in (power * each for each in _STEPS):
        first, last = math.ceil(low / step - _ROUND), math.floor(high / step + _ROUND)
        if last - first < most:
            break
    return [round(index * step, 12) for index in range(first, last + 1)]


def powers(low: float, high: float, most: int = 6) -> list[float]:
    """Return 1, 2 and 5 times the powers of ten from ``low`` to ``high``, the powers alone where those are many.

    None are returned where fewer than two lie there.
    """
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1, 2, 5), (1, 3), (1,)):
        found = [digit * 10.0**exponent for exponent in exponents for digit in digits]
        inside = [value for value in found if low <= value <= high]
        if len(inside) <= most:
            break
    return inside if len(inside) > 1 else []


def spanning(values: Iterable[float], start: float, end: float, *, least: float = 0.0) -> Axis:
    """Return a scale that holds all values, a little free at both ends, and spans at least ``least``."""
    found = [value for value in values if math.isfinite(value)]
    low, high = (min(found), max(found)) if found else (0.0, 1.0)
    free = max(0.04 * (high - low), (least - (high - low)) / 2, 1e-6 * max(abs(low), abs(high), 1.0))
    return Axis(low - free, high + free, start, end)


def factors(values: Iterable[float], start: float, end: float) -> Axis:
    """Return a scale for prices: logarithmic where the dearest costs over four times the cheapest."""
    found = [value for value in values if math.isfinite(value)]
    if found and min(found) > 0 and max(found) > 4 * min(found):
        return Axis(min(found) / 1.15, max(found) * 1.15, start, end, logarithmic=True)
    return spanning(found, start, end)


def decimals(values: Iterable[float]) -> int:
    """Return how many digits behind the point tell round values apart, at most four.

    >>> decimals([82.0, 82.2]), decimals([80, 85])
    (1, 0)
    """
    found = list(values)
    return next((digits for digits in range(4) if all(abs(each - round(each, digits)) < _ROUND for each in found)), 4)
