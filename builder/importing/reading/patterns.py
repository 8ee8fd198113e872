"""What several operations are together: a shuffle of channels, a gate along the channels, a blur, a star ReLU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import fx, nn

from builder.importing.reading.gates import channel_gate, coordinate_gate, generalized_mean
from builder.importing.reading.nodes import Found, function_of, is_module, is_parameter, past
from builder.importing.words import functions, modules
from builder.shapes import window_output

if TYPE_CHECKING:
    from collections.abc import Callable


def pattern(node: Any, name: str, net: nn.Module) -> Found | None:
    """Return the pattern that ends in a node, which calls the function ``name``; None where it is by itself."""
    for read in _READ.get(name, ()):
        if (found := read(node, net)) is not None:
            return found
    return None


def ending_of(node: Any, net: nn.Module) -> str:
    """Return `softmax` or `log_softmax` where a node is that of a row of logits, else nothing."""
    if not isinstance(node, fx.Node) or node.meta["known"].ndim != 2 or not node.args:
        return ""
    if is_module(node):
        module = net.get_submodule(str(node.target))
        names = {nn.Softmax: "softmax", nn.LogSoftmax: "log_softmax"}
        return names.get(type(module), "") if getattr(module, "dim", None) in (1, -1, None) else ""
    name = function_of(node)
    given = functions.arguments("softmax", node.target, node.args, node.kwargs)
    return name if name in ("softmax", "log_softmax") and given.get("dim") in (1, -1, None) else ""


def _shuffled(node: Any, net: nn.Module) -> Found | None:  # noqa: ARG001 - as the others
    """Return what a view ends in which channels were dealt: view to groups, transpose, view back."""
    after = node.meta["known"]
    grouped = past(_unswapped(past(node.args[0], "contiguous")), "contiguous")
    if after.ndim != 4 or function_of(grouped) not in ("view", "unflatten"):
        return None
    source, shape = grouped.args[0], grouped.meta["known"].shape
    if not isinstance(source, fx.Node) or len(shape) != 5 or source.meta["known"].shape != after.shape:
        return None
    return Found("channelshuffle", {"groups": int(shape[1])}, source)


def _to_depth(node: Any, net: nn.Module) -> Found | None:  # noqa: ARG001 - as the others
    """Return a view in which squares of positions become channels, those of one position behind one another."""
    after = node.meta["known"]
    turned = past(node.args[0], "contiguous")
    if after.ndim != 4 or function_of(turned) != "permute" or function_of(turned.args[0]) != "view":
        return None
    source, cut = turned.args[0].args[0], turned.args[0].meta["known"].shape
    if not isinstance(source, fx.Node) or len(cut) != 6 or source.meta["known"].ndim != 4:
        return None
    _, channels, height, width = source.meta["known"].shape
    factor = cut[3]
    fits = tuple(cut[1:]) == (channels, height // factor, factor, width // factor, factor)
    if not fits or tuple(after.shape[1:]) != (channels * factor**2, height // factor, width // factor):
        return None
    plain = ("pixelunshuffle", {"factor": factor})
    match _axes_of(turned):
        case (0, 1, 3, 5, 2, 4):  # PyTorch's own order: the squares of one channel behind one another
            return Found(*plain, source)
        case (0, 3, 5, 1, 2, 4):
            return Found("channelshuffle", {"groups": channels}, source, before=(plain,))
    return None


def _softmax_of_parts(node: Any, net: nn.Module) -> Found | None:  # noqa: ARG001 - as the others
    """Return weights between groups of channels that stand in parts, as ResNeSt has them, in a row."""
    weights = past(node.args[0], "contiguous")
    if node.meta["known"].ndim != 2 or function_of(weights) != "softmax":
        return None
    given = functions.arguments("softmax", weights.target, weights.args, weights.kwargs)
    cut = _unswapped(given["input"])
    if given.get("dim") != 1 or function_of(cut) != "view" or cut.meta["known"].ndim != 4:
        return None
    source, (_, parts, groups, _) = cut.args[0], cut.meta["known"].shape
    if node.meta["known"].shape[1] != source.meta["known"].shape[1]:
        return None
    return Found("softmax", {"groups": groups, "cardinality": parts}, source, before=(("flatten", {}),))


def _unswapped(node: Any) -> Any:
    """Return the value whose first two axes behind the batch a node exchanges, None where it does something else."""
    if function_of(node) not in ("transpose", "permute"):
        return None
    count, axes = node.meta["known"].ndim, _axes_of(node)
    if function_of(node) == "permute":
        return node.args[0] if [each % count for each in axes] == [0, 2, 1, *range(3, count)] else None
    return node.args[0] if {each % count for each in axes} == {1, 2} else None


def _axes_of(turned: Any) -> tuple[int, ...]:
    """Return the axes that a node is given, behind one another or as one list, with their names or without."""
    given = (*turned.args[1:], *turned.kwargs.values())
    axes = given[0] if len(given) == 1 else given
    return tuple(axes)


def _context(node: Any, net: nn.Module) -> Found | None:
    """Return the mean of the positions, weighed by what a convolution to one channel makes of them."""
    source = past(node.args[0], "contiguous")
    if node.meta["known"].shape[2:] != (1, 1) or function_of(source) != "matmul":
        return None
    rows, weights = (past(each, "unsqueeze") for each in source.args)
    if function_of(weights) != "softmax" or function_of(rows) != "view" or weights.meta["known"].ndim != 3:
        return None
    image, scores = rows.args[0], past(weights.args[0], "view")
    module = net.get_submodule(str(scores.target)) if is_module(scores) else None
    if not isinstance(module, nn.Conv2d) or scores.args[0] is not image or image.meta["known"].ndim != 4:
        return None
    batch, channels, height, width = image.meta["known"].shape
    said = modules.said(module)
    fields = {"out": 1, "kernel": 1, "stride": 1, "padding": 0, "dilation": 1, "groups": 1}
    if said is None or {**said[1], **fields} != said[1]:
        return None
    if rows.meta["known"].shape != (batch, channels, height * width) or node.meta["known"].shape[1] != channels:
        return None
    return Found("contextpool", {"bias": module.bias is not None}, image, str(scores.target))


def _mixed_kernels(node: Any, net: nn.Module) -> Found | None:  # noqa: ARG001 - as the others
    """Return a convolution of all images in one row of channels, with kernels mixed for each from those of experts."""
    turned = node.args[0]
    convolved: Any = turned.args[0] if function_of(turned) == "permute" and _axes_of(turned) == (1, 0, 2, 3) else None
    if function_of(convolved) != "conv2d":
        return None
    given = functions.arguments("conv2d", convolved.target, convolved.args, convolved.kwargs)
    weight, bias = (_mixture(given.get(each)) for each in ("weight", "bias"))
    row, margin = _unpadded(given["input"])
    if weight is None or (bias is None) != (given.get("bias") is None) or margin is None or function_of(row) != "view":
        return None
    image, (batch, out) = row.args[0], node.meta["known"].shape[:2]
    kernels, groups = given["weight"].meta["known"].shape, given.get("groups", 1)
    one_row = image.meta["known"].ndim == 4 and row.meta["known"].shape[:2] == (1, batch * image.meta["known"].shape[1])
    owners = {str(each[1].target).rpartition(".")[0] for each in (weight, bias) if each is not None}
    if not one_row or len(owners) != 1 or groups % batch or kernels[0] != batch * out:
        return None
    settings = given.get("stride", 1), given.get("padding", 0), given.get("dilation", 1)
    found = modules.conv(out, tuple(kernels[2:]), *settings, groups // batch, bias is not None)
    return Found("condconv", found[1], image, owners.pop(), margin, (weight[0],)) if found is not None else None


def _unpadded(node: Any) -> tuple[Any, tuple[tuple[str, dict[str, object]], ...] | None]:
    """Return a node before its margin of zeros, and what a page says for that; None where it has no word for it."""
    if function_of(node) != "pad":
        return node, ()
    given = functions.arguments("pad", node.target, node.args, node.kwargs)
    said = functions.said("pad", given, given["input"].meta["known"], node.meta["known"])
    if said is None:
        return given["input"], None
    return given["input"], () if said[0] == "identity" else (said,)


def _mixture(node: Any) -> tuple[fx.Node, fx.Node] | None:
    """Return the numbers and the parameter of which a product of matrices is a view."""
    product = past(node, "view")
    if function_of(product) != "matmul" or not is_parameter(product.args[1]) or is_parameter(product.args[0]):
        return None
    numbers, experts = product.args
    return numbers, experts


def _pooled_whole(node: Any, net: nn.Module) -> Found | None:  # noqa: ARG001 - as the others
    """Return the mean or the greatest value of all positions of an image, in a row of channels."""
    inner = node
    if function_of(node) in ("getitem", "getattr"):
        if node.args[1] not in (0, "values") or function_of(node.args[0]) != "max":
            return None
        inner = node.args[0]
    name, known = function_of(inner), node.meta["known"]
    if name not in ("mean", "amax", "max") or not isinstance(known, torch.Tensor) or known.ndim != 2 or not inner.args:
        return None
    given = functions.arguments(name, inner.target, inner.args, inner.kwargs)
    source, axes = given["input"], given.get("dim")
    axes = tuple(axes) if isinstance(axes, (tuple, list)) else (axes,)
    if function_of(source) in ("view", "flatten") and axes in ((2,), (-1,)):
        source = source.args[0]  # the positions stood in one row
    elif name == "mean" or {each % 4 if isinstance(each, int) else each for each in axes} != {2, 3}:
        return None
    before = source.meta["known"].shape if isinstance(source, fx.Node) else ()
    if len(before) != 4 or before[:2] != known.shape:
        return None
    if name == "mean":
        return Found("mean", {"dims": (2, 3)}, source)
    return Found("flatten", {}, source, before=(("adaptivemaxpool", {"size": 1}),))


def _squeezed(node: Any, net: nn.Module) -> Found | None:  # noqa: ARG001 - as the others
    """Return the channels of an image of one position in a row, its axes taken away one after another."""
    source = past(node, "squeeze")
    shape = source.meta["known"].shape if isinstance(source, fx.Node) else ()
    is_one = len(shape) == 4 and shape[2:] == (1, 1) and node.meta["known"].shape == shape[:2]
    return Found("flatten", {}, source) if is_one else None


def _hard(node: Any, net: nn.Module) -> Found | None:
    """Return a sixth of what is kept between 0 and 6, which is a hard sigmoid, or times the value a hard swish."""
    if len(node.args) != 2 or node.args[1] != 6:
        return None
    upper = node.args[0]
    if (source := _kept(upper, net)) is not None:
        return Found("hardsigmoid", {}, source)
    if function_of(upper) != "mul" or len(upper.args) != 2:
        return None
    for value, kept in (upper.args, upper.args[::-1]):
        if _kept(kept, net) is value:
            return Found("hardswish", {}, value)
    return None


def _kept(node: Any, net: nn.Module) -> Any:
    """Return the value of which a node keeps its sum with 3 between 0 and 6, None for others."""
    if is_module(node):
        limits = modules.said(net.get_submodule(str(node.target)))
    elif function_of(node) in ("relu6", "clamp", "hardtanh"):
        given = functions.arguments(function_of(node), node.target, node.args, node.kwargs)
        limits = functions.said(function_of(node), given, node.args[0].meta["known"], node.meta["known"])
    else:
        return None
    if limits not in (("relu6", {}), ("hardtanh", {"min": 0.0, "max": 6.0})):
        return None
    lifted = node.args[0]
    if function_of(lifted) != "add" or len(lifted.args) != 2:
        return None
    return next((one for one, two in (lifted.args, lifted.args[::-1]) if two == 3 and isinstance(one, fx.Node)), None)


def _statistic(node: Any, net: nn.Module) -> Found | None:  # noqa: ARG001 - as the others
    """Return the greatest or the mean of the channels at each position, as an image of one channel."""
    inner = node
    if function_of(node) == "unsqueeze":
        inner = node.args[0]
    word = "channelmean" if function_of(inner) == "mean" else "channelmax"
    if function_of(inner) in ("getitem", "getattr"):
        if inner.args[1] not in (0, "values"):
            return None
        inner = inner.args[0]
    if not isinstance(inner, fx.Node) or function_of(inner) not in ("max", "amax", "mean") or not inner.args:
        return None
    source, known = inner.args[0], node.meta["known"]
    given = functions.arguments(function_of(inner), inner.target, inner.args, inner.kwargs)
    axis = given.get("dim")
    axis = axis[0] if isinstance(axis, (tuple, list)) and len(axis) == 1 else axis
    if not isinstance(source, fx.Node) or axis not in (1, -3) or not isinstance(known, torch.Tensor):
        return None
    before = source.meta["known"].shape
    return Found(word, {}, source) if known.shape == (before[0], 1, *before[2:]) and len(before) == 4 else None


def _blurred(node: Any, net: nn.Module) -> Found | None:
    """Return a depthwise convolution of a padded image with numbers that are not learned; the proof reads them."""
    given = functions.arguments("conv2d", node.target, node.args, node.kwargs)
    padded, weight = given["input"], given["weight"]
    if function_of(padded) != "pad" or not is_parameter(weight) or given.get("bias") is not None:
        return None
    if weight.target in {name for name, _ in net.named_parameters()}:
        return None
    edges = functions.arguments("pad", padded.target, padded.args, padded.kwargs)
    channels, share, kernel, width = weight.meta["known"].shape
    strides = {*modules.pair(given.get("stride", 1))}
    stride = strides.pop()
    plain = not strides and share == 1 and kernel == width and given.get("groups", 1) == channels
    mode = edges.get("mode", "constant")
    fits = {*edges["pad"]} == {(stride - 1 + kernel - 1) // 2} and not edges.get("value")
    if not plain or mode not in ("reflect", "constant") or not fits:
        return None
    return Found("blurpool", {"kernel": kernel, "stride": stride, "mode": mode}, padded.args[0])


def _pooled(node: Any, net: nn.Module) -> Found | None:  # noqa: ARG001 - as the others
    """Return maxima over an image to which what is lower than all was added: a pool that pads, or goes past the end."""
    padded = node.args[0]
    edges = (
        functions.arguments("pad", padded.target, padded.args, padded.kwargs) if function_of(padded) == "pad" else {}
    )
    given = functions.arguments("max_pool2d", node.target, node.args, node.kwargs)
    if edges.get("value") != float("-inf") or given["input"].meta["known"].ndim != 4 or min(edges["pad"]) < 0:
        return None
    if any(modules.pair(given.get(each) or rest) != (rest, rest) for each, rest in (("padding", 0), ("dilation", 1))):
        return None
    left, _, top, _ = edges["pad"]
    kernel, padding = modules.pair(given["kernel_size"]), (top, left)
    stride = modules.pair(given.get("stride") or kernel)
    sides = list(zip(edges["input"].meta["known"].shape[2:], kernel, stride, padding, strict=True))
    for ceil in (False, True):
        reached = tuple(window_output(*each, ceil=ceil) for each in sides)
        if reached == tuple(node.meta["known"].shape[2:]) and all(2 * pad <= size for _, size, _, pad in sides):
            found = modules.pool("maxpool", kernel, stride, padding, ceil)
            return Found(*found, edges["input"]) if found is not None else None
    return None


def _unflattened(node: Any, net: nn.Module) -> Found | None:  # noqa: ARG001 - as the others
    """Return two axes of one position behind the features."""
    first = node.args[0]
    if function_of(first) != "unsqueeze" or node.meta["known"].shape != (*first.args[0].meta["known"].shape, 1, 1):
        return None
    return Found("unflatten", {}, first.args[0]) if node.meta["known"].ndim == 4 else None


def _star(node: Any, net: nn.Module) -> Found | None:  # noqa: ARG001 - as the others
    """Return a scaled and shifted square of a ReLU, both numbers learned."""
    if len(node.args) != 2:
        return None
    product, bias = node.args
    if not is_parameter(bias) or function_of(product) != "mul" or len(product.args) != 2:
        return None
    scale, square = product.args
    owner = str(bias.target).removesuffix(".bias")
    if not is_parameter(scale) or (scale.target, bias.target) != (f"{owner}.scale", f"{owner}.bias"):
        return None
    if bias.meta["known"].numel() != 1 or function_of(square) != "pow" or square.args[1] != 2:
        return None
    return Found("starrelu", {}, square.args[0].args[0], owner)


_READ: dict[str, tuple[Callable[[Any, nn.Module], Found | None], ...]] = {
    "view": (_shuffled, _to_depth, _context, _mixed_kernels, _softmax_of_parts),
    "flatten": (_shuffled, _softmax_of_parts),
    "mul": (channel_gate, coordinate_gate),
    "add": (_star,),
    "conv2d": (_blurred,),
    "max_pool2d": (_pooled,),
    "pow": (generalized_mean,),
    "unsqueeze": (_unflattened, _statistic),
    "getitem": (_statistic, _pooled_whole),
    "getattr": (_statistic, _pooled_whole),
    "mean": (_pooled_whole,),
    "amax": (_pooled_whole,),
    "squeeze": (_squeezed,),
    "truediv": (_hard,),
}
"""What may end in a call of a function."""
