"""Gates and pools with weights of their own, found by what their authors write: along channels, rows, columns."""

from __future__ import annotations

from typing import Any

from torch import fx, nn

from builder.importing.reading.nodes import Found, activation_of, function_of, is_module, is_parameter, past
from builder.importing.words import functions


def channel_gate(node: Any, net: nn.Module) -> Found | None:
    """Return a product with gates that a convolution along the channels makes of the channels' means."""
    if len(node.args) != 2:
        return None
    source, gates = node.args
    sharp = past(gates, "expand_as", "expand", "view", "unsqueeze")
    gate = activation_of(sharp, net)
    convolved: Any = past(sharp.args[0], *_LAID_OUT) if gate in ("sigmoid", "hardsigmoid") else None
    module = net.get_submodule(str(convolved.target)) if is_module(convolved) else None
    if not isinstance(module, nn.Conv1d) or (module.in_channels, module.out_channels) != (1, 1):
        return None
    size = module.kernel_size[0]
    means = past(convolved.args[0], *_LAID_OUT)
    owner, _, own = str(convolved.target).rpartition(".")
    plain = module.bias is None and module.padding == (size // 2,) and size % 2 == 1 and own == "conv"
    if not plain or not _is_mean(means, net) or means.args[0] is not source:
        return None
    return Found("eca", {"kernel": size, "gate": gate}, source, owner)


_LAID_OUT = ("view", "unsqueeze", "squeeze", "transpose")
"""Functions after which the means of an image's channels stand in another of its axes."""


def _is_mean(node: Any, net: nn.Module) -> bool:
    """Return whether a node makes one number of each channel, their mean."""
    if is_module(node):
        module = net.get_submodule(str(node.target))
        return isinstance(module, nn.AdaptiveAvgPool2d) and node.meta["known"].shape[2:] == (1, 1)
    pooled = function_of(node) in ("adaptive_avg_pool2d", "avg_pool2d") and node.meta["known"].shape[2:] == (1, 1)
    return pooled or function_of(node) == "mean"


def coordinate_gate(node: Any, net: nn.Module) -> Found | None:
    """Return a product with gates of columns and of rows, which one convolution makes of the means of both."""
    if len(node.args) != 2 or function_of(node.args[0]) != "mul":
        return None
    source, columns = node.args[0].args
    makers = [_maker(each, net) for each in (columns, node.args[1])]
    owners = {str(each.target).rpartition(".")[0] for each in makers if each is not None}
    if None in makers or len(owners) != 1 or not isinstance(source, fx.Node):
        return None
    owner = owners.pop()
    weights = {name: tuple(each.shape) for name, each in net.get_submodule(owner).named_parameters()}
    channels, shared = source.meta["known"].shape[1], weights.get("conv1.weight", (0,))
    hidden = shared[0]
    shapes = {"bn1.weight": (hidden,), "conv_h.weight": (channels, hidden, 1, 1)}
    if not 0 < hidden <= channels or any(weights.get(name) != shape for name, shape in shapes.items()):
        return None
    reduction = next((each for each in (32, channels // hidden) if max(8, channels // each) == hidden), channels)
    fields = {"reduction": reduction, "least": hidden if reduction == channels else 8}
    return Found("coordinateattention", {**fields}, source, owner)


def _maker(gates: Any, net: nn.Module) -> Any:
    """Return the convolution whose sigmoid some gates are, None where they are something else."""
    if activation_of(gates, net) != "sigmoid" or not is_module(gates.args[0]):
        return None
    return gates.args[0] if isinstance(net.get_submodule(str(gates.args[0].target)), nn.Conv2d) else None


def generalized_mean(node: Any, net: nn.Module) -> Found | None:
    """Return the root of the mean of powers, of which the exponent is learned; which root it is, the proof tells."""
    mean, root = node.args
    if not is_parameter(root) or root.meta["known"].numel() != 1 or not _is_mean(mean, net):
        return None
    powers = mean.args[0]
    exponent: Any = powers.args[1] if function_of(powers) == "pow" else None
    if not is_parameter(exponent) or exponent.meta["stored"] != (1,):
        return None
    kept = powers.args[0]
    given = functions.arguments("clamp", kept.target, kept.args, kept.kwargs) if function_of(kept) == "clamp" else {}
    least, (owner, _, name) = given.get("min"), str(exponent.target).rpartition(".")
    own = {*net.get_submodule(owner).state_dict()}
    if not isinstance(least, float) or given.get("max") is not None or name != "p" or own != {"p"}:
        return None
    return Found("gempool", {"eps": least}, given["input"], owner)
