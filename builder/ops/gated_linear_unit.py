"""The gated linear unit: one half of the channels is the other half's gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from builder.ops.base import Argument, Call, Family, Operation, SavedTensors, ShapeError

if TYPE_CHECKING:
    from builder.shapes import Shape


class GatedLinearUnit(Operation):
    """Multiply the first half of the channels by the sigmoid of the second.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.GLU.html
    """

    kind: ClassVar[str] = "glu"
    family: ClassVar[Family] = "activation"

    def output(self, *inputs: Shape) -> Shape:
        """Return the shape with half of the channels; raise ShapeError where they come last or are odd in number."""
        (values,) = inputs
        if values.channel_axis != 0:
            raise ShapeError(f"`glu` needs channels first, but its input is {values} (channels last)")
        if values.channels % 2:
            raise ShapeError(f"`glu` halves the channels, and {values} has {values.channels}")
        return values.with_channels(values.channels // 2)

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the input."""
        return SavedTensors((0,))

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - it has no size
        """Return ``GLU``."""
        return "GLU"

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - the channels follow the batch
        """Return ``nn.GLU(dim=1)``."""
        return Call("nn.GLU", (Argument("dim", 1),))
