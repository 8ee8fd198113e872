"""Every operation against the PyTorch module that its record names: shapes, parameters, multiply-accumulates."""

from __future__ import annotations

from typing import Any, get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from builder.ops import MERGES, OPERATIONS
from builder.ops.activation import ACTIVATIONS
from builder.ops.base import Call, Operation, ShapeError
from builder.ops.merging import Chunk, Narrow
from builder.ops.squeeze_excitation import Gate
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
    "stdconv": [
        ({"out": 8, "kernel": 1}, (IMAGE,)),
        ({"out": 8, "kernel": (1, 3), "padding": (0, 1), "groups": 4, "bias": False, "eps": 1e-5}, (IMAGE,)),
        ({"out": 6, "kernel": 3, "stride": 2, "gamma": 1.7}, (IMAGE,)),
    ],
    "condconv": [
        ({"out": 8, "kernel": 1}, (IMAGE, Shape((4,)))),
        ({"out": 24, "kernel": (3, 1), "stride": 2, "padding": (1, 0), "groups": 12, "bias": False}, (IMAGE, VECTOR)),
    ],
    "eca": [({}, (IMAGE,)), ({"kernel": 5, "gate": "hardsigmoid"}, (IMAGE,))],
    "square": [({}, (IMAGE,)), ({}, (LAST,))],
    "starrelu": [({}, (IMAGE,)), ({"scale": 0.9, "bias": -0.4}, (LAST,))],
    "batchnorm": [({}, (IMAGE,)), ({"eps": 0.001, "momentum": 0.01}, (VECTOR,)), ({"affine": False}, (IMAGE,))],
    "instancenorm": [({}, (IMAGE,)), ({"affine": True, "eps": 0.001}, (IMAGE,))],
    "glu": [({}, (IMAGE,)), ({}, (VECTOR,))],
    "gempool": [({}, (IMAGE,)), ({"p": 1.5, "eps": 0.001}, (IMAGE,))],
    "layernorm2d": [({}, (IMAGE,)), ({"eps": 1e-6}, (IMAGE,)), ({"bias": False}, (IMAGE,))],
    "layernorm": [({}, (LAST,)), ({"eps": 1e-6}, (VECTOR,)), ({"bias": False}, (LAST,))],
    **{kind: [({}, (IMAGE,)), ({}, (VECTOR,))] for kind in ("relu", "relu6", "silu", "hardswish", "sigmoid")},
    "gelu": [({}, (IMAGE,)), ({"approximate": "tanh"}, (VECTOR,))],
    **{kind: [({}, (IMAGE,)), ({}, (LAST,))] for kind in ("hardsigmoid", "tanh")},
    "hardtanh": [({}, (IMAGE,)), ({"min": 0}, (LAST,)), ({"min": -0.5, "max": 2.0}, (VECTOR,))],
    "leakyrelu": [({}, (IMAGE,)), ({"negative_slope": 0.1}, (LAST,))],
    "prelu": [({}, (IMAGE,)), ({"num_parameters": 12, "init": 0.1}, (IMAGE,)), ({"num_parameters": 20}, (VECTOR,))],
    **{kind: [({}, (IMAGE,)), ({"alpha": 0.5}, (VECTOR,))] for kind in ("elu", "celu")},
    **{kind: [({}, (IMAGE,)), ({}, (LAST,))] for kind in ("selu", "mish", "softplus")},
    "softmax": [({}, (IMAGE,)), ({"groups": 3}, (IMAGE,)), ({"groups": 4}, (VECTOR,)), ({"groups": 20}, (VECTOR,)),
        ({"groups": 2, "cardinality": 3}, (IMAGE,)),
    ],
    "groupnorm": [({"groups": 3}, (IMAGE,)), ({"groups": 1, "eps": 1e-6}, (IMAGE,)), ({"groups": 4}, (VECTOR,)),
        ({"groups": 1, "bias": False}, (IMAGE,)),
    ],
    "localresponsenorm": [({"size": 5}, (IMAGE,)), ({"size": 2, "alpha": 1.0, "beta": 0.5, "k": 2.0}, (IMAGE,))],
    "blurpool": [({}, (IMAGE,)), ({"kernel": 5, "stride": 1}, (IMAGE,)), ({"kernel": 4}, (IMAGE,)),
        ({"kernel": 15, "mode": "constant"}, (IMAGE,)),
    ],
    "pad": [({"right": 1}, (IMAGE,)), ({"top": 1, "bottom": 2, "left": 3, "right": 4}, (IMAGE,)), ({}, (IMAGE,))],
    "padchannels": [({"out": 17}, (IMAGE,)), ({"out": 16, "before": 0}, (IMAGE,)), ({"out": 12}, (IMAGE,))],
    "upsample": [({}, (IMAGE,)), ({"factor": 3, "mode": "bilinear"}, (IMAGE,)),
        ({"mode": "bilinear", "align_corners": True}, (IMAGE,)),
    ],
    "identity": [({}, (IMAGE,)), ({}, (VECTOR,))],
    "maxpool": [
        ({"kernel": 3}, (IMAGE,)),
        ({"kernel": 3, "stride": 2, "padding": 1, "ceil": True}, (IMAGE,)),
        ({"kernel": (2, 3), "stride": (1, 2)}, (IMAGE,)),
    ],
    "avgpool": [
        ({"kernel": 2}, (IMAGE,)),
        ({"kernel": 3, "stride": 2, "padding": 1, "ceil": True}, (IMAGE,)),
        ({"kernel": 3, "stride": 1, "padding": 1, "count_include_pad": False}, (IMAGE,)),
    ],
    "adaptiveavgpool": [({}, (IMAGE,)), ({"size": (2, 3)}, (IMAGE,)), ({"size": 20}, (IMAGE,))],
    "adaptivemaxpool": [({}, (IMAGE,)), ({"size": (2, 3)}, (IMAGE,))],
    "channelmean": [({}, (IMAGE,))],
    "channelmax": [({}, (IMAGE,))],
    "linear": [({"out": 7}, (VECTOR,)), ({"out": 7, "bias": False}, (LAST,))],
    "flatten": [({}, (IMAGE,)), ({}, (VECTOR,))],
    "unflatten": [({}, (VECTOR,))],
    "dropout2d": [({}, (IMAGE,)), ({"p": 1}, (IMAGE,))],
    "dropout": [({}, (IMAGE,)), ({"p": 0.1}, (VECTOR,)), ({"p": 1}, (IMAGE,))],
    "stochasticdepth": [({"p": 0.2}, (IMAGE,)), ({"p": 0}, (VECTOR,))],
    "se": [
        ({"reduction": 4}, (IMAGE,)),
        ({"hidden": 5, "activation": "silu", "gate": "hardsigmoid"}, (IMAGE,)),
        ({"reduction": 2}, (IMAGE, Shape((6, 3, 3)))),
        ({"reduction": 2, "bias": False}, (IMAGE,)),
        *(({"hidden": 5, "activation": each}, (IMAGE,)) for each in get_args(Gate)),
    ],
    "coordinateattention": [({}, (IMAGE,)), ({"reduction": 2, "least": 1}, (IMAGE,))],
    "scale": [({"vector": True}, (IMAGE,)), ({}, (LAST,)), ({}, (IMAGE,)), ({"init": 1e-6}, (IMAGE,)),
        ({"single": True, "init": 0.0}, (IMAGE,)), ({"single": True, "vector": True}, (IMAGE,)),
        ({"batch": True}, (IMAGE,)), ({"batch": True, "single": True}, (IMAGE,)),
    ],
    "shift": [({"vector": True}, (IMAGE,)), ({}, (LAST,)), ({"init": 0.5}, (IMAGE,)), ({"single": True}, (IMAGE,))],
    "tlu": [({"vector": True}, (IMAGE,)), ({}, (LAST,)), ({"init": -0.5}, (IMAGE,)), ({"single": True}, (IMAGE,))],
    "affine": [({}, (IMAGE,)), ({}, (LAST,)), ({}, (VECTOR,))],
    "reduce": [
        ({"by": "mean", "dims": (3,)}, (LAST,)), ({"by": "sum", "dims": (1,)}, (IMAGE,)),
        ({"by": "var", "dims": (2, 3), "correction": 0}, (IMAGE,)), ({"by": "std", "groups": 3}, (IMAGE,)),
        ({"by": "norm", "dims": (1, 2)}, (LAST,)),
    ],
    "sqrt": [({}, (IMAGE,)), ({}, (LAST,))],
    "rsqrt": [({}, (IMAGE,)), ({}, (LAST,))],
    "contextpool": [({}, (IMAGE,)), ({"bias": False}, (IMAGE,))],
    "pixelunshuffle": [({"factor": 1}, (IMAGE,)), ({"factor": 3}, (Shape((2, 6, 9)),))],
    "rescale": [
        ({"scale": 0.5}, (IMAGE,)), ({"scale": 2.0, "shift": -1.0}, (VECTOR,)), ({"divisor": 3.0}, (IMAGE,)),
        ({"divisor": 7.0, "scale": 2.0, "shift": 1.0}, (VECTOR,)),
        ({"scale": (0.5,) * 12, "shift": (1.0,) * 12}, (IMAGE,)), ({"scale": 0.5, "shift": (1.0,) * 12}, (IMAGE,)),
    ],
    "crop": [({"top": 1, "left": 2}, (IMAGE,)), ({}, (IMAGE,))],
    "permute": [({"dims": (0, 2, 3, 1)}, (IMAGE,)), ({"dims": (0, 3, 1, 2)}, (LAST,)), ({"dims": (0, 1)}, (VECTOR,)),
        ({"dims": (0, 2, 3, 1), "contiguous": True}, (IMAGE,)),
        ({"dims": (0, 3, 2, 1), "channels_first": True}, (IMAGE,)),
    ],
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
    "stdconv": [{"out": 8}, {"out": 8, "kernel": 3, "eps": 0}, {"out": 8, "kernel": 3, "gamma": "silu"}],
    "condconv": [{"out": 8}, {"out": 8, "kernel": 3, "experts": 4}],
    "eca": [{"kernel": 0}, {"gate": "relu"}, {"reduction": 16}],
    "square": [{"inplace": True}, {"p": 2}],
    "starrelu": [{"scale": "one"}, {"inplace": True}],
    "batchnorm": [{"eps": 0}, {"eps": -1.0}, {"eps": float("nan")}, {"momentum": 0}, {"momentum": 2}, {"affine": 1}],
    "instancenorm": [{"eps": 0}, {"affine": 1}, {"momentum": 0.1}],
    "glu": [{"dim": 1}],
    "gempool": [{"p": 0}, {"p": float("inf")}, {"eps": 0}, {"size": 1}],
    "contiguous": [{"layout": "channels_last"}],
    "layernorm2d": [{"eps": 0}, {"out": 3}],
    "layernorm": [{"eps": 0}, {"out": 3}],
    **{
        kind: [{"inplace": True}, {"p": 0.1}]
        for kind in (
            "relu", "relu6", "silu", "hardswish", "gelu", "sigmoid", "hardsigmoid", "tanh", "selu", "mish", "softplus",
            "identity",
        )
    },
    "hardtanh": [{"min": 1}, {"min": 3.0, "max": 2.0}, {"max": float("nan")}, {"p": 0.1}],
    "leakyrelu": [{"negative_slope": -0.1}, {"inplace": True}],
    "prelu": [{"num_parameters": 0}, {"init": float("nan")}, {"out": 3}],
    "elu": [{"alpha": 0}, {"alpha": "one"}],
    "celu": [{"alpha": 0}, {"alpha": -1.0}],
    "softmax": [{"groups": 0}, {"dim": 1}, {"groups": 2, "cardinality": 0}],
    "groupnorm": [{}, {"groups": 0}, {"groups": 2, "eps": 0}],
    "localresponsenorm": [{}, {"size": 0}, {"size": 5, "k": 0}, {"size": 5, "alpha": float("inf")}],
    "blurpool": [{"kernel": 1}, {"kernel": 16}, {"stride": 0}, {"kernel": (3, 3)}, {"mode": "circular"}],
    "pad": [{"top": -1}, {"padding": 1}],
    "padchannels": [{}, {"out": 0}, {"out": 4, "before": -1}],
    "upsample": [{"factor": 0}, {"factor": 1.5}, {"mode": "cubic"}, {"align_corners": True}],
    "maxpool": [{}, {"kernel": 0}, {"kernel": 3, "stride": 0}, {"kernel": 3, "padding": -1}, {"kernel": 3, "ceil": 1}],
    "avgpool": [
        {}, {"kernel": 0}, {"kernel": 3, "stride": 0}, {"kernel": 3, "padding": -1}, {"kernel": 3, "ceil": 1},
        {"kernel": 3, "count_include_pad": 0},
    ],
    "adaptiveavgpool": [{"size": 0}, {"size": (1, 2, 3)}, {"kernel": 3}],
    "adaptivemaxpool": [{"size": 0}, {"size": (1, 2, 3)}, {"kernel": 3}],
    "channelmean": [{"dims": (1,)}],
    "channelmax": [{"dims": (1,)}],
    "linear": [{}, {"out": 0}, {"out": -1}, {"out": 3, "bias": 1}, {"out": 3, "in": 4}],
    "flatten": [{"start_dim": 1}],
    "unflatten": [{"dim": 1}],
    "dropout2d": [{"p": -0.1}, {"p": 1.5}],
    "dropout": [{"p": -0.1}, {"p": 1.5}, {"p": "half"}, {"p": float("nan")}],
    "stochasticdepth": [{}, {"p": -0.1}, {"p": 1.5}],
    "se": [
        {"reduction": 0}, {"hidden": 0}, {"reduction": 2, "hidden": 3}, {"gate": "sigmod"}, {"activation": 3},
        {"bias": 1},
    ],
    "coordinateattention": [{"reduction": 0}, {"least": 0}],
    "scale": [{"init": float("inf")}, {"init": "one"}, {"batch": True, "vector": True}],
    "shift": [{"init": float("inf")}, {"init": "one"}],
    "tlu": [{"init": float("nan")}, {"init": "one"}],
    "affine": [{"init": 1.0}, {"bias": False}],
    "reduce": [
        {}, {"by": "var"}, {"dims": (2, 3)}, {"by": "max", "dims": (1,)}, {"by": "var", "dims": (1,), "groups": 2},
        {"by": "var", "dims": ()}, {"by": "var", "groups": 0}, {"by": "std", "dims": (1,), "correction": -1},
    ],
    "sqrt": [{"eps": 1e-5}],
    "rsqrt": [{"eps": 1e-5}],
    "contextpool": [{"out": 1}, {"bias": "no"}],
    "pixelunshuffle": [{}, {"factor": 0}],
    "expandas": [{"by": "add"}],
    "rescale": [
        {"divisor": 0}, {"divisor": 2.0, "scale": (1.0,)}, {"scale": "half"}, {"scale": (), "shift": ()},
        {"scale": (float("nan"),), "shift": (0.0,)},
    ],
    "crop": [{"top": -1}, {"left": 0.5}, {"bottom": 1}],
    "permute": [{}, {"dims": (0, 1), "channels_first": 1}, {"dims": ()}, {"dims": (0, -1)}, {"dims": (0, 1, 2, 3, 4)}],
    "mean": [{}, {"dims": ()}, {"dims": (-1,)}],
    "channelshuffle": [{}, {"groups": 0}],
    "join": [{"by": "sum"}, {"first": 1}, {"from": "block1.out"}],
    "read": [{"by": "add"}],
    "narrow": [{}, {"length": 0}, {"start": -1, "length": 3}, {"dim": 1, "length": 3}],
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
        assert set(SAMPLES) == set(OPERATIONS) - {"join", "read", "narrow", "expandas", "contiguous"}, (
            "which have no module; TestMerges and TestJoin look at them"
        )

    def test_every_operation_has_wrong_fields(self) -> None:
        """Otherwise nobody would know what it refuses."""
        assert set(WRONG) == set(OPERATIONS)


@pytest.mark.parametrize(("kind", "fields", "shapes"), CASES)
class TestOperation:
    """One configuration, described and built."""

    def test_its_shape_is_the_modules(self, kind: str, fields: dict[str, Any], shapes: tuple[Shape, ...]) -> None:
        """Of the tensor that really comes out, the batch left out."""
        operation = OPERATIONS[kind](**fields)
        target = made(operation.call(*shapes), operation.source())
        names = [f"x{number}" for number in range(len(shapes))]
        scope = {"target": target, **dict(zip(names, tensors(shapes), strict=True))}
        result = eval(operation.expression("target", *names), {"torch": torch}, scope)
        assert tuple(result.shape[1:]) == operation.output(*shapes).sizes

    def test_its_parameters_are_the_modules(self, kind: str, fields: dict[str, Any], shapes: tuple[Shape, ...]) -> None:
        """Names, shapes and the order of registration; a bare parameter has no name of its own."""
        operation = OPERATIONS[kind](**fields)
        target = made(operation.call(*shapes), operation.source())
        found = {"": target} if isinstance(target, nn.Parameter) else dict(target.named_parameters())
        described = [(each.name, each.shape) for each in operation.parameters(*shapes)]
        assert [(name, tuple(each.shape)) for name, each in found.items()] == described

    def test_its_macs_are_half_of_pytorchs_flops(
        self, kind: str, fields: dict[str, Any], shapes: tuple[Shape, ...]
    ) -> None:
        """For one image in evaluation mode."""
        operation = OPERATIONS[kind](**fields)
        target = made(operation.call(*shapes), operation.source())
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
        short, long = made(call, operation.source()), made(call, operation.source(), every_argument=True)
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


def applied(kind: str, fields: dict[str, Any], image: torch.Tensor) -> torch.Tensor:
    """Return what an operation makes of an image, in the source that it has."""
    operation, shape = OPERATIONS[kind](**fields), Shape(tuple(image.shape[1:]))
    target = made(operation.call(shape), operation.source())
    return eval(operation.expression("target", "x"), {"torch": torch}, {"target": target, "x": image})


class TestValues:
    """Operations whose class PyTorch does not have, against the formula of their papers."""

    def test_softmax_between_groups_weighs_what_stands_at_one_position(self) -> None:
        """As selective kernels weigh their branches."""
        (image,) = tensors((IMAGE,))
        first, second = image.chunk(2, 1)
        weights = applied("softmax", {"groups": 2}, image)
        assert torch.allclose(weights[:, :6], first.exp() / (first.exp() + second.exp()))
        assert torch.allclose(weights[:, :6] + weights[:, 6:], torch.ones(2, 6, 9, 11))

    def test_a_generalized_mean_lies_between_the_mean_and_the_maximum(self) -> None:
        """The cubic mean at first; with p = 1 it is the mean."""
        (image,) = tensors((IMAGE,))
        assert torch.allclose(applied("gempool", {}, image), image.pow(3).mean((2, 3), keepdim=True) ** (1 / 3))
        assert torch.allclose(applied("gempool", {"p": 1.0}, image), image.mean((2, 3), keepdim=True))
        assert torch.allclose(applied("gempool", {"p": 200.0}, image), image.amax((2, 3), keepdim=True), rtol=0.03)

    def test_numbers_are_laid_out_anew_and_stay_what_they_are(self) -> None:
        """In the order of the axes."""
        (image,) = tensors((LAST,))
        turned = image.permute(0, 3, 1, 2)
        result = eval(OPERATIONS["contiguous"]().expression("", "x"), {}, {"x": turned})
        assert torch.equal(result, turned)
        assert (turned.is_contiguous(), result.is_contiguous()) == (False, True)

    def test_softmax_of_parts_weighs_each_part_and_stands_group_by_group(self) -> None:
        """As split attention behind convolutions in groups."""
        (image,) = tensors((IMAGE,))
        parts = [applied("softmax", {"groups": 2}, part) for part in image.chunk(3, 1)]
        groups = [torch.cat([part.chunk(2, 1)[which] for part in parts], 1) for which in (0, 1)]
        assert torch.allclose(applied("softmax", {"groups": 2, "cardinality": 3}, image), torch.cat(groups, 1))

    def test_a_division_rounds_once(self) -> None:
        """Before the product and the sum; its product with the inverse has other last bits."""
        (image,) = tensors((IMAGE,))
        assert torch.equal(applied("rescale", {"divisor": 3.0}, image), image / 3.0)
        assert torch.equal(applied("rescale", {"divisor": 3.0, "scale": 2, "shift": 1}, image), image / 3.0 * 2 + 1)
        assert not torch.equal(applied("rescale", {"scale": 1 / 3.0}, image), image / 3.0)

    @pytest.mark.parametrize("vector", [False, True])
    def test_a_learned_threshold_is_the_least_value(self, vector: bool) -> None:
        """One for each channel."""
        (image,) = tensors((IMAGE,))
        assert torch.equal(applied("tlu", {"init": -0.5, "vector": vector}, image), image.clamp(min=-0.5))

    def test_channels_of_zeros_stand_on_both_sides(self) -> None:
        """The odd one behind; `before` says how many in front."""
        (image,) = tensors((IMAGE,))
        padded = applied("padchannels", {"out": 17}, image)
        assert torch.equal(padded[:, 2:14], image)
        assert padded[:, :2].abs().sum() + padded[:, 14:].abs().sum() == 0
        assert torch.equal(applied("padchannels", {"out": 17, "before": 0}, image)[:, :12], image)

    def test_a_blur_is_binomial_and_mirrors_the_edges(self) -> None:
        """1 2 1 in both directions; a constant image stays what it is."""
        image = torch.zeros(1, 1, 5, 5)
        image[0, 0, 2, 2] = 16
        row = torch.tensor([1.0, 2.0, 1.0])
        assert torch.equal(applied("blurpool", {"stride": 1}, image)[0, 0, 1:4, 1:4], row[:, None] * row)
        assert torch.allclose(applied("blurpool", {}, torch.ones(1, 3, 8, 8)), torch.ones(1, 3, 4, 4))

    def test_a_blur_with_zeros_darkens_the_edges(self) -> None:
        """A quarter of the weights of 1 2 1 lies beyond each."""
        blurred = applied("blurpool", {"mode": "constant"}, torch.ones(1, 3, 8, 8))
        assert torch.equal(blurred[0, 0, 0], torch.tensor([9, 12, 12, 12]) / 16)
        assert torch.equal(blurred[:, :, 1:, 1:], torch.ones(1, 3, 3, 3))

    @pytest.mark.parametrize("gamma", [None, 1.7])
    def test_standardized_kernels_have_mean_0_and_variance_1(self, gamma: float | None) -> None:
        """Times the learned gain, `gamma` and the inverse root of the fan-in where there is a gain."""
        operation = OPERATIONS["stdconv"](out=5, kernel=3, padding=1, gamma=gamma)
        module = made(operation.call(IMAGE), operation.source())
        (image,) = tensors((IMAGE,))
        spread, mean = torch.var_mean(module.weight, (1, 2, 3), correction=0, keepdim=True)
        kernels = (module.weight - mean) / (spread + 1e-6).sqrt()
        if gamma is not None:
            kernels = kernels * module.gain * gamma / (12 * 9) ** 0.5
        assert torch.allclose(module(image), functional.conv2d(image, kernels, module.bias, padding=1), atol=1e-5)

    @pytest.mark.parametrize(("by", "correction"), [("var", 0), ("std", 1)])
    def test_a_statistic_of_groups_is_given_to_all_their_channels(self, by: str, correction: int) -> None:
        """What group normalization divides by."""
        (image,) = tensors((IMAGE,))
        found = applied("reduce", {"by": by, "groups": 4, "correction": correction}, image)
        wanted = getattr(image.view(2, 4, -1), by)(dim=2, correction=correction)
        assert torch.allclose(found, wanted.repeat_interleave(3, 1)[:, :, None, None])

    def test_kernels_are_mixed_for_each_image(self) -> None:
        """The second image has those of the second expert alone."""
        shapes = IMAGE, Shape((2,))
        operation = OPERATIONS["condconv"](out=5, kernel=3, padding=1)
        module = made(operation.call(*shapes), operation.source())
        (image,) = tensors((IMAGE,))
        found = module(image, torch.tensor([[0.5, 0.25], [0.0, 1.0]]))
        first, second = module.weight.view(2, 5, 12, 3, 3)
        mixed = functional.conv2d(image, first / 2 + second / 4, module.bias[0] / 2 + module.bias[1] / 4, padding=1)
        assert torch.allclose(found[0], mixed[0], atol=1e-5)
        assert torch.allclose(found[1], functional.conv2d(image, second, module.bias[1], padding=1)[1], atol=1e-5)
        with pytest.raises(ShapeError, match="a row with a number for each expert"):
            operation.output(IMAGE, IMAGE)

    def test_a_context_is_the_mean_of_what_a_convolution_finds_important(self) -> None:
        """Its weights sum to 1 over all positions."""
        operation = OPERATIONS["contextpool"]()
        module = made(operation.call(IMAGE), operation.source())
        (image,) = tensors((IMAGE,))
        scores = functional.conv2d(image, module.weight, module.bias).flatten(2).softmax(2).view(2, 1, 9, 11)
        assert torch.allclose(module(image), (image * scores).sum((2, 3), keepdim=True), atol=1e-6)

    def test_learned_numbers_are_multiplied_and_added_in_one_step(self) -> None:
        """Whether the channels are first or last."""
        for shape, view in ((IMAGE, (12, 1, 1)), (LAST, (12,))):
            operation = OPERATIONS["affine"]()
            module = made(operation.call(shape), operation.source())
            nn.init.uniform_(module.weight)
            nn.init.uniform_(module.bias)
            (image,) = tensors((shape,))
            assert torch.allclose(module(image), image * module.weight.view(view) + module.bias.view(view))

    def test_a_convolution_along_the_channels_gives_gates(self) -> None:
        """From the means of neighboring channels, zeros beyond the first and the last."""
        operation = OPERATIONS["eca"](kernel=3)
        module = made(operation.call(IMAGE), operation.source())
        (image,) = tensors((IMAGE,))
        means = functional.pad(image.mean((2, 3)), (1, 1))
        gates = torch.sigmoid(sum(module.conv.weight[0, 0, at] * means[:, at : at + 12] for at in range(3)))
        assert torch.allclose(module(image), image * gates[:, :, None, None])
        assert OPERATIONS["eca"]().label(Shape((512, 7, 7))) == "ECA 5"

    def test_a_gate_may_have_every_activation_of_pytorch_that_learns_nothing(self) -> None:
        """An activation that is added is added to those of gates."""
        fine = [each for each in ACTIVATIONS if each.definition is None and not each().parameters(IMAGE)]
        assert set(get_args(Gate)) == {each.kind for each in fine}

    def test_a_gate_without_biases_has_two_weights(self) -> None:
        """And stands beside one that has them in one network."""
        with_bias, without = (OPERATIONS["se"](hidden=2, bias=bias) for bias in (True, False))
        assert with_bias.call(IMAGE).function != without.call(IMAGE).function
        module = made(without.call(IMAGE), without.source())
        (image,) = tensors((IMAGE,))
        middle = torch.relu(functional.conv2d(image.mean((2, 3), keepdim=True), module.fc1.weight))
        gates = torch.sigmoid(functional.conv2d(middle, module.fc2.weight))
        assert torch.allclose(module(image), image * gates)


LANES = {
    "add": [((IMAGE, IMAGE), True), ((IMAGE, Shape((1, 9, 11))), False), ((IMAGE, VECTOR), False)],
    "mul": [((IMAGE, IMAGE), True), ((IMAGE, Shape((12, 1, 1))), True), ((IMAGE, Shape((11, 9, 11))), False)],
    "div": [((IMAGE, Shape((1, 9, 11))), True), ((LAST, Shape((1, 1, 12), 2)), True), ((IMAGE, VECTOR), False)],
    "max": [((IMAGE, IMAGE), True), ((LAST, LAST), True), ((IMAGE, Shape((12, 1, 1))), False)],
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

    def test_some_channels_are_pytorchs_narrow(self) -> None:
        """What a `split` in unequal parts gives each branch; there must be as many."""
        (image,) = tensors((IMAGE,))
        share = Narrow(start=2, length=7)
        assert torch.equal(eval(share.expression("", "image")), image.narrow(1, 2, 7))
        assert share.output(IMAGE) == Shape((7, 9, 11))
        with pytest.raises(ShapeError, match=r"there are no 7 channels from channel 6 on in 12×9×11"):
            Narrow(start=6, length=7).output(IMAGE)
        with pytest.raises(ShapeError, match="channels last"):
            share.output(LAST)

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


class TestJoin:
    """Its own input and earlier values, which are read in this order."""

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({}, lambda x, a, b: torch.cat([a, b, x], 1)),
            ({"first": True}, lambda x, a, b: torch.cat([x, a, b], 1)),
            ({"by": "add"}, lambda x, a, b: x + a + b),
            ({"by": "mul"}, lambda x, a, b: x * a * b),
            ({"by": "add", "first": False}, lambda x, a, b: a + b + x),
            ({"by": "max"}, lambda x, a, b: torch.maximum(torch.maximum(x, a), b)),
        ],
    )
    def test_its_value_and_shape_are_pytorchs(self, fields: dict[str, Any], expected: Any) -> None:
        """Channels in the order of the page, its own input last unless it is to be first."""
        join = OPERATIONS["join"](**fields)
        x, a, b = tensors((IMAGE, IMAGE, IMAGE))
        result = eval(join.expression("", "x", "a", "b"), {"torch": torch}, {"x": x, "a": a, "b": b})
        assert torch.equal(result, expected(x, a, b))
        assert tuple(result.shape[1:]) == join.output(IMAGE, IMAGE, IMAGE).sizes

    @pytest.mark.parametrize(("first", "expected"), [(None, lambda x, a: a / x), (True, lambda x, a: x / a)])
    def test_of_a_quotient_its_own_input_is_the_divisor_unless_it_is_first(
        self, first: bool | None, expected: Any
    ) -> None:
        """And no quotient has three terms."""
        join = OPERATIONS["join"](by="div", first=first)
        x, a = tensors((IMAGE, IMAGE))
        assert torch.equal(eval(join.expression("", "x", "a"), {"x": x, "a": a}), expected(x, a))
        with pytest.raises(ShapeError, match="a quotient has two lanes"):
            join.output(IMAGE, IMAGE, IMAGE)

    def test_numbers_of_one_position_are_repeated_over_those_of_a_place(self) -> None:
        """And nothing that has more than one."""
        expand = OPERATIONS["expandas"]()
        small, image = tensors((Shape((5, 1, 1)), IMAGE))
        result = eval(expand.expression("", "small", "image"), {"small": small, "image": image})
        assert torch.equal(result, small.expand(2, 5, 9, 11))
        assert expand.output(Shape((5, 1, 1)), IMAGE) == Shape((5, 9, 11))
        with pytest.raises(ShapeError, match="needs an image of one position"):
            expand.output(IMAGE, IMAGE)

    def test_one_channel_is_repeated_over_those_of_a_place(self) -> None:
        """Of an image of the same size."""
        expand = OPERATIONS["expandas"](channels=True)
        small, image = tensors((Shape((1, 9, 11)), IMAGE))
        result = eval(expand.expression("", "small", "image"), {"small": small, "image": image})
        assert torch.equal(result, small.expand_as(image))
        assert expand.output(Shape((1, 9, 11)), IMAGE) == IMAGE
        with pytest.raises(ShapeError, match="needs 1×9×11, but its input is 12×9×11"):
            expand.output(IMAGE, IMAGE)

    def test_numbers_are_laid_out_anew_where_that_is_said(self) -> None:
        """In the order of the new axes, as another operation would find them."""
        ways = [OPERATIONS["permute"](dims=(0, 2, 3, 1), contiguous=each) for each in (False, True)]
        moved, copied = (made(each.call(IMAGE), each.source()) for each in ways)
        (x,) = tensors((IMAGE,))
        assert torch.equal(moved(x), copied(x))
        assert (moved(x).is_contiguous(), copied(x).is_contiguous()) == (False, True)

    def test_other_channels_are_joined_and_never_added(self) -> None:
        """As where the lanes of a block meet."""
        wide = Shape((20, 9, 11))
        assert OPERATIONS["join"]().output(IMAGE, wide) == Shape((32, 9, 11))
        with pytest.raises(ShapeError, match="cannot be added"):
            OPERATIONS["join"](by="add").output(IMAGE, wide)


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
