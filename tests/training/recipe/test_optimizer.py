"""Optimizers by themselves; how they step is beside torch's in ``steps/test_optimizers.py``."""

from __future__ import annotations

import inspect

import pytest
import torch

from builder.training.recipe.recipe import choices


class TestRecords:
    """What each says of torch, of which it knows nothing."""

    @pytest.mark.parametrize("name", list(choices("optimizer")))
    def test_torch_has_its_class_and_takes_its_arguments(self, name: str) -> None:
        """Those of its own, and what every optimizer is given."""
        settings = choices("optimizer")[name](name=name, lr=0.1)
        taken = inspect.signature(getattr(torch.optim, settings.torch_class)).parameters
        assert {*settings.arguments(), "lr", "weight_decay", "fused"} <= set(taken)

    @pytest.mark.parametrize(
        ("name", "more", "passes"), [("sgd", {}, 3), ("sgd", {"momentum": 0.9}, 5), ("adam", {}, 7), ("adamw", {}, 7)]
    )
    def test_it_says_what_it_remembers(self, name: str, more: dict[str, float], passes: int) -> None:
        """The weight read and written, its gradient read, and each thing that is remembered read and written."""
        assert choices("optimizer")[name](name=name, lr=0.1, **more).passes == passes
