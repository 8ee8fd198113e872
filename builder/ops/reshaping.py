"""What moves or selects values without computing new ones, and the mean over axes."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from builder.ops.base import (
    Argument,
    Axes,
    Call,
    Count,
    Extent,
    Family,
    Operation,
    PlaceField,
    ShapeError,
    Window,
    need_image,
)
from builder.shapes import Shape


class Identity(Operation):
    """Return what comes in: a layer that other networks have and that takes a number or a name.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.Identity.html
    """

    kind: ClassVar[str] = "identity"
    family: ClassVar[Family] = "shape"
    may_alias: ClassVar[bool] = True

    def output(self, *inputs: Shape) -> Shape:
        """Return the input's shape."""
        return inputs[0]

    def window(self) -> Window:
        """Return a window of one position."""
        return Window()

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - it has no fields
        """Return ``Identity``."""
        return "Identity"

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - it has no fields
        """Return ``nn.Identity()``."""
        return Call("nn.Identity")


class Flatten(Operation):
    """Lay all values of an image in one row.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.Flatten.html
    """

    kind: ClassVar[str] = "flatten"
    family: ClassVar[Family] = "shape"
    may_alias: ClassVar[bool] = True

    def output(self, *inputs: Shape) -> Shape:
        """Return (elements,)."""
        return Shape((inputs[0].elements,))

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - it has no fields
        """Return ``Flatten``."""
        return "Flatten"

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - it has no fields
        """Return ``nn.Flatten()``."""
        return Call("nn.Flatten")


class Unflatten(Operation):
    """Make an image of one position, C x 1 x 1, of a row of features: so gates of linear layers weigh channels.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.Unflatten.html
    """

    kind: ClassVar[str] = "unflatten"
    family: ClassVar[Family] = "shape"
    may_alias: ClassVar[bool] = True

    def output(self, *inputs: Shape) -> Shape:
        """Return (features, 1, 1); raise ShapeError where the input is no row of features."""
        (values,) = inputs
        if len(values.sizes) != 1:
            raise ShapeError(f"`unflatten` needs a row of features, but its input is {values}")
        return Shape((values.channels, 1, 1))

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - it has no fields
        """Return ``Unflatten``."""
        return "Unflatten"

    def call(self, *inputs: Shape) -> Call:
        """Return ``nn.Unflatten(1, (features, 1, 1))``."""
        return Call("nn.Unflatten", (Argument(None, 1), Argument(None, (inputs[0].channels, 1, 1))))


class ExpandAs(Operation):
    """Repeat what has one position over the positions of an earlier value, so that the two can be added.

    With ``channels`` it is one channel that is repeated over the channels.

    https://docs.pytorch.org/docs/stable/generated/torch.Tensor.expand_as.html
    """

    kind: ClassVar[str] = "expandas"
    family: ClassVar[Family] = "shape"
    overlaps: ClassVar[bool] = True
    is_module: ClassVar[bool] = False
    has_key: ClassVar[bool] = False
    may_alias: ClassVar[bool] = True
    place: ClassVar[PlaceField | None] = PlaceField("from", "the place whose height and width it gets", required=True)

    channels: bool = Field(False, description="whether one channel is repeated over those of the place")

    def output(self, *inputs: Shape) -> Shape:
        """Return channels x height x width of the place; raise ShapeError where there is more than one position.

        With ``channels``, where there is more than one channel, or the place has other positions.
        """
        values, wanted = inputs
        need_image(values, self.kind)
        need_image(wanted, self.kind)
        if self.channels:
            if values.sizes != (1, *wanted.sizes[1:]):
                message = f"`expandas` needs {wanted.with_channels(1)}, but its input is {values}"
                raise ShapeError(message, "channels")
            return wanted
        if values.sizes[1:] != (1, 1):
            raise ShapeError(f"`expandas` needs an image of one position, but its input is {values}")
        return wanted.with_channels(values.channels)

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the edges show the shapes
        """Return ``Expand``."""
        return "Expand"

    def expression(self, target: str, *names: str) -> str:  # noqa: ARG002 - there is no module
        """Return the view of PyTorch."""
        if self.channels:
            return f"{names[0]}.expand_as({names[1]})"
        return f"{names[0]}.expand(-1, -1, *{names[1]}.shape[2:])"


class Mean(Operation):
    """Take the mean over ``dims``, the batch axis counted as 0.

    https://docs.pytorch.org/docs/stable/generated/torch.mean.html
    """

    kind: ClassVar[str] = "mean"
    family: ClassVar[Family] = "pool"
    definition: ClassVar[str | None] = '''
class Mean(nn.Module):
    """Take the mean over some axes of the batch."""

    def __init__(self, dims):
        super().__init__()
        self.dims = dims

    def forward(self, x):
        return x.mean(self.dims)
'''

    dims: Axes = Field(description="axes, with the batch axis as 0, as in PyTorch")

    def output(self, *inputs: Shape) -> Shape:
        """Return what is left of the axes; raise ShapeError where an axis is missing or the channels would go."""
        (values,) = inputs
        gone = {axis - 1 for axis in self.dims}
        if not gone <= set(range(len(values.sizes))) or len(gone) != len(self.dims):
            raise ShapeError(f"{values} has the axes 1 to {len(values.sizes)} beside the batch", "dims")
        if values.channel_axis in gone:
            raise ShapeError("the mean over the channel axis would leave no channels", "dims")
        kept = [axis for axis in range(len(values.sizes)) if axis not in gone]
        return Shape(tuple(values.sizes[axis] for axis in kept), kept.index(values.channel_axis))

    def label(self, *inputs: Shape) -> str:
        """Return ``GlobalAvgPool`` where only channels are left, else ``Mean``."""
        return "GlobalAvgPool" if len(self.output(*inputs).sizes) == 1 else "Mean"

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - the fields say it all
        """Return ``Mean((2, 3))``."""
        return Call("Mean", (Argument(None, self.dims),))


class Crop(Operation):
    """Drop the first ``top`` rows and ``left`` columns."""

    kind: ClassVar[str] = "crop"
    family: ClassVar[Family] = "shape"
    may_alias: ClassVar[bool] = True
    definition: ClassVar[str | None] = '''
class Crop(nn.Module):
    """Drop the first rows and columns of an image."""

    def __init__(self, top, left):
        super().__init__()
        self.top, self.left = top, left

    def forward(self, x):
        return x[..., self.top :, self.left :]
'''

    top: Extent = Field(0, description="rows left out")
    left: Extent = Field(0, description="columns left out")

    def output(self, *inputs: Shape) -> Shape:
        """Return channels x what is left; raise ShapeError where nothing is."""
        (image,) = inputs
        need_image(image, self.kind)
        channels, height, width = image.sizes
        if self.top >= height or self.left >= width:
            raise ShapeError(f"nothing of {image} is left", "top" if self.top >= height else "left")
        return Shape((channels, height - self.top, width - self.left))

    def window(self) -> Window:
        """Return a window of one position that skips what is dropped."""
        return Window(skipped=(self.top, self.left))

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the fields say it all
        """Return ``Crop 1, 1``: rows at the top, columns at the left."""
        return f"Crop {self.top}, {self.left}"

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - the fields say it all
        """Return ``Crop(top=..., left=...)``."""
        return Call("Crop", (Argument("top", self.top), Argument("left", self.left)))


class ChannelShuffle(Operation):
    """Deal the channels of ``groups`` groups in turn.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.ChannelShuffle.html
    """

    kind: ClassVar[str] = "channelshuffle"
    family: ClassVar[Family] = "shape"
    may_alias: ClassVar[bool] = True
    definition: ClassVar[str | None] = '''
class ChannelShuffle(nn.Module):
    """Deal the channels of each group in turn, as ShuffleNet does."""

    def __init__(self, groups):
        super().__init__()
        self.groups = groups

    def forward(self, x):
        batch, channels, height, width = x.shape
        x = x.view(batch, self.groups, channels // self.groups, height, width)
        return torch.transpose(x, 1, 2).contiguous().view(batch, channels, height, width)
'''

    groups: Count = Field(description="number of groups")

    def output(self, *inputs: Shape) -> Shape:
        """Return the input's shape; raise ShapeError where the groups do not divide the channels."""
        (image,) = inputs
        need_image(image, self.kind)
        if image.channels % self.groups:
            raise ShapeError(f"groups of {self.groups} do not divide the {image.channels} channels", "groups")
        return image

    def window(self) -> Window:
        """Return a window of one position: only channels move."""
        return Window()

    def is_alias(self, *inputs: Shape) -> bool:
        """Return whether there is nothing to deal."""
        return self.groups in (1, inputs[0].channels)

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the fields say it all
        """Return ``Shuffle 2``."""
        return f"Shuffle {self.groups}"

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - the fields say it all
        """Return ``ChannelShuffle(2)``."""
        return Call("ChannelShuffle", (Argument(None, self.groups),))


class PixelUnshuffle(Operation):
    """Make channels of each square of ``factor`` by ``factor`` positions: space to depth.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelUnshuffle.html
    """

    kind: ClassVar[str] = "pixelunshuffle"
    family: ClassVar[Family] = "shape"

    factor: Count = Field(description="side of the squares")

    def output(self, *inputs: Shape) -> Shape:
        """Return more channels of fewer positions; raise ShapeError where the squares do not fill the image."""
        (image,) = inputs
        need_image(image, self.kind)
        channels, height, width = image.sizes
        if height % self.factor or width % self.factor:
            raise ShapeError(f"squares of {self.factor}×{self.factor} do not fill {image}", "factor")
        return Shape((channels * self.factor**2, height // self.factor, width // self.factor))

    def window(self) -> Window:
        """Return a window of one square."""
        return Window((self.factor,) * 2, (self.factor,) * 2)

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the fields say it all
        """Return ``Unshuffle /4``."""
        return f"Unshuffle /{self.factor}"

    def call(self, *inputs: Shape) -> Call:  # noqa: ARG002 - the fields say it all
        """Return ``nn.PixelUnshuffle(factor)``."""
        return Call("nn.PixelUnshuffle", (Argument(None, self.factor),))
