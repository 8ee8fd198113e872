"""Where a loss that is not finite began."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from builder.training.data.batches import Batches
from builder.training.divergence import Cause, all_finite, find_cause, watching
from builder.training.recipe.optimizer import Sgd
from builder.training.recipe.weight_group import WeightGroup
from builder.training.steps.optimizers import make_optimizer
from tests.training.tiny_task import TinyNetwork

if TYPE_CHECKING:
    from builder.training.data.dataset import DataSet
    from builder.training.recipe.recipe import Recipe


class Steep(torch.autograd.Function):
    """Hands on values, and infinity for their gradients."""

    @staticmethod
    def forward(ctx: object, values: torch.Tensor) -> torch.Tensor:
        """Return ``values``."""
        return values.clone()

    @staticmethod
    def backward(ctx: object, gradient: torch.Tensor) -> torch.Tensor:
        """Return infinity."""
        return gradient * float("inf")


class WithSteepDropout(TinyNetwork):
    """The small network, whose gradients in front of its dropout are lost."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        features = nn.functional.adaptive_avg_pool2d(torch.relu(self.norm(self.conv(images))), 4)
        return self.head(self.dropout(Steep.apply(features.flatten(1))))


class TooLarge(TinyNetwork):
    """The small network with answers at the ends of what float32 holds."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        return super().forward(images).sign() * 3e38


class TestFindCause:
    """Steps are repeated, and the last two of them are looked at."""

    def cause(
        self, network: nn.Module, data: DataSet, recipe: Recipe, lost: int, *, wanted: bool = True
    ) -> Cause | None:
        """Return what is found from the first step on."""
        optimizer, batches = make_optimizer(recipe.optimizer, network), Batches(data.train, recipe, torch.device("cpu"))
        return find_cause(network, optimizer, lambda _epoch: batches, recipe, 0, lost, lambda: wanted)

    def test_an_output(self, data: DataSet, recipe: Recipe, network: TinyNetwork) -> None:
        """The first module in the order of computing, not the last."""
        network.conv.register_forward_hook(lambda module, inputs, output: output / 0)
        assert self.cause(network, data, recipe, 0) == Cause("the output of `conv` (Conv2d)", "conv")

    def test_a_gradient_one_step_before_the_loss(self, data: DataSet, recipe: Recipe) -> None:
        """The loss of its own step was fine: it reached the weights, and through them the next one."""
        assert self.cause(WithSteepDropout(), data, recipe, 1) == Cause("the gradient of `norm.weight`", "norm")

    def test_weights_that_have_stopped_learning_stay_in_what_is_repeated(
        self, data: DataSet, recipe: Recipe, network: TinyNetwork
    ) -> None:
        """Else it would be another training: seven steps, and a bias that learns in the first five."""
        groups = (WeightGroup(weights="norm.bias", epochs=1),)
        freezing = recipe.model_copy(update={"optimizer": Sgd(name="sgd", lr=0.1, groups=groups)})
        seen: list[torch.Tensor] = []
        network.norm.register_forward_pre_hook(lambda norm, _: seen.append(norm.bias.detach().clone()))
        assert self.cause(network, data, freezing, 7) is None
        assert [torch.equal(one, other) for one, other in pairwise(seen)] == [False] * 5 + [True] * 2

    def test_the_loss_itself(self, data: DataSet, recipe: Recipe) -> None:
        """Every answer is finite, and their differences are not."""
        found = self.cause(TooLarge(), data, recipe, 0)
        assert found == Cause("the loss itself: the network's outputs are finite but too large")

    def test_a_step_that_was_too_long(self, data: DataSet, recipe: Recipe, network: TinyNetwork) -> None:
        """Gradients are finite, and what they are multiplied by is not sane."""
        wild = recipe.model_copy(update={"optimizer": Sgd(name="sgd", lr=1.0).model_copy(update={"lr": 1e39})})
        assert self.cause(network, data, wild, 0) == Cause("the new value of `conv.weight`", "conv")

    def test_far_behind_the_checkpoint(self, data: DataSet, recipe: Recipe, network: TinyNetwork) -> None:
        """Over the edge of two epochs, in the twelfth step."""
        calls = iter(range(100))
        network.norm.register_forward_hook(lambda module, inputs, output: output / 0 if next(calls) == 11 else None)
        assert self.cause(network, data, recipe, 11) == Cause("the output of `norm` (BatchNorm2d)", "norm")

    def test_nothing_where_nothing_is_wrong(self, data: DataSet, recipe: Recipe, network: TinyNetwork) -> None:
        """A GPU may add up in another order the second time."""
        assert self.cause(network, data, recipe, 3) is None

    def test_nothing_where_nobody_waits(self, data: DataSet, recipe: Recipe) -> None:
        """Not a step is made."""
        network = WithSteepDropout()
        before = network.conv.weight.clone()
        assert self.cause(network, data, recipe, 7, wanted=False) is None
        assert torch.equal(network.conv.weight, before)


class TestWatching:
    """Hooks for as long as one looks."""

    def test_they_are_gone_afterwards(self, network: TinyNetwork) -> None:
        """What is trained later is not slowed down."""
        with watching(network) as seen:
            network(torch.zeros(2, 1, 8, 8))
        assert seen == []
        assert not any(module._forward_hooks for module in network.modules())
        assert not any(weight._post_accumulate_grad_hooks for weight in network.parameters())


class TestAllFinite:
    """Numbers that can be lost."""

    @pytest.mark.parametrize(
        ("tensors", "finite"),
        [
            ([], True),
            ([torch.zeros(3), torch.tensor(7)], True),
            ([torch.zeros(3), torch.tensor([1.0, float("nan")])], False),
            ([torch.tensor([float("-inf")])], False),
        ],
    )
    def test_whole_numbers_are_always_finite(self, tensors: list[torch.Tensor], finite: bool) -> None:
        """And so is nothing."""
        assert all_finite(tensors) == finite
