"""Which steps lead from one value to another, and where a chain of them may be cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.importing.steps import MERGES, READERS, ModuleCall, TracedStep, UnsayableError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from builder.importing.steps import Unit


def between(units: Sequence[Unit], source: int, sink: int, outside: Collection[int] = ()) -> list[Unit]:
    """Return the units on the way from one value to another, in their order.

    All that they read must come from there or be ``outside``: values that have a place on the page already.
    """
    makers = {unit.value: unit for unit in units}
    wanted, found = [sink], set()
    while wanted:
        value = wanted.pop()
        if value == source or value in outside:
            continue
        unit = makers.get(value)
        if unit is None or not unit.inputs:
            reader = next((each for each in units if value in each.inputs and isinstance(each, TracedStep)), None)
            raise UnsayableError("it reads a value from elsewhere", reader)
        if unit not in found:
            found.add(unit)
            wanted += unit.inputs
    return [unit for unit in units if unit in found]


def cuts(units: Sequence[Unit], source: int, sink: int) -> list[int]:
    """Return the positions after which only the value made there is still needed."""
    last = {source: -1}
    for position, unit in enumerate(units):
        for value in unit.inputs:
            last[value] = position
    last[sink] = len(units)
    found, reach = [], last[source]
    for position, unit in enumerate(units):
        if reach <= position:
            found.append(position)
        reach = max(reach, last.get(unit.value, -1))
    return found


def ancestors(units: Sequence[Unit], value: int, source: int) -> set[Unit]:
    """Return the units that a value comes from, as far as ``source``."""
    makers = {unit.value: unit for unit in units}
    wanted, found = [value], set()
    while wanted:
        unit = makers.get(wanted.pop())
        if unit is not None and unit not in found:
            found.add(unit)
            wanted += [each for each in unit.inputs if each != source]
    return found


def groups(owns: Sequence[set[Unit]]) -> list[list[int]]:
    """Return the positions of lanes that share units, together; in the order of their first."""
    found: list[tuple[list[int], set[Unit]]] = []
    for position, own in enumerate(owns):
        touching = [each for each in found if each[1] & own]
        merged = (
            [*[index for each in touching for index in each[0]], position],
            own.union(*[each[1] for each in touching]),
        )
        found = [each for each in found if each not in touching] + [merged]
    return sorted((sorted(indices) for indices, _ in found), key=lambda each: each[0])


def is_merge(unit: Unit) -> bool:
    """Return whether a step is a sum, a product or a concatenation."""
    return isinstance(unit, TracedStep) and unit.word in MERGES


def pieces(units: Sequence[Unit], source: int) -> tuple[list[int], bool]:
    """Return the positions at which to cut a chain so that it reads as few earlier values as possible.

    And whether every piece has lanes of its own.

    A later merge may read what was made before a cut, if something made behind it is merged as well. What lies between
    two cuts is one unit, or ends in a merge whose lanes share nothing. Cutting everywhere would be possible too, but a
    residual block would be lost: its sum would read an earlier value.
    """
    made = {unit.value: position for position, unit in enumerate(units)}
    free = [True] * len(units)
    for position, unit in enumerate(units):
        reads = [made.get(value, -1) for value in unit.inputs if value in made or value == source]
        if reads:
            begin = (max if is_merge(unit) else min)(reads)
            free[begin + 1 : position] = [False] * max(0, position - begin - 1)
    best: list[tuple[int, int, list[int]]] = []  # behind each position: cost, number of pieces, cuts
    for end in range(len(units)):
        options = []
        for begin in range(-1, end):
            before = best[begin] if begin >= 0 else (0, 0, [])
            if begin >= 0 and not (free[begin] and before[2]):
                continue
            here = units[begin].value if begin >= 0 else source
            cost = _cost(units[begin + 1 : end + 1], here)
            options.append((before[0] + cost, before[1] - 1, [*before[2], end]))
        best.append(min(options, key=lambda each: each[:2]) if options else (0, 0, []))
    return best[-1][2], best[-1][0] < _DEAR


_BESIDE = 5
"""The cost of each unit in a piece of which some lead elsewhere."""

_DEAR = 1000
"""The cost of a piece that has no lanes of its own."""


def _cost(units: Sequence[Unit], source: int) -> int:
    """Return how many values a piece reads from before it, and much more where its lanes share units."""
    own = {unit.value for unit in units}
    read = {value for unit in units for value in unit.inputs if value not in own and value != source}
    if not any(source in unit.inputs for unit in units):
        return _DEAR
    if len(units) == 1:
        return len(read)
    if not is_merge(units[-1]):  # beside what leads on, something is made for later
        return _BESIDE * len(units)
    lanes = [ancestors(units[:-1], value, source) for value in units[-1].inputs]
    if len(groups(lanes)) < len(lanes) or len(set().union(*lanes)) < len(units) - 1:
        return _DEAR
    return len(read)


def is_sayable(unit: Unit) -> bool:
    """Return whether a unit reads one value, or merges several different ones."""
    if isinstance(unit, ModuleCall) or len(unit.inputs) == 1 or unit.word in READERS:
        return True
    return is_merge(unit) and len(set(unit.inputs)) > 1
