"""Whether a page's network is the one that it was read from: loading of weights, and outputs bit for bit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch.func import functional_call

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn


@dataclass(frozen=True)
class Proof:
    """What was found: keys that differ, whether outputs are equal bit for bit, and else where they part."""

    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    misfit: tuple[str, ...] = ()
    equal: bool = False
    parts_at: str = ""
    difference: float = 0.0
    is_finite: bool = True
    """Whether the network's own outputs are numbers; infinite ones and NaN cannot be compared."""

    is_steady: bool = True
    """Whether the network computes the same outputs twice."""

    with_outputs: bool = True
    """Whether outputs were compared; a network without numbers has names and shapes only."""

    @property
    def loads(self) -> bool:
        """Whether the page has all its weights of the network, which may have more."""
        return not (self.missing or self.misfit)


def prove(
    net: nn.Module,
    page: nn.Module,
    image: torch.Tensor,
    ending: Callable[[torch.Tensor], torch.Tensor] | None = None,
    seed: int = 0,
) -> Proof:
    """Return whether both networks are equal in evaluation mode; ``page`` has the weights of ``net`` afterwards.

    Numbers that are all the same, as those of fresh norms are, are replaced by random ones in both while they are
    compared: a branch that is multiplied by zero proves nothing. Weights that the page does not have stay away.
    ``ending`` is what the network does with the page's outputs at its end; because large logits end in zeros and ones,
    what every module with weights gave is compared too.
    """
    found = keys(net, page)
    if not found.loads:
        return found
    weights = net.state_dict()
    page.load_state_dict({name: each for name, each in weights.items() if name not in found.unexpected}, strict=True)
    with torch.no_grad(), torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        lively = _lively(weights)
        expected, seen = _watched(net, lively, image)
        found = Proof(unexpected=found.unexpected)
        if not bool(torch.isfinite(expected).all()):
            return replace(found, is_finite=False)
        own_weights = {name: each for name, each in lively.items() if name not in found.unexpected}
        result, own = _watched(page, own_weights, image)
        parted = next((name for name in seen if name in own and seen[name] != own[name]), "")
        if ending is not None:
            result = ending(result)
        if expected.shape == result.shape and torch.equal(expected, result) and not (ending and parted):
            return replace(found, equal=True)
        if not torch.equal(expected, _watched(net, lively, image)[0]):
            return replace(found, is_steady=False)
    if expected.shape != result.shape:
        return replace(found, parts_at="output", difference=float("inf"))
    return replace(found, parts_at=parted or "output", difference=float((expected - result).abs().max()))


def keys(net: nn.Module, page: nn.Module) -> Proof:
    """Return what keeps the weights of ``net`` from loading into ``page`` strictly, outputs not looked at."""
    mine, theirs = net.state_dict(), page.state_dict()
    misfit = tuple(name for name in mine if name in theirs and mine[name].shape != theirs[name].shape)
    missing = tuple(name for name in theirs if name not in mine)
    unexpected = tuple(name for name in mine if name not in theirs)
    return Proof(missing, unexpected, misfit, not (missing or misfit), with_outputs=False)


def tied(net: nn.Module, page: nn.Module) -> tuple[str, str] | None:
    """Return two weights of a page that are one tensor in the network, and would learn apart."""
    first: dict[int, str] = {}
    for name, each in net.named_parameters(remove_duplicate=False):
        if name in page.state_dict() and first.setdefault(id(each), name) != name:
            return first[id(each)], name
    return None


def _lively(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return weights of which none are all the same number; one tensor by two names stays one."""
    made: dict[tuple[int, torch.Size], torch.Tensor] = {}
    for each in weights.values():
        made.setdefault((each.data_ptr(), each.shape), _random(each))
    return {name: made[each.data_ptr(), each.shape] for name, each in weights.items()}


def _random(tensor: torch.Tensor) -> torch.Tensor:
    if not tensor.is_floating_point() or tensor.numel() == 0 or not bool((tensor == tensor.flatten()[0]).all()):
        return tensor
    return torch.rand_like(tensor) * 0.5 + 0.75


def _watched(
    net: nn.Module, weights: dict[str, torch.Tensor], image: torch.Tensor
) -> tuple[torch.Tensor, dict[str, float]]:
    """Return the output, and the sum of what every module with weights of its own gave, by its key."""
    seen: dict[str, float] = {}
    hooks = []

    def watch(name: str) -> None:
        def note(_module: nn.Module, _args: object, output: object) -> None:
            if isinstance(output, torch.Tensor):
                seen.setdefault(name, float(output.double().sum()))

        hooks.append(net.get_submodule(name).register_forward_hook(note))

    for name, module in net.named_modules():
        if name and next(iter(module.parameters(recurse=False)), None) is not None:
            watch(name)
    was_training = net.training
    try:
        output = functional_call(net.eval(), weights, (image,), tie_weights=False)
    finally:
        net.train(was_training)
        for hook in hooks:
            hook.remove()
    assert isinstance(output, torch.Tensor)
    return output, seen
