"""The measurement before a study."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import torch
from PIL import Image

from builder.ops import OPERATIONS
from builder.study import pilot
from builder.study.page.page import read_study
from builder.study.pilot import Pilot, begin_pilot
from builder.training.recipe.optimizer import Sgd
from builder.training.recipe.recipe import Recipe
from builder.training.speed.benchmark import random_images

if TYPE_CHECKING:
    from pathlib import Path

RECIPE = Recipe(name="r", epochs=1, batch_size=8, optimizer=Sgd(name="sgd", lr=0.1), size=32)

PAGE = """name: films
base: alexnet_tiny
data: {name: imagefolder, groups: groups.csv}
set: {size: 8}
seeds: 3
"""


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


class TestGroups:
    """Test images of a folder that count as one observation."""

    def test_they_are_those_of_the_test_images(self, tmp_path: Path) -> None:
        """In their order, and of those alone that are drawn."""
        groups = {"test/a/1": "x", "test/a/2": "y", "test/a/3": "x", "test/b/1": "z"}
        for number, name in enumerate(("train/a/1", "train/b/1", *groups)):
            path = tmp_path / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (8, 8), (number, 0, 0)).save(path)
        lines = "".join(f"{image}.png,{group}\n" for image, group in groups.items())
        (tmp_path / "groups.csv").write_text("image,group\n" + lines, "utf-8")
        (tmp_path / "study.yaml").write_text(PAGE, "utf-8")
        study = read_study(tmp_path / "study.yaml")
        for test, count in ((None, 4), (2, 2)):
            found = begin_pilot(replace(study, test=test), tmp_path, "cpu")
            assert found.data.test is not None
            assert found.true_labels.groups is not None
            letters = ["xyxz"[int(image[0, 0, 0]) - 2] for image in found.data.test.images]
            assert len(letters) == count
            assert found.true_labels.groups.tolist() == [list(dict.fromkeys(letters)).index(each) for each in letters]
            assert found.observations == len(set(letters))


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
