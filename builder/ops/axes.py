"""The order of an image's axes, and that of its numbers in memory."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from builder.ops.base import Argument, Axes, Call, Family, Operation, ShapeError, Window
from builder.shapes import Shape


class Permute(Operation):
    """Reorder the axes; ``dims`` counts the batch axis as 0, as PyTorch does.

    https://docs.pytorch.org/docs/stable/generated/torch.permute.html
    """

    kind: ClassVar[str] = "permute"
    family: ClassVar[Family] = "shape"
    may_alias: ClassVar[bool] = True
    definition: ClassVar[str | None] = '''
class Permute(nn.Module):
    """Reorder the axes of the batch."""

    def __init__(self, dims):
        super().__init__()
        self.dims = dims

    def forward(self, x):
        return x.permute(self.dims)
'''

    dims: Axes = Field(description="axes, with the batch axis as 0, as in PyTorch")
    contiguous: bool = Field(
        False, description="whether the numbers are laid out anew in that order, which decides how later layers round"
    )
    channels_first: bool = Field(
        False, description="whether channels that come last are positions from here on, and the first axis the channels"
    )

    def source(self) -> str | None:
        """Return the class; the one that lays numbers out anew has another name, so that a network can hold both."""
        return _ANEW if self.contiguous else self.definition

    def output(self, *inputs: Shape) -> Shape:
        """Return the sizes in the new order; raise ShapeError where ``dims`` is not an order of the axes.

        Channels that come last stay channels, unless ``channels_first``; otherwise the first axis is what convolutions
        take for channels.
        """
        (values,) = inputs
        axes = len(values.sizes) + 1
        if self.dims[0] != 0 or sorted(self.dims) != list(range(axes)):
            given = ", ".join(str(axis) for axis in self.dims)
            raise ShapeError(f"[{given}] is not an order of the {axes} axes with the batch first", "dims")
        order = [axis - 1 for axis in self.dims[1:]]
        last = order[-1] == values.channel_axis and not self.channels_first
        return Shape(tuple(values.sizes[axis] for axis in order), len(order) - 1 if last else 0)

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the fields say it all
        """Return ``Permute``."""
        return "Permute"

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - the fields say it all
        """Return ``Permute((0, 2, 3, 1))``, or ``PermuteAnew((0, 3, 1, 2))``."""
        return Call("PermuteAnew" if self.contiguous else "Permute", (Argument(None, self.dims),))

    def is_alias(self, *inputs: Shape) -> bool:  # noqa: ARG002 - the fields say it all
        """Return whether no number is copied."""
        return not self.contiguous or list(self.dims) == sorted(self.dims)


_ANEW = '''
class PermuteAnew(nn.Module):
    """Reorder the axes of the batch, and lay the numbers out in their new order."""

    def __init__(self, dims):
        super().__init__()
        self.dims = dims

    def forward(self, x):
        return x.permute(self.dims).contiguous()
'''


class Contiguous(Operation):
    """Lay numbers out in memory in the order of their axes where they are not; the values stay what they are.

    It decides how later layers round. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.contiguous.html
    """

    kind: ClassVar[str] = "contiguous"
    family: ClassVar[Family] = "shape"
    is_module: ClassVar[bool] = False
    has_key: ClassVar[bool] = False
    may_alias: ClassVar[bool] = True

    def output(self, *inputs: Shape) -> Shape:
        """Return the input's shape."""
        return inputs[0]

    def window(self) -> Window:
        """Return a window of one position."""
        return Window()

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - it has no fields
        """Return ``Contiguous``."""
        return "Contiguous"

    def expression(self, target: str, *names: str) -> str:  # noqa: ARG002 - there is no module
        """Return the tensor, laid out anew where it has to be."""
        return f"{names[0]}.contiguous()"
