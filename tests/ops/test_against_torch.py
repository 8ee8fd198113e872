"""Every operation against the PyTorch module that its record names: shapes, parameters, multiply-accumulates."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from builder.ops import MERGES, OPERATIONS
from builder.ops.base import Call, Operation, ShapeError
from builder.ops.merging import Chunk
from builder.shapes import Shape

IMAGE = Shape((12, 9, 11))
LAST = Shape((9, 11, 12), 2)
VECTOR = Shape((20,))

Sample = tuple[dict[str, Any], tuple[Shape, ...]]
"""Fields and the shapes that come in."""

SAMPLES: dict[str, list[Sample]] = {
    "conv": [
        ({"out": 8, "kernel": 3}, (IMAGE,)),
        ({"out": 8, "kernel": (1, 7), "padding": (0, 3), "bias": False}, (IMAGE,)),
        ({"out": 24, "kernel": 3, "stride": (2, 1), "padding": 2, "dilation": 2, "groups": 12}, (IMAGE,)),
    ],
    "batchnorm": [({}, (IMAGE,)), ({"eps": 0.001, "momentum": 0.01}, (VECTOR,))],
    "layernorm2d": [({}, (IMAGE,)), ({"eps": 1e-6}, (IMAGE,))],
    "layernorm": [({}, (LAST,)), ({"eps": 1e-6}, (VECTOR,))],
    **{kind: [({}, (IMAGE,)), ({}, (VECTOR,))] for kind in ("relu", "relu6", "silu", "hardswish", "gelu", "sigmoid")},
    **{kind: [({}, (IMAGE,)), ({}, (LAST,))] for kind in ("hardsigmoid", "tanh")},
    "maxpool": [
        ({"kernel": 3}, (IMAGE,)),
        ({"kernel": 3, "stride": 2, "padding": 1, "ceil": True}, (IMAGE,)),
        ({"kernel": (2, 3), "stride": (1, 2)}, (IMAGE,)),
    ],
    "avgpool": [({"kernel": 2}, (IMAGE,)), ({"kernel": 3, "stride": 2, "padding": 1, "ceil": True}, (IMAGE,))],
    "adaptiveavgpool": [({}, (IMAGE,)), ({"size": (2, 3)}, (IMAGE,)), ({"size": 20}, (IMAGE,))],
    "adaptivemaxpool": [({}, (IMAGE,)), ({"size": (2, 3)}, (IMAGE,))],
    "channelmean": [({}, (IMAGE,))],
    "channelmax": [({}, (IMAGE,))],
    "linear": [({"out": 7}, (VECTOR,)), ({"out": 7, "bias": False}, (LAST,))],
    "flatten": [({}, (IMAGE,)), ({}, (VECTOR,))],
    "dropout": [({}, (IMAGE,)), ({"p": 0.1}, (VECTOR,)), ({"p": 1}, (IMAGE,))],
    "stochasticdepth": [({"p": 0.2}, (IMAGE,)), ({"p": 0}, (VECTOR,))],
    "se": [
        ({"reduction": 4}, (IMAGE,)),
        ({"hidden": 5, "activation": "silu", "gate": "hardsigmoid"}, (IMAGE,)),
        ({"reduction": 2}, (IMAGE, Shape((6, 3, 3)))),
    ],
    "coordinateattention": [({}, (IMAGE,)), ({"reduction": 2, "least": 1}, (IMAGE,))],
    "scale": [({}, (IMAGE,)), ({"init": 1e-6}, (IMAGE,))],
    "rescale": [({"scale": (0.5,) * 12, "shift": (1.0,) * 12}, (IMAGE,))],
    "crop": [({"top": 1, "left": 2}, (IMAGE,)), ({}, (IMAGE,))],
    "permute": [({"dims": (0, 2, 3, 1)}, (IMAGE,)), ({"dims": (0, 3, 1, 2)}, (LAST,)), ({"dims": (0, 1)}, (VECTOR,))],
    "mean": [({"dims": (2, 3)}, (IMAGE,)), ({"dims": (3,)}, (IMAGE,)), ({"dims": (1, 2)}, (LAST,))],
    "channelshuffle": [({"groups": 3}, (IMAGE,))],
}  # fmt: skip
"""Configurations of every operation, the shortest first."""

WRONG: dict[str, list[dict[str, Any]]] = {
    "conv": [
        {}, {"out": 8}, {"kernel": 3}, {"out": 0, "kernel": 3}, {"out": 8, "kernel": 0}, {"out": 8, "kernel": (3,)},
        {"out": 8, "kernel": 3, "stride": 0}, {"out": 8, "kernel": 3, "padding": -1},
        {"out": 8, "kernel": 3, "dilation": 0}, {"out": 8, "kernel": 3, "groups": 0}, {"out": True, "kernel": 3},
        {"out": 8.0, "kernel": 3}, {"out": "8", "kernel": 3}, {"out": 8, "kernel": 3, "bias": "no"},
        {"out": 8, "kernel": 3, "padding": "same"}, {"out": 2**31, "kernel": 3},
    ],
    "batchnorm": [{"eps": 0}, {"eps": -1.0}, {"eps": float("nan")}, {"momentum": 0}, {"momentum": 2}, {"affine": 1}],
    "layernorm2d": [{"eps": 0}, {"out": 3}],
    "layernorm": [{"eps": 0}, {"out": 3}],
    **{
        kind: [{"inplace": True}, {"p": 0.1}]
        for kind in ("relu", "relu6", "silu", "hardswish", "gelu", "sigmoid", "hardsigmoid", "tanh")
    },
    "maxpool": [{}, {"kernel": 0}, {"kernel": 3, "stride": 0}, {"kernel": 3, "padding": -1}, {"kernel": 3, "ceil": 1}],
    "avgpool": [{}, {"kernel": 0}, {"kernel": 3, "stride": 0}, {"kernel": 3, "padding": -1}, {"kernel": 3, "ceil": 1}],
    "adaptiveavgpool": [{"size": 0}, {"size": (1, 2, 3)}, {"kernel": 3}],
    "adaptivemaxpool": [{"size": 0}, {"size": (1, 2, 3)}, {"kernel": 3}],
    "channelmean": [{"dims": (1,)}],
    "channelmax": [{"dims": (1,)}],
    "linear": [{}, {"out": 0}, {"out": -1}, {"out": 3, "bias": 1}, {"out": 3, "in": 4}],
    "flatten": [{"start_dim": 1}],
    "dropout": [{"p": -0.1}, {"p": 1.5}, {"p": "half"}, {"p": float("nan")}],
    "stochasticdepth": [{}, {"p": -0.1}, {"p": 1.5}],
    "se": [{"reduction": 0}, {"hidden": 0}, {"reduction": 2, "hidden": 3}, {"gate": "sigmod"}, {"activation": 3}],
    "coordinateattention": [{"reduction": 0}, {"least": 0}],
    "scale": [{"init": float("inf")}, {"init": "one"}],
    "rescale": [{}, {"scale": (1.0,)}, {"scale": (), "shift": ()}, {"scale": (float("nan"),), "shift": (0.0,)}],
    "crop": [{"top": -1}, {"left": 0.5}, {"bottom": 1}],
    "permute": [{}, {"dims": ()}, {"dims": (0, -1)}, {"dims": (0, 1, 2, 3, 4)}],
    "mean": [{}, {"dims": ()}, {"dims": (-1,)}],
    "channelshuffle": [{}, {"groups": 0}],
}  # fmt: skip
"""Fields that every operation refuses before it has seen an input."""

CASES = [pytest.param(kind, *sample, id=f"{kind} {sample[0]}") for kind in SAMPLES for sample in SAMPLES[kind]]
REFUSALS = [pytest.param(kind, fields, id=f"{kind} {fields}") for kind in WRONG for fields in WRONG[kind]]


def made(call: Call, definition: str | None, *, every_argument: bool = False) -> Any:
    """Return what a call constructs, as exported source would."""
    namespace: dict[str, Any] = {"torch": torch, "nn": nn, "F": functional}
    exec(definition or "", namespace)
    given = [each for each in call.arguments if every_argument or not each.is_default]
    positional = ", ".join(repr(each.value) for each in given if each.name is None)
    named = ", ".join(f"{each.name}={each.value!r}" for each in given if each.name is not None)
    return eval(f"{call.function}({', '.join(filter(None, (positional, named)))})", namespace)


def tensors(shapes: tuple[Shape, ...], batch: int = 2) -> list[torch.Tensor]:
    """Return random values of some shapes."""
    return [torch.rand(batch, *shape.sizes) for shape in shapes]


class TestRegistry:
    """An operation that is added is added here, right and wrong."""

    def test_every_operation_has_samples(self) -> None:
        """Otherwise nothing below would look at it."""
        assert set(SAMPLES) == set(OPERATIONS)

    def test_every_operation_has_wrong_fields(self) -> None:
        """Otherwise nobody would know what it refuses."""
        assert set(WRONG) == set(OPERATIONS)


@pytest.mark.parametrize(("kind", "fields", "shapes"), CASES)
class TestOperation:
    """One configuration, described and built."""

    def test_its_shape_is_the_modules(self, kind: str, fields: dict[str, Any], shapes: tuple[Shape, ...]) -> None:
        """Of the tensor that really comes out, the batch left out."""
        operation = OPERATIONS[kind](**fields)
        target = made(operation.call(*shapes), operation.definition)
        names = [f"x{number}" for number in range(len(shapes))]
        scope = {"target": target, **dict(zip(names, tensors(shapes), strict=True))}
        result = eval(operation.expression("target", *names), {"torch": torch}, scope)
        assert tuple(result.shape[1:]) == operation.output(*shapes).sizes

    def test_its_parameters_are_the_modules(self, kind: str, fields: dict[str, Any], shapes: tuple[Shape, ...]) -> None:
        """Names, shapes and the order of registration; a bare parameter has no name of its own."""
        operation = OPERATIONS[kind](**fields)
        target = made(operation.call(*shapes), operation.definition)
        found = {"": target} if isinstance(target, nn.Parameter) else dict(target.named_parameters())
        described = [(each.name, each.shape) for each in operation.parameters(*shapes)]
        assert [(name, tuple(each.shape)) for name, each in found.items()] == described

    def test_its_macs_are_half_of_pytorchs_flops(
        self, kind: str, fields: dict[str, Any], shapes: tuple[Shape, ...]
    ) -> None:
        """For one image in evaluation mode."""
        operation = OPERATIONS[kind](**fields)
        target = made(operation.call(*shapes), operation.definition)
        if isinstance(target, nn.Parameter):
            assert operation.macs(*shapes) == 0
            return
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            target.eval()(*tensors(shapes, batch=1))
        assert operation.macs(*shapes) * 2 == counter.get_total_flops()

    def test_an_argument_that_is_left_out_means_the_same(
        self, kind: str, fields: dict[str, Any], shapes: tuple[Shape, ...]
    ) -> None:
        """The defaults of a record are PyTorch's."""
        operation = OPERATIONS[kind](**fields)
        call = operation.call(*shapes)
        short, long = made(call, operation.definition), made(call, operation.definition, every_argument=True)
        assert repr(short) == repr(long) or isinstance(short, nn.Parameter)


class TestFields:
    """What an operation refuses before it has seen an input."""

    @pytest.mark.parametrize(("kind", "fields"), REFUSALS)
    def test_wrong_fields_are_refused(self, kind: str, fields: dict[str, Any]) -> None:
        """Nothing is converted, nothing is guessed, nothing unknown is taken."""
        with pytest.raises(ValidationError):
            OPERATIONS[kind].model_validate(fields)

    @pytest.mark.parametrize("kind", SAMPLES)
    def test_with_required_fields_alone_a_call_is_short(self, kind: str) -> None:
        """Every argument that has PyTorch's value stays away."""
        fields, shapes = SAMPLES[kind][0]
        operation = OPERATIONS[kind](**fields)
        required = {name for name, field in OPERATIONS[kind].model_fields.items() if field.is_required()}
        if set(fields) <= required:
            optional = [each for each in operation.call(*shapes).arguments if each.default is not ...]
            assert all(each.is_default for each in optional)


LANES = {
    "add": [((IMAGE, IMAGE), True), ((IMAGE, Shape((1, 9, 11))), False), ((IMAGE, VECTOR), False)],
    "mul": [((IMAGE, IMAGE), True), ((IMAGE, Shape((12, 1, 1))), True), ((IMAGE, Shape((11, 9, 11))), False)],
    "concat": [((IMAGE, Shape((3, 9, 11))), True), ((IMAGE, Shape((12, 9, 9))), False), ((IMAGE, LAST), False)],
}
"""For every merge: shapes that meet, and shapes that do not."""


class TestMerges:
    """Where lanes meet."""

    def test_every_merge_has_lanes_here(self) -> None:
        """A merge that is added is added here."""
        assert set(LANES) == set(MERGES)

    @pytest.mark.parametrize(
        ("kind", "shapes", "fits"), [(kind, *each) for kind, cases in LANES.items() for each in cases]
    )
    def test_the_sum_the_product_and_the_whole_are_pytorchs(
        self, kind: str, shapes: tuple[Shape, ...], fits: bool
    ) -> None:
        """What PyTorch would broadcast is refused."""
        merge = MERGES[kind]()
        if not fits:
            with pytest.raises(ShapeError, match="cannot be"):
                merge.output(*shapes)
            return
        values = dict(zip("ab", tensors(shapes), strict=True))
        result = eval(merge.expression("", *values), {"torch": torch}, values)
        assert tuple(result.shape[1:]) == merge.output(*shapes).sizes

    @pytest.mark.parametrize("position", [0, 1, 2])
    def test_a_share_of_the_channels_is_pytorchs_chunk(self, position: int) -> None:
        """What `split: true` gives each branch."""
        (image,) = tensors((IMAGE,))
        share = Chunk(chunks=3, position=position)
        assert torch.equal(eval(share.expression("", "image")), image.chunk(3, 1)[position])
        assert share.output(IMAGE) == Shape((4, 9, 11))

    @pytest.mark.parametrize("operation", [*(merge() for merge in MERGES.values()), Chunk(chunks=2, position=0)])
    def test_channels_that_come_last_are_never_mistaken_for_rows(self, operation: Operation) -> None:
        """Source joins and splits along axis 1."""
        shapes = (LAST,) if isinstance(operation, Chunk) else (LAST, LAST)
        names = ["a", "b"][: len(shapes)]
        try:
            described = operation.output(*shapes)
        except ShapeError:
            return
        values = dict(zip(names, tensors(shapes), strict=True))
        result = eval(operation.expression("", *names), {"torch": torch}, values)
        assert tuple(result.shape[1:]) == described.sizes


SMALL = st.integers(1, 12)


class TestWindows:
    """A convolution or a pool is refused exactly where PyTorch cannot run it."""

    @given(st.tuples(SMALL, SMALL, SMALL), SMALL, st.integers(1, 4), st.integers(1, 3), st.integers(0, 3), SMALL)
    def test_convolutions(
        self, sizes: tuple[int, int, int], out: int, kernel: int, stride: int, padding: int, groups: int
    ) -> None:
        """Groups, kernels and margins that fit, and those that do not; every third one is dilated."""
        dilation = 1 + (out % 3 == 0)
        conv = OPERATIONS["conv"](
            out=out, kernel=kernel, stride=stride, padding=padding, dilation=dilation, groups=groups
        )
        image = torch.empty(1, *sizes, device="meta")
        try:
            expected = conv.output(Shape(sizes)).sizes
        except ShapeError:
            with pytest.raises((RuntimeError, ValueError)):
                nn.Conv2d(sizes[0], out, kernel, stride, padding, dilation, groups, device="meta")(image)
        else:
            module = nn.Conv2d(sizes[0], out, kernel, stride, padding, dilation, groups, device="meta")
            assert tuple(module(image).shape[1:]) == expected

    @given(
        st.sampled_from(["maxpool", "avgpool"]), SMALL, SMALL, st.integers(1, 5), st.integers(1, 4), st.integers(0, 3),
        st.booleans(),
    )  # fmt: skip
    def test_pools(
        self, kind: str, height: int, width: int, kernel: int, stride: int, padding: int, ceil: bool
    ) -> None:
        """In ceil mode as well."""
        shape = Shape((2, height, width))
        pool = OPERATIONS[kind](kernel=kernel, stride=stride, padding=padding, ceil=ceil)
        image = torch.empty(1, *shape.sizes, device="meta")
        theirs = nn.MaxPool2d if kind == "maxpool" else nn.AvgPool2d
        try:
            sizes = pool.output(shape).sizes
        except ShapeError:
            with pytest.raises(RuntimeError):
                theirs(kernel, stride, padding, ceil_mode=ceil)(image)
        else:
            assert tuple(theirs(kernel, stride, padding, ceil_mode=ceil)(image).shape[1:]) == sizes
