"""Two-dimensional convolution, ``nn.Conv2d``."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Annotated, ClassVar

from pydantic import Field

from builder.ops.base import (
    FLOAT,
    LARGEST,
    SMALLEST,
    Argument,
    Call,
    Count,
    Family,
    Margin,
    Operation,
    Parameter,
    PlaceField,
    Real,
    SavedTensors,
    ShapeError,
    Size,
    Window,
    need_image,
    pair,
    times,
)
from builder.shapes import Shape, window_output


class Conv(Operation):
    """Cross-correlate channels x height x width with learned kernels.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
    """

    kind: ClassVar[str] = "conv"
    family: ClassVar[Family] = "conv"

    out: Count = Field(description="output channels")
    kernel: Size = Field(description="height and width of the window, or one number for both")
    stride: Size = Field(1, description="steps between windows")
    padding: Margin = Field(0, description="zeros added on each side")
    dilation: Size = Field(1, description="spacing between the elements of a window")
    groups: Count = Field(
        1, description="groups of channels that are convolved separately; `$in` for a depthwise convolution"
    )
    bias: bool = Field(True, description="whether to add a learned bias to each channel")

    def output(self, *inputs: Shape) -> Shape:
        """Return out x height x width; raise ShapeError where groups or kernel do not fit."""
        image = inputs[0]
        need_image(image, self.kind)
        for name, channels in (("in", image.channels), ("out", self.out)):
            if channels % self.groups:
                message = f"groups of {self.groups} do not divide the {channels} {name}-channels"
                raise ShapeError(message, "groups" if name == "in" else "out")
        return Shape((self.out, *_windows(self, image)))

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """Return weight (out, in / groups, height, width) and bias (out,)."""
        (image,) = inputs
        weight = Parameter("weight", (self.out, image.channels // self.groups, *pair(self.kernel)), self.kind)
        return (weight, Parameter("bias", (self.out,), self.kind)) if self.bias else (weight,)

    def macs(self, *inputs: Shape) -> int:
        """Return one multiply-accumulate for each weight and output position."""
        weights = self.out * (inputs[0].channels // self.groups) * prod(pair(self.kernel))
        return weights * prod(_windows(self, inputs[0]))

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the input: the gradient of the weights needs it."""
        return SavedTensors((0,))

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the fields say it all
        """Return ``Conv 11×11, 64, /4``; stride, groups (``g=32``) and dilation (``d=2``) only when over 1."""
        depthwise = "DWConv" if self.groups == self.out and self.groups > 1 else "Conv"
        stride, dilated = (
            "" if size == 1 else f", {sign}{size if isinstance(size, int) else times(size)}"
            for sign, size in (("/", self.stride), ("d=", self.dilation))
        )
        grouped = f", g={self.groups}" if depthwise == "Conv" and self.groups > 1 else ""
        return f"{depthwise} {times(self.kernel)}, {self.out}{stride}{grouped}{dilated}"

    def window(self) -> Window:
        """Return the sliding window of the fields."""
        return Window(pair(self.kernel), pair(self.stride), pair(self.padding), pair(self.dilation))

    def call(self, *inputs: Shape) -> Call:
        """Return ``nn.Conv2d(in, out, kernel_size=..., ...)``."""
        (image,) = inputs
        return Call(
            "nn.Conv2d",
            (
                Argument(None, image.channels),
                Argument(None, self.out),
                Argument("kernel_size", self.kernel),
                Argument("stride", self.stride, 1),
                Argument("padding", self.padding, 0),
                Argument("dilation", self.dilation, 1),
                Argument("groups", self.groups, 1),
                Argument("bias", self.bias, True),
            ),
        )


class StandardizedConv(Conv):
    """Convolve with weights of which each kernel is brought to mean 0 and variance 1 first.

    With ``gamma`` each kernel also has a learned gain, multiplied by ``gamma`` / sqrt(fan-in): networks without norms
    (https://arxiv.org/abs/2101.08692). https://arxiv.org/abs/1903.10520
    """

    kind: ClassVar[str] = "stdconv"
    definition: ClassVar[str | None] = '''
class StdConv2d(nn.Conv2d):
    """A convolution whose kernels are standardized, and with a gamma scaled by a learned gain."""

    def __init__(self, *args, eps=1e-6, gamma=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.eps = eps
        self.scale = None if gamma is None else gamma * self.weight[0].numel() ** -0.5
        if gamma is not None:
            self.gain = nn.Parameter(torch.ones(self.out_channels, 1, 1, 1))

    def forward(self, x):
        rows = self.weight.reshape(1, self.out_channels, -1)
        gain = None if self.scale is None else (self.gain * self.scale).view(-1)
        rows = F.batch_norm(rows, None, None, weight=gain, training=True, momentum=0.0, eps=self.eps)
        return self._conv_forward(x, rows.reshape_as(self.weight), self.bias)
'''

    eps: Annotated[float, Field(ge=SMALLEST, le=LARGEST, description="added to the variance of a kernel")] = 1e-6
    gamma: Real | None = Field(
        None,
        description="factor of a learned gain of each kernel, besides 1 / sqrt(fan-in); without it there is no gain",
    )

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """Return weight, bias and gain (out, 1, 1, 1), as far as there are any."""
        gain = () if self.gamma is None else (Parameter("gain", (self.out, 1, 1, 1), self.kind),)
        return (*super().parameters(*inputs), *gain)

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the input, the standardized kernels, and mean and spread of each."""
        weight = prod(self.parameters(*inputs)[0].shape)
        return SavedTensors((0,), own=FLOAT * (weight + 2 * self.out))

    def label(self, *inputs: Shape) -> str:
        """Return ``WS Conv 3×3, 64``."""
        return f"WS {super().label(*inputs)}"

    def call(self, *inputs: Shape) -> Call:
        """Return ``StdConv2d(in, out, kernel_size=..., ...)``."""
        own = (Argument("eps", self.eps, 1e-6), Argument("gamma", self.gamma, None))
        return Call("StdConv2d", (*super().call(*inputs).arguments, *own))


class ConditionalConv(Conv):
    """Convolve each image with kernels that are mixed for it from those of several experts.

    How much of each expert is taken is a row of numbers at the place ``from``. https://arxiv.org/abs/1904.04971
    """

    kind: ClassVar[str] = "condconv"
    place: ClassVar[PlaceField | None] = PlaceField(
        "from", "the place that has a number for each expert, such as `routing.out`", required=True
    )
    definition: ClassVar[str | None] = '''
class CondConv2d(nn.Module):
    """A convolution whose kernels are mixed for each image from those of experts."""

    def __init__(self, channels, out, experts, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True):
        super().__init__()
        sides = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
        self.shape = (out, channels // groups, *sides)
        self.settings = stride, padding, dilation
        self.groups = groups
        kernels = [nn.init.kaiming_uniform_(torch.empty(self.shape), a=5**0.5) for _ in range(experts)]
        self.weight = nn.Parameter(torch.stack(kernels).flatten(1))
        bound = (self.shape[1] * self.shape[2] * self.shape[3]) ** -0.5
        self.bias = nn.Parameter(nn.init.uniform_(torch.empty(experts, out), -bound, bound)) if bias else None

    def forward(self, x, routing):
        batch, channels, height, width = x.shape
        out, *rest = self.shape
        weight = torch.matmul(routing, self.weight).view(batch * out, *rest)
        bias = None if self.bias is None else torch.matmul(routing, self.bias).view(batch * out)
        x = x.reshape(1, batch * channels, height, width)
        x = F.conv2d(x, weight, bias, *self.settings, self.groups * batch)
        return x.permute([1, 0, 2, 3]).view(batch, out, x.shape[-2], x.shape[-1])
'''

    def output(self, *inputs: Shape) -> Shape:
        """Return out x height x width; raise ShapeError where there is no row of numbers of experts."""
        if len(inputs) > 1 and len(inputs[1].sizes) != 1:
            raise ShapeError(f"`condconv` needs a row with a number for each expert, but there is {inputs[1]}", "from")
        return super().output(inputs[0])

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """Return weight (experts, out * in / groups * height * width) and bias (experts, out)."""
        plain, experts = super().parameters(inputs[0]), inputs[1].channels
        return tuple(Parameter(name, (experts, prod(shape)), self.kind) for name, shape, _ in plain)

    def macs(self, *inputs: Shape) -> int:
        """Return those of the convolution, and one for each weight that is mixed."""
        return super().macs(inputs[0]) + sum(prod(each.shape) for each in self.parameters(*inputs))

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the input, the numbers of the experts, and the mixed kernels."""
        return SavedTensors((0, 1), own=FLOAT * prod(super().parameters(inputs[0])[0].shape))

    def label(self, *inputs: Shape) -> str:
        """Return ``Cond Conv 3×3, 64``."""
        return f"Cond {super().label(*inputs)}"

    def call(self, *inputs: Shape) -> Call:
        """Return ``CondConv2d(in, out, experts, kernel_size=..., ...)``."""
        channels, out, *rest = super().call(inputs[0]).arguments
        return Call("CondConv2d", (channels, out, Argument(None, inputs[1].channels), *rest))


@lru_cache(1024)  # variants of a network have the same few sizes, and ask again for their MACs
def _swept(sizes: tuple[int, ...], *fields: int | tuple[int, int]) -> tuple[int, ...]:
    """Return how many positions a window of ``fields`` (kernel, stride, padding, dilation) has along each axis."""
    return tuple(window_output(*each) for each in zip(sizes, *map(pair, fields), strict=True))


def _windows(conv: Conv, image: Shape) -> tuple[int, ...]:
    sizes = _swept(image.sizes[1:], conv.kernel, conv.stride, conv.padding, conv.dilation)
    if min(sizes) < 1:
        padded = "" if conv.padding == 0 else f" padded by {conv.padding}"
        dilated = "" if conv.dilation == 1 else f" dilated by {conv.dilation}"
        raise ShapeError(f"a kernel of {times(conv.kernel)}{dilated} does not fit {image}{padded}", "kernel")
    return sizes
