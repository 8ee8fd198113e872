"""How many images a second a network trains with, beside the tutorial's loop, in turns in one process."""

from __future__ import annotations

import gc
import traceback
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import ceil
from statistics import median, quantiles
from time import perf_counter
from typing import TYPE_CHECKING, get_args

import torch

from builder.choices import Format
from builder.training.data.batches import Batches
from builder.training.data.dataset import DataSet, Split
from builder.training.device.failures import is_out_of_memory
from builder.training.device.kinds import kind_of
from builder.training.device.precision import LAYOUTS, Precision, has_format
from builder.training.speed.roofline import wait_for
from builder.training.speed.tutorial import Tutorial
from builder.training.steps.cuda_graph import choose_step, recorder_for
from builder.training.steps.loop import EpochTally, train_epoch
from builder.training.steps.optimizers import make_optimizer
from builder.training.steps.step import EagerStep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from torch import nn

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
OTHER = "another step"
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
    formats = [each for each in get_args(Format) if has_format(hardware, each)]
    return [Precision(number_format, layout) for number_format, layout in product(formats, LAYOUTS)]


@dataclass(frozen=True, eq=False)
class Task:
    """What is trained, on which images: whole batches of them. The model itself stays as it is."""

    model: nn.Module
    split: Split
    recipe: Recipe
    device: torch.device


@dataclass(frozen=True)
class Other:
    """Another step, and how many times as fast it is as the chosen one, in pairs; or why it could not be measured."""

    times: Times | None = None
    ratio: Ratio | None = None
    failure: str | None = None


@dataclass(frozen=True)
class Measured:
    """How long everybody took, by name, other steps by theirs, and how our own steps were taken."""

    times: Mapping[str, Times]
    others: Mapping[str, Other]
    step: StepChosen


def measure(
    task: Task,
    execution: Execution,
    others: Iterable[Precision],
    seconds: float,
    workers: int = 0,
    on_round: Callable[[float], None] = lambda _part: None,
) -> Measured:
    """Return the times of ``execution`` and the tutorial's loop by the names above, and each other step beside it.

    Steps in ``others`` are taken in the same way; where that is as a CUDA graph, the chosen precision is also measured
    without. Each is measured by itself beside the chosen one, and then freed: all of AlexNet's at once would take 8 GB.
    Takes about ``seconds`` after the first steps, and at least three rounds of each; ``on_round`` hears which part of
    the time is over. ``workers`` are those of the tutorial's ``DataLoader``.
    """
    chosen = execution.precision
    ours = _Ours(task, execution)
    wanted = {str(each): replace(execution, precision=each) for each in dict.fromkeys(others) if each != chosen}
    if ours.chosen.kind == "CUDA graph":
        wanted[f"{chosen}, eager"] = replace(execution, step="eager")
    clock = _Clock(seconds, len(NAMES) + 2 * len(wanted), on_round)
    times = _beside_tutorial(ours, task, workers, clock)
    found = {}
    for name, each in wanted.items():
        found[name] = _beside_chosen(ours, task, each, clock)
        gc.collect()
        kind_of(task.device).empty_cache()
    return Measured(times, found, ours.chosen)


class _Clock:
    """Gives each contest the part of the time that its contestants are of all, and tells how much is over."""

    def __init__(self, seconds: float, contestants: int, on_round: Callable[[float], None]) -> None:
        """Begin with none of it over."""
        self._seconds, self._all, self._before, self._on_round = seconds, contestants, 0, on_round

    def run(self, contestants: Mapping[str, Callable[[int], None]], task: Task) -> dict[str, Times]:
        """Return the times of a contest."""
        own = len(contestants)

        def heard(part: float) -> None:
            self._on_round((self._before + part * own) / self._all)

        found = _in_turns(contestants, task, self._seconds * own / self._all, heard)
        self._before += own
        return found


def _beside_tutorial(ours: _Ours, task: Task, workers: int, clock: _Clock) -> dict[str, Times]:
    plain = Tutorial(deepcopy(task.model).to(task.device), task.split, task.recipe, task.device, workers)
    contestants: dict[str, Callable[[int], None]] = {
        TRAIN: ours.train,
        TRAIN_PLAIN: plain.train,
        STEP: ours.step,
        STEP_PLAIN: plain.step,
        DATA: ours.data,
        DATA_PLAIN: plain.data,
    }
    return clock.run(contestants, task)


def _beside_chosen(ours: _Ours, task: Task, execution: Execution, clock: _Clock) -> Other:
    """Return another step beside the chosen one, both in each round; where the device can't take it, why."""
    try:
        found = clock.run({STEP: ours.step, OTHER: _Ours(task, execution).step}, task)
    except (RuntimeError, MemoryError, TypeError) as error:
        traceback.clear_frames(error.__traceback__)  # they hold the memory that it had
        if is_out_of_memory(error):
            return Other(failure="too little memory")
        if kind_of(task.device).is_host:
            raise
        return Other(failure=(str(error).strip().splitlines() or [type(error).__name__])[0])
    return Other(found[OTHER], found[OTHER].ratio_to(found[STEP]))


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
