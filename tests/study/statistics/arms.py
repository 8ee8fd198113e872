"""Arms for the tests of the statistics."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from builder.study.statistics import Arm, Group


def arm(name: str, rows: list[list[int]] | np.ndarray, **rest: tuple[int, ...]) -> Arm:
    """Return an arm whose runs are right (1) or wrong (0) about each image, seeds counted from 0."""
    correct = np.asarray(rows, dtype=bool)
    return Arm(name, tuple(range(len(correct))), correct, **rest)


def chance_arm(name: str, seeds: int, images: int, accuracy: float, seed: int, **rest: tuple[int, ...]) -> Arm:
    """Return an arm that is right with a chance for each image, ``accuracy`` on average, which arms have in common."""
    of_image = np.random.default_rng(images).beta(accuracy, 1 - accuracy, images)
    return arm(name, np.random.default_rng([seed, seeds]).random((seeds, images)) < of_image, **rest)


def steady_arm(name: str, seeds: int, wrong: int, images: int = 10_000, **rest: tuple[int, ...]) -> Arm:
    """Return an arm whose runs are wrong about ``wrong`` images, a few more or less, out of 400 hard ones."""
    correct = np.ones((seeds, images), dtype=bool)
    for run in range(seeds):
        mistakes = wrong + (0, 3, -3)[run % 3]
        correct[run, np.random.default_rng([run, wrong]).permutation(400)[:mistakes]] = False
    return arm(name, correct, **rest)


def group(*arms: Arm, base: str | None = None) -> Group:
    """Return the only group of a study; the first arm is its base unless ``base`` says another."""
    return Group("", arms, base or arms[0].name)


tables = st.tuples(st.integers(2, 5), st.integers(2, 5), st.integers(2, 30), st.integers(0, 2**32)).map(
    lambda sizes: (
        chance_arm("a", sizes[0], sizes[2], 0.8, sizes[3]),
        chance_arm("b", sizes[1], sizes[2], 0.7, sizes[3] + 1),
    )
)
"""Pairs of arms with two to five runs each over the same few images."""
