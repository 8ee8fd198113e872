"""Normalization over the batch or over channels."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from builder.ops.base import (
    FLOAT,
    LARGEST,
    SMALLEST,
    Argument,
    Call,
    Count,
    Family,
    Operation,
    Parameter,
    Real,
    SavedTensors,
    ShapeError,
    need_image,
    unless_default,
)

if TYPE_CHECKING:
    from builder.shapes import Shape

Epsilon = Annotated[float, Field(gt=SMALLEST, lt=1)]


class BatchNorm(Operation):
    """Normalize each channel over batch and positions.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html
    """

    kind: ClassVar[str] = "batchnorm"
    family: ClassVar[Family] = "norm"

    eps: Epsilon = Field(1e-5, description="added to the variance for numerical stability")
    momentum: Annotated[
        float, Field(gt=0, le=1, description="weight of the newest batch in the running mean and variance")
    ] = 0.1
    affine: bool = Field(True, description="whether there is a learned scale and shift")

    def output(self, *inputs: Shape) -> Shape:
        """Return the input's shape; raise ShapeError where channels are not first."""
        (values,) = inputs
        if values.channel_axis != 0:
            raise ShapeError(f"`batchnorm` needs channels first, but its input is {values} (channels last)")
        return values

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """Return weight and bias, each (channels,), or nothing that learns."""
        return _scale_and_shift(inputs[0].channels, self.kind) if self.affine else ()

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the input, and mean and spread of each channel."""
        return SavedTensors((0,), own=2 * FLOAT * inputs[0].channels)

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - it has no size of its own
        """Return ``BN``."""
        return "BN"

    def call(self, *inputs: Shape) -> Call:
        """Return ``nn.BatchNorm2d(channels)``, or ``nn.BatchNorm1d`` for a vector."""
        (values,) = inputs
        arguments = (
            Argument(None, values.channels),
            Argument("eps", self.eps, 1e-5),
            Argument("momentum", self.momentum, 0.1),
            *unless_default(Argument("affine", self.affine, True)),
        )
        return Call("nn.BatchNorm2d" if values.is_image else "nn.BatchNorm1d", arguments)


class LayerNorm(Operation):
    """Normalize over the last axis, the features.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html
    """

    kind: ClassVar[str] = "layernorm"
    family: ClassVar[Family] = "norm"

    eps: Epsilon = Field(1e-5, description="added to the variance for numerical stability")
    bias: bool = Field(True, description="whether there is a learned shift beside the learned scale")

    def output(self, *inputs: Shape) -> Shape:
        """Return the input's shape; raise ShapeError where the last axis is no channel axis."""
        (values,) = inputs
        if values.channel_axis != len(values.sizes) - 1:
            hint = "`layernorm2d` normalizes over the channels of an image"
            raise ShapeError(f"`layernorm` needs features last, but its input is {values}", None, hint)
        return values

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """Return weight and, unless left out, bias, each (features,)."""
        return _scale_and_shift(inputs[0].channels, self.kind, bias=self.bias)

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the input, and mean and spread of each position."""
        return SavedTensors((0,), own=2 * FLOAT * inputs[0].elements // inputs[0].channels)

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - it has no size of its own
        """Return ``LayerNorm``."""
        return "LayerNorm"

    def call(self, *inputs: Shape) -> Call:
        """Return ``nn.LayerNorm(features)``."""
        numbers = Argument(None, inputs[0].channels), Argument("eps", self.eps, 1e-5)
        return Call("nn.LayerNorm", (*numbers, *unless_default(Argument("bias", self.bias, True))))


class LayerNorm2d(Operation):
    """Normalize over the channels at each position of an image, as ConvNeXt does.

    https://arxiv.org/abs/2201.03545
    """

    kind: ClassVar[str] = "layernorm2d"
    family: ClassVar[Family] = "norm"
    definition: ClassVar[str | None] = '''
class LayerNorm2d(nn.LayerNorm):
    """Layer normalization over the channels of N x C x H x W."""

    def forward(self, x):
        x = x.permute(0, 2, 3, 1)
        x = F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)
'''

    eps: Epsilon = Field(1e-5, description="added to the variance for numerical stability")
    bias: bool = Field(True, description="whether there is a learned shift beside the learned scale")

    def output(self, *inputs: Shape) -> Shape:
        """Return the input's shape; raise ShapeError for anything but an image."""
        need_image(inputs[0], self.kind)
        return inputs[0]

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """Return weight and, unless left out, bias, each (channels,)."""
        return _scale_and_shift(inputs[0].channels, self.kind, bias=self.bias)

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the input, and mean and spread of each position."""
        return SavedTensors((0,), own=2 * FLOAT * inputs[0].elements // inputs[0].channels)

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - it has no size of its own
        """Return ``LayerNorm``."""
        return "LayerNorm"

    def call(self, *inputs: Shape) -> Call:
        """Return ``LayerNorm2d(channels)``."""
        numbers = Argument(None, inputs[0].channels), Argument("eps", self.eps, 1e-5)
        return Call("LayerNorm2d", (*numbers, *unless_default(Argument("bias", self.bias, True))))


class GroupNorm(Operation):
    """Normalize over the positions and channels of each of ``groups`` groups.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html
    """

    kind: ClassVar[str] = "groupnorm"
    family: ClassVar[Family] = "norm"

    groups: Count = Field(description="number of groups of channels")
    eps: Epsilon = Field(1e-5, description="added to the variance for numerical stability")
    bias: bool = Field(True, description="whether there is a learned shift beside the learned scale")

    def output(self, *inputs: Shape) -> Shape:
        """Return the input's shape; raise ShapeError where channels are not first or the groups do not divide them."""
        (values,) = inputs
        if values.channel_axis != 0:
            raise ShapeError(f"`groupnorm` needs channels first, but its input is {values} (channels last)")
        if values.channels % self.groups:
            raise ShapeError(f"groups of {self.groups} do not divide the {values.channels} channels", "groups")
        return values

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """Return weight and, unless left out, bias, each (channels,)."""
        return _scale_and_shift(inputs[0].channels, self.kind, bias=self.bias)

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the input, and mean and spread of each group."""
        return SavedTensors((0,), own=2 * FLOAT * self.groups)

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the fields say it all
        """Return ``GroupNorm 32``."""
        return f"GroupNorm {self.groups}"

    def call(self, *inputs: Shape) -> Call:
        """Return ``nn.GroupNorm(groups, channels)``."""
        numbers = (Argument(None, self.groups), Argument(None, inputs[0].channels))
        more = Argument("eps", self.eps, 1e-5), *unless_default(Argument("bias", self.bias, True))
        return Call("nn.GroupNorm", (*numbers, *more))


class InstanceNorm(Operation):
    """Normalize each channel of each image over its positions.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm2d.html
    """

    kind: ClassVar[str] = "instancenorm"
    family: ClassVar[Family] = "norm"

    eps: Epsilon = Field(1e-5, description="added to the variance for numerical stability")
    affine: bool = Field(False, description="whether there is a learned scale and shift")

    def output(self, *inputs: Shape) -> Shape:
        """Return the input's shape; raise ShapeError for anything but an image of several positions."""
        (image,) = inputs
        need_image(image, self.kind)
        if image.sizes[1:] == (1, 1):
            raise ShapeError(f"`instancenorm` needs several positions, but its input is {image}")
        return image

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """Return weight and bias, each (channels,), or nothing that learns."""
        return _scale_and_shift(inputs[0].channels, self.kind) if self.affine else ()

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the input, mean and spread of each channel of each image, and a scale for each of them."""
        return SavedTensors((0,), own=(3 if self.affine else 2) * FLOAT * inputs[0].channels)

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - it has no size of its own
        """Return ``InstanceNorm``."""
        return "InstanceNorm"

    def call(self, *inputs: Shape) -> Call:
        """Return ``nn.InstanceNorm2d(channels)``."""
        numbers = Argument(None, inputs[0].channels), Argument("eps", self.eps, 1e-5)
        return Call("nn.InstanceNorm2d", (*numbers, *unless_default(Argument("affine", self.affine, False))))


class LocalResponseNorm(Operation):
    """Divide by a power of the mean square of ``size`` neighboring channels, as AlexNet's paper does.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html
    """

    kind: ClassVar[str] = "localresponsenorm"
    family: ClassVar[Family] = "norm"

    size: Count = Field(description="number of neighboring channels")
    alpha: Real = Field(1e-4, description="factor of the mean square")
    beta: Real = Field(0.75, description="exponent")
    k: Annotated[float, Field(gt=0, le=LARGEST, description="added to the mean square")] = 1.0

    def output(self, *inputs: Shape) -> Shape:
        """Return the input's shape; raise ShapeError for anything but an image."""
        need_image(inputs[0], self.kind)
        return inputs[0]

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the input, its squares with a margin of channels, what their means give, and the power of that."""
        channels, *sides = inputs[0].sizes
        return SavedTensors((0,), own=FLOAT * (3 * channels + self.size - 1) * prod(sides))

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the fields say it all
        """Return ``LRN 5``."""
        return f"LRN {self.size}"

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - the fields say it all
        """Return ``nn.LocalResponseNorm(size, ...)``."""
        powers = [("alpha", self.alpha, 1e-4), ("beta", self.beta, 0.75), ("k", self.k, 1.0)]
        named = (Argument(name, float(value), default) for name, value, default in powers)
        return Call("nn.LocalResponseNorm", (Argument(None, self.size), *named))


def _scale_and_shift(channels: int, kind: str, *, bias: bool = True) -> tuple[Parameter, ...]:
    both = Parameter("weight", (channels,), kind), Parameter("bias", (channels,), kind)
    return both if bias else both[:1]
