"""Values that are several: what is joined along the channels or cut into shares of them, and each share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from torch import fx

from builder.importing.reading.nodes import is_last_axis, nodes_of
from builder.importing.words import functions

if TYPE_CHECKING:
    from builder.importing.reading.reader import Reader

_LAST, _FIRST = (0, 2, 3, 1), (0, 3, 1, 2)
"""Orders of axes that put the channels of an image last, and first again."""


class Several(NamedTuple):
    """A value that is a tuple: the value it was cut from, and how."""

    source: int
    shares: tuple[tuple[int, int], ...]
    """Of each element its first channel and how many."""
    is_last: bool = False
    """Whether the channels came last; in ``source`` they come first."""


def read_cat(reading: Reader, node: Any, given: dict[str, Any]) -> None:
    """Read values that are joined along the channels, whether these come first or last."""
    parts = given["tensors"]
    after = node.meta["known"]
    nodes = tuple(parts) if isinstance(parts, (tuple, list)) else ()
    if len(nodes) == 1:
        reading.values[node] = reading.read(nodes[0])
        return
    fine = given.get("dim", 0) in (1, 1 - after.ndim) and all(isinstance(each, fx.Node) for each in nodes) and nodes
    if fine and after.ndim == 4 and sum(not _is_zero(each) for each in nodes) == 1:
        before = list(map(_is_zero, nodes)).index(False)
        fields = {"out": after.shape[1], "before": sum(each.meta["known"].shape[1] for each in nodes[:before])}
        reading.add(node, reading.step(node, ("padchannels", fields), (nodes[before],), after, said="cat"))
        return
    if is_last_axis(given.get("dim", 0), after) and all(isinstance(reading.values.get(each), int) for each in nodes):
        firsts = tuple(reading.turn(node, reading.read(each), each.meta["known"].shape, _FIRST) for each in nodes)
        shape = [after.shape[each] for each in _FIRST]
        joined = reading.emit(node, "concat", {}, firsts, (shape, shape))
        reading.values[node] = reading.turn(node, joined, shape, _LAST)
        return
    step = reading.step(node, ("concat", {}) if fine else None, tuple(nodes_of(nodes)), after, said="cat")
    reading.add(node, step)
    if fine:
        reading.joined[step.inputs] = step.value
        step.inputs = _shortened(reading, step.inputs)


def _shortened(reading: Reader, inputs: tuple[int, ...]) -> tuple[int, ...]:
    """Return what is joined with its longest beginning that was joined before taken as one, as in dense blocks."""
    for length in range(len(inputs) - 1, 1, -1):
        if inputs[:length] in reading.joined:
            return (reading.joined[inputs[:length]], *inputs[length:])
    return inputs


def read_split(reading: Reader, node: Any, given: dict[str, Any], name: str) -> None:
    """Read a value that is cut into shares of its channels; a hole where it is cut otherwise."""
    source = given["input"]
    after = node.meta["known"]
    before = source.meta["known"]
    is_last = is_last_axis(given.get("dim", 0), before)
    if (
        name == "unbind"
        or (given.get("dim", 0) not in (1, 1 - before.ndim) and not is_last)
        or not isinstance(reading.values.get(source), int)
    ):
        reading.values[node] = Several(-2, ())
        reading.add(node, reading.step(node, None, (source,), after, said=name))
        return
    shares, start = [], 0
    axis = before.ndim - 1 if is_last else 1
    for each in after:
        shares.append((start, each.shape[axis]))
        start += each.shape[axis]
    value = reading.read(source)
    if is_last:
        value = reading.turn(node, value, before.shape, _FIRST)
    reading.values[node] = Several(value, tuple(shares), is_last)


def read_share(reading: Reader, node: Any) -> None:
    """Read one of the shares into which a value was cut."""
    several = reading.values[node.args[0]]
    assert isinstance(several, Several)
    source = node.args[0].args[0]
    if not several.shares or not isinstance(node.args[1], int):
        reading.add(node, reading.step(node, None, (source,), node.meta["known"], said="getitem"))
        return
    start, count = several.shares[node.args[1]]
    if several.is_last:
        shape = [source.meta["known"].shape[each] for each in _FIRST]
        after = [shape[0], count, *shape[2:]]
        share = reading.emit(node, "narrow", {"start": start, "length": count}, (several.source,), (shape, after))
        reading.values[node] = reading.turn(node, share, after, _LAST)
        return
    channels = source.meta["known"].shape[1]
    found = functions.share_of(channels, start, count)
    if found is not None and found[0] == "identity":
        reading.values[node] = several.source
        return
    step = reading.step(node, found, (), node.meta["known"], said="split")
    step.inputs = (several.source,)
    step.channels = channels
    reading.add(node, step)


def _is_zero(node: fx.Node) -> bool:
    """Return whether a node is a tensor of zeros that Python makes on the way."""
    return bool(node.meta.get("fixed")) and not bool(node.meta["known"].any())
