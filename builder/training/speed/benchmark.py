"""How many images a second a network trains with, beside the tutorial's loop, in turns in one process."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import ceil
from statistics import median, quantiles
from time import perf_counter
from typing import TYPE_CHECKING

import torch

from builder.training.data.batches import Batches
from builder.training.data.dataset import DataSet, Split
from builder.training.device.precision import LAYOUTS, Precision
from builder.training.speed.roofline import wait_for
from builder.training.speed.tutorial import Tutorial
from builder.training.steps.cuda_graph import choose_step, recorder_for
from builder.training.steps.loop import EpochTally, train_epoch
from builder.training.steps.optimizers import make_optimizer
from builder.training.steps.step import EagerStep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from torch import nn

    from builder.choices import Format
    from builder.training.data.batches import Batch
    from builder.training.device.devices import Hardware
    from builder.training.device.execution import Execution
    from builder.training.progress import StepChosen
    from builder.training.recipe.recipe import Recipe

TURN = 0.2  # seconds that a contestant's turn takes at least, so that what disturbs one step does not decide
FEWEST = 3  # rounds, however little time there is

TRAIN, TRAIN_PLAIN = "end to end", "end to end, tutorial"
STEP, STEP_PLAIN = "step", "step, tutorial"
DATA, DATA_PLAIN = "data", "data, tutorial"
NAMES = (TRAIN, TRAIN_PLAIN, STEP, STEP_PLAIN, DATA, DATA_PLAIN)


@dataclass(frozen=True)
class Times:
    """Seconds for an image, round by round; round ``n`` of all contestants was taken within the same moments."""

    rounds: tuple[float, ...]

    @property
    def images_per_second(self) -> float:
        """The median."""
        return 1 / median(self.rounds)

    def ratio_to(self, other: Times) -> Ratio:
        """Return how many times as many images as ``other``, in pairs of the same round."""
        pairs = [theirs / ours for ours, theirs in zip(self.rounds, other.rounds, strict=True)]
        low, _, high = quantiles(pairs, n=4)
        return Ratio(median(pairs), low, high)


@dataclass(frozen=True)
class Ratio:
    """The median of the ratios of pairs, and the quartiles around it."""

    median: float
    low: float
    high: float


def random_images(count: int, channels: int, classes: int = 10, side: int = 32) -> DataSet:
    """Return noise as large as CIFAR's images: what pixels hold does not change how long they take."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (count, channels, side, side), dtype=torch.uint8, generator=generator)
    split = Split(images, torch.arange(count) % classes)
    return DataSet("random", tuple(map(str, range(classes))), split, validation=split[:classes])


def alternatives(hardware: Hardware) -> list[Precision]:
    """Return every precision that may be fixed by hand on ``hardware``."""
    formats: list[Format] = ["fp32", "tf32", "bf16"] if hardware.has_tf32 else ["fp32", "bf16"]
    return [Precision(number_format, layout) for number_format, layout in product(formats, LAYOUTS)]


@dataclass(frozen=True, eq=False)
class Task:
    """What is trained, on which images: whole batches of them. The model itself stays as it is."""

    model: nn.Module
    split: Split
    recipe: Recipe
    device: torch.device


@dataclass(frozen=True)
class Measured:
    """How long everybody took, by name, and how our own steps were taken."""

    times: Mapping[str, Times]
    step: StepChosen


def measure(
    task: Task,
    execution: Execution,
    others: Iterable[Precision],
    seconds: float,
    workers: int = 0,
    on_round: Callable[[float], None] = lambda _part: None,
) -> Measured:
    """Return the times of ``execution`` and the tutorial's loop by the names above, and of each other step by its own.

    Steps in ``others`` are taken in the same way; where that is as a CUDA graph, the chosen precision is also measured
    without. Takes about ``seconds`` after the first steps, and at least three rounds; ``on_round`` hears which part of
    the time is over. ``workers`` are those of the tutorial's ``DataLoader``.
    """
    chosen = execution.precision
    plain = Tutorial(deepcopy(task.model).to(task.device), task.split, task.recipe, task.device, workers)
    ours = {each: _Ours(task, replace(execution, precision=each)) for each in dict.fromkeys([chosen, *others])}
    contestants: dict[str, Callable[[int], None]] = {
        TRAIN: ours[chosen].train,
        TRAIN_PLAIN: plain.train,
        STEP: ours[chosen].step,
        STEP_PLAIN: plain.step,
        DATA: ours[chosen].data,
        DATA_PLAIN: plain.data,
    }
    contestants |= {str(each): own.step for each, own in ours.items() if each != chosen}
    if ours[chosen].chosen.kind == "CUDA graph":
        contestants[f"{chosen}, eager"] = _Ours(task, replace(execution, step="eager")).step
    return Measured(_in_turns(contestants, task, seconds, on_round), ours[chosen].chosen)


def _in_turns(
    contestants: Mapping[str, Callable[[int], None]],
    task: Task,
    seconds: float,
    on_round: Callable[[float], None],
) -> dict[str, Times]:
    """Let all take turns until the time is over; every other round runs backwards, so that none always follows one."""

    def timed(work: Callable[[int], None], steps: int) -> float:
        wait_for(task.device)
        start = perf_counter()
        work(steps)
        wait_for(task.device)
        return perf_counter() - start

    batch_size = task.recipe.batch_size
    most_steps = len(task.split) // batch_size
    for work in contestants.values():
        work(min(2, most_steps))
    steps = {name: min(most_steps, ceil(TURN / timed(work, 1))) for name, work in contestants.items()}
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    began, rounds = perf_counter(), 0
    while rounds < FEWEST or perf_counter() - began < seconds:
        order = list(contestants.items())
        for name, work in order if rounds % 2 else reversed(order):
            taken[name].append(timed(work, steps[name]) / (steps[name] * batch_size))
        rounds += 1
        on_round(min(1.0, (perf_counter() - began) / seconds))
    return {name: Times(tuple(each)) for name, each in taken.items()}


class _Ours:
    """The loop of ``train``: each turn is the last steps of one more epoch."""

    def __init__(self, task: Task, execution: Execution) -> None:
        self._task, self._precision = task, execution.precision
        model = deepcopy(task.model).to(task.device).to(memory_format=self._precision.memory_format)
        self._one = _OneBatch(task, self._precision)
        self._turns = 0
        eager = EagerStep(model, make_optimizer(task.recipe.optimizer, model), task.recipe, self._precision)
        with self._precision.on(task.device):
            recorder, batches = recorder_for(task.device), self._one.epoch(1)
            self._train_on, self.chosen = choose_step(eager, execution.step, recorder, lambda: next(batches))

    @cached_property
    def _batches(self) -> Batches:
        """Only made where more than the step is measured."""
        return Batches(self._task.split, self._task.recipe, self._task.device, self._precision)

    def train(self, steps: int) -> None:
        """Train on the batches of ``steps``."""
        self._train(self._batches, steps)

    def step(self, steps: int) -> None:
        """Train ``steps`` times on one batch."""
        self._train(self._one, steps)

    def data(self, steps: int) -> None:
        """Take the batches of ``steps``, and do nothing with them."""
        for _ in self._batches.epoch(self._next_epoch(), self._batches.steps - steps):
            pass

    def _train(self, batches: Batches, steps: int) -> None:
        recipe, device = self._task.recipe, self._task.device
        tally = EpochTally.empty(self._next_epoch(), batches.steps, device)
        first = batches.steps - steps
        with self._precision.on(device):
            train_epoch(self._train_on, batches, recipe, tally, first, after_step=lambda _done: None)

    def _next_epoch(self) -> int:
        self._turns += 1
        return 1 + self._turns % self._task.recipe.epochs


class _OneBatch(Batches):
    """The same batch at every step of an epoch, on the device already."""

    def __init__(self, task: Task, precision: Precision) -> None:
        super().__init__(task.split[: task.recipe.batch_size], task.recipe, task.device, precision)
        self._steps = len(task.split) // task.recipe.batch_size
        self._repeated = next(super().epoch(1))

    @property
    def steps(self) -> int:
        """Number of steps that the whole split would have."""
        return self._steps

    def epoch(self, epoch: int, first_step: int = 0) -> Iterator[Batch]:  # noqa: ARG002 - every epoch is the same
        """Yield the batch again and again."""
        for step in range(first_step, self._steps):
            yield self._repeated._replace(step=step)
