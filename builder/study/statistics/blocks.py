"""Seeds as blocks: what all networks' runs with one seed have in common does not count against a difference of them.

Runs with the same seed share the validation split, the order of the images and the augmentation. Under the model
accuracy = arm + seed + residual, the residuals of all arms estimate one variance, with (arms - 1)(seeds - 1) degrees of
freedom; with the images beside it this is the analysis of several readers and several cases: D. D. Dorfman,
K. S. Berbaum, C. E. Metz, Investigative Radiology 27 (1992); degrees of freedom: S. L. Hillis, Statistics in Medicine
26 (2007), https://doi.org/10.1002/sim.2532. Where runs are missing, arms and seeds are estimated by least squares from
the runs that are there: none is dropped, and a seed that was hard for all does not count against those that ran it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import fdtrc

from builder.study.statistics.arms import POINTS
from builder.study.statistics.estimate import Estimate
from builder.study.statistics.gap import allowance, own, shared_seeds, welch
from builder.study.statistics.table import DRAWS, inequality, inequality_by_chance, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from builder.study.statistics.arms import Arm
    from builder.study.statistics.estimate import Basis
    from builder.study.statistics.gap import Coefficients
    from builder.study.statistics.table import Table

UNEQUAL_AT = 0.1
UNEQUAL_AT_FEW_SEEDS = 0.25
FEW_SEEDS = 10
"""Variances are taken as different from p-values of the first on, below so many seeds of the second.

A preliminary test misses what matters where it has little power, so that its level is higher there: T. A. Bancroft,
Analysis and Inference for Incompletely Specified Models, Biometrics 20 (1964). Levels and number were chosen by
simulation: beside them, more than 5.7 % of studies with unequal variances would claim something false.
"""

_NOTHING = 1e-18
"""A sum of squared accuracies that is rounding."""


@dataclass(frozen=True)
class Blocked:
    """What was found of the seeds as blocks, in values.

    ``common`` is the part of a run's variance that the networks of one seed share (the intraclass correlation, below 0
    where they are less alike than by chance), ``common_p`` the p-value of none (F test). ``deviation`` is the rest of
    it as a standard deviation in points, ``freedom`` its degrees of freedom. ``unequal_p`` is the p-value of equal
    variances of the arms, None where two arms leave nothing to compare. ``missing`` runs are made up for by least
    squares. ``refused`` says why there are no blocks, where there are none.
    """

    arms: int
    seeds: int
    missing: int
    freedom: int
    deviation: float | None = None
    common: float | None = None
    common_p: float | None = None
    unequal_p: float | None = None
    unequal: bool = False
    refused: str | None = None


class Blocks:
    """The runs of several arms, seed by seed; arms without a run are no part of it.

    Arms have the same images, in the same groups. ``usable`` is false where too few runs share seeds; then every
    estimate is Welch's.
    """

    def __init__(self, arms: Sequence[Arm]) -> None:
        self.arms = tuple(arm for arm in arms if arm.n)
        order = {seed: place for place, seed in enumerate(sorted({seed for arm in self.arms for seed in arm.seeds}))}
        self._pattern = (
            tuple(place for place, arm in enumerate(self.arms) for _ in arm.seeds),
            tuple(order[seed] for arm in self.arms for seed in arm.seeds),
        )
        self.seeds = len(order)

    @cached_property
    def table(self) -> Table:
        """Which arm has a run with which seed."""
        return table(*self._pattern)

    @cached_property
    def usable(self) -> bool:
        """Whether arms can be compared within seeds, and something is left to estimate a variance from."""
        return len(self.arms) > 1 and self.table.connected and self.table.freedom > 0

    @cached_property
    def accuracies(self) -> NDArray[np.float64]:
        """The accuracy of each run (runs,), from 0 to 1, arm after arm."""
        return np.concatenate([arm.accuracies for arm in self.arms])

    @cached_property
    def answers(self) -> NDArray[np.float32] | NDArray[np.float64]:
        """What each run has of each observation (runs, observations)."""
        return np.concatenate([arm.answers for arm in self.arms])

    @cached_property
    def squares(self) -> NDArray[np.float64]:
        """The squared residuals of each arm (arms,), of accuracies from 0 to 1."""
        return self.table.squares(self.table.residual @ self.accuracies)

    @cached_property
    def run_variance(self) -> float:
        """The variance of a run beside what its arm and its seed explain, in points²."""
        return float(self.squares.sum()) / self.table.freedom * POINTS**2

    @cached_property
    def interaction_variance(self) -> float:
        """The part of ``run_variance`` that comes from the finite number of images, in points².

        The residual of the table arms × seeds × observations, divided by the number of observations.
        """
        many = self.arms[0].observations
        together = (self.answers @ self.answers.T).astype(float)  # of images: whole numbers below 2^24 are exact
        within = float((self.table.residual * together).sum()) - many * float(self.squares.sum())
        return max(within, 0.0) / (self.table.freedom * max(many - 1, 1)) / many * POINTS**2

    @cached_property
    def unequal_p(self) -> float | None:
        """The p-value of equal variances of the arms, None where two arms leave nothing to compare.

        The sum of the squared shares of the arms in the squared residuals, beside that of tables of normal numbers with
        one variance and the same runs missing: a Monte Carlo test has its size for any number of seeds. G. A. Barnard,
        Journal of the Royal Statistical Society B 25 (1963), p. 294; J.-M. Dufour, Journal of Econometrics 133 (2006).
        """
        if len(self.arms) < 3:
            return None
        if self.squares.sum() < _NOTHING:
            return 1.0
        by_chance = inequality_by_chance(*self._pattern)
        found = float(inequality(self.squares)) * (1 - 1e-12)
        return float(1 + DRAWS - np.searchsorted(by_chance, found)) / (1 + DRAWS)

    @cached_property
    def unequal(self) -> bool:
        """Whether the arms' variances are taken as different."""
        level = UNEQUAL_AT_FEW_SEEDS if self.seeds < FEW_SEEDS else UNEQUAL_AT
        return self.unequal_p is not None and self.unequal_p <= level

    @cached_property
    def reduced_freedom(self) -> float:
        """Degrees of freedom of ``run_variance`` where arms have their own variances, after Satterthwaite.

        G. E. P. Box, Some Theorems on Quadratic Forms, Annals of Mathematical Statistics 25 (1954). The variances are
        those that explain the arms' squared residuals: F. E. Grubbs, Journal of the American Statistical Association 43
        (1948).
        """
        variances = np.maximum(np.linalg.pinv(self.table.shared) @ self.squares, 0.0)
        total = float((self.table.of_arm @ np.diag(self.table.residual)) @ variances)
        squared = float(variances @ self.table.shared @ variances)
        return min(max(total**2 / squared, 1.0), float(self.table.freedom)) if squared else float(self.table.freedom)

    def estimate(self, coefficients: Coefficients) -> Estimate:
        """Return the sum of the arms' accuracies times ``coefficients``, which sum to 0; one for each of ``arms``.

        The pooled variance is right for every contrast where arms have the same variance. Where they have not, it is
        still the mean variance, and right for a contrast that counts all arms alike (main effects and interactions of
        factors with two levels), with fewer degrees of freedom; any other contrast stands alone.
        """
        if not self.usable:
            return welch(self.arms, coefficients)
        if self.unequal and not counts_all_alike(coefficients):
            return self._alone(coefficients)
        return self._pooled(coefficients)

    def _alone(self, coefficients: Coefficients) -> Estimate:
        """Return what goes by the contrast's own values, of enough seeds, or by the variances of its own arms."""
        used = [arm for arm, each in zip(self.arms, coefficients, strict=True) if each]
        found = own(self.arms, coefficients) if len(shared_seeds(used)) >= FEW_SEEDS else None
        return self._separate(coefficients) if found is None else found

    @cached_property
    def variances(self) -> NDArray[np.float64]:
        """The variance of a run of each arm (arms,) beside what its seed explains, from 0 to 1 squared.

        Those that explain the arms' squared residuals (F. E. Grubbs, Journal of the American Statistical Association
        43, 1948), and never less than what the finite number of images makes of it.
        """
        found = np.linalg.pinv(self.table.shared) @ self.squares
        return np.asarray(np.maximum(found, self._of_images / POINTS**2))

    @cached_property
    def _of_images(self) -> NDArray[np.float64]:
        """The part of a run's variance for each arm (arms,) that the finite number of images makes, in points²."""
        return np.array([arm.n * arm.interaction_variance if arm.n > 1 else 0.0 for arm in self.arms])

    def _separate(self, coefficients: Coefficients) -> Estimate:
        """Return what has the variances of its own arms, without what seeds have in common; Welch's where these are 0.

        The degrees of freedom are Satterthwaite's, from the variance of the quadratic form, and no fewer than those of
        the contrast's own values seed by seed, which know less.
        """
        table = self.table
        weights = np.asarray(coefficients) @ table.weights
        counted = table.of_arm @ weights**2
        variance = float(counted @ self.variances)
        if variance <= 0:
            return welch(self.arms, coefficients)
        spread = (table.residual * (table.of_arm.T @ self.variances)) @ table.residual
        moved = counted @ np.linalg.pinv(table.shared)
        by_form = variance**2 / float(moved @ (table.of_arm @ spread**2 @ table.of_arm.T) @ moved)
        used = [arm for arm, each in zip(self.arms, coefficients, strict=True) if each]
        freedom = max(by_form, len(shared_seeds(used)) - 1.0, 1.0)
        interaction = float(counted @ self._of_images)
        return self._estimate(coefficients, variance * POINTS**2, interaction, freedom, "separate")

    def _pooled(self, coefficients: Coefficients) -> Estimate:
        weights = np.asarray(coefficients) @ self.table.weights
        weight = float(weights @ weights)
        freedom = self.reduced_freedom if self.unequal else float(self.table.freedom)
        seeds, interaction = weight * self.run_variance, weight * self.interaction_variance
        return self._estimate(coefficients, seeds, interaction, freedom, basis="reduced" if self.unequal else "pooled")

    def _estimate(
        self, coefficients: Coefficients, seeds: float, interaction: float, freedom: float, basis: Basis
    ) -> Estimate:
        """Return an estimate with this variance over seeds, in points², and that over images beside it."""
        weights, many = np.asarray(coefficients) @ self.table.weights, self.arms[0].observations
        paired = weights @ self.answers
        images = (float(paired.var(ddof=min(1, many - 1))) + allowance(coefficients) / many) / many * POINTS**2
        variance = images + max(seeds - interaction, 0.0)
        return Estimate(
            difference=float(weights @ self.accuracies) * POINTS,
            seeds=seeds,
            images=images,
            interaction=interaction,
            seeds_freedom=freedom,
            freedom=variance**2 / (seeds**2 / freedom + images**2 / max(many - 1, 1)),
            weight=float(weights @ weights),
            runs=max(arm.n for arm in self.arms),
            basis=basis,
        )

    def own_p(self, coefficients: Coefficients) -> float | None:
        """Return the p-value over new seeds of a contrast's own values, seed by seed; None below two common seeds."""
        found = own(self.arms, coefficients)
        return None if found is None else found.seeds_p

    @cached_property
    def found(self) -> Blocked:
        """What is to be said of the blocks."""
        missing = len(self.arms) * self.seeds - len(self.accuracies)
        if not self.usable:
            return Blocked(len(self.arms), self.seeds, missing, 0, refused=self._refusal())
        common, p = self._common()
        return Blocked(
            arms=len(self.arms),
            seeds=self.seeds,
            missing=missing,
            freedom=self.table.freedom,
            deviation=self.run_variance**0.5,
            common=common,
            common_p=p,
            unequal_p=self.unequal_p,
            unequal=self.unequal,
        )

    def _refusal(self) -> str:
        if len(self.arms) < 2:
            return "there are fewer than two networks with runs"
        if not self.table.connected:
            return "the networks' runs do not share seeds"
        return "no run is left to estimate a variance from"

    def _common(self) -> tuple[float | None, float | None]:
        """Return the part of the variance that the runs of one seed share, and the F test's p-value of none.

        The extra sum of squares that seeds explain after arms, by its expected value: Henderson's third method.
        """
        left = float(self.squares.sum())
        alone = sum(float(((arm.accuracies - arm.accuracies.mean()) ** 2).sum()) for arm in self.arms)
        freedom, between = self.table.freedom, self.seeds - 1
        if left < _NOTHING or not between:
            return None, None
        own = left / freedom
        of_seeds = (alone - left - between * own) / (self.table.runs - self.table.arms)
        return of_seeds / (of_seeds + own), float(fdtrc(between, freedom, (alone - left) / between / own))


def counts_all_alike(coefficients: Coefficients) -> bool:
    """Return whether every arm counts with the same size.

    >>> counts_all_alike([0.5, -0.5, 0.5, -0.5]), counts_all_alike([1, -1, 0])
    (True, False)
    """
    sizes = np.abs(np.asarray(coefficients))
    return bool(np.ptp(sizes) <= 1e-12 * sizes.max())
