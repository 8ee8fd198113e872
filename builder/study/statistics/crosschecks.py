"""The field's usual tests of the same question, over the runs alone: what a reader may want to see beside ours.

They ask whether new seeds would show the difference on these test images; new images are not in question there.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.study.statistics.arms import Arm

_INTEGRATION_SEED = 0
"""Dunnett's probabilities are integrated at random points; with the same points a report is the same each time."""


def dunnett(base: Arm, others: Sequence[Arm]) -> dict[str, float]:
    """Return the p-value of each arm against ``base``, all at once and under one variance; none for under two runs.

    C. W. Dunnett, Journal of the American Statistical Association 50 (1955); ``scipy.stats.dunnett``.
    """
    tested = [arm for arm in others if arm.n > 1]
    if base.n < 2 or not tested or not any(arm.seed_variance for arm in (base, *tested)):
        return {}
    chance = np.random.default_rng(_INTEGRATION_SEED)
    with _runs_that_are_the_same():
        found = stats.dunnett(*(arm.hits for arm in tested), control=base.hits, rng=chance)
    return {arm.name: float(p) for arm, p in zip(tested, np.clip(found.pvalue, 0.0, 1.0), strict=True)}


def games_howell(arms: Sequence[Arm]) -> dict[tuple[str, str], float]:
    """Return the p-value of each pair in either order, all at once, each arm with its own variance.

    Arms with under two runs are left out. P. A. Games, J. F. Howell, Journal of Educational Statistics 1 (1976);
    ``scipy.stats.tukey_hsd``.
    """
    tested = [arm for arm in arms if arm.n > 1]
    if len(tested) < 2:
        return {}
    with _runs_that_are_the_same():
        found = stats.tukey_hsd(*(arm.hits for arm in tested), equal_var=False).pvalue
    return {
        (one.name, other.name): float(found[row, column])
        for row, one in enumerate(tested)
        for column, other in enumerate(tested)
        if row != column and np.isfinite(found[row, column])
    }


@contextmanager
def _runs_that_are_the_same() -> Iterator[None]:
    """They have no variance: scipy warns of that, divides by it, and gives NaN where nothing can be said."""
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Precision loss", RuntimeWarning)
        yield


def superiority(first: Arm, second: Arm) -> float | None:
    """Return how often a run of ``first`` is better than one of ``second``, over all pairs of runs; a tie counts half.

    The Mann-Whitney statistic as a probability; proposed for benchmarks by X. Bouthillier et al., Accounting for
    Variance in Machine Learning Benchmarks, MLSys 2021, https://arxiv.org/abs/2103.03098.
    """
    if not first.n or not second.n:
        return None
    differences = first.correct.sum(axis=1)[:, None] - second.correct.sum(axis=1)[None]
    return float((differences > 0).mean() + (differences == 0).mean() / 2)
