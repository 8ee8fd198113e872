"""Networks whose true accuracies are known, and the answers of their runs: worlds for simulated studies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq, fsolve
from scipy.special import expit

from builder.study.statistics import Arm

if TYPE_CHECKING:
    from numpy.typing import NDArray

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(96)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
"""Means over a standard normal variable are sums with these."""


@dataclass(frozen=True)
class World:
    """How answers come about; each is independent of the others once the chance of being right is given.

    The logit of a network's chance at an image is ``level`` plus normal effects: ``image`` of the image's difficulty,
    which is the same for every network, ``network`` of what one network finds easy and another does not, ``run`` of
    the seed. Seeds and images are drawn anew for each study. A part ``easy`` of the images is right in every run.

    ``common`` is an effect of the seed that all networks share. ``spreads`` multiply ``run`` for each network.
    With ``tails`` degrees of freedom runs follow a t distribution of the same variance; a part ``stuck`` of them is
    right about a tenth of the images. Images come in groups of ``alike`` with the same effects, which a study that is
    ``told`` knows.
    """

    level: float
    image: float = 2.5
    network: float = 0.5
    run: float = 0.05
    easy: float = 0.75
    images: int = 10_000
    common: float = 0.0
    spreads: tuple[float, ...] = ()
    tails: float = 0.0
    stuck: float = 0.0
    alike: int = 1
    told: bool = False

    @property
    def hard(self) -> int:
        """How many images a run may get wrong."""
        return self.images - round(self.easy * self.images)

    def accuracy(self, shift: float = 0.0, times: float = 1.0) -> float:
        """Return the accuracy, in points, over all seeds and images, of a network with ``shift`` added to the logit.

        Its runs differ ``times`` as much as others.
        """
        spread = np.sqrt(self.image**2 + self.network**2 + (times * self.run) ** 2 + self.common**2)
        return 100 - 100 * (1 - self.easy) * float(WEIGHTS @ expit(-(self.level + shift + spread * NODES)))

    def run_deviation(self) -> float:
        """Return the standard deviation, in points, of a run's accuracy on one and the same test set."""
        spread = np.sqrt(self.image**2 + self.network**2)
        chances = expit(self.level + self.run * NODES[:, None] + spread * NODES[None])
        of_seeds = np.average(chances @ WEIGHTS, weights=WEIGHTS), np.average((chances @ WEIGHTS) ** 2, weights=WEIGHTS)
        between = (1 - self.easy) ** 2 * (of_seeds[1] - of_seeds[0] ** 2)
        within = (1 - self.easy) * float(WEIGHTS @ (chances * (1 - chances)) @ WEIGHTS) / self.images
        return 100 * float(np.sqrt(between + within))

    def image_deviation(self) -> float:
        """Return the standard deviation over the images, in points, of two networks' chances of being right."""
        chances = expit(self.level + self.image * NODES[:, None] + self.network * NODES[None])
        common = float(WEIGHTS @ (chances @ WEIGHTS) ** 2)
        return 100 * float(np.sqrt(2 * (1 - self.easy) * (float(WEIGHTS @ chances**2 @ WEIGHTS) - common)))

    def shift_for(self, difference: float) -> float:
        """Return what has to be added to the logit for an accuracy that is ``difference`` points higher."""
        target = self.accuracy() + difference
        return float(brentq(lambda shift: self.accuracy(shift) - target, -3.0, 3.0))

    def fair(self, arms: int) -> NDArray[np.float64]:
        """Return what is added to the logits of ``arms`` so that all are equally good, whatever their spreads."""
        target = self.accuracy()
        found = [brentq(lambda s, each=each: self.accuracy(s, each) - target, -3.0, 3.0) for each in self.spreads]
        return np.array(found) if self.spreads else np.zeros(arms)

    def study(self, shifts: NDArray[np.float64], seeds: int, chance: np.random.Generator) -> tuple[Arm, ...]:
        """Return the arms of one study, the first called ``0``; each network has ``seeds`` runs."""
        arms, kinds = len(shifts), -(-self.hard // self.alike)
        logits = self.level + self.image * chance.standard_normal(kinds, dtype=np.float32)
        logits = logits + self.network * chance.standard_normal((arms, kinds), dtype=np.float32)
        logits = np.repeat(logits, self.alike, axis=1)[:, : self.hard] if self.alike > 1 else logits
        logits = logits + shifts[:, None].astype(np.float32)
        runs = self.run * self._runs(arms, seeds, chance)
        if self.common:
            runs = runs + np.float32(self.common) * chance.standard_normal((1, seeds, 1), dtype=np.float32)
        correct = np.ones((arms, seeds, self.images), dtype=bool)
        correct[:, :, : self.hard] = chance.random((arms, seeds, self.hard), np.float32) < expit(logits[:, None] + runs)
        if self.stuck:
            at_chance = chance.random((arms, seeds)) < self.stuck
            correct[at_chance] = chance.random((int(at_chance.sum()), self.images), np.float32) < 0.1
        groups = np.arange(self.images) // self.alike if self.told else None
        return tuple(Arm(str(index), tuple(range(seeds)), each, groups=groups) for index, each in enumerate(correct))

    def _runs(self, arms: int, seeds: int, chance: np.random.Generator) -> NDArray[np.float32]:
        """Return the runs' own effects in their standard deviations, those of networks with ``spreads`` times these."""
        if self.tails:
            drawn = chance.standard_t(self.tails, (arms, seeds, 1)) * np.sqrt((self.tails - 2) / self.tails)
            runs = drawn.astype(np.float32)
        else:
            runs = chance.standard_normal((arms, seeds, 1), dtype=np.float32)
        return runs * np.array(self.spreads, np.float32)[:, None, None] if self.spreads else runs


def usual_world(
    accuracy: float = 94.0,
    deviation: float = 0.2,
    image_deviation: float = 5.0,
    images: int = 10_000,
    easy: float = 0.75,
) -> World:
    """Return a world with these numbers, in points: by default those of a good network on CIFAR-10's test images.

    ``image_deviation`` 0 makes networks the same at each image: then only seeds tell them apart. Raises ValueError
    where the finite number of images alone makes runs differ by more than ``deviation``.
    """

    def world(values: NDArray[np.float64]) -> World:
        network = abs(values[2]) if image_deviation else 0.0
        return World(level=values[0], run=abs(values[1]), network=network, easy=easy, images=images)

    def missed(values: NDArray[np.float64]) -> list[float]:
        here = world(values)
        found = [here.accuracy() - accuracy, here.run_deviation() - deviation]
        return [*found, here.image_deviation() - image_deviation] if image_deviation else found

    found, _, ended, said = fsolve(missed, [2.0, 0.05, 0.5] if image_deviation else [2.0, 0.05], full_output=True)
    if ended != 1:
        raise ValueError(f"there is no such world: {said}")
    return world(found)
