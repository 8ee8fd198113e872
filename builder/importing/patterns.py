"""What several operations are together: a shuffle of channels, a gate along the channels, a blur, a star ReLU."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import fx, nn

from builder.importing import functions, modules


class Found(NamedTuple):
    """A pattern that ends in a node: its word, its fields, the node that enters it, and the module with its weights."""

    word: str
    fields: dict[str, object]
    source: fx.Node
    key: str = ""


def pattern(node: Any, name: str, net: nn.Module) -> Found | None:
    """Return the pattern that ends in a node, which calls the function ``name``; None where it is by itself."""
    read = {"view": _shuffled, "mul": _channel_gate, "add": _star, "conv2d": _blurred, "unsqueeze": _unflattened}.get(
        name
    )
    return read(node, net) if read is not None else None


def _shuffled(node: Any, net: nn.Module) -> Found | None:  # noqa: ARG001 - as the others
    """Return what a view ends in which channels were dealt: view to groups, transpose, view back."""
    after = node.meta["known"]
    turned = _past(node.args[0], "contiguous")
    if after.ndim != 4 or _function(turned) != "transpose" or set(turned.args[1:]) != {1, 2}:
        return None
    grouped = _past(turned.args[0], "contiguous")
    if _function(grouped) != "view":
        return None
    source, shape = grouped.args[0], grouped.meta["known"].shape
    if not isinstance(source, fx.Node) or len(shape) != 5 or source.meta["known"].shape != after.shape:
        return None
    return Found("channelshuffle", {"groups": int(shape[1])}, source)


def _channel_gate(node: Any, net: nn.Module) -> Found | None:
    """Return a product with gates that a convolution along the channels makes of the channels' means."""
    if len(node.args) != 2:
        return None
    source, gates = node.args
    sharp = _past(gates, "expand_as", "expand", "view", "unsqueeze")
    gate = _activation(sharp, net)
    convolved: Any = sharp.args[0] if gate in ("sigmoid", "hardsigmoid") else None
    module = net.get_submodule(str(convolved.target)) if _is_module(convolved) else None
    if not isinstance(module, nn.Conv1d) or (module.in_channels, module.out_channels) != (1, 1):
        return None
    size = module.kernel_size[0]
    means = _past(convolved.args[0], "view", "unsqueeze")
    owner, _, own = str(convolved.target).rpartition(".")
    plain = module.bias is None and module.padding == (size // 2,) and size % 2 == 1 and own == "conv"
    if not plain or _function(means) != "mean" or means.args[0] is not source:
        return None
    return Found("eca", {"kernel": size, "gate": gate}, source, owner)


def _blurred(node: Any, net: nn.Module) -> Found | None:
    """Return a depthwise convolution of mirrored edges with numbers that are not learned; the proof reads them."""
    given = functions.arguments("conv2d", node.target, node.args, node.kwargs)
    padded, weight = given["input"], given["weight"]
    if _function(padded) != "pad" or not _is_parameter(weight) or given.get("bias") is not None:
        return None
    if weight.target in {name for name, _ in net.named_parameters()}:
        return None
    edges = functions.arguments("pad", padded.target, padded.args, padded.kwargs)
    channels, share, kernel, width = weight.meta["known"].shape
    strides = {*modules.pair(given.get("stride", 1))}
    stride = strides.pop()
    plain = not strides and share == 1 and kernel == width and given.get("groups", 1) == channels
    if not plain or edges.get("mode") != "reflect" or {*edges["pad"]} != {(stride - 1 + kernel - 1) // 2}:
        return None
    return Found("blurpool", {"kernel": kernel, "stride": stride}, padded.args[0])


def _unflattened(node: Any, net: nn.Module) -> Found | None:  # noqa: ARG001 - as the others
    """Return two axes of one position behind the features."""
    first = node.args[0]
    if _function(first) != "unsqueeze" or node.meta["known"].shape != (*first.args[0].meta["known"].shape, 1, 1):
        return None
    return Found("unflatten", {}, first.args[0]) if node.meta["known"].ndim == 4 else None


def _star(node: Any, net: nn.Module) -> Found | None:  # noqa: ARG001 - as the others
    """Return a scaled and shifted square of a ReLU, both numbers learned."""
    if len(node.args) != 2:
        return None
    product, bias = node.args
    if not _is_parameter(bias) or _function(product) != "mul" or len(product.args) != 2:
        return None
    scale, square = product.args
    owner = str(bias.target).removesuffix(".bias")
    if not _is_parameter(scale) or (scale.target, bias.target) != (f"{owner}.scale", f"{owner}.bias"):
        return None
    if bias.meta["known"].numel() != 1 or _function(square) != "pow" or square.args[1] != 2:
        return None
    return Found("starrelu", {}, square.args[0].args[0], owner)


def _is_module(node: Any) -> bool:
    return isinstance(node, fx.Node) and node.op == "call_module"


def _is_parameter(node: Any) -> bool:
    return isinstance(node, fx.Node) and node.op == "get_attr"


def _function(node: Any) -> str:
    """Return the name of the function that a node calls, empty where it calls none."""
    calls = isinstance(node, fx.Node) and node.op in ("call_function", "call_method")
    return functions.name_of(node.target) if calls else ""


def _activation(node: Any, net: nn.Module) -> str:
    """Return the word of an activation, whether a module or a function."""
    if _is_module(node):
        found = modules.said(net.get_submodule(str(node.target)))
        return found[0] if found is not None else ""
    return _function(node)


def _past(node: Any, *names: str) -> Any:
    """Return a node, or the one before where it only lays values out anew."""
    while _function(node) in names:
        node = node.args[0]
    return node


def scales(weight: Any, value: torch.Tensor) -> bool | None:
    """Return whether a parameter with one number for each channel is a vector; None where it is something else.

    ``stored`` is its shape in the ``state_dict``, of which the network may have taken a view.
    """
    known, stored = weight.meta["known"], weight.meta["stored"]
    if known.ndim == 0:
        return None
    last = known.ndim == 1 or known.shape[-1] == known.numel() > 1
    channels = value.shape[-1] if last else value.shape[1]
    if known.numel() != channels or (not last and (known.ndim < 3 or known.shape[-3] != channels or value.ndim != 4)):
        return None
    if len(stored) == 1:
        return not last
    return False if not last and tuple(stored) == (channels, 1, 1) else None
