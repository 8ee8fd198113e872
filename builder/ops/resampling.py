"""Sizes changed by fixed rules, with nothing learned: zeros around an image, blurred sampling, enlargement."""

from __future__ import annotations

from math import comb, prod
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from builder.ops.base import (
    FLOAT,
    Argument,
    Call,
    Count,
    Extent,
    Family,
    Operation,
    SavedTensors,
    ShapeError,
    Window,
    need_image,
    unless_default,
)
from builder.shapes import Shape, window_output


class Pad(Operation):
    """Add rows and columns of zeros around an image, as many on each side as its field says.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.ZeroPad2d.html
    """

    kind: ClassVar[str] = "pad"
    family: ClassVar[Family] = "shape"

    top: Extent = Field(0, description="rows above")
    bottom: Extent = Field(0, description="rows below")
    left: Extent = Field(0, description="columns on the left")
    right: Extent = Field(0, description="columns on the right")

    def output(self, *inputs: Shape) -> Shape:
        """Return channels x the larger size; raise ShapeError for anything but an image."""
        (image,) = inputs
        need_image(image, self.kind)
        channels, height, width = image.sizes
        return Shape((channels, height + self.top + self.bottom, width + self.left + self.right))

    def window(self) -> Window:
        """Return a window of one position that begins in the margin."""
        return Window(padding=(self.top, self.left))

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the fields say it all
        """Return ``Pad 1`` for one number on all sides, else ``Pad 0, 1, 0, 1``: top, bottom, left, right."""
        margins = (self.top, self.bottom, self.left, self.right)
        return f"Pad {self.top}" if len(set(margins)) == 1 else f"Pad {', '.join(str(each) for each in margins)}"

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - the fields say it all
        """Return ``nn.ZeroPad2d((left, right, top, bottom))``, in PyTorch's order."""
        return Call("nn.ZeroPad2d", (Argument(None, (self.left, self.right, self.top, self.bottom)),))


class PadChannels(Operation):
    """Add channels of zeros up to ``out``: the shortcut A of ResNets for CIFAR-10, which learns nothing.

    https://arxiv.org/abs/1512.03385
    """

    kind: ClassVar[str] = "padchannels"
    family: ClassVar[Family] = "shape"
    definition: ClassVar[str | None] = '''
class PadChannels(nn.Module):
    """Add channels of zeros in front of the others and behind them."""

    def __init__(self, before, after):
        super().__init__()
        self.before, self.after = before, after

    def forward(self, x):
        return F.pad(x, (0, 0, 0, 0, self.before, self.after))
'''

    out: Count = Field(description="output channels")
    before: Extent | None = Field(
        None, description="new channels that are placed before the others; half of them if not given"
    )

    def output(self, *inputs: Shape) -> Shape:
        """Return out x height x width; raise ShapeError where that would be fewer channels than there are."""
        (image,) = inputs
        need_image(image, self.kind)
        more = self.out - image.channels
        if more < 0:
            raise ShapeError(f"the input has {image.channels} channels already, more than {self.out}", "out")
        if self.before is not None and self.before > more:
            raise ShapeError(f"only {more} channels are added, so {self.before} cannot be placed first", "before")
        return image.with_channels(self.out)

    def window(self) -> Window:
        """Return a window of one position: only channels are added."""
        return Window()

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the fields say it all
        """Return ``PadChannels 32``."""
        return f"PadChannels {self.out}"

    def call(self, *inputs: Shape) -> Call:
        """Return ``PadChannels(before, after)``."""
        more = self.out - inputs[0].channels
        before = more // 2 if self.before is None else self.before
        return Call("PadChannels", (Argument(None, before), Argument(None, more - before)))


class BlurPool(Operation):
    """Blur with a binomial kernel while sampling, so that a shifted image gives nearly the same values.

    https://arxiv.org/abs/1904.11486
    """

    kind: ClassVar[str] = "blurpool"
    family: ClassVar[Family] = "pool"
    definition: ClassVar[str | None] = '''
class BlurPool(nn.Module):
    """Blur every channel with a binomial kernel at every stride-th position; edges are mirrored."""

    def __init__(self, channels, coefficients, stride=2, mode="reflect"):
        super().__init__()
        self.channels, self.stride, self.mode = channels, stride, mode
        self.padding = [(stride - 1 + len(coefficients) - 1) // 2] * 4
        row = torch.tensor(coefficients, dtype=torch.float32)
        row = row / row.sum()
        self.register_buffer("filt", (row[:, None] * row[None, :]).repeat(channels, 1, 1, 1), persistent=False)

    def forward(self, x):
        x = F.pad(x, self.padding, self.mode)
        return F.conv2d(x, self.filt, stride=self.stride, groups=self.channels)
'''

    kernel: int = Field(3, ge=2, le=15, description="height and width of the blur")
    stride: Count = Field(2, description="steps between windows")
    mode: Literal["reflect", "constant"] = Field(
        "reflect", description="whether edges are mirrored, or zeros are added"
    )

    def output(self, *inputs: Shape) -> Shape:
        """Return channels x height x width; raise ShapeError where the mirrored edge would exceed the image."""
        (image,) = inputs
        need_image(image, self.kind)
        if self.mode == "reflect" and self._padding >= min(image.sizes[1:]):
            message = f"a blur of {self.kernel}×{self.kernel} mirrors {self._padding} rows of {image}"
            raise ShapeError(message, "kernel", "it needs an image that is larger than its edge")
        sizes = tuple(window_output(size, self.kernel, self.stride, self._padding) for size in image.sizes[1:])
        if min(sizes) < 1:
            raise ShapeError(f"a blur of {self.kernel}×{self.kernel} does not fit {image}", "kernel")
        return Shape((image.channels, *sizes))

    def macs(self, *inputs: Shape) -> int:
        """Return one multiply-accumulate for each coefficient and output value: it is a depthwise convolution."""
        return self.kernel**2 * self.output(*inputs).elements

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the copy with edges, and the input where these mirror it."""
        channels, *sides = inputs[0].sizes
        kept = (0,) if self.mode == "reflect" else ()
        return SavedTensors(kept, own=FLOAT * channels * prod(size + 2 * self._padding for size in sides))

    def window(self) -> Window:
        """Return the sliding window."""
        return Window((self.kernel,) * 2, (self.stride,) * 2, (self._padding,) * 2)

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the fields say it all
        """Return ``BlurPool 3×3, /2``."""
        return f"BlurPool {self.kernel}×{self.kernel}" + ("" if self.stride == 1 else f", /{self.stride}")

    def call(self, *inputs: Shape) -> Call:
        """Return ``BlurPool(channels, (1, 2, 1))``: the row of Pascal's triangle that the kernel is made of."""
        row = tuple(comb(self.kernel - 1, position) for position in range(self.kernel))
        arguments = (Argument(None, inputs[0].channels), Argument(None, row), Argument("stride", self.stride, 2))
        return Call("BlurPool", (*arguments, *unless_default(Argument("mode", self.mode, "reflect"))))

    @property
    def _padding(self) -> int:
        return (self.stride - 1 + self.kernel - 1) // 2


class Upsample(Operation):
    """Enlarge an image by a whole factor.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.Upsample.html
    """

    kind: ClassVar[str] = "upsample"
    family: ClassVar[Family] = "shape"

    factor: Count = Field(2, description="how many times as high and as wide")
    mode: Literal["nearest", "bilinear"] = Field("nearest", description="whether values are repeated or interpolated")
    align_corners: bool = Field(
        False, description="whether the corners of both images lie on one another; for `bilinear` alone"
    )

    @model_validator(mode="after")
    def _corners_are_interpolated(self) -> Upsample:
        if self.align_corners and self.mode != "bilinear":
            raise ValueError("`align_corners` belongs to `mode: bilinear`")
        return self

    def output(self, *inputs: Shape) -> Shape:
        """Return channels x the larger size; raise ShapeError for anything but an image."""
        (image,) = inputs
        need_image(image, self.kind)
        channels, height, width = image.sizes
        return Shape((channels, height * self.factor, width * self.factor))

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the fields say it all
        """Return ``Upsample ×2``."""
        return f"Upsample ×{self.factor}"

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - the fields say it all
        """Return ``nn.Upsample(scale_factor=2)``."""
        arguments = Argument("scale_factor", self.factor), Argument("mode", self.mode, "nearest")
        return Call("nn.Upsample", (*arguments, *unless_default(Argument("align_corners", self.align_corners, False))))
