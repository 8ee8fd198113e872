"""Torchvision's networks and ours of the same name, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest import mock

import pytest
import torch
import torchvision
from torchvision.models.regnet import BlockParams

from builder.lowering import load
from builder.runtime.compile import build

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import nn

LIGHT = (
    "alexnet",
    "convnext_tiny",
    "densenet121",
    "efficientnet_b0",
    "googlenet",
    "inception_v3",
    "mnasnet0_5",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "regnet_y_400mf",
    "resnet18",
    "resnet50",
    "shufflenet_v2_x0_5",
    "squeezenet1_1",
    "vgg11_bn",
)
"""A light member of each family; two of the ResNets, for their two blocks."""

_ATTENTION = ("vit_", "swin_", "maxvit_")
ALL = tuple(name for name in torchvision.models.list_models(torchvision.models) if not name.startswith(_ATTENTION))
"""Every convolutional classification network of torchvision."""


def theirs(name: str) -> nn.Module:
    """Return torchvision's network with fresh weights."""
    arguments = {"init_weights": True} if name in {"googlenet", "inception_v3"} else {}  # unsaid, they warn
    network: nn.Module = torchvision.models.get_model(name, weights=None, **arguments)
    return network


def theirs_without_numbers(name: str) -> nn.Module:
    """Return torchvision's network on the meta device.

    RegNet computes its widths with tensors, so that this one step stays on the CPU.
    """
    from_init_params = BlockParams.from_init_params

    def on_cpu(**arguments: object) -> object:
        with torch.device("cpu"):
            return from_init_params(**arguments)

    with torch.device("meta"), mock.patch.object(BlockParams, "from_init_params", on_cpu):
        return theirs(name)


def ours_without_numbers(name: str) -> nn.Module:
    """Return our network on the meta device."""
    with torch.device("meta"):
        return build(load(name))


def random_weights(network: nn.Module) -> dict[str, torch.Tensor]:
    """Return random numbers for a whole ``state_dict``, statistics of batch norm included; signals keep their size."""
    state: dict[str, torch.Tensor] = network.state_dict()  # of a kind that remembers versions, as MNASNet's loader asks
    for key, value in state.items():
        state[key] = _random(key, value)
    return state


def _random(key: str, like: torch.Tensor) -> torch.Tensor:
    if not like.is_floating_point():
        return torch.ones(like.shape, dtype=like.dtype)
    if key.endswith("running_var"):
        return torch.rand(like.shape) + 0.5
    if like.dim() == 1:
        return torch.randn(like.shape) * 0.1 + key.endswith("weight")
    return torch.randn(like.shape) * (2 / like[0].numel()) ** 0.5


def shapes(network: nn.Module) -> dict[str, tuple[int, ...]]:
    """Return the shape of everything in a network's ``state_dict``."""
    return {key: tuple(value.shape) for key, value in network.state_dict().items()}


def other_spread(theirs: Callable[[], nn.Module], ours: Callable[[], nn.Module], seeds: Sequence[int]) -> list[str]:
    """Return the parameters whose fresh numbers, of all seeds together, are not spread alike in both networks.

    The mean of n numbers errs by 1/√n of their deviation, the deviation by less where they are not far from normal;
    eight such errors are allowed, because some hundred parameters are compared. What is constant has to be the same.
    """
    reference, found = _drawn(theirs, seeds), _drawn(ours, [seed + 1000 for seed in seeds])
    return [key for key, value in reference.items() if not _is_alike(value, found[key])]


def _drawn(network: Callable[[], nn.Module], seeds: Sequence[int]) -> dict[str, torch.Tensor]:
    """Return the fresh numbers of each parameter, those of all seeds in one row."""
    rows: dict[str, list[torch.Tensor]] = {}
    for seed in seeds:
        torch.manual_seed(seed)
        for key, value in network().named_parameters():
            rows.setdefault(key, []).append(value.detach().flatten())
    return {key: torch.cat(row) for key, row in rows.items()}


def _is_alike(one: torch.Tensor, other: torch.Tensor) -> bool:
    mean, deviation = one.mean().item(), one.std(correction=0).item()
    if deviation == 0:
        return torch.equal(one, other)
    error = 8 * deviation / one.numel() ** 0.5
    found = other.mean().item(), other.std(correction=0).item()
    return found[1] > 0 and found == pytest.approx((mean, deviation), abs=error)
