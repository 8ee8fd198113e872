"""Processor time of ``builder.build`` against torchvision's constructor: python -m benchmarks.building --rounds 3.

Every shipped network that torchvision has too and that is larger than ``--least`` million parameters; ``--most`` leaves
out the largest, which need gigabytes. In turns in one process on one thread: torchvision's constructor, the first build
of the page, with nothing kept of it, and the next one, as for another seed. Per network the median of the rounds'
ratios; then median and quartiles over the networks. Imports and one build of a small page come before.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
import warnings
from typing import TYPE_CHECKING

import torch
from torchvision import models

import builder
from builder.costs import graph_cost
from builder.runtime import again
from builder.shipped import shipped_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MILLION = 1_000_000


def names(least: float, most: float) -> Iterator[str]:
    """Yield the networks of such a size that both have."""
    known = set(models.list_models(module=models))
    for name in shipped_names():
        if name in known and least * MILLION < graph_cost(builder.load(name)).parameters <= most * MILLION:
            yield name


def seconds(make: Callable[[], object]) -> float:
    """Return the processor time of making a network, which is gone afterwards."""
    gc.collect()
    start = time.process_time()
    make()
    return time.process_time() - start


def ratios(name: str, rounds: int) -> tuple[float, float]:
    """Return how long the first and the next build take, as shares of torchvision's constructor."""
    first, following = [], []
    for _ in range(rounds):
        theirs = seconds(lambda: models.get_model(name, weights=None))
        again._kept.cache_clear()  # noqa: SLF001 - the first build is one without it
        first.append(seconds(lambda: builder.build(name)) / theirs)
        following.append(seconds(lambda: builder.build(name)) / theirs)
    return statistics.median(first), statistics.median(following)


def main() -> None:
    """Measure every network and print a line for each, then what is typical."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--least", type=float, default=10)
    parser.add_argument("--most", type=float, default=150)
    given = parser.parse_args()
    warnings.simplefilter("ignore")  # of torchvision, about how it begins its Inception
    torch.set_num_threads(1)
    builder.build("alexnet_tiny")
    found = []
    for name in names(given.least, given.most):
        found.append(ratios(name, given.rounds))
        print(f"{name:24} first {found[-1][0]:5.2f}  next {found[-1][1]:5.2f}", flush=True)
    for word, values in zip(("first", "next"), zip(*found, strict=True), strict=True):
        low, middle, high = statistics.quantiles(values, n=4)
        print(f"{word}: median {middle:.2f} (quartiles {low:.2f} to {high:.2f}) over {len(values)} networks")


if __name__ == "__main__":
    main()
