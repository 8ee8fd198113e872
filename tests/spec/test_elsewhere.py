"""Words of PyTorch and papers: ours where we have the function, and else the answer that we have not."""

from __future__ import annotations

import inspect

import pytest
from torch import nn

from builder.ops import OPERATIONS
from builder.spec.elsewhere import advise

MODULES = sorted(name for name, each in vars(nn).items() if inspect.isclass(each) and issubclass(each, nn.Module))
BUILT_IN = {
    **dict.fromkeys(("Conv2d", "LazyConv2d"), "conv"),
    **dict.fromkeys(("BatchNorm1d", "BatchNorm2d", "LazyBatchNorm1d", "LazyBatchNorm2d", "SyncBatchNorm"), "batchnorm"),
    **dict.fromkeys(("InstanceNorm2d", "LazyInstanceNorm2d"), "instancenorm"),
    **dict.fromkeys(("Linear", "LazyLinear"), "linear"),
    **{f"{name}2d": name.lower() for name in ("MaxPool", "AvgPool", "AdaptiveAvgPool", "AdaptiveMaxPool")},
    **{
        name: name.lower()
        for name in ("ReLU", "ReLU6", "SiLU", "Hardswish", "GELU", "Sigmoid", "Hardsigmoid", "Tanh", "LayerNorm")
    },
    **{
        name: name.lower()
        for name in ("LeakyReLU", "PReLU", "ELU", "CELU", "SELU", "Mish", "Softplus", "GroupNorm", "LocalResponseNorm")
    },
    **{
        name: name.lower()
        for name in (
            "Flatten",
            "Dropout",
            "Dropout2d",
            "Hardtanh",
            "ChannelShuffle",
            "GLU",
            "Identity",
            "Upsample",
            "PixelUnshuffle",
        )
    },
    "Softmax": "softmax",
    "Softmax2d": "softmax",
    "CrossMapLRN2d": "localresponsenorm",
    "ZeroPad2d": "pad",
    "UpsamplingNearest2d": "upsample",
    "Unflatten": "unflatten",
    "PixelUnshuffle": "pixelunshuffle",
}
HOLDERS = ("Sequential", "ModuleList")
KNOWN = [*OPERATIONS, "layers", "shortcut"]


class TestPyTorch:
    """Every module of ``torch.nn``."""

    def test_a_brace_behind_a_word_lacks_its_colon(self) -> None:
        """YAML takes both for one name."""
        assert advise("dropout2d {p", KNOWN, "there are") == "write `dropout2d: { … }`, with a colon"

    @pytest.mark.parametrize("name", MODULES)
    def test_is_ours_or_not_built_in(self, name: str) -> None:
        """Never a neighbor that computes something else."""
        said = advise(name, KNOWN, "there are")
        if name in HOLDERS:
            assert said.startswith("a block has `layers`")
        elif name in BUILT_IN:
            assert said == f"did you mean `{BUILT_IN[name]}`?"
        else:
            assert "not built in" in said
            assert "did you mean" not in said

    @pytest.mark.parametrize(
        "word", ["rrelu", "frelu", "crelu", "convtranspose", "instancenorm3d", "swiglu", "deconv", "hardshrink"]
    )
    def test_so_in_small_letters(self, word: str) -> None:
        """They are near a word of ours, and another function; a plugin brings them."""
        assert advise(word, KNOWN, "there are") == (
            f"`{word}` is not built in; a plugin brings it: a file with one class, and `--plugin FILE`"
        )

    @pytest.mark.parametrize(
        "word",
        ["minpool", "mixpool", "hardmish", "batchrenorm", "switchnorm", "pconv", "upconv", "dsconv", "sepconv",
         "gatedconv", "bnrelu", "reshape", "tanhexp", "squaredrelu"],
    )  # fmt: skip
    def test_a_function_that_is_merely_near_is_not_offered(self, word: str) -> None:
        """`minpool` is the opposite of `maxpool`, and no slip of it."""
        said = advise(word, KNOWN, "there are")
        assert "did you mean" not in said
        assert "--plugin FILE`" in said

    def test_a_template_is_offered_for_a_word_that_is_near(self) -> None:
        """It is the user's own word, and no other function has it."""
        assert advise("BassicBlocc", [*KNOWN, "BasicBlock"], "there are") == "did you mean `BasicBlock`?"

    @pytest.mark.parametrize("word", ["convlstm", "reluvariant", "linearattention"])
    def test_a_word_of_ours_with_more_behind_it_is_another(self, word: str) -> None:
        """A plugin may bring it."""
        said = advise(word, KNOWN, "there are")
        assert "did you mean" not in said
        assert "`--plugin FILE`" in said

    @pytest.mark.parametrize(
        ("word", "meant"),
        [("cnov", "conv"), ("reluu", "relu"), ("conv2", "conv"), ("drop", "dropout"), ("batchnrom2d", "batchnorm")],
    )
    def test_a_slip_is_put_right(self, word: str, meant: str) -> None:
        """Letters changed, doubled, missing, or a number behind."""
        assert advise(word, KNOWN, "there are") == f"did you mean `{meant}`?"
