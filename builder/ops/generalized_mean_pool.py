"""The generalized mean over all positions, between their mean and their maximum."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from builder.ops.base import (
    FLOAT,
    LARGEST,
    SMALLEST,
    Argument,
    Call,
    Family,
    Operation,
    Parameter,
    SavedTensors,
    need_image,
)
from builder.shapes import Shape


class GeneralizedMeanPool(Operation):
    """Take the p-th root of the mean of p-th powers of each channel, with one learned p: GeM.

    With p = 1 it is the mean; the larger p, the closer it is to the maximum. https://arxiv.org/abs/1711.02512
    """

    kind: ClassVar[str] = "gempool"
    family: ClassVar[Family] = "pool"
    backward_reads_output: ClassVar[bool] = True
    definition: ClassVar[str | None] = '''
class GeneralizedMeanPool(nn.Module):
    """Take the root of the mean of powers, of which the exponent is learned."""

    def __init__(self, p=3.0, eps=1e-6):
        super().__init__()
        self.p = nn.Parameter(torch.full((1,), p))
        self.eps = eps

    def forward(self, x):
        return F.avg_pool2d(x.clamp(min=self.eps).pow(self.p), x.shape[2:]).pow(1.0 / self.p)
'''

    p: Annotated[float, Field(gt=SMALLEST, le=LARGEST, description="the exponent at the beginning")] = 3.0
    eps: Annotated[float, Field(gt=SMALLEST, lt=1, description="smaller values, negative ones too, become this")] = 1e-6

    def output(self, *inputs: Shape) -> Shape:
        """Return channels of one position; raise ShapeError for anything but an image."""
        need_image(inputs[0], self.kind)
        return Shape((inputs[0].channels, 1, 1))

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:  # noqa: ARG002 - one for all channels
        """Return the exponent, (1,)."""
        return (Parameter("p", (1,), self.kind),)

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - nothing is overwritten
        """Keep an input that learns, what is left of it, powers, means, their roots, and twice the inverse of p."""
        own = 2 * inputs[0].elements + inputs[0].channels + 2
        return SavedTensors((0,) if learning[0] else (), own=FLOAT * own, output=True)

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - it has no size of its own
        """Return ``GeM``."""
        return "GeM"

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - the fields say it all
        """Return ``GeneralizedMeanPool(p=..., eps=...)``."""
        return Call("GeneralizedMeanPool", (Argument("p", self.p, 3.0), Argument("eps", self.eps, 1e-6)))
