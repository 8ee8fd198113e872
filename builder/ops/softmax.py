"""Softmax over channels, or between groups of them: weights that sum to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from builder.ops.base import Argument, Call, Count, Family, Operation, SavedTensors, ShapeError, Window

if TYPE_CHECKING:
    from builder.shapes import Shape


class Softmax(Operation):
    """Turn the channels that stand at one position of each group into weights that sum to 1.

    Two groups of 64 channels give 64 pairs that sum to 1, as selective kernels weigh two branches; without ``groups``
    all channels sum to 1. https://arxiv.org/abs/1903.06586

    Behind a convolution in ``cardinality`` groups the channels stand in as many parts, each with all the groups that
    are weighed; the weights stand group by group. https://arxiv.org/abs/2004.08955
    """

    kind: ClassVar[str] = "softmax"
    family: ClassVar[Family] = "activation"
    backward_reads_output: ClassVar[bool] = True
    definition: ClassVar[str | None] = '''
class Softmax(nn.Module):
    """Turn the channels that stand at one position of each group into weights that sum to 1."""

    def __init__(self, groups):
        super().__init__()
        self.groups = groups

    def forward(self, x):
        return torch.softmax(x.unflatten(1, (self.groups, -1)), 1).flatten(1, 2)
'''

    groups: Count | None = Field(
        None, description="groups of channels that are weighed against each other; all if not given"
    )
    cardinality: Count = Field(1, description="parts of the input that have all groups each, one part after another")

    def output(self, *inputs: Shape) -> Shape:
        """Return the input's shape; raise ShapeError where channels are not first or the groups do not divide them."""
        (values,) = inputs
        if values.channel_axis != 0:
            raise ShapeError(f"`softmax` needs channels first, but its input is {values} (channels last)")
        if self.groups is None and self.cardinality > 1:
            raise ShapeError("`cardinality` means nothing without `groups`", "cardinality", "say how many are weighed")
        if values.channels % (self.cardinality * (self.groups or 1)):
            parts = "" if self.cardinality == 1 else f"{self.cardinality} parts with "
            raise ShapeError(f"{parts}groups of {self.groups} do not divide the {values.channels} channels", "groups")
        return values

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the output."""
        return SavedTensors(output=True)

    def window(self) -> Window:
        """Return a window of one position: only channels are weighed."""
        return Window()

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the fields say it all
        """Return ``Softmax``, or ``Softmax 2`` for the number of groups."""
        return "Softmax" if self.groups is None else f"Softmax {self.groups}"

    def call(self, *inputs: Shape) -> Call:
        """Return ``nn.Softmax(dim=1)`` over all channels, else ``Softmax(groups)``, or that of parts."""
        if self.cardinality > 1:
            return Call("SoftmaxOfParts", (Argument(None, self.groups), Argument(None, self.cardinality)))
        if self.groups is None or self.groups == inputs[0].channels:
            return Call("nn.Softmax", (Argument("dim", 1),))
        return Call("Softmax", (Argument(None, self.groups),))

    def source(self) -> str | None:
        """Return the class; that of parts has another name, so that a network can hold both."""
        return _PARTS if self.cardinality > 1 else self.definition


_PARTS = '''
class SoftmaxOfParts(nn.Module):
    """Turn the channels that stand at one position of each group, in all parts, into weights that sum to 1."""

    def __init__(self, groups, parts):
        super().__init__()
        self.groups, self.parts = groups, parts

    def forward(self, x):
        x = x.unflatten(1, (self.parts, self.groups, -1)).transpose(1, 2)
        return torch.softmax(x, 1).flatten(1, 3)
'''
