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

    ``groups`` (images,) has a number from 0 for each image where several images, such as the frames of one film, are
    one observation; None where each image is one. What varies over images is then counted over groups: a cluster
    sample, W. G. Cochran, Sampling Techniques (1977), chapter 9A.
    """

    name: str
    seeds: tuple[int, ...]
    correct: NDArray[np.bool_]
    val_accuracies: tuple[float, ...] = ()
    failed: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    groups: NDArray[np.intp] | None = None

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

    @property
    def observations(self) -> int:
        """How many of them are independent: groups of images, or the images themselves."""
        return self.images if self.groups is None or not self.n else int(self.groups.max()) + 1

    @cached_property
    def answers(self) -> NDArray[np.float32] | NDArray[np.float64]:
        """What each run has of each observation (seeds, observations), with a run's accuracy as its mean.

        Of an image 1 where it was right; of a group that sum, in the proportion of the mean group's size.
        """
        if self.groups is None or not self.n:
            return self.correct.astype(np.float32)
        many = self.observations
        sums = np.array([np.bincount(self.groups, weights=run, minlength=many) for run in self.correct])
        return np.asarray(sums * (many / self.images))

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
            self.groups,
        )

    def among(self, images: NDArray[np.bool_]) -> Arm:
        """Return the arm with the answers to these ``images`` (images,) alone."""
        if not self.n:
            return self
        groups = None if self.groups is None else np.unique(self.groups[images], return_inverse=True)[1]
        return replace(self, correct=self.correct[:, images], groups=groups)

    def interval(self, error_rate: float) -> tuple[float, float] | None:
        """Return the mean accuracies, from 0 to 1, that a t-test over the runs does not reject; None below two runs.

        New seeds are in question, and these test images.
        """
        if self.n < 2 or self.mean is None:
            return None
        half = -float(stdtrit(self.n - 1, error_rate / 2)) * sqrt(self.seed_variance) / POINTS
        return max(0.0, self.mean - half), min(1.0, self.mean + half)

    @cached_property
    def rates(self) -> NDArray[np.float64]:
        """The mean over the runs of what they have of each observation (observations,)."""
        return np.asarray(self.answers.sum(axis=0, dtype=float) / self.n)

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

        The residual mean square of the table seeds × observations without replication, divided by its number of cells.
        """
        many = self.observations
        within = float(((self.answers - self.rates) ** 2).sum())
        between_seeds = many * self.n * (self.n - 1) * self.seed_variance / POINTS**2
        residual = max(within - between_seeds, 0.0) / ((self.n - 1) * max(many - 1, 1))
        return residual / (self.n * many) * POINTS**2


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
