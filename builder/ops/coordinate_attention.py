"""The coordinate attention gate, whose shared convolution runs over both axes at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

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
    need_image,
)

if TYPE_CHECKING:
    from builder.shapes import Shape


class CoordinateAttention(Operation):
    """Scale each value by gates of its row and of its column.

    Keys and arithmetic follow the authors' code. https://arxiv.org/abs/2103.02907
    """

    kind: ClassVar[str] = "coordinateattention"
    family: ClassVar[Family] = "gate"
    definition: ClassVar[str | None] = '''
class CoordinateAttention(nn.Module):
    """Scale x by gates computed from the means of its rows and of its columns."""

    def __init__(self, channels, hidden):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, hidden, 1)
        self.bn1 = nn.BatchNorm2d(hidden)
        self.act = nn.Hardswish()
        self.conv_h = nn.Conv2d(hidden, channels, 1)
        self.conv_w = nn.Conv2d(hidden, channels, 1)

    def forward(self, x):
        height, width = x.shape[2:]
        rows = F.adaptive_avg_pool2d(x, (height, 1))
        columns = F.adaptive_avg_pool2d(x, (1, width)).transpose(2, 3)
        both = self.act(self.bn1(self.conv1(torch.cat([rows, columns], 2))))
        rows, columns = both.split([height, width], 2)
        return x * self.conv_w(columns.transpose(2, 3)).sigmoid() * self.conv_h(rows).sigmoid()
'''

    reduction: Count = Field(32, description="reduction ratio of the squeezed channels")
    least: Count = Field(8, description="smallest number of squeezed channels")

    def output(self, *inputs: Shape) -> Shape:
        """Return the input's shape; raise ShapeError for anything but an image."""
        need_image(inputs[0], self.kind)
        return inputs[0]

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """Return weight and bias of the three 1x1 convolutions and of the batch normalization."""
        channels, hidden = inputs[0].channels, self._hidden(inputs[0])
        return (
            Parameter("conv1.weight", (hidden, channels, 1, 1), "conv"),
            Parameter("conv1.bias", (hidden,), "conv"),
            Parameter("bn1.weight", (hidden,), "batchnorm"),
            Parameter("bn1.bias", (hidden,), "batchnorm"),
            Parameter("conv_h.weight", (channels, hidden, 1, 1), "conv"),
            Parameter("conv_h.bias", (channels,), "conv"),
            Parameter("conv_w.weight", (channels, hidden, 1, 1), "conv"),
            Parameter("conv_w.bias", (channels,), "conv"),
        )

    def macs(self, *inputs: Shape) -> int:
        """Return the multiply-accumulates of the three convolutions, over rows and columns."""
        channels, height, width = inputs[0].sizes
        return 2 * channels * self._hidden(inputs[0]) * (height + width)

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - nothing is overwritten
        """Keep the input, the first product, rows and columns before and after each layer, and both gates."""
        channels, height, width = inputs[0].sizes
        lines, hidden = height + width, self._hidden(inputs[0])
        own = 2 * channels * lines + 3 * hidden * lines + 2 * hidden + inputs[0].elements
        return SavedTensors((0,), own=FLOAT * own)

    def label(self, *inputs: Shape) -> str:
        """Return ``CA 384→12→384``."""
        return f"CA {inputs[0].channels}→{self._hidden(inputs[0])}→{inputs[0].channels}"

    def call(self, *inputs: Shape) -> Call:
        """Return ``CoordinateAttention(channels, hidden)``."""
        return Call(
            "CoordinateAttention", (Argument(None, inputs[0].channels), Argument(None, self._hidden(inputs[0])))
        )

    def _hidden(self, image: Shape) -> int:
        return max(self.least, image.channels // self.reduction)
