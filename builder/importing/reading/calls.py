"""Steps to the modules that were called: what happened inside of each, what entered it and what left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.importing.steps import ModuleCall

if TYPE_CHECKING:
    from torch import nn

    from builder.importing.steps import Unit


def call_tree(steps: list[Any], net: nn.Module, outputs: tuple[int, ...]) -> ModuleCall:
    """Return the calls that the stacks of the steps tell of, each with what enters and leaves it."""
    root = ModuleCall("", type(net).__name__)
    for step, stack in steps:
        here = root
        for call, path, kind in stack:
            if not path:
                continue
            last = here.units[-1] if here.units else None
            if not isinstance(last, ModuleCall) or last.place != call:
                last = ModuleCall(path, _class_of(net.get_submodule(path), kind), place=call)
                here.units.append(last)
            here = last
        here.units.append(step)
    readers: dict[int, int] = {}
    _count(root, readers)
    for output in outputs:
        readers[output] = readers.get(output, 0) + 1
    _close(root, readers)
    root.outputs = outputs or (-2,)
    return root


def _class_of(module: nn.Module, kind: Any) -> str:
    """Return the name of a module's class; a module of an exported program knows the one that it had."""
    told = getattr(module, "type_name", None)
    name = told() if callable(told) else None
    return str(name or getattr(kind, "__name__", kind)).rpartition(".")[2]


def _count(call: ModuleCall, readers: dict[int, int]) -> None:
    for unit in call.units:
        if isinstance(unit, ModuleCall):
            _count(unit, readers)
        else:
            for value in unit.inputs:
                readers[value] = readers.get(value, 0) + 1


def _close(call: ModuleCall, readers: dict[int, int]) -> tuple[set[int], dict[int, int]]:
    """Settle what enters and leaves every call; return the values made inside and how often each is read there.

    A call with more than one value at either end is no block: what it holds stands where it was called.
    """
    made: set[int] = set()
    inside: dict[int, int] = {}
    units: list[Unit] = []
    for unit in call.units:
        if isinstance(unit, ModuleCall):
            own, read = _close(unit, readers)
            units += [unit] if len(unit.inputs) == 1 and len(unit.outputs) == 1 else unit.units
        else:
            own, read = {unit.value}, {}
            units.append(unit)
            for value in unit.inputs:
                read[value] = read.get(value, 0) + 1
        made |= own
        for value, count in read.items():
            inside[value] = inside.get(value, 0) + count
    call.units = units
    call.inputs = tuple(sorted(value for value in inside if value not in made))
    call.outputs = tuple(sorted(value for value in made if readers.get(value, 0) > inside.get(value, 0)))
    return made, inside
