"""Settings of all tests, and the fixtures that every room uses."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

# Before torch is imported, and for the processes that tests start: so small networks mostly wait for a second thread.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests.command_line import archcli, no_pictures, trained  # noqa: F401 - fixtures, after the line above
from tests.real_data import cifar10  # noqa: F401 - the same

# No test asserts how long something takes, which a busy machine decides.
settings.register_profile("without a deadline", deadline=None)
settings.load_profile("without a deadline")


def pytest_collection_finish() -> None:
    """Leave modules and tests out where garbage is looked for: among so many objects that took 0.7 s each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Fail a test that leaves torch with more threads: what a later test forks would wait for them forever."""
    yield
    torch = sys.modules.get("torch")
    if torch is not None and (left := torch.get_num_threads()) != 1:
        torch.set_num_threads(1)
        pytest.fail(f"torch was left with {left} threads")
