"""What is compared: networks, each with the answers of its runs to every test image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

POINTS = 100.0
"""Points of accuracy in the whole of it."""


@dataclass(frozen=True, eq=False)
class Arm:
    """One network with its settings, and its runs.

    ``correct`` is (seeds, images): whether the run with the seed at the same place of ``seeds`` was right about an
    image; every arm of a study has the same images in the same order. ``failed`` are the seeds whose runs have no
    result and will have none; ``missing`` those that are planned and not there yet.
    """

    name: str
    seeds: tuple[int, ...]
    correct: NDArray[np.bool_]
    val_accuracies: tuple[float, ...] = ()
    failed: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()

    @property
    def n(self) -> int:
        """How many runs have a result."""
        return len(self.seeds)

    @property
    def planned(self) -> int:
        """How many runs there should be."""
        return len(self.seeds) + len(self.failed) + len(self.missing)

    @property
    def images(self) -> int:
        """How many test images there are."""
        return int(self.correct.shape[1])

    @cached_property
    def accuracies(self) -> NDArray[np.float64]:
        """The test accuracy of each run (seeds,), from 0 to 1."""
        return self.hits / self.images

    @cached_property
    def hits(self) -> NDArray[np.int64]:
        """How many images each run was right about (seeds,)."""
        return np.asarray(self.correct.sum(axis=1), dtype=np.int64)

    @property
    def mean(self) -> float | None:
        """The mean test accuracy, from 0 to 1, None without a result."""
        return float(self.correct.sum() / self.correct.size) if self.n else None

    @property
    def deviation(self) -> float | None:
        """The standard deviation of the runs' accuracies in points, None below two runs."""
        return sqrt(self.n * self.seed_variance) if self.n > 1 else None

    def only(self, seeds: Collection[int]) -> Arm:
        """Return the arm with the runs of these seeds alone."""
        kept = [place for place, seed in enumerate(self.seeds) if seed in seeds]
        return Arm(
            self.name,
            tuple(self.seeds[place] for place in kept),
            self.correct[kept],
            tuple(self.val_accuracies[place] for place in kept if self.val_accuracies),
            tuple(seed for seed in self.failed if seed in seeds),
            tuple(seed for seed in self.missing if seed in seeds),
        )

    def among(self, images: NDArray[np.bool_]) -> Arm:
        """Return the arm with the answers to these ``images`` (images,) alone."""
        return replace(self, correct=self.correct[:, images]) if self.n else self

    def interval(self, error_rate: float) -> tuple[float, float] | None:
        """Return the mean accuracies, from 0 to 1, that a t-test over the runs does not reject; None below two runs.

        New seeds are in question, and these test images.
        """
        if self.n < 2 or self.mean is None:
            return None
        half = -float(stdtrit(self.n - 1, error_rate / 2)) * sqrt(self.seed_variance) / POINTS
        return max(0.0, self.mean - half), min(1.0, self.mean + half)

    @cached_property
    def image_rates(self) -> NDArray[np.float64]:
        """In which part of the runs each image was right (images,), from 0 to 1."""
        return np.asarray(self.correct.sum(axis=0) / self.n)

    @cached_property
    def seed_variance(self) -> float:
        """Variance of the mean over the runs, in points²: s²/n, as in Welch's test; two runs at least.

        In whole numbers as far as they go, so that equal runs have none.
        """
        hits = [int(each) for each in self.hits]
        squares = self.n * sum(each**2 for each in hits) - sum(hits) ** 2
        return squares / (self.n**2 * (self.n - 1) * self.images**2) * POINTS**2

    @cached_property
    def interaction_variance(self) -> float:
        """The part of ``seed_variance`` that comes from the finite number of images, in points²; two runs at least.

        The residual mean square of the table seeds × images without replication, divided by its number of cells.
        """
        within_images = self.n * float((self.image_rates * (1 - self.image_rates)).sum())
        between_seeds = self.images * self.n * (self.n - 1) * self.seed_variance / POINTS**2
        residual = max(within_images - between_seeds, 0.0) / ((self.n - 1) * max(self.images - 1, 1))
        return residual / (self.n * self.images) * POINTS**2


@dataclass(frozen=True, eq=False)
class Group:
    """Arms that are compared with each other; ``name`` is empty where a study has one group only."""

    name: str
    arms: tuple[Arm, ...]
    base: str | None = None

    def only(self, seeds: Collection[int]) -> Group:
        """Return the group with the runs of these seeds alone: what a look has, or a later stage."""
        return Group(self.name, tuple(arm.only(seeds) for arm in self.arms), self.base)

    def arm(self, name: str) -> Arm:
        """Return the arm called ``name``; raise KeyError if there is none."""
        for each in self.arms:
            if each.name == name:
                return each
        raise KeyError(name)
