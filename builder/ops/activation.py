"""Activations: functions of one element that have no fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from builder.ops.base import FLOAT, Argument, Call, Family, Operation, SavedTensors

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
        return Call(f"nn.{self.module}")


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


IN_PLACE = Argument("inplace", True, False)
"""What an activation's call gains where its input is read by nobody else."""

ACTIVATIONS: tuple[type[Activation], ...] = (ReLU, ReLU6, SiLU, Hardswish, GELU, Sigmoid, Hardsigmoid, Tanh)
