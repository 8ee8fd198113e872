"""Modules of ``torch.nn`` in the words of a page: the operation and its fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from torch import nn

from builder.importing.trace import DROP_PATH

if TYPE_CHECKING:
    from collections.abc import Callable

Said: TypeAlias = "tuple[str, dict[str, object]] | None"
"""An operation with all its fields, or None where a page has no word for it."""

Cut: TypeAlias = "tuple[tuple[str, dict[str, object]], ...]"
"""Operations that stand for one module, in their order."""


def said(module: nn.Module) -> Said:
    """Return what a page says for a module of ``torch.nn``."""
    if type(module).__name__ in DROP_PATH:
        p = getattr(module, "p", getattr(module, "drop_prob", 0.0))
        return "stochasticdepth", {"p": float(p or 0.0)}
    if type(module) in ACTIVATIONS:
        return ACTIVATIONS[type(module)], {}
    read = _READ.get(type(module))
    return read(module) if read is not None else None


ACTIVATIONS: dict[type[nn.Module], str] = {
    nn.ReLU: "relu", nn.ReLU6: "relu6", nn.SiLU: "silu", nn.Hardswish: "hardswish", nn.Sigmoid: "sigmoid",
    nn.Hardsigmoid: "hardsigmoid", nn.Tanh: "tanh", nn.SELU: "selu", nn.Mish: "mish",
}  # fmt: skip
"""Activations without fields."""


def one(size: Any) -> Any:
    """Return a size as pages write it: equal sides as one number, others as a pair."""
    if isinstance(size, (tuple, list)):
        sides = tuple(int(each) for each in size)
        return sides[0] if len(set(sides)) == 1 else sides
    return int(size)


def conv(out: int, kernel: Any, stride: Any, padding: Any, dilation: Any, groups: int, bias: bool) -> Said:
    """Return a convolution; padding given as a word is that many zeros, where both sides get as many."""
    if isinstance(padding, str):
        sides = pair(kernel), pair(dilation)
        reach = [(size - 1) * step for size, step in zip(*sides, strict=True)]
        if padding == "same" and any(each % 2 for each in reach):
            return None
        padding = tuple(each // 2 if padding == "same" else 0 for each in reach)
    fields = {
        "out": int(out), "kernel": one(kernel), "stride": one(stride), "padding": one(padding),
        "dilation": one(dilation), "groups": int(groups), "bias": bias,
    }  # fmt: skip
    return "conv", fields


def pair(size: Any) -> tuple[int, ...]:
    """Return both sides of a size."""
    return tuple(size) if isinstance(size, (tuple, list)) else (size, size)


def refusal(module: nn.Module) -> str:
    """Return why a module is no operation of a page, empty where there is no more to say than that."""
    name = type(module).__name__
    if isinstance(module, (nn.LogSoftmax, nn.Softmax)):
        return f"`{name}` is part of the loss, cross entropy: return the logits"
    if isinstance(module, nn.modules.batchnorm._BatchNorm) and not module.track_running_stats:  # noqa: SLF001 - the base of all
        return f"`{name}` without running statistics computes other outputs for other batches; a page's norm keeps them"
    return f"`{name}({module.extra_repr()})`: a page has it with other arguments only" if type(module) in _READ else ""


def pool(word: str, kernel: Any, stride: Any, padding: Any, ceil: bool, **more: object) -> Said:
    """Return a pool over windows."""
    stride = kernel if stride is None or stride == [] else stride
    fields = {"kernel": one(kernel), "stride": one(stride), "padding": one(padding), "ceil": bool(ceil), **more}
    return word, fields


def _conv(m: nn.Conv2d) -> Said:
    if m.padding_mode != "zeros":
        return None
    return conv(m.out_channels, m.kernel_size, m.stride, m.padding, m.dilation, m.groups, m.bias is not None)


def _batchnorm(m: nn.BatchNorm2d) -> Said:
    if not m.track_running_stats or m.momentum is None:
        return None
    return "batchnorm", {"eps": m.eps, "momentum": m.momentum, "affine": m.affine}


def _instancenorm(m: nn.InstanceNorm2d) -> Said:
    return None if m.track_running_stats else ("instancenorm", {"eps": m.eps, "affine": m.affine})


def _layernorm(m: nn.LayerNorm) -> Said:
    if len(m.normalized_shape) != 1 or m.weight is None:
        return None
    return "layernorm", {"eps": m.eps, "bias": m.bias is not None}


def _groupnorm(m: nn.GroupNorm) -> Said:
    if m.weight is None:
        return None
    return "groupnorm", {"groups": m.num_groups, "eps": m.eps, "bias": m.bias is not None}


def _maxpool(m: nn.MaxPool2d) -> Said:
    if pair(m.dilation) != (1, 1) or m.return_indices:
        return None
    return pool("maxpool", m.kernel_size, m.stride, m.padding, m.ceil_mode)


def _avgpool(m: nn.AvgPool2d) -> Said:
    if m.divisor_override is not None:
        return None
    return pool("avgpool", m.kernel_size, m.stride, m.padding, m.ceil_mode, count_include_pad=bool(m.count_include_pad))


def _adaptive(word: str) -> Callable[[Any], Said]:
    def read(m: Any) -> Said:
        size = m.output_size
        return None if isinstance(size, tuple) and None in size else (word, {"size": one(size)})

    return read


def _zeros(m: Any) -> Said:
    if getattr(m, "value", 0) or min(m.padding) < 0:
        return None
    return "pad", dict(zip(("left", "right", "top", "bottom"), m.padding, strict=True))


def cut(module: nn.Module) -> Cut | None:
    """Return what a page says for zeros around an image of which the first rows or columns are left out; else None."""
    if not isinstance(module, nn.ConstantPad2d) or module.value:
        return None
    left, right, top, bottom = module.padding
    if min(left, top) >= 0 or min(right, bottom) < 0 or max(left, top) > 0:
        return None
    return ("crop", {"top": -top, "left": -left}), ("pad", {"right": right, "bottom": bottom})


def standardized(module: nn.Module, out: Any) -> Said:
    """Return a convolution that standardizes its kernels before it uses them; ``out`` is what a plain one is."""
    if not isinstance(module, nn.Conv2d) or out is None or not isinstance(eps := getattr(module, "eps", None), float):
        return None
    fields = {**out[1], "eps": eps}
    if (scale := getattr(module, "scale", None)) is not None:
        root = module.weight[0].numel() ** 0.5
        exact = scale * root
        short = (float(f"{exact:.{digits}g}") for digits in range(1, 18))
        fields["gamma"] = next((each for each in short if each * root**-1 == scale), exact)
    return "stdconv", fields


def _upsample(m: nn.Upsample) -> Said:
    factor = m.scale_factor
    if m.mode not in ("nearest", "bilinear") or not isinstance(factor, (int, float)) or factor != int(factor):
        return None
    return "upsample", {"factor": int(factor), "mode": m.mode, "align_corners": bool(m.align_corners)}


_READ: dict[type[nn.Module], Callable[[Any], Said]] = {
    nn.Conv2d: _conv,
    nn.BatchNorm2d: _batchnorm,
    nn.BatchNorm1d: _batchnorm,
    nn.InstanceNorm2d: _instancenorm,
    nn.LayerNorm: _layernorm,
    nn.GroupNorm: _groupnorm,
    nn.LocalResponseNorm: lambda m: (
        "localresponsenorm",
        {"size": m.size, "alpha": float(m.alpha), "beta": float(m.beta), "k": float(m.k)},
    ),
    nn.Linear: lambda m: ("linear", {"out": m.out_features, "bias": m.bias is not None}),
    nn.MaxPool2d: _maxpool,
    nn.AvgPool2d: _avgpool,
    nn.AdaptiveAvgPool2d: _adaptive("adaptiveavgpool"),
    nn.AdaptiveMaxPool2d: _adaptive("adaptivemaxpool"),
    nn.Dropout: lambda m: ("dropout", {"p": float(m.p)}),
    nn.Dropout2d: lambda m: ("dropout2d", {"p": float(m.p)}),
    nn.Identity: lambda _: ("identity", {}),
    nn.Flatten: lambda m: ("flatten", {}) if (m.start_dim, m.end_dim) == (1, -1) else None,
    nn.Unflatten: lambda m: ("unflatten", {}) if (m.dim, (*m.unflattened_size,)[1:]) == (1, (1, 1)) else None,
    nn.Hardtanh: lambda m: ("hardtanh", {"min": float(m.min_val), "max": float(m.max_val)}),
    nn.GELU: lambda m: ("gelu", {"approximate": m.approximate}),
    nn.LeakyReLU: lambda m: ("leakyrelu", {"negative_slope": float(m.negative_slope)}),
    nn.PReLU: lambda m: ("prelu", {"num_parameters": m.num_parameters}),
    nn.ELU: lambda m: ("elu", {"alpha": float(m.alpha)}),
    nn.CELU: lambda m: ("celu", {"alpha": float(m.alpha)}),
    nn.Softplus: lambda m: ("softplus", {}) if (m.beta, m.threshold) == (1, 20) else None,
    nn.GLU: lambda m: ("glu", {}) if m.dim in (1, -3) else None,
    nn.Softmax: lambda m: ("softmax", {}) if m.dim == 1 else None,
    nn.Upsample: _upsample,
    nn.PixelUnshuffle: lambda m: ("pixelunshuffle", {"factor": m.downscale_factor}),
    nn.ChannelShuffle: lambda m: ("channelshuffle", {"groups": m.groups}),
    nn.ZeroPad2d: _zeros,
    nn.ConstantPad2d: _zeros,
}
