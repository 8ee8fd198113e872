"""What the tests of training share: the small task, a recipe for it, and the real CIFAR-10."""

from __future__ import annotations

import pytest
import torch

from builder.training.data.dataset import DataSet
from builder.training.recipe.optimizer import Sgd
from builder.training.recipe.recipe import Recipe
from tests.training.tiny_task import TinyNetwork, quadrants


@pytest.fixture
def data() -> DataSet:
    """Return 70 images to train on, 20 to choose the best epoch by and 20 to test on."""
    classes = ("north-west", "north-east", "south-west", "south-east")
    return DataSet("quadrants", classes, quadrants(70, 1), quadrants(20, 2), quadrants(20, 3))


@pytest.fixture
def recipe() -> Recipe:
    """Return a recipe of three epochs of five steps, the last one smaller."""
    return Recipe(name="tiny", epochs=3, batch_size=16, optimizer=Sgd(name="sgd", lr=0.1, momentum=0.9), seed=5)


@pytest.fixture
def network() -> TinyNetwork:
    """Return a network drawn from seed 5."""
    torch.manual_seed(5)
    return TinyNetwork()


@pytest.fixture
def cpu() -> torch.device:
    """Return the device that every machine has."""
    return torch.device("cpu")
