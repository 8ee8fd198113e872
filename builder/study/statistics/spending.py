"""Looks before the end: how much of the error rate each of them may spend, and the levels that follow.

O'Brien and Fleming's boundary as a spending function: K. K. G. Lan, D. L. DeMets, Discrete Sequential Boundaries for
Clinical Trials, Biometrika 70 (1983). The levels come from the joint distribution of the looks' statistics, integrated
look by look: P. Armitage, C. K. McPherson, B. C. Rowe, Repeated Significance Tests on Accumulating Data, Journal of the
Royal Statistical Society A 132 (1969). They are used for p-values of t-tests as for normal ones: C. Jennison,
B. W. Turnbull, Group Sequential Methods (2000), chapter 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(256)
_FAR = 9.0
"""Standard deviations beyond which nothing is counted."""

_OVERALL = np.concatenate([np.linspace(-8.0, 1.0, 73), [2.0, 3.0, 4.0]])
"""Error rates, as normal quantiles, for which a look's level is calculated; others are interpolated."""


@dataclass(frozen=True, eq=False)
class _Going:
    """The studies that no look has ended yet: where the statistic stands, as a sum of independent steps."""

    sums: NDArray[np.float64]
    mass: NDArray[np.float64]

    def beyond(self, bound: float, step: float) -> float:
        """Return the part of all studies that passes ``bound`` with the next step."""
        return float(self.mass @ ndtr((self.sums - bound) / step))

    def after(self, bound: float, step: float, fraction: float) -> _Going:
        """Return those that do not."""
        sums, widths = _up_to(bound, fraction)
        density = np.exp(-(((sums[:, None] - self.sums) / step) ** 2) / 2) @ self.mass / (step * sqrt(2 * np.pi))
        return _Going(sums, widths * density)


def _up_to(bound: float, fraction: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    low = -_FAR * sqrt(fraction)
    half = (max(bound, low + 1e-9) - low) / 2
    return low + half * (_NODES + 1), half * _WEIGHTS


def spent(fraction: float, error_rate: float) -> float:
    """Return what a one-sided test at ``error_rate`` may have spent at a ``fraction`` of the planned runs.

    >>> round(spent(0.5, 0.025), 5), round(spent(1.0, 0.025), 5)
    (0.00153, 0.025)
    """
    return 2 * float(ndtr(ndtri(error_rate / 2) / sqrt(fraction)))


def boundaries(fractions: Sequence[float], error_rate: float) -> tuple[float, ...]:
    """Return the normal quantile that each look's statistic has to pass, one-sided at ``error_rate`` in all.

    ``fractions`` are those of the planned runs that are there at each look, rising, at most 1. A two-sided test has
    these boundaries on either side at twice the rate. Raises ValueError for other fractions.
    """
    if not fractions or any(not 0 < each <= 1 for each in fractions) or np.any(np.diff(fractions) <= 0):
        raise ValueError("looks are at rising fractions of the planned runs, the last of all of them at most")
    return _boundaries(tuple(fractions), error_rate)


@lru_cache(maxsize=256)
def _boundaries(fractions: tuple[float, ...], error_rate: float) -> tuple[float, ...]:
    going, before, used = _Going(np.zeros(1), np.ones(1)), 0.0, 0.0
    found: list[float] = []
    for fraction in fractions:
        step, new = sqrt(fraction - before), max(spent(fraction, error_rate) - used, 1e-300)
        bound = _bound(going, step, new, _FAR * sqrt(fraction))
        found.append(bound / sqrt(fraction))
        going, before, used = going.after(bound, step, fraction), fraction, used + new
    return tuple(found)


def _bound(going: _Going, step: float, new: float, far: float) -> float:
    """Return the sum beyond which ``new`` of all studies come; ``far`` where that is nearly none."""
    if going.beyond(far, step) >= new:
        return far
    return float(brentq(lambda bound: going.beyond(bound, step) - new, -far, far, xtol=1e-12))


def levels(fractions: Sequence[float], error_rate: float) -> tuple[float, ...]:
    """Return the level of the one-sided test at each look, of ``error_rate`` in all."""
    return tuple(float(ndtr(-each)) for each in boundaries(fractions, error_rate))


def repeated_p(p_values: Sequence[float], fractions: Sequence[float]) -> float:
    """Return the smallest error rate at which one of the looks until now finds something; p-values are one-sided.

    It may be compared with any error rate after each look, and adjusted as a p-value of one look: W. Maurer, F. Bretz,
    Multiple Testing in Group Sequential Trials Using Graphical Approaches, Statistics in Biopharmaceutical Research 5
    (2013). ``fractions`` are those at which the looks were; later ones do not matter.
    """
    return min(_overall(tuple(fractions[: look + 1]), p) for look, p in enumerate(p_values))


def _overall(fractions: tuple[float, ...], p: float) -> float:
    """Return the error rate in all with which the last of the looks has the level ``p``."""
    if p >= 1:
        return 1.0
    quantile = float(ndtri(max(p, 1e-300)))
    if len(fractions) == 1:
        return min(1.0, 2 * float(ndtr(sqrt(fractions[0]) * ndtri(max(p, 1e-300) / 2))))
    by_level = _by_level(fractions)
    if quantile >= by_level.x[-1]:
        return 1.0
    return float(ndtr(by_level(max(quantile, by_level.x[0]))))


@lru_cache(maxsize=64)
def _by_level(fractions: tuple[float, ...]) -> PchipInterpolator:
    """Return the error rate in all by the level of the last look, both as normal quantiles, from those of _OVERALL."""
    found = np.array([-boundaries(fractions, float(ndtr(each)))[-1] for each in _OVERALL])
    rising = np.concatenate([[True], np.diff(np.maximum.accumulate(found)) > 1e-9])
    return PchipInterpolator(found[rising], _OVERALL[rising])
