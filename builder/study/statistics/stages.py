"""Evidence that comes in stages: at looks that were planned, or with seeds that were added after a report."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, combinations
from math import sqrt
from typing import TYPE_CHECKING

from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from builder.study.statistics.spending import levels, repeated_p

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from builder.study.statistics.arms import Arm
    from builder.study.statistics.estimate import Estimate, Evidence


@dataclass(frozen=True)
class Looked:
    """A difference at the last of the looks until now; each estimate is of all runs that were there.

    ``fractions`` are those of the planned runs. The p-values are the smallest error rates at which any look until now
    has found something, and the intervals are those of the last look that hold at all looks: C. Jennison,
    B. W. Turnbull, Journal of the Royal Statistical Society B 51 (1989). The number of looks may still change, the
    number of runs planned in all may not.
    """

    estimates: tuple[Evidence, ...]
    fractions: tuple[float, ...]

    @property
    def difference(self) -> float:
        """The estimate of the last look."""
        return self.estimates[-1].difference

    @property
    def p(self) -> float:
        """The two-sided p-value of no difference."""
        return min(1.0, 2 * repeated_p([each.p / 2 for each in self.estimates], self.fractions))

    def equivalence_p(self, smallest: float) -> float:
        """Return the p-value of a difference of ``smallest`` points or more."""
        return repeated_p([each.equivalence_p(smallest) for each in self.estimates], self.fractions)

    def interval(self, error_rate: float) -> tuple[float, float]:
        """Return the differences that a two-sided test at ``error_rate`` over all looks does not reject here."""
        return self.estimates[-1].interval(2 * levels(self.fractions, error_rate / 2)[-1])


@dataclass(frozen=True)
class Combined:
    """A difference from several stages with different seeds, each judged by itself, and joined with fixed weights.

    The inverse-normal combination: W. Lehmacher, G. Wassmer, Biometrics 55 (1999). The squares of ``weights`` sum to 1;
    they are fixed when the seeds are added, before the first of them has run. All stages have the same test images, so
    that their errors over new images are the same ones; the combination is widened by what this makes them correlate.
    """

    stages: tuple[Estimate, ...]
    weights: tuple[float, ...]

    @property
    def difference(self) -> float:
        """The mean of the stages' estimates, with the squares of the weights."""
        pairs = zip(self.stages, self.weights, strict=True)
        return sum(weight**2 * each.difference for each, weight in pairs)

    @cached_property
    def _deviation(self) -> float:
        """The standard deviation of the weighted sum of the stages' normal quantiles."""
        pairs = list(zip(self.stages, self.weights, strict=True))
        images = sum(weight**2 * each.irreducible for each, weight in pairs)
        shared = sum(
            2 * weight * other_weight * min(images / sqrt(each.variance * other.variance), 1.0)
            for (each, weight), (other, other_weight) in combinations(pairs, 2)
        )
        return sqrt(1 + shared)

    def above(self, limit: float) -> float:
        """Return the one-sided p-value of a difference of at most ``limit`` points."""
        return self._joined([each.difference - limit for each in self.stages])

    def below(self, limit: float) -> float:
        """Return the one-sided p-value of a difference of at least ``limit`` points."""
        return self._joined([limit - each.difference for each in self.stages])

    def _joined(self, distances: Sequence[float]) -> float:
        """Return the larger one of the joined two-way tests and of the joined tests over seeds, as for one stage."""
        pairs = list(zip(self.stages, distances, strict=True))
        two_way = self._sum(each.beyond_two_way(distance) for each, distance in pairs) / self._deviation
        of_seeds = self._sum(each.beyond_seeds(distance) for each, distance in pairs)
        return float(ndtr(-min(two_way, of_seeds)))

    def _sum(self, p_values: Iterable[float]) -> float:
        """Return the weighted sum of the normal quantiles of one-sided p-values."""
        bounded = (min(max(each, 1e-300), 1 - 1e-16) for each in p_values)
        return sum(-weight * float(ndtri(each)) for weight, each in zip(self.weights, bounded, strict=True))

    @property
    def p(self) -> float:
        """The two-sided p-value of no difference."""
        return min(1.0, 2 * min(self.above(0.0), self.below(0.0)))

    def equivalence_p(self, smallest: float) -> float:
        """Return the p-value of a difference of ``smallest`` points or more: two one-sided tests."""
        return max(self.above(-smallest), self.below(smallest))

    def interval(self, error_rate: float) -> tuple[float, float]:
        """Return the differences, in points, that the two-sided test at ``error_rate`` does not reject."""
        rate = error_rate / 2
        ends = [each.interval(error_rate) for each in self.stages]
        low, high = min(each[0] for each in ends), max(each[1] for each in ends)
        room = high - low + 1e-9
        return _crossing(self.above, rate, low, -room), _crossing(self.below, rate, high, room)


def _crossing(p_at: Callable[[float], float], rate: float, begin: float, step: float) -> float:
    """Return the limit at which a p-value that falls in the direction of ``step`` has the ``rate``."""
    inner = begin - step
    while p_at(begin) > rate:
        begin, step = begin + step, 2 * step
    while p_at(inner) <= rate:
        inner -= step
    return float(brentq(lambda limit: p_at(limit) - rate, begin, inner, xtol=1e-10))


@dataclass(frozen=True)
class Course:
    """How a study goes on: with planned ``looks``, or with ``stages`` of seeds that were added later; or at once.

    Both are numbers of seeds: at each look in all, the last being those that are planned in all; of each stage its own.
    """

    looks: tuple[int, ...] = ()
    stages: tuple[int, ...] = ()

    @property
    def is_single(self) -> bool:
        """Whether all runs are judged together, once."""
        return not self.looks and len(self.stages) < 2

    def evidence(
        self, seeds: Sequence[int], at: Callable[[Collection[int]], Sequence[Estimate | None]]
    ) -> Sequence[Evidence | None]:
        """Return the evidence of each claim from the runs with these seeds, which are in the order of the study.

        ``at`` returns the estimates from some of the seeds. With looks, those that were until now count.
        """
        if self.looks:
            until = [each for each in self.looks if each <= len(seeds)]
            return looked([at(seeds[:count]) for count in until], [count / self.looks[-1] for count in until])
        if self.is_single:
            return at(seeds)
        ends = list(accumulate(self.stages))
        parts = [seeds[end - count : end] for end, count in zip(ends, self.stages, strict=True)]
        return combined([at(part) for part in parts], shares(self.stages))


AT_ONCE = Course()
"""All runs judged together, once."""


def seeds_of(arms: Sequence[Arm]) -> list[int]:
    """Return all seeds with which there is a run, or was to be one, in order."""
    return sorted({seed for arm in arms for seed in (*arm.seeds, *arm.failed, *arm.missing)})


def shares(runs: Sequence[int]) -> tuple[float, ...]:
    """Return weights for stages with so many seeds: their squares are as the numbers of seeds.

    >>> shares([10, 10])[0] ** 2, shares([8])
    (0.5000000000000001, (1.0,))
    """
    return tuple(sqrt(each / sum(runs)) for each in runs)


def looked(by_look: Sequence[Sequence[Estimate | None]], fractions: Sequence[float]) -> tuple[Looked | None, ...]:
    """Return the evidence of each difference after the looks until now; ``by_look`` has all differences of a look.

    None where the last look has no estimate; looks that had none have found nothing and spend what they would have.
    """
    return tuple(_looked(each, tuple(fractions[: len(by_look)])) for each in zip(*by_look, strict=True))


def _looked(estimates: Sequence[Estimate | None], fractions: tuple[float, ...]) -> Looked | None:
    there = [(each, fraction) for each, fraction in zip(estimates, fractions, strict=True) if each is not None]
    if estimates[-1] is None:
        return None
    return Looked(tuple(each for each, _ in there), tuple(fraction for _, fraction in there))


def combined(by_stage: Sequence[Sequence[Estimate | None]], weights: Sequence[float]) -> tuple[Combined | None, ...]:
    """Return the evidence of each difference from all stages; None where one of them has no estimate."""
    found: list[Combined | None] = []
    for each in zip(*by_stage, strict=True):
        there = tuple(estimate for estimate in each if estimate is not None)
        found.append(Combined(there, tuple(weights)) if len(there) == len(each) else None)
    return tuple(found)
