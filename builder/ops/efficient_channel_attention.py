"""The gate of efficient channel attention: a convolution along the channels."""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from builder.ops.base import (
    FLOAT,
    Argument,
    Call,
    Count,
    Family,
    Operation,
    Parameter,
    SavedTensors,
    ShapeError,
    need_image,
)

if TYPE_CHECKING:
    from builder.shapes import Shape


class EfficientChannelAttention(Operation):
    """Scale each channel by a number in 0..1 computed from the means of its neighbors among the channels.

    Keys and arithmetic are timm's; so are networks with ECA. https://arxiv.org/abs/1910.03151
    """

    kind: ClassVar[str] = "eca"
    family: ClassVar[Family] = "gate"
    definition: ClassVar[str | None] = '''
class EfficientChannelAttention(nn.Module):
    """Scale the channels of x by gates that a convolution along the channels makes of their means."""

    def __init__(self, kernel, gate="sigmoid"):
        super().__init__()
        self.conv = nn.Conv1d(1, 1, kernel, padding=kernel // 2, bias=False)
        self.gate = nn.Hardsigmoid() if gate == "hardsigmoid" else nn.Sigmoid()

    def forward(self, x):
        scale = self.conv(x.mean((2, 3)).unsqueeze(1))
        return x * self.gate(scale).view(x.shape[0], -1, 1, 1)
'''

    kernel: Count | None = Field(
        None,
        description="neighboring channels, an odd number; about log2 of the channels if not given, as in the paper",
    )
    gate: Literal["sigmoid", "hardsigmoid"] = Field("sigmoid", description="activation that gives the scale")

    def output(self, *inputs: Shape) -> Shape:
        """Return the input's shape; raise ShapeError for anything but an image, or an even kernel."""
        need_image(inputs[0], self.kind)
        if self.kernel is not None and self.kernel % 2 == 0:
            raise ShapeError(f"a kernel of {self.kernel} has no middle", "kernel", "choose an odd number")
        return inputs[0]

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """Return the weight of the convolution, (1, 1, kernel)."""
        return (Parameter("conv.weight", (1, 1, self._size(inputs[0])), "conv"),)

    def macs(self, *inputs: Shape) -> int:
        """Return one multiply-accumulate for each channel and weight."""
        return inputs[0].channels * self._size(inputs[0])

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - nothing is overwritten
        """Keep the input, the means and the gates; of a sharp gate also what enters it."""
        return SavedTensors((0,), own=FLOAT * inputs[0].channels * (2 if self.gate == "sigmoid" else 3))

    def label(self, *inputs: Shape) -> str:
        """Return ``ECA 5``, the number of neighbors."""
        return f"ECA {self._size(inputs[0])}"

    def call(self, *inputs: Shape) -> Call:
        """Return ``EfficientChannelAttention(kernel)``."""
        size = Argument(None, self._size(inputs[0]))
        return Call("EfficientChannelAttention", (size, Argument("gate", self.gate, "sigmoid")))

    def _size(self, image: Shape) -> int:
        if self.kernel is not None:
            return self.kernel
        near = int(abs(log2(image.channels) + 1) / 2)
        return max(near if near % 2 else near + 1, 3)
