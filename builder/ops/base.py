"""What an operation is: its fields, shape rule, cost, label and PyTorch call in one record.

The module that trains and the source that ``export`` prints are both made from this record. Records name
PyTorch's classes as text and never import them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, NamedTuple, TypeAlias

from pydantic import AfterValidator, Field

from builder.validation import Strict

if TYPE_CHECKING:
    from builder.shapes import Shape

FLOAT = 4  # bytes of a number in single precision
INDEX = 8  # bytes of a position, such as that of a maximum
LIMIT = 2**31  # no size of a network comes near it; arithmetic on larger ones would only cost time

LARGEST = 1e37  # the largest draw of a normal distribution of this width is still a number in single precision
SMALLEST = 1e-38  # what is smaller is zero in single precision

Real = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
Count = Annotated[int, Field(ge=1, lt=LIMIT)]
Extent = Annotated[int, Field(ge=0, lt=LIMIT)]
Axes = Annotated[tuple[Extent, ...], Field(min_length=1, max_length=4)]
Probability = Annotated[float, Field(ge=0, le=1)]


def _one_if_equal(value: int | tuple[int, int]) -> int | tuple[int, int]:
    """Return a pair of equal numbers as that number: 3 and [3, 3] are the same kernel."""
    return value[0] if isinstance(value, tuple) and value[0] == value[1] else value


Size = Annotated[Count | tuple[Count, Count], AfterValidator(_one_if_equal)]
Margin = Annotated[Extent | tuple[Extent, Extent], AfterValidator(_one_if_equal)]

Family: TypeAlias = Literal[
    "input", "conv", "linear", "norm", "activation", "pool", "dropout", "shape", "gate", "merge", "scale"
]


_KNOWN = "leave it out: the size of the input is known"


class ShapeError(Exception):
    """An operation cannot take its inputs; ``field`` names the field to point at, if one is to blame."""

    def __init__(self, message: str, field: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.hint = hint


class Parameter(NamedTuple):
    """One learned tensor: its name inside the module, its shape, and whose rules of ``init`` it follows."""

    name: str
    shape: tuple[int, ...]
    of: str


MAX_ELEMENTS = 2**36  # of one tensor: 256 GiB in single precision


def is_too_large(output: Shape, learned: Iterable[Parameter]) -> bool:
    """Return whether what an operation gives, or a tensor that it learns, fits into no memory."""
    return output.elements > MAX_ELEMENTS or any(prod(each.shape) > MAX_ELEMENTS for each in learned)


class Argument(NamedTuple):
    """One argument of a call; it is left out where its value is PyTorch's default."""

    name: str | None
    value: object
    default: object = ...

    @property
    def is_default(self) -> bool:
        """Whether the call means the same without this argument."""
        return self.default is not ... and type(self.default) is type(self.value) and self.default == self.value


def unless_default(argument: Argument) -> tuple[Argument, ...]:
    """Return an argument only where it says something: one that an operation gained later, so that ids stay."""
    return () if argument.is_default else (argument,)


@dataclass(frozen=True)
class Call:
    """A constructor as it stands in source: ``nn.Conv2d(3, 64, kernel_size=11)``."""

    function: str
    arguments: tuple[Argument, ...] = ()


class SavedTensors(NamedTuple):
    """What a backward pass needs: inputs by position, the output, and bytes of tensors that nobody else sees."""

    inputs: tuple[int, ...] = ()
    output: bool = False
    own: int = 0


class Window(NamedTuple):
    """How an output position looks at its input: (height, width) of a sliding window, and what a crop skips."""

    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    skipped: tuple[int, int] = (0, 0)


class PlaceField(NamedTuple):
    """A field that names a place of the network, such as ``block1.out``: the value there is a further input.

    ``required`` asks for it, and with ``several`` it may be a list of places. With ``instead`` the operation reads
    nothing but that value.
    """

    name: str
    description: str
    required: bool = False
    several: bool = False
    instead: bool = False


class Operation(Strict):
    """One operation with its fields; every subclass is final and describes itself completely.

    ``inputs`` are the shapes of what it reads, in order. All methods but ``output`` may rely on ``output``
    having accepted them.
    """

    kind: ClassVar[str]
    """The word on the page."""

    family: ClassVar[Family]
    """How figures group it."""

    is_module: ClassVar[bool] = True
    """Whether it is an ``nn.Module`` that is called; else ``expression`` says what stands in ``forward``."""

    has_key: ClassVar[bool] = True
    """Whether it takes a name among the modules, or a number in a list; what only combines values does not."""

    place: ClassVar[PlaceField | None] = None
    """The field whose value is a place; what is computed there is read behind the operation's own input."""

    may_alias: ClassVar[bool] = False
    """Whether its output may share memory with its first input (a view, or nothing done in evaluation)."""

    overlaps: ClassVar[bool] = False
    """Whether several numbers of its output lie in one place, as in an expanded view: nothing may overwrite them."""

    backward_reads_output: ClassVar[bool] = False
    """Whether its backward needs its output, which then must not be changed in place."""

    elsewhere: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            **dict.fromkeys(("in_channels", "in_features", "num_features", "normalized_shape"), _KNOWN),
            **dict.fromkeys(("input_shape", "in_planes", "inplanes", "num_channels"), _KNOWN),
            **dict.fromkeys(("out_channels", "out_features", "filters", "units", "features", "planes"), "out"),
            **dict.fromkeys(("pool_size", "ksize", "kernel_shape", "window"), "kernel"),
            **dict.fromkeys(("prob", "rate", "drop_prob", "drop_rate", "dropout"), "p"),
            **dict.fromkeys(("output_size", "out_size"), "size"),
            "epsilon": "eps",
            "use_bias": "bias",
            **dict.fromkeys(("r", "ratio", "rd_ratio"), "reduction"),
            **dict.fromkeys(("squeeze_channels", "rd_channels"), "hidden"),
            "inplace": "leave it out: it is done wherever nothing else reads the value",
            **dict.fromkeys(
                ("padding_mode", "pad_mode", "padding_type", "pad_type"),
                "padding is with zeros: leave out `zeros`; a plugin brings another mode",
            ),
            "output_padding": "transposed convolutions have it, which are not built in; a plugin brings them",
            "num_groups": "groups",
            "filt_size": "kernel",
            "scale_factor": "factor",
            "ceil_mode": "ceil",
            "activation": "an activation is a layer of its own, behind this one",
            **dict.fromkeys(("norm", "norm_layer"), "a norm is a layer of its own, behind this one"),
            **dict.fromkeys(("device", "dtype"), "leave it out: whoever trains the network says so"),
        }
    )
    """Fields by their names in PyTorch and elsewhere, whichever operation has them."""

    can_act_in_place: ClassVar[bool] = False
    """Whether PyTorch offers to overwrite the input, as torchvision does for activations."""

    definition: ClassVar[str | None] = None
    """Source of the class that the call names, where PyTorch has none."""

    @classmethod
    def further_fields(cls) -> tuple[str, ...]:
        """Return the field that is a place."""
        return (cls.place.name,) if cls.place is not None else ()

    def output(self, *inputs: Shape) -> Shape:
        """Return the output's shape; raise ShapeError where the inputs do not fit."""
        raise NotImplementedError

    def parameters(self, *inputs: Shape) -> tuple[Parameter, ...]:  # noqa: ARG002 - most operations have none
        """Return the learned tensors in the order of registration."""
        return ()

    def macs(self, *inputs: Shape) -> int:  # noqa: ARG002 - as above
        """Return multiply-accumulates of convolutions and linear maps for one image."""
        return 0

    def saved_tensors(self, inputs: tuple[Shape, ...], learning: tuple[bool, ...], *, in_place: bool) -> SavedTensors:  # noqa: ARG002 - as above
        """Return what PyTorch on a CPU keeps of one image for the backward pass, parameters and buffers left out.

        ``learning`` says which inputs depend on a parameter; it is asked only of operations whose output does.
        """
        return SavedTensors()

    def is_alias(self, *inputs: Shape) -> bool:  # noqa: ARG002 - most say it of all sizes
        """Return whether, in training, its output is its first input or a view of it."""
        return self.may_alias

    def label(self, *inputs: Shape) -> str:  # noqa: ARG002 - most labels say only what it is
        """Return the text of its box in a figure."""
        return self.kind

    def window(self) -> Window | None:
        """Return the window through which each output position looks; None where positions are not kept."""
        return Window() if self.family in ("activation", "norm", "dropout", "gate", "scale", "merge") else None

    def call(self, *inputs: Shape) -> Call:
        """Return the constructor of its module, or of its parameter."""
        raise NotImplementedError

    def source(self) -> str | None:
        """Return what has to stand before the class that the call names, where PyTorch has none."""
        return self.definition

    def expression(self, target: str, *names: str) -> str:
        """Return the source that applies ``target`` (the child's place) to the variables ``names``."""
        return f"{target}({', '.join(names)})"


# They are all class variables; pydantic would evaluate them again for every operation, in a third of the time that
# making the classes of all operations takes.
Operation.__annotations__.clear()


def pair(size: int | tuple[int, int]) -> tuple[int, int]:
    """Return height and width of a size that may be one number for both."""
    return size if isinstance(size, tuple) else (size, size)


def times(size: int | tuple[int, int]) -> str:
    """Return a size as labels write it: ``3×3``, ``1×7``."""
    height, width = pair(size)
    return f"{height}×{width}"


def need_image(shape: Shape, kind: str) -> None:
    """Raise ShapeError unless ``shape`` is channels x height x width."""
    if not shape.is_image:
        layout = "a vector" if len(shape.sizes) == 1 else "channels last" if len(shape.sizes) == 3 else "no image"
        raise ShapeError(f"`{kind}` needs channels × height × width, but its input is {shape} ({layout})")
