"""Seconds that mean the same on every machine, busy or not: measured beside a fixed computation.

Processor time alone does not: a slow processor, or a neighbor that shares its caches, makes it three times as long. A
second here is a second of the machine on which the bounds were set, with nothing else to do.
"""

from __future__ import annotations

from time import perf_counter, process_time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

REFERENCE = 0.045
"""Seconds that ``stick`` takes on a quiet core of an AMD EPYC of 2.6 GHz, Python 3.11: the least of a thousand."""

TRIES = 3


class _Cell:
    """An object with a few attributes, as what a page becomes consists of."""

    __slots__ = ("name", "sizes", "table")

    def __init__(self, name: str, sizes: tuple[int, ...], table: dict[str, int]) -> None:
        self.name, self.sizes, self.table = name, sizes, table


def stick() -> int:
    """Do what reading a page does, always the same: texts, tuples, small tables, objects that stay for a while."""
    total = 0
    for _ in range(10):
        cells: list[_Cell] = []
        for number in range(6_000):
            name = f"block{number % 7}.conv{number}"
            cells.append(_Cell(name, (number, number // 2, 3), {name: number, "in": 3}))
        total += sum(len(each.name.rpartition(".")[2]) + each.table["in"] + each.sizes[0] for each in cells)
    return total


def reference_seconds(work: Callable[[], object], tries: int = TRIES) -> float:
    """Return what ``work`` takes, in seconds of processor time of the reference machine: the least of ``tries``."""
    found = []
    for _ in range(tries):
        before = _taken(stick)
        taken = _taken(work)
        found.append(taken / max(before, _taken(stick)) * REFERENCE)
    return min(found)


def slowness() -> float:
    """Return how many times longer than on the reference machine a process waits here, at least 1 and at most 5."""
    begin = perf_counter()
    for _ in range(5):
        stick()
    return min(5.0, max(1.0, (perf_counter() - begin) / 5 / REFERENCE))


def _taken(work: Callable[[], object]) -> float:
    """Return the seconds of processor time that ``work`` takes."""
    begin = process_time()
    work()
    return process_time() - begin
