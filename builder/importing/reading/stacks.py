"""Values that are seen as several behind one another along an axis of their own, as ``torch.stack`` makes them.

A page has no such axis: it has the lanes, or all their channels in one row. A sum over the axis is the sum of lanes, a
softmax along it is one between groups of channels, and a product with another stack is that of each pair.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import fx

from builder.importing.words import functions
from builder.importing.words.arithmetic import of_each_value, statistic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.importing.reading.reader import Reader

_VIEWS = ("view", "unflatten", "transpose", "squeeze", "unsqueeze", "flatten", "contiguous")
_STATISTICS = ("mean", "sum", "var", "std", "norm")
_IMAGE = 4
"""Axes of a batch of images."""


class Stack(NamedTuple):
    """``length`` values of one shape: each by itself in ``lanes``, or with their channels in one row in ``row``."""

    length: int
    shape: tuple[int, ...]
    """That of one lane, with the batch."""
    lanes: tuple[int, ...] = ()
    row: int | None = None
    axis: int = 1
    """Which of the tensor's axes counts the lanes."""
    is_spread: bool = False
    """Whether it has one number for each of its values, which a page spreads over their channels at once."""


def read(reading: Reader, node: Any, name: str, given: dict[str, Any]) -> bool:
    """Read a node that makes, changes or takes apart a stack; return whether it does."""
    sources = [each for each in node.args if isinstance(each, fx.Node)]
    stacked = [reading.values.get(each) for each in sources]
    found: Stack | int | None
    if name == "stack":
        found = _stacked(reading, given.get("tensors", node.args[0]), given.get("dim", _second(node)))
    elif not any(isinstance(each, Stack) for each in stacked):
        found = _viewed(reading, node, sources) if name in ("view", "unflatten") else None
    else:
        found = _changed(reading, node, name, given, [each for each in stacked if isinstance(each, Stack)])
    if found is not None:
        reading.values[node] = found
    return found is not None


def _second(node: Any) -> Any:
    return node.args[1] if len(node.args) > 1 else 0


def _stacked(reading: Reader, tensors: Any, dim: Any) -> Stack | None:
    values = [reading.values.get(each) for each in tensors]
    shape = tensors[0].meta["known"].shape
    axes = {0: 0, 1: 1, -len(shape): 1, -len(shape) - 1: 0}
    if dim not in axes or len(shape) != _IMAGE or not all(isinstance(each, int) for each in values):
        return None
    return Stack(len(values), tuple(shape), tuple(reading.read(each) for each in tensors), axis=axes[dim])


def _viewed(reading: Reader, node: Any, sources: Sequence[Any]) -> Stack | None:
    """Return the channels of images as those of several, one behind another."""
    if len(sources) != 1 or not isinstance(reading.values.get(sources[0]), int):
        return None
    before, after = sources[0].meta["known"].shape, node.meta["known"].shape
    if len(before) != _IMAGE or len(after) < _IMAGE or before[0] != after[0] or before == after:
        return None
    count, *rest = [each for each in after[1:] if each != 1] or [1]
    if count < 2 or before[1] % count or [each for each in (before[1] // count, *before[2:]) if each != 1] != rest:
        return None
    return Stack(count, (before[0], before[1] // count, *before[2:]), row=reading.read(sources[0]))


def _changed(
    reading: Reader, node: Any, name: str, given: dict[str, Any], stacks: Sequence[Stack]
) -> Stack | int | None:
    stack = stacks[0]
    before, after = node.args[0].meta["known"], node.meta["known"]
    if name in _VIEWS and stack.axis == 1 and tuple(after.shape) == _row_shape(stack):
        return _row(reading, node, stack)
    if name in functions.NOTHING and before.dtype == after.dtype:
        return stack
    axis = _axis(given, before.ndim)
    if stack.axis == 0:
        return _of_all(reading, node, name, axis, stacks)
    if stack.is_spread or name in _STATISTICS:
        read = _spread if stack.is_spread else _statistic
        found = read(reading, node, name, stack)
        if found is not None or stack.is_spread:
            return found
    if name in _VIEWS and (
        _sizes(before) == _sizes(after) or prod(after.shape[1:]) == after.shape[1] == after.shape[-1]
    ):
        return stack  # the same, or all in one row, of which only another view can be made
    first = next((i for i, size in enumerate(before.shape) if i and size != 1), None)
    if name == "softmax":
        axis = 1 if axis == first else None
    return _of_all(reading, node, name, axis, stacks)


def _of_all(reading: Reader, node: Any, name: str, axis: int | None, stacks: Sequence[Stack]) -> Stack | int | None:
    """Return what is computed along the ``axis`` of all lanes, or of each pair of two stacks."""
    stack, others = stacks[0], {(each.length, each.axis) for each in stacks}
    if name == "softmax" and axis == stack.axis:
        return _softmax(reading, node, stack)
    if name == "mul" and len(stacks) == 2 == len(node.args) and len(others) == 1:
        return _product(reading, node, *stacks)
    if name == "sum" and axis == stack.axis and node.args[0].meta["known"].ndim == _IMAGE + 1:
        return _sum(reading, node, stack) if node.meta["known"].ndim == _IMAGE else None
    return None


def _softmax(reading: Reader, node: Any, stack: Stack) -> Stack:
    """Return the softmax between lanes."""
    shape = _row_shape(stack)
    row = reading.emit(node, "softmax", {"groups": stack.length}, (_row(reading, node, stack),), (shape, shape))
    return stack._replace(lanes=(), row=row)


def _sum(reading: Reader, node: Any, stack: Stack) -> int:
    """Return the sum of lanes."""
    return reading.emit(node, "add", {}, _lanes(reading, node, stack), (stack.shape, stack.shape))


def _statistic(reading: Reader, node: Any, name: str, stack: Stack) -> Stack | None:
    """Return a statistic of each value over all that it has: one number, which all its channels get."""
    before, given = node.args[0].meta["known"], functions.arguments(name, node.target, node.args, node.kwargs)
    found = statistic(name, given, before)
    if found is None or found["dims"] != tuple(range(2, before.ndim)) or before.ndim != _IMAGE + 1:
        return None
    fields = {"by": name, "groups": stack.length, **{each: found[each] for each in found if each == "correction"}}
    shape = (*stack.shape[:2], 1, 1)
    result = _row_shape(Stack(stack.length, shape))
    row = reading.emit(node, "reduce", fields, (_row(reading, node, stack),), (_row_shape(stack), result))
    return Stack(stack.length, shape, row=row, is_spread=True)


def _spread(reading: Reader, node: Any, name: str, stack: Stack) -> Stack | int | None:
    """Return what is computed with one number of each value, or what it is when all its channels have it."""
    after, shape = node.meta["known"].shape, _row_shape(stack)
    if name in ("expand", "expand_as"):
        return stack
    if name in _VIEWS:
        return _row(reading, node, stack) if len(after) == _IMAGE and after[1] == shape[1] else None
    found = of_each_value(name, node.args)
    if found is None:
        return None
    return stack._replace(row=reading.emit(node, *found, (_row(reading, node, stack),), (shape, shape)))


def _product(reading: Reader, node: Any, one: Stack, two: Stack) -> Stack | None:
    """Return the products of two stacks: of all channels where both have them in one row, else of each pair."""
    shape = tuple(map(max, one.shape, two.shape))
    if one.row is not None and two.row is not None:
        result = _row_shape(Stack(one.length, shape))
        row = reading.emit(node, "mul", {}, (one.row, two.row), (result, result))
        return Stack(one.length, shape, row=row, axis=one.axis)
    pairs = zip(_lanes(reading, node, one), _lanes(reading, node, two), strict=True)
    lanes = tuple(reading.emit(node, "mul", {}, pair, (shape, shape)) for pair in pairs)
    return Stack(one.length, shape, lanes, axis=one.axis)


def _lanes(reading: Reader, node: Any, stack: Stack) -> tuple[int, ...]:
    if stack.lanes:
        return stack.lanes
    assert stack.row is not None
    size, shapes = stack.shape[1], (_row_shape(stack), stack.shape)
    shares = ({"start": number * size, "length": size} for number in range(stack.length))
    return tuple(reading.emit(node, "narrow", {**each}, (stack.row,), shapes) for each in shares)


def _row(reading: Reader, node: Any, stack: Stack) -> int:
    if stack.row is not None:
        return stack.row
    return reading.emit(node, "concat", {}, stack.lanes, (stack.shape, _row_shape(stack)))


def _row_shape(stack: Stack) -> tuple[int, ...]:
    return (stack.shape[0], stack.length * stack.shape[1], *stack.shape[2:])


def _sizes(tensor: torch.Tensor) -> list[int]:
    """Return the axes over which there is something to choose: without them, the order of numbers is the same."""
    return [each for each in tensor.shape if each != 1]


def _axis(given: dict[str, Any], count: int) -> int | None:
    dim = given.get("dim")
    dim = dim[0] if isinstance(dim, (tuple, list)) and len(dim) == 1 else dim
    return dim % count if isinstance(dim, int) else None
