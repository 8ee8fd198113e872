"""Which networks go on from a screening on the validation split to the runs that are judged."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Screened:
    """A candidate and what its runs reached on the validation split, from 0 to 1; ``failed`` runs have no result."""

    name: str
    val_accuracies: tuple[float, ...]
    failed: int = 0
    chosen: bool = False

    @property
    def mean(self) -> float | None:
        """The mean validation accuracy, None without a result."""
        return fmean(self.val_accuracies) if self.val_accuracies else None


def finalists(candidates: Sequence[Screened], most: int) -> tuple[str, ...]:
    """Return the names of up to ``most`` candidates with the highest mean validation accuracy, the best first.

    A candidate whose runs failed stands behind all that have none, since the runs that are left may be the easy ones;
    one without any result is never chosen. Of equal ones the first in order is taken.
    """
    ranked = sorted(
        (each for each in candidates if each.val_accuracies), key=lambda each: (each.failed > 0, -(each.mean or 0.0))
    )
    return tuple(each.name for each in ranked[:most])
