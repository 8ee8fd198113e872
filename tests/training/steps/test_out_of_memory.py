"""What is said where memory is too small."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from builder.diagnostics import RunError
from builder.training import trainer
from builder.training.folder.run_folder import RunFolder
from builder.training.steps.out_of_memory import largest_fitting
from builder.training.trainer import train
from tests.training.tiny_task import TinyNetwork

if TYPE_CHECKING:
    from builder.training.data.batches import Batches
    from builder.training.data.dataset import DataSet
    from builder.training.recipe.recipe import Recipe

ROOT = Path(__file__).parents[3]


class TestLargestFitting:
    """Halved until it fits."""

    @pytest.mark.parametrize(("room", "found"), [(1000, 48), (47, 24), (6, 6), (1, 1), (0, 0)])
    def test_the_first_that_fits_is_returned(self, room: int, found: int) -> None:
        """48, 24, 12, 6, 3, 1; 0 where not even one image does."""

        def try_step(images: int) -> None:
            if images > room:
                raise torch.OutOfMemoryError

        assert largest_fitting(48, try_step) == found

    def test_another_error_is_not_hidden(self) -> None:
        """It is no answer to the question."""

        def try_step(images: int) -> None:
            raise RuntimeError("shapes")

        with pytest.raises(RuntimeError, match="shapes"):
            largest_fitting(4, try_step)


class TestTraining:
    """A run in too little memory."""

    def answer(
        self, room: int, data: DataSet, recipe: Recipe, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> RunError:
        """Return what is said where a step of more than ``room`` images does not fit."""
        whole = trainer.train_epoch

        def too_much(train_on: object, batches: Batches, recipe: Recipe, *more: object) -> None:
            if recipe.batch_size > room:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate …")
            whole(train_on, batches, recipe, *more)

        monkeypatch.setattr(trainer, "train_epoch", too_much)
        with pytest.raises(RunError) as raised:
            train(TinyNetwork(), data, recipe, RunFolder.create(folder, "tiny"), torch.device("cpu"))
        return raised.value

    def test_the_batch_that_fits_is_named(
        self, data: DataSet, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With the setting that makes it."""
        said = self.answer(5, data, recipe, tmp_path, monkeypatch)
        assert said.message == "cpu (1 threads) has too little memory for batches of 16 images; a step of 4 fits"
        assert said.hint == "try `--set batch_size=4`"

    def test_where_nothing_fits_the_network_is_too_large(
        self, data: DataSet, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Or its images."""
        said = self.answer(0, data, recipe, tmp_path, monkeypatch)
        assert said.message == "cpu (1 threads) has too little memory for batches of 16 images, and for one image"
        assert said.hint == "try a smaller network or `--set size=…`"

    def test_where_a_step_fits_it_is_something_else(
        self, data: DataSet, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Such as validation, whose batches are larger."""

        def too_much(*arguments: object) -> None:
            raise torch.OutOfMemoryError

        monkeypatch.setattr(trainer, "evaluate_batches", too_much)
        said = self.answer(16, data, recipe, tmp_path, monkeypatch)
        assert "though a training step of 16 images fits" in said.message

    @pytest.mark.slow
    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's memory so that it is told")
    def test_a_real_limit_is_answered_by_what_really_fits(self, tmp_path: Path) -> None:
        """A process that may take 300 MB more than torch alone, and batches that need gigabytes."""
        program = f"""
import resource, sys
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "tests" / "training")!r}]
from pathlib import Path
import torch
from tests.training.tiny_task import TinyNetwork, quadrants
from builder.diagnostics import RunError
from builder.training.data.dataset import DataSet
from builder.training.recipe.optimizer import Sgd
from builder.training.recipe.recipe import Recipe
from builder.training.folder.run_folder import RunFolder
from builder.training.trainer import train

def trained(images, batch_size):
    data = DataSet("quadrants", ("a", "b", "c", "d"), quadrants(images, 1), quadrants(20, 2))
    recipe = Recipe(name="r", epochs=1, batch_size=batch_size, optimizer=Sgd(name="sgd", lr=0.1), size=64)
    train(TinyNetwork(), data, recipe, RunFolder.create(Path({str(tmp_path)!r}), "r"), torch.device("cpu"))

torch.set_num_threads(1)
trained(4, 2)  # what torch loads late is loaded now
taken = int(next(line for line in open("/proc/self/status") if line.startswith("VmSize:")).split()[1]) * 1024
resource.setrlimit(resource.RLIMIT_AS, (taken + 300 * 2**20,) * 2)
try:
    trained(4096, 4096)
except RunError as error:
    print(error.message, "|", error.hint)
"""
        done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=120)
        message, _, hint = done.stdout.strip().rpartition("\n")[2].partition(" | ")
        assert "has too little memory for batches of 4,096 images; a step of " in message, done.stderr
        assert int(hint.removeprefix("try `--set batch_size=").rstrip("`")) in {64, 128, 256, 512, 1024}
