"""The real CIFAR-10, for the tests that need it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from builder.training.data.dataset import DataSet


@pytest.fixture(scope="session")
def cifar10() -> DataSet:
    """Return the real CIFAR-10, or skip."""
    folder = os.environ.get("ARCHCLI_CIFAR10")
    if folder is None:
        pytest.skip("the real CIFAR-10 is needed: set ARCHCLI_CIFAR10 to the folder that holds cifar-10-batches-py")
    from builder.training.data.named import load  # noqa: PLC0415 - torch, which most tests do not need

    return load("cifar10", Path(folder))
