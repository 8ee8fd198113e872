"""The recipe's optimizer as torch makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn, optim

from builder.diagnostics import RunError, suggest
from builder.training.device.kinds import kind_of

FACTOR = "lr_factor"  # of a group of weights: its rate is that of the schedule times this
EPOCHS = "epochs"  # of a group of weights: how many epochs it learns in, None for all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from builder.training.recipe.optimizer import Optimizer
    from builder.training.recipe.weight_group import WeightGroup


def make_optimizer(settings: Optimizer, model: nn.Module) -> optim.Optimizer:
    """Return the optimizer over the parameters of ``model`` that learn; those that never do are frozen.

    Raises RunError where no weight learns to the end, or a group of the settings has none.

    Fused kernels update each weight in one pass over memory: with Adam on a CPU AlexNet's step takes 0.9 s, not 1.5 s.
    On a GPU the learning rate lies beside the weights: a recorded step (``cuda_graph``) reads there what changes,
    and one that was not recorded reads the same, so that both round alike; so do the steps that Adam counts.
    """
    groups = weight_groups(settings, model)
    for name, weight in model.named_parameters():
        if _epochs(settings, name) == 0:
            weight.requires_grad = False
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


def set_epoch(optimizer: optim.Optimizer, epoch: int) -> bool:
    """Let the weights learn that learn in ``epoch`` (from 1); return whether others did before.

    What does not learn gets no gradient, and so costs none; the optimizer keeps what it remembers of it.
    """
    changed = False
    for group in optimizer.param_groups:
        learns = group[EPOCHS] is None or epoch <= group[EPOCHS]
        for weight in group["params"]:
            changed |= weight.requires_grad != learns
            weight.requires_grad = learns
    return changed


def weight_groups(settings: Optimizer, model: nn.Module) -> list[dict[str, Any]]:
    """Return the weights that learn as groups of one decay, one factor of the rate, and epochs; by default one group.

    What has one dimension or none is a bias, or the scale or shift of a norm, and may stay without decay: timm tells
    them apart in the same way. A bias is what is called so, the shift of a norm included.
    https://github.com/huggingface/pytorch-image-models/blob/main/timm/optim/_param_groups.py

    Raises RunError where no weight learns to the end, or a group of the settings has none.
    """
    usual = (settings.weight_decay, 1.0, None)
    groups: dict[tuple[float, float, int | None], list[nn.Parameter]] = {usual: []}
    if not settings.decay_norm_and_bias:
        groups[0.0, 1.0, None] = groups.get((0.0, 1.0, None), [])
    for name, weight in _learning(settings, model):
        decay = settings.weight_decay if settings.decay_norm_and_bias or weight.dim() > 1 else 0.0
        factor = settings.bias_lr_factor if name.rpartition(".")[2] == "bias" else 1.0
        own = _group_of(settings, name)
        if own is not None:
            decay = decay if own.weight_decay is None else own.weight_decay
            factor = own.lr_factor
        groups.setdefault((decay, factor, None if own is None else own.epochs), []).append(weight)
    found = [
        {"params": members, "weight_decay": decay, FACTOR: factor, EPOCHS: epochs}
        for (decay, factor, epochs), members in groups.items()
        if members
    ]
    _check_learning(found)
    return found


def _learning(settings: Optimizer, model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Yield the weights that learn in some epoch, by name; raise RunError for a group that names no weight."""
    weights = dict(model.named_parameters())
    for group in settings.groups:
        if not any(map(group.matches, weights)):
            message = f"no weight of the network is called `{group.weights}`, as a group of the optimizer says"
            raise RunError(message, suggest(group.weights.replace("**.", ""), list(weights), "there are"))
    for name, weight in weights.items():
        if weight.requires_grad and _epochs(settings, name) != 0:
            yield name, weight


def _check_learning(groups: list[dict[str, Any]]) -> None:
    if not groups:
        raise RunError("the network has no weights to train")
    epochs = [group[EPOCHS] for group in groups]
    if None not in epochs:
        message = f"no weight learns after epoch {max(epochs)}: the groups of the optimizer end all of them"
        raise RunError(message, "leave `epochs` out of one of the groups")


def _group_of(settings: Optimizer, name: str) -> WeightGroup | None:
    return next((each for each in reversed(settings.groups) if each.matches(name)), None)


def _epochs(settings: Optimizer, name: str) -> int | None:
    group = _group_of(settings, name)
    return None if group is None else group.epochs
