"""What layers are called elsewhere, in PyTorch, Keras and papers: who brings a name from there is told ours."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from builder.diagnostics import nearest, suggest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

LAYERS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("convolution", "convolution2d", "convolutional"), "conv"),
        **dict.fromkeys(("bn", "batchnormalization"), "batchnorm"),
        **dict.fromkeys(("ln", "layernormalization"), "layernorm"),
        **dict.fromkeys(("dense", "fc", "fullyconnected", "mlp"), "linear"),
        **dict.fromkeys(("averagepool", "averagepool2d", "averagepooling2d", "averagepooling"), "avgpool"),
        **dict.fromkeys(("maxpooling", "maxpooling2d"), "maxpool"),
        **dict.fromkeys(("gap", "globalavgpool", "globalaveragepool", "globalaveragepooling2d"), "adaptiveavgpool"),
        **dict.fromkeys(("globalpool", "averagepooling2dglobal", "adaptiveaveragepool"), "adaptiveavgpool"),
        **dict.fromkeys(("gmp", "globalmaxpool", "globalmaxpooling2d"), "adaptivemaxpool"),
        **dict.fromkeys(("swish", "swish1"), "silu"),
        **dict.fromkeys(("hswish", "hard_swish"), "hardswish"),
        **dict.fromkeys(("hsigmoid", "hard_sigmoid"), "hardsigmoid"),
        **dict.fromkeys(("droppath", "drop_path", "dropconnect"), "stochasticdepth"),
        **dict.fromkeys(("squeezeexcitation", "squeezeexcite", "seblock", "selayer", "semodule", "semodule2d"), "se"),
        **dict.fromkeys(("coordatt", "ca", "coordinate_attention"), "coordinateattention"),
        **dict.fromkeys(("layerscale", "layer_scale"), "scale"),
        **dict.fromkeys(("sequential", "modulelist", "block"), "a block has `layers`: `{layers: [ … ]}`"),
        **dict.fromkeys(("residual", "skip", "add"), "a block has a `shortcut`, which is added to its `layers`"),
        **dict.fromkeys(
            ("concat", "concatenate", "cat"), "`branches` are joined, and a `shortcut` with `merge: concat`"
        ),
        **dict.fromkeys(("depthwiseconv", "depthwiseconv2d", "dwconv"), "write `conv` with `groups: $in`"),
        **dict.fromkeys(("zeropad2d", "zeropadding2d", "pad"), "`conv` and the pools have `padding`"),
        **dict.fromkeys(("softmax", "logsoftmax"), "leave it out: the loss works on what comes before it"),
        **dict.fromkeys(("identity", "noop"), "leave it out; a parameter that holds `none` is no layer either"),
        **dict.fromkeys(("input", "inputlayer"), "leave it out: `input` at the top of the page says what comes in"),
        **dict.fromkeys(("eca", "cbam", "gatherexcite"), "`uses: gates.yaml` at the top of the page brings it"),
    }
)
"""Our word, or a sentence, by the word elsewhere in small letters."""

KEYS_OF_A_WORD = ("type", "op", "layer", "module", "class", "class_name", "kind")
"""What other formats call the key behind which the word of a layer stands."""


def meant_layer(word: str, known: Collection[str]) -> str | None:
    """Return which of the ``known`` words was most likely meant by ``word``, as in `nn.Conv2d(3, 64, 11)`, or None."""
    called = _called(word)
    there = LAYERS.get(called.lower())
    return there if there is not None and there in known else nearest(called, known)


def advise(word: str, known: Sequence[str], what: str) -> str:
    """Return what to write instead of the unknown ``word`` of a layer, led in by ``what`` where nothing is near."""
    there = LAYERS.get(_called(word).lower(), "")
    if " " in there:
        return there
    close = meant_layer(word, known)
    return suggest(word, known, what) if close is None else f"did you mean `{close}`?"


def _called(word: str) -> str:
    return word.partition("(")[0].rpartition(".")[2].strip(" '\"“”„‘’") or word
