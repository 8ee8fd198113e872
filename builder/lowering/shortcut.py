"""The projection of ``shortcut: auto``: the 1x1 convolution that looks where the branch looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.ops.activation import Activation
from builder.ops.base import pair
from builder.ops.convolution import Conv
from builder.ops.merging import Add, Multiply
from builder.ops.normalization import BatchNorm, LayerNorm2d
from builder.ops.pooling import AvgPool, MaxPool
from builder.ops.regularization import Dropout, StochasticDepth
from builder.ops.reshaping import ChannelShuffle, Crop
from builder.ops.scaling import Rescale, Scale
from builder.ops.squeeze_excitation import SqueezeExcitation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.graph import Node
    from builder.ops.base import Operation

_POINTWISE = (
    Activation, BatchNorm, LayerNorm2d, Dropout, StochasticDepth, Scale, Rescale, ChannelShuffle, SqueezeExcitation, Add,
    Multiply,
)  # fmt: skip


class NoProjectionError(Exception):
    """No 1x1 convolution samples where the branch does; the message says why."""


@dataclass(frozen=True)
class Sampling:
    """Where the branch's outputs look in its input: every ``stride`` positions, the first at ``offset``."""

    offset: tuple[int, int]
    stride: tuple[int, int]


def sampling(nodes: Sequence[Node], start: int, end: int) -> Sampling:
    """Return how the way from value ``start`` to value ``end`` samples its input.

    Over its layers, the centre of the first output's receptive field is found by
    ``offset += ((kernel - 1) * dilation / 2 - padding) * jump; jump *= stride``
    (https://distill.pub/2019/computing-receptive-fields). Raises NoProjectionError where there is no such grid.
    """
    way: list[Operation] = []
    while end != start:
        if end < 0:
            raise NoProjectionError("the branch does not begin at the block's input")
        way.append(nodes[end].operation)
        end = nodes[end].inputs[0]
    offset, jump = [0.0, 0.0], [1, 1]
    for operation in reversed(way):
        kernel, stride, padding, dilation, skipped = _window(operation)
        for axis in (0, 1):
            reach = (kernel[axis] - 1) * dilation[axis] / 2 - padding[axis] + skipped[axis]
            offset[axis] += reach * jump[axis]
            jump[axis] *= stride[axis]
    for centre in offset:
        if centre < 0 or centre != int(centre):
            raise NoProjectionError(f"its first output looks at position {centre:g}, between or before the pixels")
    return Sampling((int(offset[0]), int(offset[1])), (jump[0], jump[1]))


def _window(operation: Operation) -> tuple[tuple[int, int], ...]:
    """Return kernel, stride, padding, dilation of a sliding window, and what a crop skips."""
    match operation:
        case Conv():
            fields = (operation.kernel, operation.stride, operation.padding, operation.dilation)
            return (*(pair(each) for each in fields), (0, 0))
        case MaxPool() | AvgPool():
            return (pair(operation.kernel), pair(operation.step), pair(operation.padding), (1, 1), (0, 0))
        case Crop():
            return ((1, 1), (1, 1), (0, 0), (1, 1), (operation.top, operation.left))
        case _ if isinstance(operation, _POINTWISE):
            return ((1, 1), (1, 1), (0, 0), (1, 1), (0, 0))
    raise NoProjectionError(f"it passes `{operation.kind}`, which keeps no grid of positions")
