"""Which version of the code a result came from: digests of the files that decide how a network is trained."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROOMS = ("ops", "lowering", "emit/python", "runtime", "training")
"""From a page to trained weights; what checks, draws, prices and reports changes no result."""

_BESIDE = ("inplace.py", "graph.py", "shapes.py", "expressions.py", "study/trial.py", "study/images.py")

_NO_MATTER = frozenset({"training/curves.py", "training/progress.py", "training/summary.py", "training/published.py"})
"""What draws and tells."""


@lru_cache(maxsize=1)
def code_version() -> Mapping[str, str]:
    """Return a digest for every file that decides results, by its path below ``builder``."""
    root = Path(__file__).parents[1]
    paths = [path for room in _ROOMS for path in (root / room).rglob("*.py")] + [root / each for each in _BESIDE]
    named = {path.relative_to(root).as_posix(): path for path in paths if path.is_file()}
    return MappingProxyType({name: _digest(path) for name, path in sorted(named.items()) if name not in _NO_MATTER})


def code_digest(version: Mapping[str, str]) -> str:
    """Return one digest for all files of a version."""
    return sha256("".join(f"{name} {digest}\n" for name, digest in version.items()).encode()).hexdigest()[:16]


def changed_code(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the files that are not in both versions the same."""
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()[:12]
