"""What a report shows of cells besides their verdict: curves over epochs, and what is taken for what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from builder.study.report.svg.curves import SeedCurves

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from builder.study.results.result import CellResult, TrueLabels
    from builder.training.folder.metrics import EpochMetrics


def confusion(outcomes: Sequence[CellResult], truth: TrueLabels) -> NDArray[np.float64] | None:
    """Return how much of each class was taken for each, in percent (classes, classes), the mean over the seeds.

    ``[true, answer]``; None where no cell has read the test split. A class without images has zeros.
    """
    answered = [each.test_predictions for each in outcomes if each.test_predictions is not None]
    if not answered:
        return None
    count = len(truth.classes)
    pairs = truth.labels.astype(np.int64) * count
    counted = sum(np.bincount(pairs + answers.astype(np.int64), minlength=count**2)[: count**2] for answers in answered)
    table = np.asarray(counted, dtype=np.float64).reshape(count, count)
    shares: NDArray[np.float64] = 100 * table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    return shares


def curve(name: str, ink: str, outcomes: Sequence[CellResult], value: Callable[[EpochMetrics], float]) -> SeedCurves:
    """Return what ``value`` says of each epoch of each seed."""
    return SeedCurves(name, ink, [[value(row) for row in each.metrics] for each in outcomes])


def ahead(found: SeedCurves, base: SeedCurves) -> SeedCurves:
    """Return how far the mean of ``found`` lies above that of ``base``, for the epochs that both have."""
    pairs = zip(found.means(), base.means(), strict=False)
    return SeedCurves(found.name, found.ink, [[own - other for own, other in pairs]])
