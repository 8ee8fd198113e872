"""What layers are called elsewhere, in PyTorch, Keras and papers: who brings a name from there is told ours."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from builder.diagnostics import listed, meant_value, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

LAYERS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("convolution", "convolution2d", "convolutional"), "conv"),
        **dict.fromkeys(("bn", "batchnormalization", "syncbatchnorm"), "batchnorm"),
        **dict.fromkeys(("ln", "layernormalization"), "layernorm"),
        **dict.fromkeys(("dense", "fc", "fullyconnected"), "linear"),
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
        **dict.fromkeys(("coordatt", "coordinate_attention"), "coordinateattention"),
        **dict.fromkeys(("layerscale", "layer_scale"), "scale"),
        "mlp": "it is several layers: `linear`, an activation such as `gelu`, and `linear`",
        **dict.fromkeys(("sequential", "modulelist", "block"), "a block has `layers`: `{layers: [ … ]}`"),
        **dict.fromkeys(("residual", "skip", "add"), "a block has a `shortcut`, which is added to its `layers`"),
        **dict.fromkeys(
            ("concat", "concatenate", "cat"), "`branches` are joined, and a `shortcut` with `merge: concat`"
        ),
        **dict.fromkeys(("depthwiseconv", "depthwiseconv2d", "dwconv"), "write `conv` with `groups: $in`"),
        **dict.fromkeys(("zeropad", "zeropad2d", "zeropadding2d"), "pad"),
        **dict.fromkeys(
            ("logsoftmax",), "it is not built in; at the end leave it out: the loss works on what comes before it"
        ),
        **dict.fromkeys(("noop",), "identity"),
        **dict.fromkeys(("gn", "groupnormalization"), "groupnorm"),
        **dict.fromkeys(("instance_norm", "instancenormalization"), "instancenorm"),
        **dict.fromkeys(("gem", "generalizedmeanpooling", "gempooling"), "gempool"),
        **dict.fromkeys(("maximum", "maxout"), "a block with `branches` and `merge: max` takes the larger values"),
        **dict.fromkeys(("lrn", "crossmaplrn2d", "localresponsenormalization"), "localresponsenorm"),
        **dict.fromkeys(("lrelu", "leaky", "leaky_relu"), "leakyrelu"),
        **dict.fromkeys(("blurpool2d", "antialias"), "blurpool"),
        **dict.fromkeys(("clamp", "clip"), "hardtanh"),
        "spatialdropout2d": "dropout2d",
        **dict.fromkeys(("upsampling", "upsampling2d", "upsamplingnearest2d"), "upsample"),
        **dict.fromkeys(("input", "inputlayer"), "leave it out: `input` at the top of the page gives the image size"),
    }
)
"""Our word, or a sentence, by the word elsewhere in small letters."""

GATES = ("ECA", "GatherExcite", "CBAM")
"""The templates of the shipped page ``gates.yaml``."""

BROUGHT = "a plugin brings it: a file with one class, and `--plugin FILE`"

_NOT_BUILT_IN = frozenset(
    [
        "adaptivelogsoftmaxwithloss",
        "alphadropout",
        "attention",
        "batchnorm3d",
        "bilinear",
        "circularpad",
        "constantpad",
        "container",
        "conv1d",
        "conv3d",
        "convtranspose",
        "cosinesimilarity",
        "crelu",
        "dataparallel",
        "deconv",
        "deconvolution",
        "deformconv",
        "dropblock",
        "dropout1d",
        "dropout3d",
        "dyrelu",
        "embedding",
        "embeddingbag",
        "featurealphadropout",
        "filterresponsenorm",
        "fold",
        "fractionalmaxpool",
        "frelu",
        "gaussiandropout",
        "gaussiannoise",
        "geglu",
        "grn",
        "gru",
        "grucell",
        "hardshrink",
        "instancenorm1d",
        "instancenorm3d",
        "linearcrossentropyloss",
        "logsigmoid",
        "logsoftmin",
        "lppool",
        "lstm",
        "lstmcell",
        "maxunpool",
        "minpool",
        "mixpool",
        "module",
        "moduledict",
        "multiheadattention",
        "multiply",
        "pairwisedistance",
        "parameterdict",
        "parameterlist",
        "pixelshuffle",
        "reflectionpad",
        "reflectionpadding",
        "reglu",
        "replicationpad",
        "rmsnorm",
        "rnn",
        "rnnbase",
        "rnncell",
        "rnncellbase",
        "rrelu",
        "separableconv",
        "softmin",
        "softshrink",
        "softsign",
        "spatialdropout",
        "swiglu",
        "tanhshrink",
        "threshold",
        "transformer",
        "transformerdecoder",
        "transformerdecoderlayer",
        "transformerencoder",
        "transformerencoderlayer",
        "unfold",
        "upsamplingbilinear",
        "adaptiveavgpool1d",
        "adaptiveavgpool3d",
        "adaptivemaxpool1d",
        "adaptivemaxpool3d",
        "avgpool1d",
        "avgpool3d",
        "maxpool1d",
        "maxpool3d",
        "batchnormalization3d",
        "conv1dtranspose",
        "conv2dtranspose",
        "conv3dtranspose",
    ]
)
"""Functions that PyTorch, Keras or papers have and we have not, however near a word of ours; in small letters."""

_ENDINGS = re.compile(r"([a-z]|layer|module|block|op)?_?\d*d?\Z")
"""What may stand behind a word of ours and mean the same."""

KEYS_OF_A_WORD = ("type", "op", "layer", "module", "class", "class_name", "kind")
"""What other formats call the key behind which the word of a layer stands."""


def meant_layer(word: str, known: Collection[str]) -> str | None:
    """Return which of the ``known`` words was most likely meant by ``word``, as in `nn.Conv2d(3, 64, 11)`, or None."""
    called = _called(word)
    there = LAYERS.get(called.lower())
    if there is not None and there in known:
        return there
    if _is_another(called):
        return None
    small = called.lower()
    begins = [each for each in known if small.startswith(each.lower()) and _ENDINGS.match(small, len(each))]
    found = max(begins, key=len, default=None) or meant_value(called, known) or meant_value(_bare(called), known)
    return found or nearest(called, [each for each in known if each[0].isupper()])  # templates are the user's own words


def _bare(word: str) -> str:
    """Return a word without what may stand behind one of ours: of `batchnrom2d` the slip."""
    return re.sub(r"_?([123]d|layer|module|block|op)\Z", "", word.lower())


def _is_another(word: str) -> bool:
    """Return whether a word is the name of a function that is not built in."""
    plain = re.sub(r"[_ -]", "", word.lower())
    return plain in _NOT_BUILT_IN or "loss" in plain or re.sub(r"[123]d\Z", "", plain) in _NOT_BUILT_IN


def advise(word: str, known: Sequence[str], what: str) -> str:
    """Return what to write instead of the unknown ``word`` of a layer, led in by ``what`` where nothing is near."""
    head, brace, _ = word.partition(" {")
    if brace and head in known:
        return f"write `{head}: {{ … }}`, with a colon"
    called = _called(word)
    there = LAYERS.get(called.lower(), "")
    if " " in there:
        return there
    close = meant_layer(word, known)
    if close is not None:
        return f"did you mean `{close}`?"
    if _is_another(called):
        return f"`{called}` is not built in; {BROUGHT}"
    return f"{listed(known, what)}; one that is not built in is brought by `--plugin FILE`"


def _called(word: str) -> str:
    name = word.partition("(")[0].rpartition(".")[2].strip(" '\"“”„‘’")
    return name.removeprefix("Lazy") or word
