"""Where parallel lanes part and meet: a page says it with ``split:`` and ``merge:``."""

from __future__ import annotations

from functools import reduce
from typing import ClassVar, Literal, TypeVar

from pydantic import Field

from builder.ops.base import FLOAT, Count, Extent, Family, Operation, PlaceField, SavedTensors, ShapeError, Window
from builder.shapes import Shape

_T = TypeVar("_T")


class Add(Operation):
    """Add lanes of equal shape; nothing is broadcast."""

    kind: ClassVar[str] = "add"
    family: ClassVar[Family] = "merge"
    is_module: ClassVar[bool] = False
    can_act_in_place: ClassVar[bool] = True

    def output(self, *inputs: Shape) -> Shape:
        """Return the common shape; raise ShapeError where shapes differ."""
        if any(each != inputs[0] for each in inputs):
            raise ShapeError(f"{_listed(inputs)} cannot be added")
        return inputs[0]

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - a sign, not a box
        """Return the plus sign."""
        return "+"

    def expression(self, target: str, *names: str) -> str:  # noqa: ARG002 - there is no module
        """Return the sum."""
        return " + ".join(names)


class Multiply(Operation):
    """Multiply lanes of equal shape; a lane may also have one number for each channel, or for each position."""

    kind: ClassVar[str] = "mul"
    family: ClassVar[Family] = "merge"
    is_module: ClassVar[bool] = False

    def output(self, *inputs: Shape) -> Shape:
        """Return C x H x W; raise ShapeError unless each input is of this shape, or C x 1 x 1, or 1 x H x W."""
        return _covering(inputs, "multiplied")

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - nothing is overwritten
        """Keep of each pair what the other one's gradient needs; products are taken from the left."""
        kept, own = set(), 0
        for position in range(1, len(inputs)):
            if learning[position] and position > 1:
                own += FLOAT * self.output(*inputs[:position]).elements
            elif learning[position]:
                kept.add(0)
            if any(learning[:position]):
                kept.add(position)
        return SavedTensors(tuple(sorted(kept)), own=own)

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - a sign, not a box
        """Return the multiplication sign."""
        return "×"

    def expression(self, target: str, *names: str) -> str:  # noqa: ARG002 - there is no module
        """Return the product."""
        return " * ".join(names)


class Divide(Operation):
    """Divide the first lane by the second; either may also have one number for each channel, or for each position."""

    kind: ClassVar[str] = "div"
    family: ClassVar[Family] = "merge"
    is_module: ClassVar[bool] = False

    def output(self, *inputs: Shape) -> Shape:
        """Return C x H x W; raise ShapeError unless there are two lanes of this shape, or C x 1 x 1, or 1 x H x W."""
        if len(inputs) != 2:
            raise ShapeError(f"{_listed(inputs)} cannot be divided: a quotient has two lanes")
        return _covering(inputs, "divided")

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - nothing is overwritten
        """Keep the divisor, and of a divisor that learns also what is divided."""
        return SavedTensors((0, 1) if learning[1] else (1,))

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - a sign, not a box
        """Return the division sign."""
        return "÷"

    def expression(self, target: str, *names: str) -> str:  # noqa: ARG002 - there is no module
        """Return the quotient."""
        return " / ".join(names)


class Maximum(Operation):
    """Take the greatest of the values that lanes of equal shape have; nothing is broadcast.

    https://docs.pytorch.org/docs/stable/generated/torch.maximum.html
    """

    kind: ClassVar[str] = "max"
    family: ClassVar[Family] = "merge"
    is_module: ClassVar[bool] = False

    def output(self, *inputs: Shape) -> Shape:
        """Return the common shape; raise ShapeError where shapes differ."""
        if any(each != inputs[0] for each in inputs):
            raise ShapeError(f"{_listed(inputs)} cannot be compared")
        return inputs[0]

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - nothing is overwritten
        """Keep both sides of each pair of which one learns; maxima are taken from the left."""
        pairs = [end for end in range(1, len(inputs)) if any(learning[: end + 1])]
        kept = {position for end in pairs for position in ((0, end) if end == 1 else (end,))}
        return SavedTensors(tuple(sorted(kept)), own=FLOAT * inputs[0].elements * sum(end > 1 for end in pairs))

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - a sign, not a box
        """Return ``max``; in its circle it is a wedge."""
        return "max"

    def expression(self, target: str, *names: str) -> str:  # noqa: ARG002 - there is no module
        """Return the maximum of two, and of that and the next."""
        return reduce(lambda one, two: f"torch.maximum({one}, {two})", names)


class Concat(Operation):
    """Join the channels of lanes that agree in everything else."""

    kind: ClassVar[str] = "concat"
    family: ClassVar[Family] = "merge"
    is_module: ClassVar[bool] = False

    def output(self, *inputs: Shape) -> Shape:
        """Return the shape with all channels; raise ShapeError where other axes differ."""
        first = inputs[0]
        if first.channel_axis != 0:
            raise ShapeError(f"{_listed(inputs)} cannot be joined: the channels must come first")
        if any(each.with_channels(1) != first.with_channels(1) for each in inputs):
            raise ShapeError(f"{_listed(inputs)} cannot be joined: all sizes except the channels must be equal")
        return first.with_channels(sum(each.channels for each in inputs))

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the edges show the shapes
        """Return ``Concat``."""
        return "Concat"

    def expression(self, target: str, *names: str) -> str:  # noqa: ARG002 - there is no module
        """Return the concatenation along the channels."""
        return f"torch.cat([{', '.join(names)}], 1)"


class JoinPlaces(Operation):
    """Join or add its input and values from earlier places of the network.

    The channels are in the order of ``from``, and those of its own input are last. So Res2Net adds, and one-shot
    aggregation (VoVNet) and deep layer aggregation concatenate. Of a quotient its own input is the divisor.
    """

    kind: ClassVar[str] = "join"
    family: ClassVar[Family] = "merge"
    is_module: ClassVar[bool] = False
    has_key: ClassVar[bool] = False
    place: ClassVar[PlaceField | None] = PlaceField(
        "from", "the place that is read, such as `block1.out`, or a list of places", required=True, several=True
    )

    by: Literal["concat", "add", "mul", "div", "max"] = Field(
        "concat", description="how the values are combined, as by `merge`"
    )
    first: bool | None = Field(
        None,
        description="whether its own input is the first or the last; if not given, first unless `concat` or `div`",
    )

    def output(self, *inputs: Shape) -> Shape:
        """Return the shape of what is combined; raise ShapeError where the shapes do not fit."""
        return self._merge().output(*self._ordered(inputs))

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:
        """Keep what a product needs; the order of inputs is the one in which they are combined."""
        return self._merge().saved_tensors(inputs, learning, in_place=in_place)

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the edges show the shapes
        """Return ``Concat``, ``Add``, ``Multiply``, ``Divide`` or ``Maximum``."""
        return type(self._merge()).__name__

    def expression(self, target: str, *names: str) -> str:
        """Return what is combined."""
        return self._merge().expression(target, *self._ordered(names))

    def _merge(self) -> Operation:
        return {"concat": Concat, "add": Add, "mul": Multiply, "div": Divide, "max": Maximum}[self.by]()

    def _ordered(self, values: tuple[_T, ...]) -> tuple[_T, ...]:
        """Return values in the order in which they are combined; what comes in is the first given."""
        first = self.by in ("add", "mul", "max") if self.first is None else self.first
        return values if first else (*values[1:], values[0])


class Chunk(Operation):
    """Take one of ``chunks`` equal shares of the channels.

    https://docs.pytorch.org/docs/stable/generated/torch.chunk.html
    """

    kind: ClassVar[str] = "chunk"
    family: ClassVar[Family] = "shape"
    is_module: ClassVar[bool] = False
    may_alias: ClassVar[bool] = True

    chunks: Count
    position: Extent

    def output(self, *inputs: Shape) -> Shape:
        """Return the shape with a share of the channels; raise ShapeError where they cannot be shared evenly."""
        (values,) = inputs
        if values.channel_axis != 0:
            raise ShapeError(f"{values} cannot be split: the channels must come first")
        if values.channels % self.chunks:
            raise ShapeError(f"{values.channels} channels cannot be split evenly into {self.chunks}")
        return values.with_channels(values.channels // self.chunks)

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the fields say it all
        """Return ``Split 1/2``."""
        return f"Split {self.position + 1}/{self.chunks}"

    def expression(self, target: str, *names: str) -> str:  # noqa: ARG002 - there is no module
        """Return the share."""
        return f"{names[0]}.chunk({self.chunks}, 1)[{self.position}]"


class Narrow(Operation):
    """Take ``length`` channels from ``start`` on.

    https://docs.pytorch.org/docs/stable/generated/torch.narrow.html
    """

    kind: ClassVar[str] = "narrow"
    family: ClassVar[Family] = "shape"
    is_module: ClassVar[bool] = False
    has_key: ClassVar[bool] = False
    may_alias: ClassVar[bool] = True

    start: Extent = Field(0, description="the first channel that is taken, counted from 0")
    length: Count = Field(description="number of channels that are taken")

    def output(self, *inputs: Shape) -> Shape:
        """Return the shape with these channels; raise ShapeError where there are not as many, or they come last."""
        (values,) = inputs
        if values.channel_axis != 0:
            raise ShapeError(f"`narrow` needs channels first, but its input is {values} (channels last)")
        if self.start + self.length > values.channels:
            message = f"there are no {self.length} channels from channel {self.start} on in {values}"
            raise ShapeError(message, "length" if self.start < values.channels else "start")
        return values.with_channels(self.length)

    def window(self) -> Window:
        """Return a window of one position: only channels are left out."""
        return Window()

    def label(self, *inputs: Shape) -> str:
        """Return ``Narrow 0–15 of 64``: the first and the last channel."""
        (values,) = inputs
        return f"Narrow {self.start}–{self.start + self.length - 1} of {values.channels}"

    def expression(self, target: str, *names: str) -> str:  # noqa: ARG002 - there is no module
        """Return the channels."""
        return f"{names[0]}[:, {self.start} : {self.start + self.length}]"


class ReadPlace(Operation):
    """Go on from the value at an earlier place of the network instead of from its input.

    What entered has to be read elsewhere, by another ``read`` or a ``join``: so several streams run side by side.
    """

    kind: ClassVar[str] = "read"
    family: ClassVar[Family] = "shape"
    is_module: ClassVar[bool] = False
    has_key: ClassVar[bool] = False
    may_alias: ClassVar[bool] = True
    place: ClassVar[PlaceField | None] = PlaceField(
        "from", "the place that is read, such as `block1.out`", required=True, instead=True
    )

    def output(self, *inputs: Shape) -> Shape:
        """Return the shape of the value."""
        return inputs[0]

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - the edges show what is read
        """Return ``Read``."""
        return "Read"

    def expression(self, target: str, *names: str) -> str:  # noqa: ARG002 - there is no module
        """Return the value itself."""
        return names[0]


def _covering(inputs: tuple[Shape, ...], what: str) -> Shape:
    """Return the shape that is as long in every axis as the longest input; each has all of it, or one axis."""
    axes = {(len(each.sizes), each.channel_axis) for each in inputs}
    whole = Shape(tuple(map(max, zip(*(each.sizes for each in inputs), strict=False))), inputs[0].channel_axis)
    by_channel = Shape((1,) * len(whole.sizes), whole.channel_axis).with_channels(whole.channels)
    by_position = whole.with_channels(1)
    if len(axes) > 1 or any(each not in (whole, by_channel, by_position) for each in inputs):
        raise ShapeError(f"{_listed(inputs)} cannot be {what}")
    return whole


def _listed(inputs: tuple[Shape, ...]) -> str:
    return " and ".join(str(each) for each in inputs)
