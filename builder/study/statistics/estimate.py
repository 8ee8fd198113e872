"""A difference between arms and how far chance moves it, over new seeds and new test images alike.

The two-way random-effects model: a run's answer to an image is the network's accuracy, plus an effect of the seed, of
the image, and of the two together. Summing the variance over seeds and that over images counts the last one twice, so
that it is subtracted once: A. C. Cameron, J. B. Gelbach, D. L. Miller, Robust Inference With Multiway Clustering,
Journal of Business & Economic Statistics 29 (2011), https://doi.org/10.1198/jbes.2010.07136.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Literal, Protocol, TypeAlias

from scipy.special import stdtr, stdtrit

Basis: TypeAlias = Literal["welch", "own", "pooled", "reduced", "separate"]
"""Where the variance over seeds comes from.

``welch``: from each arm's runs. ``own``: from the difference's own values, seed by seed. ``pooled``: from what is left
of all arms' runs after arms and seeds. ``reduced``: the same, with fewer degrees of freedom, since variances differ.
``separate``: from what is left of them, a variance for each arm.
"""


class Evidence(Protocol):
    """What a family of claims needs to know of one of them; differences in points."""

    @property
    def difference(self) -> float:
        """The estimate."""

    @property
    def p(self) -> float:
        """The two-sided p-value of no difference."""

    def equivalence_p(self, smallest: float) -> float:
        """Return the p-value of a difference of ``smallest`` or more, in either direction."""

    def interval(self, error_rate: float) -> tuple[float, float]:
        """Return the differences that a two-sided test at ``error_rate`` does not reject."""


@dataclass(frozen=True)
class Estimate:
    """A contrast of arms in points, and the variances of it in points².

    ``seeds`` is the variance over new seeds on these images, with ``seeds_freedom``; ``images`` that of the paired
    differences over the images; ``interaction`` what both of them hold. ``freedom`` belongs to ``variance``.
    ``weight`` is the variance over seeds of a run's deviation of 1: Σ of the squares of what each run counts with.
    ``runs`` is the largest number of seeds of an arm, ``basis`` where ``seeds`` comes from.
    """

    difference: float
    seeds: float
    images: float
    interaction: float
    seeds_freedom: float
    freedom: float
    weight: float
    runs: int
    basis: Basis = "welch"

    @property
    def variance(self) -> float:
        """Of the difference over new seeds and new images, in points²; never below that over images."""
        return self.images + max(self.seeds - self.interaction, 0.0)

    @property
    def irreducible(self) -> float:
        """The part of ``variance`` that more seeds would not take away, in points²."""
        return min(max(self.images - self.interaction, 0.0), self.variance)

    @property
    def deviation(self) -> float:
        """The standard deviation of one run, in points, that explains the rest of ``variance``."""
        return sqrt((self.variance - self.irreducible) / self.weight)

    def beyond(self, distance: float) -> float:
        """Return the one-sided p-value of an estimate that lies ``distance`` points on the far side of a hypothesis.

        The larger one of the two-way test's and of that over seeds alone: the estimated variances of few seeds can be
        small by chance, and then the few degrees of freedom of the test over seeds are what protects.
        """
        return max(self.beyond_two_way(distance), self.beyond_seeds(distance))

    def beyond_two_way(self, distance: float) -> float:
        """Return the part of the two-way test, over new seeds and new images."""
        return _tail(distance, sqrt(self.variance), self.freedom)

    def beyond_seeds(self, distance: float) -> float:
        """Return the part of the test over new seeds on these images."""
        return _tail(distance, sqrt(self.seeds), self.seeds_freedom)

    @property
    def p(self) -> float:
        """The two-sided p-value of no difference."""
        return min(1.0, 2 * self.beyond(abs(self.difference)))

    @property
    def seeds_p(self) -> float:
        """The two-sided p-value of the test over seeds: new seeds, but these test images."""
        return min(1.0, 2 * self.beyond_seeds(abs(self.difference)))

    def equivalence_p(self, smallest: float) -> float:
        """Return the p-value of a difference of ``smallest`` points or more: two one-sided tests.

        D. J. Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15 (1987),
        https://doi.org/10.1007/BF01068419.
        """
        return max(self.beyond(smallest - self.difference), self.beyond(smallest + self.difference))

    def interval(self, error_rate: float) -> tuple[float, float]:
        """Return the differences, in points, that a two-sided test at ``error_rate`` does not reject."""
        two_way = _quantile(error_rate, self.freedom) * sqrt(self.variance)
        of_seeds = _quantile(error_rate, self.seeds_freedom) * sqrt(self.seeds) if self.seeds else 0.0
        half = max(two_way, of_seeds)
        return self.difference - half, self.difference + half


def _tail(distance: float, error: float, freedom: float) -> float:
    if not error:
        return 0.5 if not distance else float(distance < 0)
    return float(stdtr(freedom, -distance / error))


def _quantile(error_rate: float, freedom: float) -> float:
    return -float(stdtrit(freedom, error_rate / 2))
