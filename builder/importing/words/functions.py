"""Functions and methods of PyTorch in the words of a page.

A reader takes the arguments by their names and returns the operation with its fields; what it cannot say is None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from torch.nn import functional

from builder.importing.words.arithmetic import axes_of, statistic
from builder.importing.words.modules import conv, one, pool

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from builder.importing.words.modules import Said

SIGNATURES: dict[str, str] = {
    "conv2d": "input weight bias stride padding dilation groups",
    "linear": "input weight bias",
    "batch_norm": "input running_mean running_var weight bias training momentum eps",
    "layer_norm": "input normalized_shape weight bias eps",
    "group_norm": "input num_groups weight bias eps",
    "local_response_norm": "input size alpha beta k",
    "max_pool2d": "input kernel_size stride padding dilation ceil_mode return_indices",
    "avg_pool2d": "input kernel_size stride padding ceil_mode count_include_pad divisor_override",
    "adaptive_avg_pool2d": "input output_size",
    "adaptive_max_pool2d": "input output_size",
    "dropout": "input p training inplace",
    "dropout2d": "input p training inplace",
    "stochastic_depth": "input p mode training",
    "leaky_relu": "input negative_slope inplace",
    "elu": "input alpha inplace",
    "gelu": "input approximate",
    "softmax": "input dim",
    "log_softmax": "input dim",
    "glu": "input dim",
    "hardtanh": "input min_val max_val inplace",
    "clamp": "input min max",
    "flatten": "input start_dim end_dim",
    "mean": "input dim keepdim",
    "amax": "input dim keepdim",
    "sum": "input dim keepdim",
    "var": "input dim unbiased keepdim",
    "std": "input dim unbiased keepdim",
    "norm": "input p dim keepdim",
    "vector_norm": "input ord dim keepdim",
    "addcmul": "input tensor1 tensor2",
    "max": "input dim keepdim",
    "pad": "input pad mode value",
    "interpolate": "input size scale_factor mode align_corners recompute_scale_factor antialias",
    "channel_shuffle": "input groups",
    "pixel_unshuffle": "input downscale_factor",
    "chunk": "input chunks dim",
    "split": "input split_size dim",
    "split_with_sizes": "input split_size dim",
    "cat": "tensors dim",
    "transpose": "input dim0 dim1",
    "squeeze": "input dim",
    "pow": "input exponent",
    "unsqueeze": "input dim",
}
"""Arguments by position; a function that is not here has ``input`` and nothing else that matters."""

SAME = {
    "concat": "cat", "concatenate": "cat", "iadd": "add", "imul": "mul", "add_": "add", "mul_": "mul",
    "multiply": "mul", "div": "truediv", "subtract": "sub",
    "swapaxes": "transpose", "split_with_sizes": "split", "reshape": "view",
    "feature_dropout": "dropout2d", "silu_": "silu", "clip": "clamp", "isub": "sub",
    "idiv": "truediv", "itruediv": "truediv", "linalg_vector_norm": "vector_norm",
}  # fmt: skip
"""Other names of the same function."""

SIZED_BY = {"expand_as", "view_as", "reshape_as"}
"""Methods that take another value for its size alone."""

REFUSALS = {
    "log_softmax": "`log_softmax` is part of the loss, cross entropy: return the logits",
}
"""Why functions that networks often call are no operations of a page."""

NOTHING = {"contiguous", "clone", "detach", "float", "to", "type_as", "identity"}
"""Methods after which the values are the same, as long as the kind of number is."""

_NAMES = {id(getattr(functional, name)): name for name in SIGNATURES if hasattr(functional, name)}


def name_of(target: Any) -> str:
    """Return what a function or a method is called, in-place ones without their underscore."""
    given = target if isinstance(target, str) else _NAMES.get(id(target)) or getattr(target, "__name__", str(target))
    name = str(given).partition(".")[0].removeprefix("_")  # exported programs say `relu.default`
    plain = name.removesuffix("_") if not name.endswith("__") else name
    return SAME.get(name, SAME.get(plain, plain))


def arguments(name: str, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call by their names."""
    names = SIGNATURES.get(name, "input").split()
    if name == "batch_norm" and "." in str(getattr(target, "__name__", "")):
        names = ["input", "weight", "bias", "running_mean", "running_var", "training", "momentum", "eps"]
    return {**dict(zip(names, args, strict=False)), **kwargs}


class Called(NamedTuple):
    """A call of a function: its arguments by their names, and the tensors before and after."""

    given: dict[str, Any]
    before: torch.Tensor
    after: Any


def said(name: str, given: dict[str, Any], before: torch.Tensor, after: Any) -> Said:
    """Return what a page says for a function of one value, ``before`` and ``after`` known as tensors."""
    if name in ACTIVATIONS:
        return name.replace("_", ""), {}
    read = _READ.get(name)
    try:
        return read(Called(given, before, after)) if read is not None else None
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError):  # a form that no reader knows
        return None


ACTIVATIONS = {
    "relu", "relu6", "silu", "hardswish", "sigmoid", "hardsigmoid", "tanh", "selu", "mish", "softplus",
    "sqrt", "rsqrt",
}  # fmt: skip


def _conv(c: Called) -> Said:
    weight = c.given["weight"]
    if c.before.ndim != 4:
        return None
    numbers = c.given.get("stride", 1), c.given.get("padding", 0), c.given.get("dilation", 1)
    return conv(
        weight.shape[0], tuple(weight.shape[2:]), *numbers, c.given.get("groups", 1), c.given.get("bias") is not None
    )


def _linear(c: Called) -> Said:
    return "linear", {"out": c.after.shape[-1], "bias": c.given.get("bias") is not None}


def _batchnorm(c: Called) -> Said:
    if c.given.get("training") or c.given.get("weight") is None or c.given.get("running_mean") is None:
        return None
    momentum = c.given.get("momentum", 0.1)  # what evaluation is called with says nothing of training
    return "batchnorm", {"eps": c.given.get("eps", 1e-5), "momentum": momentum or 0.1}


def _layernorm(c: Called) -> Said:
    if len(c.given["normalized_shape"]) != 1 or c.given.get("weight") is None:
        return None
    return "layernorm", {"eps": c.given.get("eps", 1e-5), "bias": c.given.get("bias") is not None}


def _affine(c: Called) -> Said:
    """Return the product with one parameter and the sum with another; which is which, the proof tells."""
    bias, weight = c.given["input"], c.given["tensor1"]
    weight = c.given["tensor2"] if weight is c.before else weight
    axis = c.before.ndim - 1 if bias.shape[-1] == bias.numel() > 1 else 1
    fits = bias.numel() == weight.numel() == c.before.shape[axis] and c.given.get("value", 1) == 1
    return ("affine", {}) if fits and c.after.shape == c.before.shape else None


def _groupnorm(c: Called) -> Said:
    if c.given.get("weight") is None:
        return None
    fields = {"groups": c.given["num_groups"], "eps": c.given.get("eps", 1e-5)}
    return "groupnorm", {**fields, "bias": c.given.get("bias") is not None}


def _maxpool(c: Called) -> Said:
    if one(c.given.get("dilation", 1)) != 1 or c.given.get("return_indices") or c.before.ndim != 4:
        return None
    return pool(
        "maxpool",
        c.given["kernel_size"],
        c.given.get("stride"),
        c.given.get("padding", 0),
        c.given.get("ceil_mode", False),
    )


def _avgpool(c: Called) -> Said:
    if c.given.get("divisor_override") is not None or c.before.ndim != 4:
        return None
    counted = bool(c.given.get("count_include_pad", True))
    rest = c.given.get("stride"), c.given.get("padding", 0), c.given.get("ceil_mode", False)
    return pool("avgpool", c.given["kernel_size"], *rest, count_include_pad=counted)


def _flatten(c: Called) -> Said:
    """Return whatever lays an image in one row: flatten, view, reshape, squeeze of an image of one pixel."""
    if c.after.ndim == 2 and c.before.shape[0] == c.after.shape[0]:
        return ("flatten", {}) if c.before.ndim > 2 else ("identity", {})
    if c.after.shape == (*c.before.shape, 1, 1):
        return "unflatten", {}
    return ("identity", {}) if c.before.shape == c.after.shape else None


def _expand(c: Called) -> Said:
    """Return nothing for numbers of channels or positions as large as an image: products are as large anyway."""
    pairs = list(zip(c.before.shape[1:], c.after.shape[1:], strict=True))
    kept = [small == large for small, large in pairs]
    rest = [small == 1 for (small, _), same in zip(pairs, kept, strict=True) if not same]
    return ("identity", {}) if len(kept) == 3 and all(rest) and (kept[0] or all(kept[1:])) else None


def _mean(c: Called) -> Said:
    axes = axes_of(c.given.get("dim"), c.before.ndim)
    if c.given.get("keepdim"):
        if c.before.ndim == 4 and axes == (2, 3):
            return "adaptiveavgpool", {"size": 1}
        return ("channelmean", {}) if c.before.ndim == 4 and axes == (1,) else _reduced(c, "mean")
    return ("mean", {"dims": axes}) if axes and 0 not in axes else None


def _reduced(c: Called, by: str) -> Said:
    """Return a statistic of an image of which every axis keeps a position."""
    fields = statistic(by, c.given, c.before)
    return ("reduce", {"by": by, **fields}) if fields is not None and c.before.ndim == 4 else None


def _norm(c: Called) -> Said:
    """Return the root of the sum of squares."""
    return _reduced(c, "norm") if c.given.get("p", c.given.get("ord", 2)) in (2, "fro") else None


def _amax(c: Called) -> Said:
    axes = axes_of(c.given.get("dim"), c.before.ndim)
    if not c.given.get("keepdim") or c.before.ndim != 4:
        return None
    return ("adaptivemaxpool", {"size": 1}) if axes == (2, 3) else ("channelmax", {}) if axes == (1,) else None


def _permute(dims: tuple[int, ...], before: torch.Tensor) -> Said:
    dims = tuple(each % before.ndim for each in dims)
    return ("permute", {"dims": dims}) if dims[0] == 0 else None


def _transpose(c: Called) -> Said:
    dims = list(range(c.before.ndim))
    first, second = c.given["dim0"] % c.before.ndim, c.given["dim1"] % c.before.ndim
    dims[first], dims[second] = dims[second], dims[first]
    return _permute(tuple(dims), c.before)


def _pad(c: Called) -> Said:
    """Return zeros around an image, or channels of zeros."""
    margins = [*c.given["pad"], *[0] * (6 - len(c.given["pad"]))]
    if c.before.ndim != 4 or c.given.get("mode", "constant") != "constant" or c.given.get("value") or min(margins) < 0:
        return None
    left, right, top, bottom, front, back = margins
    if not any(margins):
        return "identity", {}
    if not front and not back:
        return "pad", {"top": top, "bottom": bottom, "left": left, "right": right}
    return None if left or right or top or bottom else ("padchannels", {"out": c.after.shape[1], "before": front})


def _interpolate(c: Called) -> Said:
    factors = {large / small for large, small in zip(c.after.shape[2:], c.before.shape[2:], strict=True)}
    mode, factor = c.given.get("mode", "nearest"), factors.pop()
    if c.before.ndim != 4 or factors or mode not in ("nearest", "bilinear") or factor != int(factor):
        return None
    return "upsample", {"factor": int(factor), "mode": mode, "align_corners": bool(c.given.get("align_corners"))}


_POWERS = {2: "square", 0.5: "sqrt", -0.5: "rsqrt"}
"""Powers that are operations of a page."""

_UNFLATTENED = ((slice(None), slice(None), None, None), (Ellipsis, None, None))
_FLATTENED = ((slice(None), slice(None), 0, 0), (Ellipsis, 0, 0))


def _getitem(c: Called) -> Said:
    """Return slices: every n-th row and column, rows and columns left out at the beginning, a share of channels."""
    index = c.given["index"] if isinstance(c.given["index"], tuple) else (c.given["index"],)
    if c.before.ndim == 2 and index in _UNFLATTENED:
        return "unflatten", {}
    if c.before.ndim == 4 and c.before.shape[2:] == (1, 1) and index in _FLATTENED:
        return "flatten", {}
    whole = [each for each in index if each is not Ellipsis]
    if c.before.ndim != 4 or not all(isinstance(each, slice) for each in whole):
        return None
    if Ellipsis in index:
        index = (*[slice(None)] * (4 - len(whole)), *whole)
    ranges = [
        range(size)[cut] for size, cut in zip(c.before.shape, (*index, *[slice(None)] * (4 - len(index))), strict=True)
    ]
    full = [each == range(size) for each, size in zip(ranges, c.before.shape, strict=True)]
    if all(full):
        return "identity", {}
    if (
        full[0]
        and full[1]
        and all(
            each.start == 0 and each.stop >= size - each.step + 1
            for each, size in zip(ranges[2:], c.before.shape[2:], strict=True)
        )
    ):
        return pool("maxpool", 1, (ranges[2].step, ranges[3].step), 0, ceil=False)
    if (
        full[0]
        and full[1]
        and all(each.step == 1 and each.stop == size for each, size in zip(ranges[2:], c.before.shape[2:], strict=True))
    ):
        return "crop", {"top": ranges[2].start, "left": ranges[3].start}
    share = ranges[1]
    if full[0] and full[2] and full[3] and share.step == 1 and len(share):
        return share_of(c.before.shape[1], share.start, len(share))
    return None


def share_of(channels: int, start: int, count: int) -> Said:
    """Return some of the channels, one behind another."""
    return ("narrow", {"start": start, "length": count}) if count < channels else ("identity", {})


def _softmax(c: Called) -> Said:
    return ("softmax", {}) if c.given.get("dim") in (1, 1 - c.before.ndim) and c.before.ndim in (2, 4) else None


def _clamp(c: Called) -> Said:
    return limited(c.given.get("min"), c.given.get("max"))


def limited(low: Any, high: Any) -> Said:
    """Return what keeps values between two numbers, the second of which may be missing behind 0."""
    if (low, high) in ((0, None), (0, 6)):
        return "relu6" if high else "relu", {}
    numbers = all(isinstance(each, int | float) for each in (low, high))
    return ("hardtanh", {"min": float(low), "max": float(high)}) if numbers and low < high else None


_READ: dict[str, Callable[[Called], Said]] = {
    "conv2d": _conv,
    "linear": _linear,
    "batch_norm": _batchnorm,
    "layer_norm": _layernorm,
    "group_norm": _groupnorm,
    "addcmul": _affine,
    "local_response_norm": lambda c: (
        "localresponsenorm",
        {
            "size": c.given["size"],
            "alpha": c.given.get("alpha", 1e-4),
            "beta": c.given.get("beta", 0.75),
            "k": float(c.given.get("k", 1)),
        },
    ),
    "max_pool2d": _maxpool,
    "avg_pool2d": _avgpool,
    "adaptive_avg_pool2d": lambda c: ("adaptiveavgpool", {"size": one(c.after.shape[2:])}),
    "adaptive_max_pool2d": lambda c: ("adaptivemaxpool", {"size": one(c.after.shape[2:])}),
    "dropout": lambda c: ("dropout", {"p": float(c.given.get("p", 0.5))}),
    "glu": lambda c: ("glu", {}) if c.given.get("dim", -1) % c.before.ndim == 1 else None,
    "dropout2d": lambda c: ("dropout2d", {"p": float(c.given.get("p", 0.5))}) if c.before.ndim == 4 else None,
    "stochastic_depth": lambda c: ("stochasticdepth", {"p": float(c.given["p"])}),
    "leaky_relu": lambda c: ("leakyrelu", {"negative_slope": float(c.given.get("negative_slope", 0.01))}),
    "elu": lambda c: ("elu", {"alpha": float(c.given.get("alpha", 1.0))}),
    "gelu": lambda c: ("gelu", {"approximate": c.given.get("approximate", "none")}),
    "flatten": _flatten,
    "view": _flatten,
    "squeeze": _flatten,
    "expand": _expand,
    "expand_as": _expand,
    "view_as": _flatten,
    "reshape_as": _flatten,
    "mean": _mean,
    "amax": _amax,
    "sum": lambda c: _reduced(c, "sum"),
    "var": lambda c: _reduced(c, "var"),
    "std": lambda c: _reduced(c, "std"),
    "norm": _norm,
    "vector_norm": _norm,
    "transpose": _transpose,
    "pad": _pad,
    "interpolate": _interpolate,
    "pixel_unshuffle": lambda c: ("pixelunshuffle", {"factor": c.given["downscale_factor"]}),
    "channel_shuffle": lambda c: ("channelshuffle", {"groups": c.given["groups"]}),
    "getitem": _getitem,
    "softmax": _softmax,
    "square": lambda _: ("square", {}),
    "pow": lambda c: (_POWERS[c.given["exponent"]], {}),
    "hardtanh": lambda c: limited(c.given.get("min_val", -1.0), c.given.get("max_val", 1.0)),
    "clamp": _clamp,
    "permute": lambda c: _permute(c.given["dims"], c.before),
}
