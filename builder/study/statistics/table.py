"""Which arm has a run with which seed, and what follows from that alone for the least squares of arms and seeds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWS = 9_999
"""Tables of chance that the spread of the arms' residuals is compared with."""

_AT_ONCE = 2_000_000
"""Random numbers that are held at once."""


@dataclass(frozen=True, eq=False)
class Table:
    """Runs, each of one arm with one seed, under the model accuracy = arm + seed + residual.

    ``weights`` (arms, runs): a contrast of arms times these is what each run counts with; where no run is missing,
    one over the number of seeds. ``residual`` (runs, runs) takes arms and seeds out of anything. ``shared`` (arms,
    arms) says how much an arm's variance moves the squared residuals of another: E q = shared · variances.
    """

    weights: NDArray[np.float64]
    residual: NDArray[np.float64]
    shared: NDArray[np.float64]
    of_arm: NDArray[np.float64]
    seeds: int
    freedom: int
    connected: bool

    @property
    def arms(self) -> int:
        """How many arms there are."""
        return len(self.weights)

    @property
    def runs(self) -> int:
        """How many runs there are."""
        return len(self.residual)

    @property
    def complete(self) -> bool:
        """Whether every arm has a run with every seed."""
        return self.runs == self.arms * self.seeds

    def squares(self, residuals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum of the squared residuals (runs, …) of each arm (arms, …)."""
        return np.asarray(self.of_arm @ residuals**2)


@lru_cache(maxsize=64)
def table(arm_of: tuple[int, ...], seed_of: tuple[int, ...]) -> Table:
    """Return the table of runs whose arms and seeds these are, both counted from 0."""
    of_arm = (np.arange(max(arm_of) + 1)[:, None] == np.array(arm_of)).astype(float)
    of_seed = (np.arange(max(seed_of) + 1)[:, None] == np.array(seed_of)).astype(float)
    model = np.vstack([of_arm, of_seed]).T
    inverse = np.linalg.pinv(model)
    residual = np.eye(len(arm_of)) - model @ inverse
    rank = round(float(np.trace(model @ inverse)))
    return Table(
        weights=inverse[: len(of_arm)],
        residual=residual,
        shared=of_arm @ residual**2 @ of_arm.T,
        of_arm=of_arm,
        seeds=len(of_seed),
        freedom=len(arm_of) - rank,
        connected=rank == len(of_arm) + len(of_seed) - 1,
    )


def inequality(squares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how unequally the squared residuals (arms, …) are spread over the arms: the sum of the squared shares."""
    return np.asarray((squares**2).sum(axis=0) / squares.sum(axis=0) ** 2)


@lru_cache(maxsize=64)
def inequality_by_chance(arm_of: tuple[int, ...], seed_of: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the sorted inequality of tables of normal numbers that all have the same variance (DRAWS,)."""
    here = table(arm_of, seed_of)
    order = np.lexsort((seed_of, arm_of))
    shape = (here.arms, here.seeds)

    def residuals(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        if not here.complete:
            return np.asarray(here.residual @ numbers)
        cells = numbers[order].reshape(*shape, -1)
        cells = cells - cells.mean(axis=0) - cells.mean(axis=1, keepdims=True) + cells.mean(axis=(0, 1))
        return np.asarray(cells.reshape(here.runs, -1)[np.argsort(order)])

    chance = np.random.default_rng(0)
    at_once = max(1, min(DRAWS, _AT_ONCE // here.runs))
    found = [
        inequality(here.squares(residuals(chance.standard_normal((here.runs, min(at_once, DRAWS - begin))))))
        for begin in range(0, DRAWS, at_once)
    ]
    return np.sort(np.concatenate(found))
