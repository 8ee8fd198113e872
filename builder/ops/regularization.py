"""What acts in training only: dropout of elements and of whole branches."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from builder.ops.base import FLOAT, Argument, Call, Family, Operation, Probability, SavedTensors, need_image

if TYPE_CHECKING:
    from builder.shapes import Shape


class Dropout(Operation):
    """Zero each element with probability ``p`` in training.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout.html
    """

    kind: ClassVar[str] = "dropout"
    family: ClassVar[Family] = "dropout"
    may_alias: ClassVar[bool] = True

    p: Probability = Field(0.5, description="probability of dropping each element")

    def output(self, *inputs: Shape) -> Shape:
        """Return the input's shape."""
        return inputs[0]

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep what each element was multiplied by; a single 0 where all of them are dropped."""
        return SavedTensors(own=FLOAT * (inputs[0].elements if 0 < self.p < 1 else int(self.p)))

    def is_alias(self, *inputs: Shape) -> bool:  # noqa: ARG002 - it has no size
        """Return whether nothing is ever dropped."""
        return self.p == 0

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the fields say it all
        """Return ``Dropout 0.5``."""
        return f"Dropout {self.p:g}"

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - it has no size
        """Return ``nn.Dropout(p=...)``."""
        return Call("nn.Dropout", (Argument("p", float(self.p), 0.5),))


class Dropout2d(Dropout):
    """Zero each channel of an image as a whole with probability ``p`` in training.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout2d.html
    """

    kind: ClassVar[str] = "dropout2d"

    p: Probability = Field(0.5, description="probability of dropping each channel")

    def output(self, *inputs: Shape) -> Shape:
        """Return the input's shape; raise ShapeError unless it is an image."""
        need_image(inputs[0], self.kind)
        return inputs[0]

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep what each channel was multiplied by; a single 0 where all of them are dropped."""
        return SavedTensors(own=FLOAT * (inputs[0].channels if 0 < self.p < 1 else int(self.p)))

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the fields say it all
        """Return ``Dropout2d 0.5``."""
        return f"Dropout2d {self.p:g}"

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - it has no size
        """Return ``nn.Dropout2d(p=...)``."""
        return Call("nn.Dropout2d", (Argument("p", float(self.p), 0.5),))


class StochasticDepth(Operation):
    """Drop the whole branch of an image with probability ``p`` in training.

    https://arxiv.org/abs/1603.09382
    """

    kind: ClassVar[str] = "stochasticdepth"
    family: ClassVar[Family] = "dropout"
    may_alias: ClassVar[bool] = True
    definition: ClassVar[str | None] = '''
class StochasticDepth(nn.Module):
    """Zero each row of the batch with probability p in training, and scale the others to keep the mean."""

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0.0:
            return x
        survival = 1.0 - self.p
        noise = torch.empty([x.shape[0]] + [1] * (x.ndim - 1), dtype=x.dtype, device=x.device)
        noise = noise.bernoulli_(survival)
        if survival > 0.0:
            noise.div_(survival)
        return x * noise
'''

    p: Probability = Field(description="probability of dropping the branch of each image")

    def output(self, *inputs: Shape) -> Shape:
        """Return the input's shape."""
        return inputs[0]

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - it is the same for all
        """Keep the one number that the image was multiplied by."""
        return SavedTensors(own=FLOAT if self.p > 0 else 0)

    def is_alias(self, *inputs: Shape) -> bool:  # noqa: ARG002 - it has no size
        """Return whether nothing is ever dropped."""
        return self.p == 0

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the fields say it all
        """Return ``DropPath 0.2``."""
        return f"DropPath {self.p:.2g}"

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - it has no size
        """Return ``StochasticDepth(p=...)``."""
        return Call("StochasticDepth", (Argument("p", float(self.p)),))
