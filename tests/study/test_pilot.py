"""The measurement before a study."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from builder.ops import OPERATIONS
from builder.study import pilot
from builder.study.pilot import Pilot
from builder.training.recipe.optimizer import Sgd
from builder.training.recipe.recipe import Recipe
from builder.training.speed.benchmark import random_images

RECIPE = Recipe(name="r", epochs=1, batch_size=8, optimizer=Sgd(name="sgd", lr=0.1), size=32)


class TestSeconds:
    """How long an image takes."""

    @pytest.mark.parametrize(("computed", "seconds"), [(10.0, 0.01), (2.5, 0.0025), (11.0, 0.01)])
    def test_they_are_the_processors(self, monkeypatch: pytest.MonkeyPatch, computed: float, seconds: float) -> None:
        """Where other programs have taken three quarters of the clock's time, a cell takes a quarter of it."""
        clock, used = iter((0.0, 10.0) * 2), iter((0.0, computed) * 2)
        monkeypatch.setattr(pilot, "perf_counter", lambda: next(clock))
        monkeypatch.setattr(pilot, "process_time", lambda: next(used))
        monkeypatch.setattr(pilot, "prepare", lambda *_, **__: None)
        monkeypatch.setattr(pilot, "train_prepared", lambda *_: SimpleNamespace(images_per_second=100.0))
        found = Pilot(random_images(32, 3, 2), torch.device("cpu"), RECIPE, OPERATIONS).seconds("name: small\n")
        assert found == pytest.approx(seconds)


class TestWorkers:
    """How many cells run side by side."""

    @pytest.mark.parametrize(
        ("name", "here", "workers"), [("mps", 1, 1), ("xpu", 2, 2), ("cuda", 4, 4), ("cuda", 0, 1)]
    )
    def test_a_device_that_is_no_cpu_has_one_each(
        self, monkeypatch: pytest.MonkeyPatch, name: str, here: int, workers: int
    ) -> None:
        """Not one for each core of the CPU beside it: on a Mac all of them would share the one GPU."""
        monkeypatch.setattr(torch, "get_device_module", lambda _name: SimpleNamespace(device_count=lambda: here))
        assert Pilot(random_images(32, 3, 2), torch.device(name), RECIPE, OPERATIONS).workers(1) == workers
