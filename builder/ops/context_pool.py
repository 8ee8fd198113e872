"""Pooling in which a convolution says how much each position counts."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from builder.ops.base import (
    FLOAT,
    Argument,
    Call,
    Family,
    Operation,
    Parameter,
    SavedTensors,
    need_image,
)
from builder.shapes import Shape


class ContextPool(Operation):
    """Average the positions, each weighed by the softmax of what a convolution to one channel makes of it.

    It gives the context of GCNet's gate. https://arxiv.org/abs/1904.11492
    """

    kind: ClassVar[str] = "contextpool"
    family: ClassVar[Family] = "pool"
    definition: ClassVar[str | None] = '''
class ContextPool(nn.Conv2d):
    """Average the positions of x, weighed by the softmax of their convolution."""

    def __init__(self, channels, bias=True):
        super().__init__(channels, 1, 1, bias=bias)

    def forward(self, x):
        batch, channels, height, width = x.shape
        weights = torch.softmax(super().forward(x).reshape(batch, 1, height * width), -1).unsqueeze(3)
        context = x.reshape(batch, channels, height * width).unsqueeze(1) @ weights
        return context.view(batch, channels, 1, 1)
'''

    bias: bool = Field(True, description="whether the convolution has a learned bias")

    def output(self, *inputs: Shape) -> Shape:
        """Return channels of one position; raise ShapeError for anything but an image."""
        need_image(inputs[0], self.kind)
        return Shape((inputs[0].channels, 1, 1))

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """Return weight (1, channels, 1, 1) and, unless left out, bias (1,)."""
        both = Parameter("weight", (1, inputs[0].channels, 1, 1), "conv"), Parameter("bias", (1,), "conv")
        return both if self.bias else both[:1]

    def macs(self, *inputs: Shape) -> int:
        """Return two multiply-accumulates for each value: of the convolution and of the mean."""
        return 2 * inputs[0].elements

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the input, and the weight of each position."""
        _, height, width = inputs[0].sizes
        return SavedTensors((0,), own=FLOAT * height * width)

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - it has no size of its own
        """Return ``ContextPool``."""
        return "ContextPool"

    def call(self, *inputs: Shape) -> Call:
        """Return ``ContextPool(channels)``."""
        return Call("ContextPool", (Argument(None, inputs[0].channels), Argument("bias", self.bias, True)))
