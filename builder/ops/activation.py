"""Activations: functions of one element; few of them have fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from builder.ops.base import (
    FLOAT,
    LARGEST,
    Argument,
    Call,
    Count,
    Family,
    Operation,
    Parameter,
    Real,
    SavedTensors,
    ShapeError,
    unless_default,
)

if TYPE_CHECKING:
    from builder.shapes import Shape


class Activation(Operation):
    """Apply one function to every element; the subclasses say which.

    https://docs.pytorch.org/docs/stable/nn.html#non-linear-activations-weighted-sum-nonlinearity
    """

    family: ClassVar[Family] = "activation"
    module: ClassVar[str]
    """PyTorch's name, which is also the label."""

    def output(self, *inputs: Shape) -> Shape:
        """Return the input's shape."""
        return inputs[0]

    keeps_output: ClassVar[bool] = False
    """Whether its backward is written in terms of its output."""

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - all its inputs learn
        """Keep the output or the input; a copy of the input where that is overwritten."""
        if self.keeps_output:
            return SavedTensors(output=True)
        return SavedTensors(own=FLOAT * inputs[0].elements) if in_place else SavedTensors((0,))

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - it has no size
        """Return PyTorch's name, such as ``ReLU``."""
        return self.module

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - it has no size
        """Return ``nn.ReLU()``; whether in place is decided where the whole graph is known."""
        return Call(f"nn.{self.module}", self._arguments())

    def _arguments(self) -> tuple[Argument, ...]:
        """Return what the constructor is given: the fields of those that have some."""
        return ()


class ReLU(Activation):
    """Return max(0, x)."""

    kind: ClassVar[str] = "relu"
    module: ClassVar[str] = "ReLU"
    can_act_in_place: ClassVar[bool] = True
    backward_reads_output: ClassVar[bool] = True
    keeps_output: ClassVar[bool] = True


class ReLU6(Activation):
    """Return min(max(0, x), 6)."""

    kind: ClassVar[str] = "relu6"
    module: ClassVar[str] = "ReLU6"
    can_act_in_place: ClassVar[bool] = True
    backward_reads_output: ClassVar[bool] = True


class Hardtanh(Activation):
    """Return min(max(``min``, x), ``max``).

    https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardtanh.html
    """

    kind: ClassVar[str] = "hardtanh"
    module: ClassVar[str] = "Hardtanh"
    can_act_in_place: ClassVar[bool] = True
    backward_reads_output: ClassVar[bool] = True

    min: Real = Field(-1.0, description="least value that is left as it is")
    max: Real = Field(1.0, description="greatest value that is left as it is, above `min`")

    @model_validator(mode="after")
    def _between(self) -> Hardtanh:
        """Refuse limits between which nothing lies."""
        if not self.min < self.max:
            message = f"`max`, {self.max:g}, is to be above `min`, {self.min:g}"
            raise ValueError(message)
        return self

    def _arguments(self) -> tuple[Argument, ...]:
        return (Argument("min_val", float(self.min), -1.0), Argument("max_val", float(self.max), 1.0))


class SiLU(Activation):
    """Return x * sigmoid(x)."""

    kind: ClassVar[str] = "silu"
    module: ClassVar[str] = "SiLU"
    can_act_in_place: ClassVar[bool] = True


class Hardswish(Activation):
    """Return x * relu6(x + 3) / 6."""

    kind: ClassVar[str] = "hardswish"
    module: ClassVar[str] = "Hardswish"
    can_act_in_place: ClassVar[bool] = True


class GELU(Activation):
    """Return x times the normal distribution's share below x."""

    kind: ClassVar[str] = "gelu"
    module: ClassVar[str] = "GELU"

    approximate: Literal["none", "tanh"] = Field("none", description="whether it is computed through a tanh")

    def _arguments(self) -> tuple[Argument, ...]:
        return unless_default(Argument("approximate", self.approximate, "none"))


class Sigmoid(Activation):
    """Return 1 / (1 + exp(-x))."""

    kind: ClassVar[str] = "sigmoid"
    module: ClassVar[str] = "Sigmoid"
    backward_reads_output: ClassVar[bool] = True
    keeps_output: ClassVar[bool] = True


class Hardsigmoid(Activation):
    """Return relu6(x + 3) / 6."""

    kind: ClassVar[str] = "hardsigmoid"
    module: ClassVar[str] = "Hardsigmoid"


class Tanh(Activation):
    """Return the hyperbolic tangent."""

    kind: ClassVar[str] = "tanh"
    module: ClassVar[str] = "Tanh"
    backward_reads_output: ClassVar[bool] = True
    keeps_output: ClassVar[bool] = True


class LeakyReLU(Activation):
    """Return x where it is positive, else ``negative_slope`` times x.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html
    """

    kind: ClassVar[str] = "leakyrelu"
    module: ClassVar[str] = "LeakyReLU"
    can_act_in_place: ClassVar[bool] = True
    backward_reads_output: ClassVar[bool] = True

    negative_slope: Annotated[float, Field(ge=0, le=LARGEST, description="slope of negative values")] = 0.01

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the input, or what has overwritten it: both have the same signs."""
        return SavedTensors(output=True) if in_place else SavedTensors((0,))

    def _arguments(self) -> tuple[Argument, ...]:
        return (Argument("negative_slope", float(self.negative_slope), 0.01),)


class PReLU(Activation):
    """Return x where it is positive, else x times a learned slope.

    https://arxiv.org/abs/1502.01852
    """

    kind: ClassVar[str] = "prelu"
    module: ClassVar[str] = "PReLU"

    num_parameters: Count = Field(1, description="learned slopes: 1 for all channels, or `$in` for one each")
    init: Real = Field(0.25, description="initial value of every slope")

    def output(self, *inputs: Shape) -> Shape:
        """Return the input's shape; raise ShapeError unless there is one slope, or one for each channel."""
        (values,) = inputs
        if self.num_parameters not in (1, values.channels):
            message = f"{self.num_parameters} slopes for {values.channels} channels"
            raise ShapeError(message, "num_parameters", "one for all channels, or `$in` for one each")
        if self.num_parameters > 1 and values.channel_axis != 0:
            message = f"{values} has its channels last, where `prelu` has one slope for all"
            raise ShapeError(message, "num_parameters")
        return values

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:  # noqa: ARG002 - the field says how many
        """Return the slopes (num_parameters,)."""
        return (Parameter("weight", (self.num_parameters,), self.kind),)

    def _arguments(self) -> tuple[Argument, ...]:
        return (Argument("num_parameters", self.num_parameters, 1), Argument("init", float(self.init), 0.25))


class _WithAlpha(Activation):
    """What ELU and CELU have: the value that large negative inputs approach, with the sign changed."""

    alpha: Annotated[float, Field(gt=0, le=LARGEST, description="minus the value that negative inputs approach")] = 1.0

    def _arguments(self) -> tuple[Argument, ...]:
        return (Argument("alpha", float(self.alpha), 1.0),)


class ELU(_WithAlpha):
    """Return x where it is positive, else alpha * (exp(x) - 1).

    https://arxiv.org/abs/1511.07289
    """

    kind: ClassVar[str] = "elu"
    module: ClassVar[str] = "ELU"


class CELU(_WithAlpha):
    """Return x where it is positive, else alpha * (exp(x / alpha) - 1).

    https://arxiv.org/abs/1704.07483
    """

    kind: ClassVar[str] = "celu"
    module: ClassVar[str] = "CELU"


class SELU(Activation):
    """Return 1.0507 times ELU with an alpha of 1.6733, which keeps mean 0 and variance 1.

    https://arxiv.org/abs/1706.02515
    """

    kind: ClassVar[str] = "selu"
    module: ClassVar[str] = "SELU"


class Mish(Activation):
    """Return x * tanh(log(1 + exp(x))).

    https://arxiv.org/abs/1908.08681
    """

    kind: ClassVar[str] = "mish"
    module: ClassVar[str] = "Mish"


class Softplus(Activation):
    """Return log(1 + exp(x)), a smooth ReLU.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.Softplus.html
    """

    kind: ClassVar[str] = "softplus"
    module: ClassVar[str] = "Softplus"


class Square(Activation):
    """Return x²; behind a ReLU it is the squared ReLU (https://arxiv.org/abs/2109.08668).

    https://docs.pytorch.org/docs/stable/generated/torch.square.html
    """

    kind: ClassVar[str] = "square"
    module: ClassVar[str] = "Square"
    definition: ClassVar[str | None] = '''
class Square(nn.Module):
    """Return the square of each value."""

    def forward(self, x):
        return torch.square(x)
'''

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - it has no size
        """Return ``Square()``."""
        return Call("Square")


class StarReLU(Activation):
    """Return scale * max(0, x)² + bias, with two learned numbers for all channels: MetaFormer's.

    https://arxiv.org/abs/2210.13452
    """

    kind: ClassVar[str] = "starrelu"
    module: ClassVar[str] = "StarReLU"
    definition: ClassVar[str | None] = '''
class StarReLU(nn.Module):
    """Return scale * relu(x)² + bias, with two learned numbers."""

    def __init__(self, scale=1.0, bias=0.0):
        super().__init__()
        self.scale = nn.Parameter(torch.full((1,), scale))
        self.bias = nn.Parameter(torch.full((1,), bias))

    def forward(self, x):
        return self.scale * F.relu(x) ** 2 + self.bias
'''

    scale: Real = Field(1.0, description="initial value of the factor")
    bias: Real = Field(0.0, description="initial value of what is added")

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:  # noqa: ARG002 - two numbers for all
        """Return both numbers, each (1,)."""
        return Parameter("scale", (1,), self.kind), Parameter("bias", (1,), self.kind)

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - nothing is overwritten
        """Keep what the ReLU gives, and its square."""
        return SavedTensors(own=2 * FLOAT * inputs[0].elements)

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - it has no size
        """Return ``StarReLU()``."""
        return Call("StarReLU", (Argument("scale", float(self.scale), 1.0), Argument("bias", float(self.bias), 0.0)))


IN_PLACE = Argument("inplace", True, False)
"""What an activation's call gains where its input is read by nobody else."""

ACTIVATIONS: tuple[type[Activation], ...] = (
    *(ReLU, ReLU6, Hardtanh, SiLU, Hardswish, GELU, Sigmoid, Hardsigmoid, Tanh),
    *(LeakyReLU, PReLU, ELU, CELU, SELU, Mish, Softplus, Square, StarReLU),
)
