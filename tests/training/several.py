"""Several processes that train together, forked from the one that tests."""

from __future__ import annotations

import os
import pickle
import socket
import traceback
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import torch

from builder.training.device.distributed import join

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from builder.training.device.distributed import ProcessGroup

Found = TypeVar("Found")


class Failed(NamedTuple):
    """What a process raised: its kind and what it said."""

    kind: str
    message: str


def together(count: int, folder: Path, work: Callable[[ProcessGroup], Found]) -> list[Found | Failed]:
    """Return what ``work`` returned, or raised, in each of ``count`` processes; ``folder`` takes their answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    children = [_forked(number, count, port, folder / f"answer{number}", work) for number in range(count)]
    for child in children:
        os.waitpid(child, 0)
    return [pickle.loads((folder / f"answer{number}").read_bytes()) for number in range(count)]


def _forked(number: int, count: int, port: str, answer: Path, work: Callable[[ProcessGroup], Found]) -> int:
    child = os.fork()
    if child:
        return child
    variables = {"RANK": str(number), "WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    os.environ |= variables
    found: Found | Failed
    try:
        with join(torch.device("cpu")) as group:
            found = work(group)
    except Exception as error:  # noqa: BLE001 - whatever it is, the test has to learn of it
        traceback.print_exc()
        found = Failed(type(error).__name__, str(error))
    answer.write_bytes(pickle.dumps(found))
    os._exit(0)
