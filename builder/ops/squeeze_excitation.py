"""The squeeze-and-excitation gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from builder.ops.activation import ACTIVATIONS
from builder.ops.base import (
    FLOAT,
    Argument,
    Call,
    Count,
    Family,
    Operation,
    Parameter,
    PlaceField,
    SavedTensors,
    ShapeError,
    need_image,
)

if TYPE_CHECKING:
    from builder.shapes import Shape

Gate = Literal[
    "relu",
    "relu6",
    "hardtanh",
    "silu",
    "hardswish",
    "gelu",
    "sigmoid",
    "hardsigmoid",
    "tanh",
    "leakyrelu",
    "elu",
    "celu",
    "selu",
    "mish",
    "softplus",
]
"""The activations of PyTorch that learn nothing, each as it is without fields."""

_WITHOUT_BIAS = "SqueezeExcitationWithoutBias"
_ACTIVATIONS = {activation.kind: activation for activation in ACTIVATIONS}


class SqueezeExcitation(Operation):
    """Scale each channel by a number in 0..1 computed from the mean of every channel.

    With a second input the means are taken there: the page's ``squeeze: block1.out``. Keys and arithmetic are
    those of ``torchvision.ops.SqueezeExcitation``. https://arxiv.org/abs/1709.01507
    """

    kind: ClassVar[str] = "se"
    family: ClassVar[Family] = "gate"
    place: ClassVar[PlaceField | None] = PlaceField(
        "squeeze", "a place whose channel means are taken instead of those of its own input"
    )
    definition: ClassVar[str | None] = '''
class SqueezeExcitation(nn.Module):
    """Scale the channels of x by gates computed from the channel means of x, or of another tensor."""

    def __init__(self, channels, hidden, squeezed=None, activation=nn.ReLU, gate=nn.Sigmoid):
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(squeezed or channels, hidden, 1)
        self.fc2 = nn.Conv2d(hidden, channels, 1)
        self.activation = activation()
        self.scale_activation = gate()

    def forward(self, x, squeeze=None):
        scale = self.avgpool(x if squeeze is None else squeeze)
        scale = self.activation(self.fc1(scale))
        return self.scale_activation(self.fc2(scale)) * x
'''

    reduction: Count | None = Field(
        None, description="reduction ratio of the hidden channels; 16 if neither this nor `hidden` is given"
    )
    hidden: Count | None = Field(None, description="number of hidden channels, instead of `reduction`")
    activation: Gate = Field("relu", description="activation between the two layers")
    gate: Gate = Field("sigmoid", description="activation after them, which gives the scale")
    bias: bool = Field(True, description="whether the two layers have a learned bias")

    @model_validator(mode="before")
    @classmethod
    def _one_size(cls, fields: dict[str, object]) -> dict[str, object]:
        """Take the paper's reduction of 16 where nothing is said; refuse two sizes of the middle."""
        if "reduction" in fields and "hidden" in fields:
            both = "`reduction` (channels divided by it) and `hidden` (channels in the middle)"
            message = f"{both} mean the same: give one of them"
            raise ValueError(message)
        return fields if "hidden" in fields else {"reduction": 16, **fields}

    def output(self, *inputs: Shape) -> Shape:
        """Return the first input's shape; raise ShapeError where the middle would have no channel."""
        for each in inputs:
            need_image(each, self.kind)
        if self._hidden(inputs[-1]) < 1:
            channels = inputs[-1].channels
            hint = f"choose a reduction of at most {channels}"
            raise ShapeError(
                f"a reduction of {self.reduction} leaves no hidden channels of {channels}", "reduction", hint
            )
        return inputs[0]

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """Return weight and, unless left out, bias of both 1x1 convolutions, ``fc1`` and ``fc2``."""
        squeezed, hidden, channels = inputs[-1].channels, self._hidden(inputs[-1]), inputs[0].channels
        learned = (
            Parameter("fc1.weight", (hidden, squeezed, 1, 1), "conv"),
            Parameter("fc1.bias", (hidden,), "conv"),
            Parameter("fc2.weight", (channels, hidden, 1, 1), "conv"),
            Parameter("fc2.bias", (channels,), "conv"),
        )
        return learned if self.bias else learned[::2]

    def macs(self, *inputs: Shape) -> int:
        """Return the multiply-accumulates of both convolutions, each on one position."""
        return self._hidden(inputs[-1]) * (inputs[-1].channels + inputs[0].channels)

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - nothing is overwritten
        """Keep the input, the means, what the activation gives, and the gates; of both functions what they keep."""
        squeezed, hidden, channels = inputs[-1].channels, self._hidden(inputs[-1]), inputs[0].channels
        activation, gate = _ACTIVATIONS[self.activation], _ACTIVATIONS[self.gate]
        own = squeezed + hidden * (1 if activation.keeps_output else 2)
        own += channels * (gate.keeps_output or learning[0]) + channels * (not gate.keeps_output)
        return SavedTensors((0,), own=FLOAT * own)

    def label(self, *inputs: Shape) -> str:
        """Return ``SE 384→24→384``."""
        return f"SE {inputs[-1].channels}→{self._hidden(inputs[-1])}→{inputs[0].channels}"

    def call(self, *inputs: Shape) -> Call:
        """Return ``SqueezeExcitation(channels, hidden)``."""
        channels, squeezed = inputs[0].channels, inputs[-1].channels
        return Call(
            "SqueezeExcitation" if self.bias else _WITHOUT_BIAS,
            (
                Argument(None, channels),
                Argument(None, self._hidden(inputs[-1])),
                Argument("squeezed", squeezed, channels),
                Argument("activation", DottedName(f"nn.{_ACTIVATIONS[self.activation].module}"), DottedName("nn.ReLU")),
                Argument("gate", DottedName(f"nn.{_ACTIVATIONS[self.gate].module}"), DottedName("nn.Sigmoid")),
            ),
        )

    def source(self) -> str | None:
        """Return the class; without biases one of another name, so that a network can hold both."""
        text = self.definition or ""
        if self.bias:
            return text
        return text.replace("class SqueezeExcitation", f"class {_WITHOUT_BIAS}").replace(", 1)\n", ", 1, bias=False)\n")

    def _hidden(self, squeezed: Shape) -> int:
        return self.hidden if self.hidden is not None else squeezed.channels // (self.reduction or 1)


class DottedName(str):
    """A dotted name that stands in source as it is, not as a quoted text."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)
