"""The plain loop: its optimizer is that of the recipe, as torch has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.training.recipe.recipe import choices
from builder.training.speed.tutorial import Tutorial

if TYPE_CHECKING:
    import torch

    from builder.training.data.dataset import DataSet
    from builder.training.recipe.recipe import Recipe
    from tests.training.tiny_task import TinyNetwork


class TestOptimizer:
    """What the loop steps with."""

    @pytest.mark.parametrize("name", list(choices("optimizer")))
    def test_it_is_the_recipes(
        self, name: str, data: DataSet, recipe: Recipe, network: TinyNetwork, cpu: torch.device
    ) -> None:
        """With rate, decay and what it has of its own, but without a fused kernel."""
        settings = choices("optimizer")[name](name=name, lr=0.25, weight_decay=0.125)
        plain = Tutorial(network, data.train, recipe.model_copy(update={"optimizer": settings}), cpu)._optimizer
        assert type(plain).__name__ == settings.torch_class
        wanted = {"lr": 0.25, "weight_decay": 0.125, **settings.arguments()}
        assert {field: plain.defaults[field] for field in wanted} == wanted
        assert not plain.defaults["fused"]
