"""In how many threads a network computes on a CPU: chosen under the load that there is, and then kept.

A layer ends when its last thread does, and a thread that waits for a core keeps all others waiting: two threads on two
busy cores are ten times slower than one. How many are best is measured before the first step, as the bits of a run
depend on their number. docs/speed.md has the numbers.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import torch

from builder.quantities import plural
from builder.training.device.cores import CoreUse, usable_cores
from builder.training.device.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

CLEARLY = 1.05  # times faster: for less, more threads are not taken from others
HOPELESS = 3.0  # times slower than the fastest: not tried again
SHARE = 0.02  # of the time of a run may go into its trial
LONGEST = 2.0  # seconds of a trial, unless its passes are longer
SHORTEST_RUN = 10.0  # seconds; a shorter one would be over before a trial had gained anything
MOST_ROUNDS = 9
FIXED_BY = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")

ASKED = "as asked for"
DETERMINISTIC = "a deterministic run takes one"
BUSY = "other programs use the cores"
ENOUGH = "more are not faster"
BEGAN = "as the run began"


@dataclass(frozen=True)
class ChosenThreads:
    """So many threads ``of`` those that there could be, and in a few words why; a ``count`` of None leaves torch's."""

    count: int | None = None
    of: int = 1
    reason: str = ""

    def told(self, device: str) -> str:
        """Return the name of a ``device``, on a CPU with these threads: ``cpu (1 of 2 threads: more are not faster)``.

        Why there are as many as there can be, or as many as were asked for, nobody asks.
        """
        if self.count is None:
            return device
        name = device.partition(" (")[0]
        if self.count == self.of or self.reason == ASKED:
            return f"{name} ({plural(self.count, 'thread')})"
        if self.count > self.of:
            return f"{name} ({self.count} threads on {plural(self.of, 'core')}: {self.reason})"
        return f"{name} ({self.count} of {self.of} threads: {self.reason})"


@dataclass(frozen=True)
class ThreadDecision:
    """What decides how many threads to take: what is ``asked``, else how it is computed, else a ``trial`` or the load.

    A ``trial`` is given the most threads and the free cores. Several ``processes`` share a machine as torchrun says.
    """

    asked: int | None = None
    deterministic: bool = False
    processes: int = 1
    trial: Callable[[int, float], ChosenThreads] | None = None

    def on(self, device: torch.device, used: CoreUse) -> ChosenThreads:
        """Return the threads to take on ``device``; ``used`` is what the machine had computed a while ago."""
        if not kind_of(device).is_host:
            return ChosenThreads()
        most, fixed = most_threads(), self.asked or fixed_threads()
        if fixed is not None:
            return ChosenThreads(fixed, most, ASKED)
        if self.deterministic:
            return ChosenThreads(1, most, DETERMINISTIC)
        if most == 1 or self.processes > 1:
            return ChosenThreads(most, most)
        free = CoreUse.now().free_since(used, usable_cores())
        return by_load(most, free) if self.trial is None else self.trial(most, free)


def kept_threads(device: torch.device, kept: int | None, asked: int | None) -> ChosenThreads:
    """Return the threads of a run that goes on: those that it ``kept``, unless others are ``asked`` for."""
    if kept is None or not kind_of(device).is_host:
        return ChosenThreads()
    return ChosenThreads(kept, usable_cores(), BEGAN if asked is None else ASKED)


def most_threads() -> int:
    """Return how many threads torch would take, or a container's cores where these are fewer."""
    return max(1, min(torch.get_num_threads(), usable_cores()))


def fixed_threads() -> int | None:
    """Return the number of threads that the user has set for all programs, None where that is open."""
    return torch.get_num_threads() if any(os.environ.get(each) for each in FIXED_BY) else None


def candidates(most: int) -> list[int]:
    """Return the numbers of threads that are tried: 1, 2, 4, … and ``most``."""
    powers = [2**each for each in range(most.bit_length()) if 2**each < most]
    return [*powers, most]


@dataclass(frozen=True)
class Trial:
    """How to try: ``seconds_of`` takes the time of a step in so many threads, of ``steps`` that the run has."""

    steps: int
    seconds_of: Callable[[int], float]


def choose_threads(most: int, free: float, trial: Trial, now: Callable[[], float] = perf_counter) -> ChosenThreads:
    """Return how many of ``most`` threads to take: what a ``trial`` shows, and by the ``free`` cores where none pays.

    A trial's first step, in one thread, may take as long as ``most`` others, and is not made for a run that is short.
    """
    if SHARE * trial.steps < 2 * most:
        return by_load(most, free)
    trial.seconds_of(1)  # in which everything is made ready
    began = now()
    alone = trial.seconds_of(1)
    expected = alone * trial.steps / most
    if expected < SHORTEST_RUN:
        return by_load(most, free)
    until = began + min(LONGEST, SHARE * expected)
    count = fastest(measured(candidates(most), trial.seconds_of, lambda: now() < until, alone))
    return ChosenThreads(count, most, ENOUGH if free >= most - 0.5 else BUSY)


def by_load(most: int, free: float) -> ChosenThreads:
    """Return all threads where (nearly) all cores are free, else one: a thread that waits makes the others wait."""
    return ChosenThreads(most, most) if free >= most - 0.5 else ChosenThreads(1, most, BUSY)


def measured(
    counts: Sequence[int], seconds_of: Callable[[int], float], goes_on: Callable[[], bool], alone: float
) -> dict[int, list[float]]:
    """Return the seconds of a step in each of ``counts`` threads, in rounds that take turns as long as it ``goes_on``.

    ``alone`` is what a step in one thread took. From a number of threads that is hopeless on, none is tried again.
    """
    found: dict[int, list[float]] = {1: [alone]}
    live = [1]
    for count in counts[1:]:
        seconds_of(count)  # in which the threads are started
        found[count] = [seconds_of(count)]
        if found[count][0] > HOPELESS * alone:
            break
        live.append(count)
    rounds = 1
    while len(live) > 1 and rounds < MOST_ROUNDS and goes_on():
        for count in live:
            found[count].append(seconds_of(count))
        rounds += 1
    return found


def fastest(seconds: Mapping[int, Sequence[float]]) -> int:
    """Return the number of threads with the shortest steps by the median; more only where they are clearly faster."""
    best, *others = sorted(seconds)
    for count in others:
        if median(seconds[best]) > CLEARLY * median(seconds[count]):
            best = count
    return best


@contextmanager
def computing_in(threads: int | None, device: torch.device) -> Iterator[None]:
    """Let torch compute in so many ``threads`` while this lasts; None, or another device than a CPU, changes nothing.

    Their number is the whole process's: torch has no other way to say it.
    """
    if threads is None or not kind_of(device).is_host:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
