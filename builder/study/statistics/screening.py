"""What a screening on the validation split saw of a candidate."""

from __future__ import annotations

from dataclasses import dataclass
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
