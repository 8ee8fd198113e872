"""Screenings of networks whose true accuracies are known: how often the best one is among the finalists.

python -m benchmarks.simulated_screening 10000 --seed 0

True accuracies are normal with ``--apart`` points of deviation, and a run's with ``--deviation`` points around its
network's. All networks with three seeds each stand beside rounds that halve them (``halvings``), which take fewer runs.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.stats import binomtest

from builder.study.statistics.screening import Round, halvings


def kept(rounds: tuple[Round, ...], finalists: int, studies: int, spread: tuple[float, float], seed: int) -> int:
    """Return in how many ``studies`` the best network is among the ``finalists``.

    ``spread`` is the deviation of true accuracies and of a run, in points. A round ranks by the mean of all seeds so
    far; study i depends on ``seed`` and i alone.
    """
    found = 0
    for index in range(studies):
        chance = np.random.default_rng([seed, index])
        truth = spread[0] * chance.standard_normal(rounds[0].arms)
        runs = truth + spread[1] * chance.standard_normal((rounds[-1].last, len(truth)))
        left = np.arange(len(truth))
        for each in rounds:
            left = left[np.argsort(-runs[: each.last, left].mean(axis=0))]
            following = next((later.arms for later in rounds if later.first == each.last), finalists)
            left = left[:following]
        found += int(truth.argmax()) in left
    return found


def main() -> None:
    """Print for each kind of screening how many runs it takes and how often it keeps the best, with 95 % intervals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int, help="how many studies")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--arms", type=int, default=40)
    parser.add_argument("--finalists", type=int, default=3)
    parser.add_argument("--apart", type=float, default=0.7, help="deviation of the true accuracies, in points")
    parser.add_argument("--deviation", type=float, default=0.73, help="of a run, in points")
    asked = parser.parse_args()
    plans = {f"{seeds} seeds each": (Round(asked.arms, 0, seeds),) for seeds in (1, 2, 3)}
    plans["halving, up to 8 seeds"] = halvings(asked.arms, asked.finalists + 1, 8)
    for name, rounds in plans.items():
        found = kept(rounds, asked.finalists, asked.count, (asked.apart, asked.deviation), asked.seed)
        low, high = (100 * each for each in binomtest(found, asked.count).proportion_ci(method="wilson"))
        runs = sum(each.cells for each in rounds)
        print(f"{name}: {runs} runs keep the best in {100 * found / asked.count:.2f} % ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
