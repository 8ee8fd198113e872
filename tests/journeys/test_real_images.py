"""Training on real data: digits to the end, and a few images of CIFAR-10."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torchvision.models import alexnet

from builder.training.data.named import load
from builder.training.folder.metrics import read_metrics
from builder.training.folder.run_folder import RunFolder
from builder.training.recipe.overrides import override
from builder.training.recipe.recipe import load_recipe
from builder.training.trainer import train
from tests.training.tiny_task import TinyNetwork

if TYPE_CHECKING:
    from pathlib import Path

    from builder.training.data.dataset import DataSet

CPU = torch.device("cpu")


class TestDigits:
    """The recipe for digits."""

    @pytest.mark.slow
    def test_alexnet_reaches_95_percent(self, tmp_path: Path) -> None:
        """On validation, as the README promises; the test split agrees."""
        recipe = load_recipe("digits")
        torch.manual_seed(recipe.seed)
        data = load("digits", tmp_path).with_channels(3)
        summary = train(alexnet(num_classes=10), data, recipe, RunFolder.create(tmp_path, "alexnet"), CPU)
        assert summary.best_val_accuracy >= 0.95
        assert summary.test_accuracy is not None
        assert summary.test_accuracy >= 0.95


class TestCifar10:
    """Real photographs, a few of them."""

    def test_a_subset_is_learned_from(self, cifar10: DataSet, tmp_path: Path) -> None:
        """1,000 images, resized and cut as the report's: better than guessing on images not seen."""
        small = {"size": "28", "crop_pct": "0.875", "epochs": "4", "batch_size": "16", "lr": "0.01"}
        recipe = override(load_recipe("digits"), small.items())
        data = cifar10.hold_out(10_000, recipe.seed).subset(1000, recipe.seed)
        folder = RunFolder.create(tmp_path, "tiny")
        summary = train(TinyNetwork(channels=3, outputs=10), data, recipe, folder, CPU)
        rows = read_metrics(folder.metrics)
        assert [len(split) for split in data.splits.values()] == [1000, 10_000, 10_000]
        assert rows[-1].train_loss < rows[0].train_loss
        assert summary.best_val_accuracy > 0.2
