"""Differences that take nothing from other arms: with Welch's variance over seeds, or with that of their own values."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from builder.study.statistics.arms import POINTS
from builder.study.statistics.estimate import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from builder.study.statistics.arms import Arm

    Coefficients: TypeAlias = Sequence[float] | NDArray[np.float64]


def gap(first: Arm, second: Arm) -> Estimate:
    """Return the difference of two arms that have two runs each at least, over the same images."""
    return welch((first, second), (1.0, -1.0))


def welch(arms: Sequence[Arm], coefficients: Coefficients) -> Estimate:
    """Return the sum of the arms' accuracies times ``coefficients``, which sum to 0; two runs each at least.

    To the squared differences of the images half a disagreement of every arm is added, so that no disagreement
    among few images is not taken for certainty: A. Agresti, Y. Min, Statistics in Medicine 24 (2005),
    https://doi.org/10.1002/sim.1781. The degrees of freedom are Satterthwaite's, as in Welch's test.
    """
    used = [(arm, each) for arm, each in zip(arms, coefficients, strict=True) if each]
    many = used[0][0].observations
    paired = np.sum([each * arm.rates for arm, each in used], axis=0)
    difference = sum(each * float(arm.accuracies.mean()) for arm, each in used) * POINTS
    spread = float(((paired - paired.mean()) ** 2).sum()) / max(many - 1, 1)
    images = (spread + allowance(coefficients) / many) / many * POINTS**2
    seeds = sum(each**2 * arm.seed_variance for arm, each in used)
    interaction = sum(each**2 * arm.interaction_variance for arm, each in used)
    per_freedom = sum((each**2 * arm.seed_variance) ** 2 / (arm.n - 1) for arm, each in used)
    variance = images + max(seeds - interaction, 0.0)
    return Estimate(
        difference=difference,
        seeds=seeds,
        images=images,
        interaction=interaction,
        seeds_freedom=seeds**2 / per_freedom if per_freedom else float(sum(arm.n - 1 for arm, _ in used)),
        freedom=variance**2 / (per_freedom + images**2 / max(many - 1, 1)),
        weight=sum(each**2 / arm.n for arm, each in used),
        runs=max(arm.n for arm, _ in used),
    )


def own(arms: Sequence[Arm], coefficients: Coefficients) -> Estimate | None:
    """Return the same from the seeds that all of these arms have: each seed's own value, as in a paired t-test.

    Right whatever the variances of the arms and however alike they are, with one degree of freedom less than there are
    such seeds. None below two of them.
    """
    used = [(arm, each) for arm, each in zip(arms, coefficients, strict=True) if each]
    common = shared_seeds([arm for arm, _ in used])
    runs, many = len(common), used[0][0].observations
    if runs < 2:
        return None
    places = [[arm.seeds.index(seed) for seed in common] for arm, _ in used]
    values = np.sum(
        [each * arm.answers[at].astype(float) for (arm, each), at in zip(used, places, strict=True)], axis=0
    )
    of_seeds, of_images = values.mean(axis=1), values.mean(axis=0)
    rest = values - of_seeds[:, None] - of_images + values.mean()
    interaction = float((rest**2).sum()) / ((runs - 1) * max(many - 1, 1)) / (runs * many) * POINTS**2
    images = (float(of_images.var(ddof=min(1, many - 1))) + allowance(coefficients) / many) / many * POINTS**2
    seeds = float(of_seeds.var(ddof=1)) / runs * POINTS**2
    variance = images + max(seeds - interaction, 0.0)
    return Estimate(
        difference=float(values.mean()) * POINTS,
        seeds=seeds,
        images=images,
        interaction=interaction,
        seeds_freedom=float(runs - 1),
        freedom=variance**2 / (seeds**2 / (runs - 1) + images**2 / max(many - 1, 1)),
        weight=sum(each**2 for _, each in used) / runs,
        runs=runs,
        basis="own",
    )


def shared_seeds(arms: Sequence[Arm]) -> list[int]:
    """Return the seeds that every arm has a run with, in order."""
    return sorted(set[int].intersection(*(set(arm.seeds) for arm in arms)))


def allowance(coefficients: Coefficients) -> float:
    """Return the squares that half a disagreement of every arm adds; 1 for two arms, half in either direction."""
    return sum(each**2 for each in coefficients) / 2
