"""Global response normalization: channels compete by how strong each is over the whole image.

Woo et al., https://arxiv.org/abs/2301.00808
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from builder.ops.base import FLOAT, Argument, Call, Family, Operation, Parameter, SavedTensors, ShapeError

if TYPE_CHECKING:
    from builder.shapes import Shape


class GlobalResponseNorm(Operation):
    """Scale each channel by its norm over the image, divided by the mean norm of all channels."""

    kind: ClassVar[str] = "grn"
    family: ClassVar[Family] = "norm"
    definition: ClassVar[str | None] = '''
class GRN(nn.Module):
    """Scale each channel of x by its norm over the image, divided by the mean norm; channels first or last."""

    def __init__(self, channels, axis=1, epsilon=1e-6):
        super().__init__()
        self.axis, self.positions = axis, [each for each in (1, 2, 3) if each != axis]
        self.epsilon = epsilon
        shape = [channels if each == axis else 1 for each in range(4)]
        self.gamma = nn.Parameter(torch.zeros(shape))
        self.beta = nn.Parameter(torch.zeros(shape))

    def forward(self, x):
        norm = torch.linalg.vector_norm(x, dim=self.positions, keepdim=True)
        norm = norm / (norm.mean(self.axis, keepdim=True) + self.epsilon)
        return self.gamma * (x * norm) + self.beta + x
'''

    epsilon: Annotated[float, Field(gt=0, description="keeps the mean away from zero")] = 1e-6

    def output(self, *inputs: Shape) -> Shape:
        """Return the input's shape; raise ShapeError for a vector."""
        if len(inputs[0].sizes) != 3:
            raise ShapeError(f"`grn` needs an image, and {inputs[0]} comes in")
        return inputs[0]

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """Return gamma and beta, one number a channel each."""
        (image,) = inputs
        shape = (1, *(size if axis == image.channel_axis else 1 for axis, size in enumerate(image.sizes)))
        return tuple(Parameter(name, shape, self.kind) for name in ("gamma", "beta"))

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:
        """Keep the input, its product with the norms, and four numbers a channel."""
        return SavedTensors((0,), own=FLOAT * (inputs[0].elements + 4 * inputs[0].channels))

    def label(self, *inputs: Shape) -> str:
        """Return ``GRN``."""
        return "GRN"

    def call(self, *inputs: Shape) -> Call:
        """Return ``GRN(channels)``; with channels last ``GRN(channels, axis=3)``."""
        (image,) = inputs
        axis = Argument("axis", image.channel_axis + 1, 1)
        return Call("GRN", (Argument(None, image.channels), axis, Argument("epsilon", self.epsilon, 1e-6)))
