"""A screening on the validation split: its rounds, and what it saw of a candidate."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from statistics import fmean


@dataclass(frozen=True)
class Screened:
    """A candidate and what its runs reached on the validation split, from 0 to 1; ``failed`` runs have no result.

    ``chosen`` ones are judged, with fresh seeds and on the test split. Of the others nothing is said: whoever looks the
    best of many on few seeds owes it to luck in part, and this is not held against those that look worse. One that is
    ``pruned`` was ended early, and has the best accuracy until then; one that is ``diverged`` has none.
    """

    name: str
    val_accuracies: tuple[float, ...]
    failed: int = 0
    chosen: bool = False
    pruned: bool = False
    diverged: bool = False

    @property
    def mean(self) -> float | None:
        """The mean validation accuracy, None without a result."""
        return fmean(self.val_accuracies) if self.val_accuracies else None


@dataclass(frozen=True)
class Round:
    """A round of a screening: so many ``arms`` are trained, with the seeds from ``first`` until before ``last``."""

    arms: int
    first: int
    last: int

    @property
    def cells(self) -> int:
        """How many runs that are."""
        return self.arms * (self.last - self.first)


def halvings(arms: int, least: int, seeds: int) -> tuple[Round, ...]:
    """Return the rounds of a successive halving: the better half goes on until it has twice the seeds, up to ``seeds``.

    It ends where no more than ``least`` arms would be left, which are judged anyhow. K. Jamieson, A. Talwalkar,
    Non-stochastic Best Arm Identification and Hyperparameter Optimization, AISTATS 2016,
    https://arxiv.org/abs/1502.07943.

    >>> [(each.arms, each.last - each.first) for each in halvings(40, 4, 8)]
    [(40, 1), (20, 1), (10, 2), (5, 4)]
    """
    found = [Round(arms, 0, min(1, seeds))]
    while found[-1].last < seeds and (arms := ceil(arms / 2)) > least:
        before = found[-1].last
        found.append(Round(arms, before, min(2 * before, seeds)))
    return tuple(found)
