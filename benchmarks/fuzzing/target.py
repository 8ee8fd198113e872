"""A kind of file that is searched: how it is read, what it looks like, and how it is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

STRANGE = (
    0, 1, -1, 2, 3, 255, 65536, 2**31, 2**63, 10**30, -(10**18), 0.5, -0.0, 1e-320, 1e39, 1e308, float("inf"),
    float("-inf"), float("nan"), True, False, None, "", " ", "0", "-1", "nan", "../x", "a/b", "é\u0301", "\ud800", "\0",
    "x" * 300, [], {}, [0], [[]], [1, 2, 3], {"": 0}, {"a": {"b": 0}},
)  # fmt: skip
"""Values that programs stumble over."""


@dataclass(frozen=True)
class Target:
    """One kind of file.

    ``read(data, folder)`` writes ``data`` into an empty folder, reads it as a command would, and makes the text that
    the command would print. ``mutate(data, numbers)`` returns a neighbor of ``data``. No file of ``longest`` bytes may
    take more than ``seconds`` of processor time of the reference machine, or ``megabytes`` more than any before it.
    """

    read: Callable[[bytes, Path], None]
    seeds: Callable[[], list[bytes]]
    mutate: Callable[[bytes, random.Random], bytes]
    words: tuple[str, ...] = ()
    longest: int = 4096
    seconds: float = 1.0
    megabytes: int = 200
