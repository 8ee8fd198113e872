"""One description of an operation: its defaults are PyTorch's, its label is the figure's, its window is right."""

from __future__ import annotations

import inspect

import pytest
from torch import nn

from builder.ops import MERGES, OPERATIONS
from builder.ops.base import Operation, ShapeError
from builder.shapes import Shape

IMAGE = Shape((16, 9, 9))
VECTOR = Shape((10,))

LABELS = {
    "conv": ({"out": 8, "kernel": 3, "stride": 2}, "Conv 3×3, 8, /2"),
    "batchnorm": ({}, "BN"),
    "layernorm2d": ({}, "LayerNorm"),
    "layernorm": ({}, "LayerNorm"),
    "relu": ({}, "ReLU"),
    "relu6": ({}, "ReLU6"),
    "hardtanh": ({"min": 0}, "Hardtanh"),
    "silu": ({}, "SiLU"),
    "hardswish": ({}, "Hardswish"),
    "gelu": ({}, "GELU"),
    "sigmoid": ({}, "Sigmoid"),
    "hardsigmoid": ({}, "Hardsigmoid"),
    "tanh": ({}, "Tanh"),
    "leakyrelu": ({}, "LeakyReLU"),
    "prelu": ({}, "PReLU"),
    "elu": ({}, "ELU"),
    "celu": ({}, "CELU"),
    "selu": ({}, "SELU"),
    "mish": ({}, "Mish"),
    "softplus": ({}, "Softplus"),
    "softmax": ({"groups": 2}, "Softmax 2"),
    "groupnorm": ({"groups": 4}, "GroupNorm 4"),
    "instancenorm": ({}, "InstanceNorm"),
    "glu": ({}, "GLU"),
    "gempool": ({}, "GeM"),
    "contiguous": ({}, "Contiguous"),
    "localresponsenorm": ({"size": 5}, "LRN 5"),
    "blurpool": ({}, "BlurPool 3×3, /2"),
    "pad": ({"top": 1, "left": 2}, "Pad 1, 0, 2, 0"),
    "padchannels": ({"out": 32}, "PadChannels 32"),
    "upsample": ({}, "Upsample ×2"),
    "identity": ({}, "Identity"),
    "maxpool": ({"kernel": 3, "stride": 2}, "MaxPool 3×3, /2"),
    "avgpool": ({"kernel": 2}, "AvgPool 2×2, /2"),
    "adaptiveavgpool": ({"size": 6}, "AvgPool → 6×6"),
    "adaptivemaxpool": ({}, "GlobalMaxPool"),
    "channelmean": ({}, "ChannelMean"),
    "channelmax": ({}, "ChannelMax"),
    "linear": ({"out": 4096}, "FC 4096"),
    "flatten": ({}, "Flatten"),
    "unflatten": ({}, "Unflatten"),
    "dropout": ({"p": 0.5}, "Dropout 0.5"),
    "dropout2d": ({"p": 0.5}, "Dropout2d 0.5"),
    "stochasticdepth": ({"p": 0.2}, "DropPath 0.2"),
    "join": ({}, "Concat"),
    "se": ({"reduction": 4}, "SE 16→4→16"),
    "coordinateattention": ({}, "CA 16→8→16"),
    "scale": ({}, "Scale"),
    "shift": ({}, "Shift"),
    "tlu": ({}, "TLU"),
    "affine": ({}, "Affine"),
    "reduce": ({"by": "var", "groups": 4}, "Var 4"),
    "sqrt": ({}, "Sqrt"),
    "rsqrt": ({}, "Rsqrt"),
    "contextpool": ({}, "ContextPool"),
    "pixelunshuffle": ({"factor": 3}, "Unshuffle /3"),
    "rescale": ({"scale": (1.0,), "shift": (0.0,)}, "Rescale"),
    "crop": ({"top": 1}, "Crop 1, 0"),
    "permute": ({"dims": (0, 2, 3, 1)}, "Permute"),
    "mean": ({"dims": (2, 3)}, "GlobalAvgPool"),
    "channelshuffle": ({"groups": 2}, "Shuffle 2"),
    "stdconv": ({"out": 8, "kernel": 3, "stride": 2}, "WS Conv 3×3, 8, /2"),
    "condconv": ({"out": 8, "kernel": 3}, "Cond Conv 3×3, 8"),
    "eca": ({}, "ECA 3"),
    "starrelu": ({}, "StarReLU"),
    "square": ({}, "Square"),
    "narrow": ({"start": 2, "length": 4}, "Narrow 2–5 of 16"),
    "read": ({}, "Read"),
    "expandas": ({}, "Expand"),
}
"""Fields and label of every operation."""

REFUSED = {
    "conv": ({"out": 8, "kernel": 11}, IMAGE, "kernel"),
    "batchnorm": ({}, Shape((7, 7, 96), 2), None),
    "layernorm2d": ({}, VECTOR, None),
    "layernorm": ({}, IMAGE, None),
    "prelu": ({"num_parameters": 3}, IMAGE, "num_parameters"),
    "softmax": ({"groups": 3}, IMAGE, "groups"),
    "groupnorm": ({"groups": 3}, IMAGE, "groups"),
    "instancenorm": ({}, Shape((16, 1, 1)), None),
    "glu": ({}, Shape((15, 9, 9)), None),
    "gempool": ({}, VECTOR, None),
    "localresponsenorm": ({"size": 5}, VECTOR, None),
    "blurpool": ({"kernel": 15, "stride": 8}, IMAGE, "kernel"),
    "unflatten": ({}, IMAGE, None),
    "pad": ({}, VECTOR, None),
    "padchannels": ({"out": 8}, IMAGE, "out"),
    "upsample": ({}, VECTOR, None),
    "maxpool": ({"kernel": 10}, IMAGE, "kernel"),
    "avgpool": ({"kernel": 3, "padding": 2}, IMAGE, "padding"),
    "adaptiveavgpool": ({}, VECTOR, None),
    "adaptivemaxpool": ({}, VECTOR, None),
    "channelmean": ({}, VECTOR, None),
    "channelmax": ({}, VECTOR, None),
    "linear": ({"out": 4}, IMAGE, None),
    "se": ({"reduction": 32}, IMAGE, "reduction"),
    "coordinateattention": ({}, VECTOR, None),
    "scale": ({"vector": True}, VECTOR, None),
    "dropout2d": ({}, VECTOR, None),
    "shift": ({"vector": True}, VECTOR, None),
    "tlu": ({"vector": True}, VECTOR, None),
    "reduce": ({"by": "norm", "dims": (3, 4)}, IMAGE, "dims"),
    "contextpool": ({}, VECTOR, None),
    "pixelunshuffle": ({"factor": 2}, IMAGE, "factor"),
    "rescale": ({"scale": (1.0,), "shift": (0.0,)}, IMAGE, "scale"),
    "crop": ({"left": 9}, IMAGE, "left"),
    "permute": ({"dims": (0, 1)}, IMAGE, "dims"),
    "mean": ({"dims": (1,)}, IMAGE, "dims"),
    "channelshuffle": ({"groups": 3}, IMAGE, "groups"),
    "stdconv": ({"out": 8, "kernel": 11}, IMAGE, "kernel"),
    "eca": ({"kernel": 4}, IMAGE, "kernel"),
    "condconv": ({"out": 8, "kernel": 11}, IMAGE, "kernel"),
    "narrow": ({"start": 10, "length": 7}, IMAGE, "length"),
}
"""For every operation that can be refused: fields and input that do not fit, and the field that is to blame."""

TAKES_EVERYTHING = {
    "relu", "relu6", "silu", "hardswish", "gelu", "sigmoid", "hardsigmoid", "tanh", "flatten", "dropout", "hardtanh",
    "stochasticdepth", "leakyrelu", "elu", "celu", "selu", "mish", "softplus", "identity",
    "join", "read", "starrelu", "square", "affine", "sqrt", "rsqrt", "expandas", "contiguous",
}  # fmt: skip


class TestRegistry:
    """No operation without its facts."""

    def test_groups_and_dilation_of_a_convolution_are_named(self) -> None:
        """Where they are over 1, after the stride."""
        assert OPERATIONS["conv"](out=8, kernel=3, groups=4, dilation=2).label(IMAGE) == "Conv 3×3, 8, g=4, d=2"
        assert OPERATIONS["conv"](out=8, kernel=3, dilation=(1, 2)).label(IMAGE) == "Conv 3×3, 8, d=1×2"

    def test_every_operation_has_a_label_here(self) -> None:
        """A new one fails until it is described."""
        assert set(LABELS) == set(OPERATIONS)

    def test_every_operation_is_refused_somewhere_or_takes_everything(self) -> None:
        """A new one fails until somebody thought about what does not fit."""
        assert set(REFUSED) | TAKES_EVERYTHING == set(OPERATIONS)

    def test_a_merge_is_no_operation_of_a_page(self) -> None:
        """`merge:` says it."""
        assert not set(MERGES) & set(OPERATIONS)


class TestRecords:
    """What each record says of itself."""

    @pytest.mark.parametrize("kind", sorted(LABELS))
    def test_its_label_is_the_figures(self, kind: str) -> None:
        """The grammar of labels is fixed."""
        fields, label = LABELS[kind]
        assert OPERATIONS[kind](**fields).label(IMAGE) == label

    @pytest.mark.parametrize("kind", sorted(REFUSED))
    def test_what_does_not_fit_is_refused_at_its_field(self, kind: str) -> None:
        """With a message, never an exception of PyTorch's."""
        fields, shape, blamed = REFUSED[kind]
        with pytest.raises(ShapeError) as caught:
            OPERATIONS[kind](**fields).output(shape)
        assert caught.value.field == blamed
        assert caught.value.message

    @pytest.mark.parametrize("kind", sorted(OPERATIONS))
    def test_its_defaults_are_pytorchs(self, kind: str) -> None:
        """An argument that is left out means the same to both."""
        fields, _ = LABELS[kind]
        shape = Shape((16,)) if kind in ("linear", "layernorm") else Shape((1, 9, 9)) if kind == "rescale" else IMAGE
        place = OPERATIONS[kind].place
        if not OPERATIONS[kind].has_key or (place is not None and place.required):  # no shape tells what is read
            return
        call = OPERATIONS[kind](**fields).call(shape)
        if not call.function.startswith("nn."):
            return
        signature = inspect.signature(getattr(nn, call.function.removeprefix("nn.")))
        for argument in call.arguments:
            if argument.name and argument.default is not ...:
                default = signature.parameters[argument.name].default
                assert default in (argument.default, None), argument.name

    @pytest.mark.parametrize("kind", sorted(OPERATIONS))
    def test_it_is_final_and_frozen(self, kind: str) -> None:
        """A record describes itself completely."""
        record: type[Operation] = OPERATIONS[kind]
        assert record.model_config["frozen"] is True
        assert record.kind == kind

    def test_equal_pairs_are_one_number(self) -> None:
        """3 and [3, 3] are the same kernel."""
        assert OPERATIONS["conv"](out=8, kernel=(3, 3)) == OPERATIONS["conv"](out=8, kernel=3)

    def test_a_gate_without_fields_reduces_by_16(self) -> None:
        """The SE paper's choice."""
        assert OPERATIONS["se"]().label(Shape((384, 13, 13))) == "SE 384→24→384"
