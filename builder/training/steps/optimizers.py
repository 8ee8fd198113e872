"""The recipe's optimizer as torch makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn, optim

from builder.diagnostics import RunError
from builder.training.device.kinds import kind_of

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
    if kind_of(device).has_graphs:
        rate = torch.tensor(settings.lr, device=device)
        for group in optimizer.param_groups:  # afterwards: to check a rate on the device would wait for it
            group["lr"] = rate
            if "capturable" in group:
                group["capturable"] = True
    return optimizer


def torch_class(settings: Optimizer) -> Callable[..., optim.Optimizer]:
    """Return the class of torch's that ``settings`` name."""
    found: Callable[..., optim.Optimizer] = getattr(optim, settings.torch_class)
    return found


def set_learning_rate(optimizer: optim.Optimizer, rate: float) -> None:
    """Use ``rate`` from the next step on; a rate that lies on the device is overwritten there."""
    for group in optimizer.param_groups:
        if isinstance(group["lr"], torch.Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate


def clip_gradients(optimizer: optim.Optimizer, length: float | None) -> None:
    """Scale all gradients together down to ``length`` where they are longer, without waiting for the device.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html
    """
    if length is not None:
        nn.utils.clip_grad_norm_([each for group in optimizer.param_groups for each in group["params"]], length)


def _groups(settings: Optimizer, model: nn.Module) -> list[dict[str, Any]]:
    """Return all weights that learn as one group; as two where biases and norms do not decay, but the others do.

    What has one dimension or none is a bias, or the scale or shift of a norm: timm tells them apart in the same way.
    https://github.com/huggingface/pytorch-image-models/blob/main/timm/optim/_param_groups.py
    """
    weights = [each for each in model.parameters() if each.requires_grad]
    decay = settings.weight_decay
    if settings.decay_norm_and_bias or decay == 0:
        groups = [(weights, decay)]
    else:
        groups = [
            ([each for each in weights if each.dim() > 1], decay),
            ([each for each in weights if each.dim() <= 1], 0),
        ]
    return [{"params": members, "weight_decay": each} for members, each in groups if members]
