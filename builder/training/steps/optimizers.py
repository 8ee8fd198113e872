"""The recipe's optimizer as torch makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn, optim

from builder.diagnostics import RunError
from builder.training.device.kinds import kind_of

FACTOR = "lr_factor"  # of a group of weights: its rate is that of the schedule times this

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.training.recipe.optimizer import Optimizer


def make_optimizer(settings: Optimizer, model: nn.Module) -> optim.Optimizer:
    """Return the optimizer over the parameters of ``model`` that learn; RunError if there are none.

    Fused kernels update each weight in one pass over memory: with Adam on a CPU AlexNet's step takes 0.9 s, not 1.5 s.
    On a GPU the learning rate lies beside the weights: a recorded step (``cuda_graph``) reads there what changes,
    and one that was not recorded reads the same, so that both round alike; so do the steps that Adam counts.
    """
    groups = _groups(settings, model)
    if not groups:
        raise RunError("the network has no weights to train")
    device = groups[0]["params"][0].device
    optimizer = torch_class(settings)(groups, lr=settings.lr, fused=True, **settings.arguments())
    set_learning_rate(optimizer, settings.lr)
    if kind_of(device).has_graphs:
        for group in optimizer.param_groups:  # afterwards: to check a rate on the device would wait for it
            group["lr"] = torch.tensor(settings.lr * group[FACTOR], device=device)
            if "capturable" in group:
                group["capturable"] = True
    return optimizer


def torch_class(settings: Optimizer) -> Callable[..., optim.Optimizer]:
    """Return the class of torch's that ``settings`` name."""
    found: Callable[..., optim.Optimizer] = getattr(optim, settings.torch_class)
    return found


def set_learning_rate(optimizer: optim.Optimizer, rate: float) -> None:
    """Use ``rate`` from the next step on, times each group's factor; one on the device is overwritten there."""
    for group in optimizer.param_groups:
        own = rate * group.get(FACTOR, 1.0)
        if isinstance(group["lr"], torch.Tensor):
            group["lr"].fill_(own)
        else:
            group["lr"] = own


def clip_gradients(optimizer: optim.Optimizer, length: float | None) -> None:
    """Scale all gradients together down to ``length`` where they are longer, without waiting for the device.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html
    """
    if length is not None:
        nn.utils.clip_grad_norm_([each for group in optimizer.param_groups for each in group["params"]], length)


def _groups(settings: Optimizer, model: nn.Module) -> list[dict[str, Any]]:
    """Return the weights that learn as groups of one decay and one factor of the rate; by default they are one group.

    What has one dimension or none is a bias, or the scale or shift of a norm, and may stay without decay: timm tells
    them apart in the same way. A bias is what is called so, the shift of a norm included.
    https://github.com/huggingface/pytorch-image-models/blob/main/timm/optim/_param_groups.py
    """
    usual = (settings.weight_decay, 1.0)
    groups: dict[tuple[float, float], list[nn.Parameter]] = {usual: []}
    if not settings.decay_norm_and_bias:
        groups[0.0, 1.0] = groups.get((0.0, 1.0), [])
    for name, weight in model.named_parameters():
        if not weight.requires_grad:
            continue
        decay = settings.weight_decay if settings.decay_norm_and_bias or weight.dim() > 1 else 0.0
        factor = settings.bias_lr_factor if name.rpartition(".")[2] == "bias" else 1.0
        groups.setdefault((decay, factor), []).append(weight)
    return [
        {"params": members, "weight_decay": decay, FACTOR: factor}
        for (decay, factor), members in groups.items()
        if members
    ]
