"""Pooling over windows, and adaptive pooling to a given size."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from builder.ops.base import (
    INDEX,
    Argument,
    Call,
    Family,
    Margin,
    Operation,
    SavedTensors,
    ShapeError,
    Size,
    Window,
    need_image,
    pair,
    times,
    unless_default,
)
from builder.shapes import Shape, window_output


class _WindowPool(Operation):
    """What maximum and average pooling share: a window, its stride, its padding and the rounding."""

    family: ClassVar[Family] = "pool"

    kernel: Size = Field(description="height and width of the window, or one number for both")
    stride: Size | None = Field(None, description="steps between windows; the kernel's size if not given")
    padding: Margin = Field(0, description="padding on each side")
    ceil: bool = Field(
        False, description="whether output sizes are rounded up, so that windows may reach over the edge"
    )

    @property
    def step(self) -> int | tuple[int, int]:
        """The stride; PyTorch's default is the kernel."""
        return self.kernel if self.stride is None else self.stride

    def output(self, *inputs: Shape) -> Shape:
        """Return channels x height x width; raise ShapeError where the window does not fit."""
        (image,) = inputs
        need_image(image, self.kind)
        for kernel, padding in zip(pair(self.kernel), pair(self.padding), strict=True):
            if padding > kernel // 2:
                raise ShapeError(f"padding of {padding} is more than half the kernel of {kernel}", "padding")
        settings = zip(image.sizes[1:], pair(self.kernel), pair(self.step), pair(self.padding), strict=True)
        sizes = tuple(window_output(*each, ceil=self.ceil) for each in settings)
        if min(sizes) < 1:
            raise ShapeError(f"a window of {times(self.kernel)} does not fit {image}", "kernel")
        return Shape((image.channels, *sizes))

    def window(self) -> Window:
        """Return the sliding window of the fields."""
        return Window(pair(self.kernel), pair(self.step), pair(self.padding))

    def _label(self, name: str) -> str:
        step = self.step
        stride = "" if step == 1 else f", /{step}" if isinstance(step, int) else f", /{times(step)}"
        return f"{name} {times(self.kernel)}{stride}"

    def _arguments(self) -> tuple[Argument, ...]:
        return (
            Argument("kernel_size", self.kernel),
            Argument("stride", self.step, self.kernel),
            Argument("padding", self.padding, 0),
            Argument("ceil_mode", self.ceil, False),
        )


class MaxPool(_WindowPool):
    """Take the maximum of each window.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
    """

    kind: ClassVar[str] = "maxpool"

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the input, and where each maximum stood."""
        return SavedTensors((0,), own=INDEX * self.output(*inputs).elements)

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the fields say it all
        """Return ``MaxPool 3×3, /2``."""
        return self._label("MaxPool")

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - it has no channels
        """Return ``nn.MaxPool2d(kernel_size=..., ...)``."""
        return Call("nn.MaxPool2d", self._arguments())


class AvgPool(_WindowPool):
    """Take the mean of each window.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html
    """

    kind: ClassVar[str] = "avgpool"

    count_include_pad: bool = Field(True, description="whether the zeros of the padding count in the mean")

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the input."""
        return SavedTensors((0,))

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the fields say it all
        """Return ``AvgPool 2×2, /2``."""
        return self._label("AvgPool")

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - it has no channels
        """Return ``nn.AvgPool2d(kernel_size=..., ...)``."""
        counted = unless_default(Argument("count_include_pad", self.count_include_pad, True))
        return Call("nn.AvgPool2d", (*self._arguments(), *counted))


class _AdaptivePool(Operation):
    """What adaptive pooling has: the size that comes out."""

    family: ClassVar[Family] = "pool"

    size: Size = Field(1, description="output height and width, or one number for both")

    def output(self, *inputs: Shape) -> Shape:
        """Return channels x size; raise ShapeError for anything but an image."""
        (image,) = inputs
        need_image(image, self.kind)
        return Shape((image.channels, *pair(self.size)))

    def _label(self, name: str) -> str:
        return f"Global{name}" if self.size == 1 else f"{name} → {times(self.size)}"


class AdaptiveAvgPool(_AdaptivePool):
    """Average an image down, or up, to ``size``.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html
    """

    kind: ClassVar[str] = "adaptiveavgpool"

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the input, unless one value is left: then PyTorch takes a mean, which keeps nothing."""
        return SavedTensors() if self.size == 1 else SavedTensors((0,))

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the fields say it all
        """Return ``AvgPool → 6×6``, or ``GlobalAvgPool`` for one value per channel."""
        return self._label("AvgPool")

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - it has no channels
        """Return ``nn.AdaptiveAvgPool2d(size)``."""
        return Call("nn.AdaptiveAvgPool2d", (Argument(None, self.size),))


class AdaptiveMaxPool(_AdaptivePool):
    """Take maxima of an image down to ``size``.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html
    """

    kind: ClassVar[str] = "adaptivemaxpool"

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the input, and where each maximum stood."""
        return SavedTensors((0,), own=INDEX * self.output(*inputs).elements)

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the fields say it all
        """Return ``MaxPool → 6×6``, or ``GlobalMaxPool`` for one value per channel."""
        return self._label("MaxPool")

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - it has no channels
        """Return ``nn.AdaptiveMaxPool2d(size)``."""
        return Call("nn.AdaptiveMaxPool2d", (Argument(None, self.size),))


class _ChannelPool(Operation):
    """What pooling over channels has: one value is left at each position."""

    family: ClassVar[Family] = "pool"

    def output(self, *inputs: Shape) -> Shape:
        """Return 1 x height x width; raise ShapeError for anything but an image."""
        need_image(inputs[0], self.kind)
        return inputs[0].with_channels(1)

    def window(self) -> Window:
        """Return a window of one position: only channels are pooled."""
        return Window()


class ChannelMean(_ChannelPool):
    """Average the channels at each position."""

    kind: ClassVar[str] = "channelmean"
    definition: ClassVar[str | None] = '''
class ChannelMean(nn.Module):
    """Average the channels at each position."""

    def forward(self, x):
        return x.mean(1, keepdim=True)
'''

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - it has no fields
        """Return ``ChannelMean``."""
        return "ChannelMean"

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - it has no fields
        """Return ``ChannelMean()``."""
        return Call("ChannelMean")


class ChannelMax(_ChannelPool):
    """Take the largest channel at each position."""

    kind: ClassVar[str] = "channelmax"
    backward_reads_output: ClassVar[bool] = True
    definition: ClassVar[str | None] = '''
class ChannelMax(nn.Module):
    """Take the largest channel at each position."""

    def forward(self, x):
        return x.amax(1, keepdim=True)
'''

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the input and the maxima, which tell where they stood."""
        return SavedTensors((0,), output=True)

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - it has no fields
        """Return ``ChannelMax``."""
        return "ChannelMax"

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - it has no fields
        """Return ``ChannelMax()``."""
        return Call("ChannelMax")
