"""How long cells take, and whether one that begins now can end in time."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builder.study.plan.plan import Plan
    from builder.study.results.cells import Cell


@dataclass(frozen=True)
class Going:
    """A cell that is being run: how many epochs were done here, and in how many seconds."""

    cell: Cell
    epochs: float
    seconds: float

    @property
    def share(self) -> float:
        """The part of its epochs that was done here."""
        return self.epochs / self.cell.recipe.epochs


class Durations:
    """What was planned for cells, times how much longer those took that have ended here."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._planned = self._took = 0.0
        self._prices: dict[tuple[str, str, str], float | None] = {}
        self._unpriced: list[float] = []

    @property
    def factor(self) -> float:
        """How many times longer cells take than was planned; 1 before any has ended."""
        return self.factor_with(())

    def factor_with(self, going: Iterable[Going]) -> float:
        """Return that factor with cells that have not ended yet, of which each counts from its first epoch on."""
        parts = [(each, self.price(each.cell)) for each in going if each.epochs >= 1]
        known = [(each.share * price, each.seconds) for each, price in parts if price is not None]
        planned = self._planned + sum(price for price, _ in known)
        return (self._took + sum(seconds for _, seconds in known)) / planned if planned else 1.0

    def ended(self, cell: Cell, seconds: float) -> None:
        """Take note of how long a cell took."""
        price = self.price(cell)
        if price is None:
            self._unpriced = [*self._unpriced[-9:], seconds]
        else:
            self._planned += price
            self._took += seconds

    def price(self, cell: Cell) -> float | None:
        """Return the seconds that were planned for a cell, None where nothing was measured."""
        key = cell.variant, repr(cell.settings), cell.stage
        if key not in self._prices:
            self._prices[key] = self._plan.seconds_of(cell.variant, cell.recipe, cell.stage)
        return self._prices[key]

    def seconds(self, cell: Cell) -> float | None:
        """Return how long a cell takes, None where nobody knows."""
        price = self.price(cell)
        if price is not None:
            return price * self.factor
        return fmean(self._unpriced) if self._unpriced else None
