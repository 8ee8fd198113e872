"""Arithmetic with numbers: learned ones, one for each channel, or given ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, model_validator

from builder.ops.base import (
    Argument,
    Call,
    Family,
    Operation,
    Parameter,
    Real,
    SavedTensors,
    ShapeError,
    need_image,
)

if TYPE_CHECKING:
    from builder.shapes import Shape

Numbers = Annotated[tuple[Real, ...], Field(min_length=1, max_length=4096)]


class _Learned(Operation):
    """What learned numbers have that stand in no module: one for each channel, or one for all."""

    family: ClassVar[Family] = "scale"
    is_module: ClassVar[bool] = False

    init: Real = 1.0
    vector: bool = Field(
        False, description="whether the weight of an image is saved as (channels,) instead of (channels, 1, 1)"
    )
    single: bool = Field(
        False, description="whether all channels share one number, saved without axes, or with `vector` as (1,)"
    )

    batch: bool = Field(
        False, description="whether the weight is saved with an axis for the batch, (1, channels, 1, 1)"
    )

    @model_validator(mode="after")
    def _one_shape(self) -> _Learned:
        """Refuse a vector with an axis for the batch."""
        if self.batch and self.vector:
            message = "`batch` and `vector` are two shapes of one weight: give one of them"
            raise ValueError(message)
        return self

    def output(self, *inputs: Shape) -> Shape:
        """Return the input's shape; raise ShapeError unless it is an image or its channels come last."""
        if self.batch:
            need_image(inputs[0], self.kind)
        if self.single:
            return inputs[0]
        if self.vector or inputs[0].channel_axis != len(inputs[0].sizes) - 1:
            need_image(inputs[0], self.kind)
        return inputs[0]

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """Return one bare parameter, one number for each channel: its key is the layer's own."""
        return (Parameter("", self._size(inputs[0]), self.kind),)

    def call(self, *inputs: Shape) -> Call:
        """Return ``_filled((channels, 1, 1), init)``, a parameter and no module."""
        return Call("_filled", (Argument(None, self._size(inputs[0])), Argument(None, float(self.init))))

    def _size(self, values: Shape) -> tuple[int, ...]:
        if self.batch:
            return (1, 1 if self.single else values.channels, 1, 1)
        if self.single:
            return (1,) if self.vector else ()
        return (values.channels, 1, 1) if values.is_image and not self.vector else (values.channels,)

    definition: ClassVar[str | None] = '''
def _filled(shape, value):
    """Return a parameter whose elements all begin at value."""
    return nn.Parameter(torch.full(shape, value))
'''

    def _seen(self, target: str) -> str:
        """Return the source of the numbers in a shape that meets the input."""
        return f"{target}.view(-1, 1, 1)" if self.vector and not self.single else target


class Scale(_Learned):
    """Multiply each channel by a learned number that begins at ``init``: ConvNeXt's layer scale, or all by one.

    https://arxiv.org/abs/2103.17239
    """

    kind: ClassVar[str] = "scale"

    init: Real = Field(1.0, description="initial value of every learned number")

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the input: the gradient of the numbers needs it."""
        return SavedTensors((0,))

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - it has no size of its own
        """Return ``Scale``."""
        return "Scale"

    def expression(self, target: str, *names: str) -> str:
        """Return the product of parameter and input."""
        return f"{self._seen(target)} * {names[0]}"


class Shift(_Learned):
    """Add a learned number to each channel that begins at ``init``, or one to all: with `scale`, a norm's own."""

    kind: ClassVar[str] = "shift"

    init: Real = Field(0.0, description="initial value of every learned number")

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - it has no size of its own
        """Return ``Shift``."""
        return "Shift"

    def expression(self, target: str, *names: str) -> str:
        """Return the sum of input and parameter."""
        return f"{names[0]} + {self._seen(target)}"


class ThresholdedLinear(_Learned):
    """Raise each channel to at least a learned number, or all to the same: the activation of filter response norms.

    https://arxiv.org/abs/1911.09737
    """

    kind: ClassVar[str] = "tlu"
    family: ClassVar[Family] = "activation"

    init: Real = Field(0.0, description="initial value of every learned number")

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the input: the gradients go to whichever was larger."""
        return SavedTensors((0,))

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - it has no size of its own
        """Return ``TLU``."""
        return "TLU"

    def expression(self, target: str, *names: str) -> str:
        """Return the larger one of input and parameter."""
        return f"torch.maximum({names[0]}, {self._seen(target)})"


class Affine(Operation):
    """Multiply each channel by a learned number and add another, rounded once: what norms end in.

    https://docs.pytorch.org/docs/stable/generated/torch.addcmul.html
    """

    kind: ClassVar[str] = "affine"
    family: ClassVar[Family] = "scale"
    definition: ClassVar[str | None] = '''
class ChannelAffine(nn.Module):
    """Multiply each channel by a learned number and add another; axes are those behind the channels."""

    def __init__(self, channels, axes=2):
        super().__init__()
        self.shape = (channels, *[1] * axes)
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        return torch.addcmul(self.bias.view(self.shape), self.weight.view(self.shape), x)
'''

    def output(self, *inputs: Shape) -> Shape:
        """Return the input's shape."""
        return inputs[0]

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """Return weight and bias, each (channels,)."""
        return tuple(Parameter(name, (inputs[0].channels,), self.kind) for name in ("weight", "bias"))

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the input."""
        return SavedTensors((0,))

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - it has no size of its own
        """Return ``Affine``."""
        return "Affine"

    def call(self, *inputs: Shape) -> Call:
        """Return ``ChannelAffine(channels)``."""
        (values,) = inputs
        axes = len(values.sizes) - 1 - values.channel_axis
        return Call("ChannelAffine", (Argument(None, values.channels), Argument("axes", axes, 2)))


class Rescale(Operation):
    """Multiply by a given number and add another: one for all channels, or one for each.

    torchvision's ``transform_input`` is one for each; networks without norms multiply by one number. A division is no
    product with the inverse: it rounds once.
    """

    kind: ClassVar[str] = "rescale"
    family: ClassVar[Family] = "scale"
    definition: ClassVar[str | None] = '''
class Rescale(nn.Module):
    """Multiply each channel by a number and add another."""

    def __init__(self, scale, shift):
        super().__init__()
        self.scale, self.shift = scale, shift

    def forward(self, x):
        channels = [x[:, i : i + 1] * a + b for i, (a, b) in enumerate(zip(self.scale, self.shift))]
        return torch.cat(channels, 1)
'''

    scale: Real | Numbers = Field(1.0, description="factor, or that of each channel")
    shift: Real | Numbers = Field(0.0, description="number that is added, or that of each channel")
    divisor: Real = Field(1.0, description="number by which all is divided first, where the others are single numbers")

    @model_validator(mode="after")
    def _divisible(self) -> Rescale:
        """Refuse to divide by zero, or beside numbers of channels."""
        if not self.divisor:
            message = "`divisor` cannot be 0"
            raise ValueError(message)
        if self.divisor != 1 and not self._is_single:
            message = "`divisor` goes with single numbers, not with those of channels"
            raise ValueError(message)
        return self

    @property
    def _is_single(self) -> bool:
        return not isinstance(self.scale, tuple) and not isinstance(self.shift, tuple)

    def output(self, *inputs: Shape) -> Shape:
        """Return the input's shape; raise ShapeError unless numbers of channels are one for each."""
        (values,) = inputs
        for field in ("scale", "shift"):
            numbers = getattr(self, field)
            if isinstance(numbers, tuple):
                need_image(values, self.kind)
                if len(numbers) != values.channels:
                    raise ShapeError(f"{len(numbers)} numbers for {values.channels} channels", field)
        return values

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the numbers are in the page
        """Return ``Rescale``, with its numbers ``÷ 3 × 0.5 + 1`` where it has one of each."""
        if not self._is_single:
            return "Rescale"
        divisor = f"÷ {self.divisor:g}" if self.divisor != 1 else ""
        factor = f"× {self.scale:g}" if self.scale != 1 else ""
        shift = f"+ {self.shift:g}" if self.shift else ""
        return " ".join(each for each in (divisor, factor, shift) if each) or "× 1"

    def call(self, *inputs: Shape) -> Call:
        """Return ``Rescale(scale=..., shift=...)`` with numbers of channels, ``Affine(scale=...)`` with single ones.

        With a divisor it is ``Divided(divisor=...)``.
        """
        if self._is_single:
            single = Argument("scale", self.scale, 1.0), Argument("shift", self.shift, 0.0)
            divided = (Argument("divisor", self.divisor), *single)
            return Call("Affine", single) if self.divisor == 1 else Call("Divided", divided)
        count = inputs[0].channels
        scale, shift = (each if isinstance(each, tuple) else (each,) * count for each in (self.scale, self.shift))
        return Call("Rescale", (Argument("scale", scale), Argument("shift", shift)))

    def source(self) -> str | None:
        """Return the class for single numbers, with a divisor or without, or for those of each channel."""
        return (_AFFINE if self.divisor == 1 else _DIVIDED) if self._is_single else self.definition


_DIVIDED = '''
class Divided(nn.Module):
    """Divide by a number, multiply by another and add a third."""

    def __init__(self, divisor, scale=1.0, shift=0.0):
        super().__init__()
        self.divisor, self.scale, self.shift = divisor, scale, shift

    def forward(self, x):
        x = x / self.divisor
        x = x * self.scale if self.scale != 1 else x
        return x + self.shift if self.shift else x
'''


_AFFINE = '''
class Affine(nn.Module):
    """Multiply by a number and add another."""

    def __init__(self, scale=1.0, shift=0.0):
        super().__init__()
        self.scale, self.shift = scale, shift

    def forward(self, x):
        x = x * self.scale
        return x + self.shift if self.shift else x
'''
