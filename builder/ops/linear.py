"""Fully connected layer, ``nn.Linear``."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from builder.ops.base import Argument, Call, Count, Family, Operation, Parameter, SavedTensors, ShapeError

if TYPE_CHECKING:
    from builder.shapes import Shape


class Linear(Operation):
    """Map the last axis, the features, to ``out`` features.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html
    """

    kind: ClassVar[str] = "linear"
    family: ClassVar[Family] = "linear"

    out: Count = Field(description="output features")
    bias: bool = Field(True, description="whether to add a learned bias to each feature")

    def output(self, *inputs: Shape) -> Shape:
        """Return the shape with ``out`` features; raise ShapeError where the last axis is no channel axis."""
        (features,) = inputs
        if features.channel_axis != len(features.sizes) - 1:
            raise ShapeError(f"`linear` needs features, but its input is {features}", None, "put `flatten` before it")
        return features.with_channels(self.out)

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """Return weight (out, in) and bias (out,)."""
        (features,) = inputs
        weight = Parameter("weight", (self.out, features.channels), self.kind)
        return (weight, Parameter("bias", (self.out,), self.kind)) if self.bias else (weight,)

    def macs(self, *inputs: Shape) -> int:
        """Return one multiply-accumulate for each weight and position."""
        (features,) = inputs
        return self.out * features.elements

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the input: the gradient of the weights needs it."""
        return SavedTensors((0,))

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the fields say it all
        """Return ``FC 4096``."""
        return f"FC {self.out}"

    def call(self, *inputs: Shape) -> Call:
        """Return ``nn.Linear(in, out)``."""
        (features,) = inputs
        arguments = (Argument(None, features.channels), Argument(None, self.out), Argument("bias", self.bias, True))
        return Call("nn.Linear", arguments)
