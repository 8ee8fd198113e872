"""The difference of two networks' accuracies and how far chance moves it, over new seeds and new test images alike.

The two-way random-effects model: a run's answer to an image is the network's accuracy, plus an effect of the seed, of
the image, and of the two together. Summing the variance over seeds and that over images counts the last one twice, so
that it is subtracted once: A. C. Cameron, J. B. Gelbach, D. L. Miller, Robust Inference With Multiway Clustering,
Journal of Business & Economic Statistics 29 (2011), https://doi.org/10.1198/jbes.2010.07136.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from scipy.special import stdtr, stdtrit

from builder.study.statistics.arms import POINTS

if TYPE_CHECKING:
    from builder.study.statistics.arms import Arm


@dataclass(frozen=True)
class Gap:
    """The difference of two arms in points, first minus second, and the variances of it in points².

    ``seeds`` is Welch's variance, ``images`` that of the paired differences over the images, ``interaction`` what
    both of them hold. ``runs`` are the numbers of seeds.
    """

    difference: float
    seeds: float
    images: float
    interaction: float
    welch_freedom: float
    freedom: float
    runs: tuple[int, int]

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
        first, second = self.runs
        return sqrt((self.variance - self.irreducible) / (1 / first + 1 / second))

    def beyond(self, distance: float) -> float:
        """Return the one-sided p-value of an estimate that lies ``distance`` points on the far side of a hypothesis.

        The larger one of the two-way test's and of Welch's: the estimated variances of few seeds can be small by
        chance, and then the few degrees of freedom of Welch's test are what protects.
        """
        two_way = _tail(distance, sqrt(self.variance), self.freedom)
        return max(two_way, _tail(distance, sqrt(self.seeds), self.welch_freedom))

    @property
    def p(self) -> float:
        """The two-sided p-value of no difference."""
        return min(1.0, 2 * self.beyond(abs(self.difference)))

    @property
    def welch_p(self) -> float:
        """The two-sided p-value of Welch's test: new seeds, but these test images."""
        return min(1.0, 2 * _tail(abs(self.difference), sqrt(self.seeds), self.welch_freedom))

    def equivalence_p(self, smallest: float) -> float:
        """Return the p-value of a difference of ``smallest`` points or more: two one-sided tests.

        D. J. Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15 (1987),
        https://doi.org/10.1007/BF01068419.
        """
        return max(self.beyond(smallest - self.difference), self.beyond(smallest + self.difference))

    def interval(self, error_rate: float) -> tuple[float, float]:
        """Return the differences, in points, that a two-sided test at ``error_rate`` does not reject."""
        two_way = _quantile(error_rate, self.freedom) * sqrt(self.variance)
        welch = _quantile(error_rate, self.welch_freedom) * sqrt(self.seeds) if self.seeds else 0.0
        half = max(two_way, welch)
        return self.difference - half, self.difference + half


def gap(first: Arm, second: Arm) -> Gap:
    """Return the difference of two arms that have two runs each at least, over the same images.

    To the squared differences of the images half a disagreement in each direction is added, so that no disagreement
    among few images is not taken for certainty: A. Agresti, Y. Min, Statistics in Medicine 24 (2005),
    https://doi.org/10.1002/sim.1781. The degrees of freedom are Satterthwaite's, as in Welch's test.
    """
    many = first.images
    paired = first.image_rates - second.image_rates
    difference = (float(first.accuracies.mean()) - float(second.accuracies.mean())) * POINTS
    spread = float(((paired - paired.mean()) ** 2).sum()) / max(many - 1, 1)
    images = (spread + 1 / many) / many * POINTS**2
    seeds = first.seed_variance + second.seed_variance
    interaction = first.interaction_variance + second.interaction_variance
    per_freedom = first.seed_variance**2 / (first.n - 1) + second.seed_variance**2 / (second.n - 1)
    variance = images + max(seeds - interaction, 0.0)
    return Gap(
        difference=difference,
        seeds=seeds,
        images=images,
        interaction=interaction,
        welch_freedom=seeds**2 / per_freedom if per_freedom else float(first.n + second.n - 2),
        freedom=variance**2 / (per_freedom + images**2 / max(many - 1, 1)),
        runs=(first.n, second.n),
    )


def _tail(distance: float, error: float, freedom: float) -> float:
    if not error:
        return 0.5 if not distance else float(distance < 0)
    return float(stdtr(freedom, -distance / error))


def _quantile(error_rate: float, freedom: float) -> float:
    return -float(stdtrit(freedom, error_rate / 2))
