"""Gated channel transformation: a gate for every channel, with three learned numbers each.

Yang et al., https://arxiv.org/abs/1909.11519
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from builder.ops.base import FLOAT, Argument, Call, Family, Operation, Parameter, SavedTensors, need_image

if TYPE_CHECKING:
    from builder.shapes import Shape


class GatedChannelTransformation(Operation):
    """Scale each channel by how strong it is among all of them."""

    kind: ClassVar[str] = "gct"
    family: ClassVar[Family] = "gate"
    definition: ClassVar[str | None] = '''
class GCT(nn.Module):
    """Scale each channel of x by a gate made from its norm among all norms."""

    def __init__(self, channels, epsilon=1e-5):
        super().__init__()
        self.epsilon = epsilon
        self.alpha = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.gamma = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.beta = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x):
        embedding = (x.pow(2).sum((2, 3), keepdim=True) + self.epsilon).sqrt() * self.alpha
        norm = self.gamma / (embedding.pow(2).mean(1, keepdim=True) + self.epsilon).sqrt()
        return x * (1 + torch.tanh(embedding * norm + self.beta))
'''

    epsilon: Annotated[float, Field(gt=0, description="keeps roots away from zero")] = 1e-5

    def output(self, *inputs: Shape) -> Shape:
        """Return the input's shape; raise ShapeError for anything but an image."""
        need_image(inputs[0], self.kind)
        return inputs[0]

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:
        """Return one number a channel for strength, competition and offset."""
        shape = (1, inputs[0].channels, 1, 1)
        return tuple(Parameter(name, shape, self.kind) for name in ("alpha", "gamma", "beta"))

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:
        """Keep the input and about eight numbers a channel."""
        return SavedTensors((0,), own=8 * inputs[0].channels * FLOAT)

    def label(self, *inputs: Shape) -> str:
        """Return ``GCT 64``."""
        return f"GCT {inputs[0].channels}"

    def call(self, *inputs: Shape) -> Call:
        """Return ``GCT(64)``."""
        return Call("GCT", (Argument(None, inputs[0].channels), Argument("epsilon", self.epsilon, 1e-5)))
