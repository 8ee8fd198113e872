"""The projection of ``shortcut: auto``: the 1x1 convolution that looks where the branch looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.graph import Node
    from builder.ops.base import Operation


class NoProjectionError(Exception):
    """No 1x1 convolution samples where the branch does; the message says why."""


@dataclass(frozen=True)
class Sampling:
    """Where the branch's outputs look in its input: every ``stride`` positions, the first at ``offset``."""

    offset: tuple[int, int]
    stride: tuple[int, int]


def sampling(nodes: Sequence[Node], entering: tuple[int, Shape], leaving: tuple[int, Shape]) -> Sampling:
    """Return how the way from one value to another samples its input.

    Over its layers, the center of the first output's receptive field is found by
    ``offset += ((kernel - 1) * dilation / 2 - padding) * jump; jump *= stride``
    (https://distill.pub/2019/computing-receptive-fields). Raises NoProjectionError where there is no such grid, or
    where sampling the input on it does not give the size that leaves.
    """
    (start, size), (end, wanted) = entering, leaving
    if not (size.is_image and wanted.is_image):
        raise NoProjectionError("only images have a grid of positions")
    way: list[Operation] = []
    while end != start:
        if end < 0:
            raise NoProjectionError("the branch does not begin at the block's input")
        way.append(nodes[end].operation)
        end = nodes[end].inputs[0]
    offset, jump = [0.0, 0.0], [1, 1]
    for operation in reversed(way):
        window = operation.window()
        if window is None:
            raise NoProjectionError(f"it passes `{operation.kind}`, which keeps no grid of positions")
        for axis in (0, 1):
            reach = (window.kernel[axis] - 1) * window.dilation[axis] / 2 - window.padding[axis] + window.skipped[axis]
            offset[axis] += reach * jump[axis]
            jump[axis] *= window.stride[axis]
    for center in offset:
        if center < 0 or center != int(center):
            raise NoProjectionError(f"its first output looks at position {center:g}, between or before the pixels")
    found = Sampling((int(offset[0]), int(offset[1])), (jump[0], jump[1]))
    axes = zip(size.sizes[1:], found.offset, found.stride, strict=True)
    given = tuple((length - skipped - 1) // step + 1 for length, skipped, step in axes)
    if given != wanted.sizes[1:]:
        raise NoProjectionError(f"it would give {wanted.channels}×{Shape(given)}")
    return found
