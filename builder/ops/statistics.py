"""Statistics of values that norms are made of: means, variances and norms over some axes, and roots of them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from builder.ops.activation import Activation
from builder.ops.base import (
    FLOAT,
    Argument,
    Call,
    Count,
    Extent,
    Family,
    Operation,
    SavedTensors,
    ShapeError,
    need_image,
    unless_default,
)
from builder.shapes import Shape

Axes = Annotated[tuple[Extent, ...], Field(min_length=1, max_length=3)]
By = Literal["mean", "sum", "var", "std", "norm"]


class Reduce(Operation):
    """Take a mean, sum, variance, standard deviation or norm, of which each axis keeps one position.

    So the result can be multiplied with what it was made of, or divide it (`merge: div`), as in norms. With ``groups``
    it is taken over the positions and channels of each group, and each of its channels has it.
    """

    kind: ClassVar[str] = "reduce"
    family: ClassVar[Family] = "pool"
    backward_reads_output: ClassVar[bool] = True
    definition: ClassVar[str | None] = '''
class Reduce(nn.Module):
    """Take a statistic over some axes, of which one position is left, or over each group of channels."""

    def __init__(self, by, dims, groups=None, correction=1):
        super().__init__()
        self.by, self.dims, self.groups, self.correction = by, dims, groups, correction

    def forward(self, x):
        more = {"correction": self.correction} if self.by in ("var", "std") else {}
        more |= {"p": 2} if self.by == "norm" else {}
        if self.groups is None:
            return getattr(x, self.by)(dim=self.dims, keepdim=True, **more)
        shares = x.unflatten(1, (self.groups, -1))
        each = getattr(shares, self.by)(dim=self.dims, keepdim=True, **more)
        return each.expand(-1, -1, shares.shape[2], -1, -1).flatten(1, 2)
'''

    by: By = Field(description="what is taken; `norm` is the root of the sum of squares")
    dims: Axes | None = Field(None, description="axes, with the batch axis as 0, as in PyTorch")
    groups: Count | None = Field(None, description="groups of channels, instead of `dims`")
    correction: Extent = Field(1, description="what is taken from the number of values, of `var` and `std`")

    @model_validator(mode="after")
    def _over_one(self) -> Reduce:
        """Refuse axes and groups, or none of them."""
        if (self.dims is None) == (self.groups is None):
            message = "give either `dims` (axes) or `groups` (of channels)"
            raise ValueError(message)
        return self

    def output(self, *inputs: Shape) -> Shape:
        """Return one position for each axis; raise ShapeError where an axis or an image is missing."""
        (values,) = inputs
        if self.groups is not None:
            need_image(values, self.kind)
            if values.channels % self.groups:
                message = f"groups of {self.groups} do not divide the {values.channels} channels"
                raise ShapeError(message, "groups")
            return Shape((values.channels, 1, 1))
        gone = {axis - 1 for axis in self.dims or ()}
        if not gone <= set(range(len(values.sizes))) or len(gone) != len(self.dims or ()):
            raise ShapeError(f"{values} has the axes 1 to {len(values.sizes)} beside the batch", "dims")
        sizes = (1 if axis in gone else size for axis, size in enumerate(values.sizes))
        return Shape(tuple(sizes), values.channel_axis)

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the input of what is no mean or sum, and a norm or deviation itself."""
        if self.by in ("mean", "sum"):
            return SavedTensors()
        if self.by == "var":
            return SavedTensors((0,))
        return SavedTensors((0,), output=True) if self.groups is None else SavedTensors((0,), own=FLOAT * self.groups)

    @property
    def _name(self) -> str:
        return self.by.capitalize()

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the fields say it all
        """Return ``Var``, or ``Var 32`` for the number of groups."""
        return self._name if self.groups is None else f"{self._name} {self.groups}"

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - the fields say it all
        """Return ``Reduce(by, dims)``."""
        dims = self.dims if self.groups is None else (2, 3, 4)
        more = (
            unless_default(Argument("groups", self.groups, None)),
            unless_default(Argument("correction", self.correction, 1)),
        )
        return Call("Reduce", (Argument(None, self.by), Argument(None, dims), *more[0], *more[1]))


class _Root(Activation):
    """What square roots have; in a figure they scale as norms do."""

    family: ClassVar[Family] = "scale"
    backward_reads_output: ClassVar[bool] = True
    keeps_output: ClassVar[bool] = True

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - it has no fields
        """Return ``Sqrt()`` or ``Rsqrt()``."""
        return Call(self.module)


class Sqrt(_Root):
    """Return the square root of each value.

    https://docs.pytorch.org/docs/stable/generated/torch.sqrt.html
    """

    kind: ClassVar[str] = "sqrt"
    module: ClassVar[str] = "Sqrt"
    definition: ClassVar[str | None] = '''
class Sqrt(nn.Module):
    """Return the square root of each value."""

    def forward(self, x):
        return torch.sqrt(x)
'''


class Rsqrt(_Root):
    """Return 1 / the square root of each value.

    https://docs.pytorch.org/docs/stable/generated/torch.rsqrt.html
    """

    kind: ClassVar[str] = "rsqrt"
    module: ClassVar[str] = "Rsqrt"
    definition: ClassVar[str | None] = '''
class Rsqrt(nn.Module):
    """Return 1 / the square root of each value."""

    def forward(self, x):
        return torch.rsqrt(x)
'''
