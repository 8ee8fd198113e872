"""Which version of the code a result came from: digests of the files that decide how a network is trained.

Which files these are is computed from what imports what, so that none is forgotten and none is there for nothing.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from builder.ops.plugins import read_plugins
from builder.study.workers.closure import closure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from builder.ops.plugins import Plugin

_START = ("builder.study.workers.trial",)
"""What trains a cell; all that it imports belongs to it."""

_NO_MATTER = (
    "builder.runs.logs",
    "builder.study.workers.logs",
    "builder.training.figures",
    "builder.training.progress",
    "builder.training.speed",
    "builder.study.statistics",
)
"""What draws, tells, measures and judges: no cell's result depends on it."""

_PLUGIN = "plugin "


@lru_cache(maxsize=1)
def code_version(package: Path = Path(__file__).parents[2]) -> Mapping[str, str]:
    """Return a digest for every file that decides results, by its path below ``package``, the folder ``builder``."""
    return MappingProxyType(closure(package, _START, _NO_MATTER))


def version_with(plugins: Iterable[Path]) -> dict[str, str]:
    """Return a digest for every file that decides results, those of ``plugins``, which are run, among them."""
    own = {_PLUGIN + name: plugin.sha256[:12] for name, plugin in named_plugins(plugins).items()}
    return {**code_version(), **own}


def named_plugins(paths: Iterable[Path]) -> dict[str, Plugin]:
    """Return plugins by the names of their files, each by its own; raise ArchError where one can't be run."""
    found: dict[str, Plugin] = {}
    for plugin in read_plugins(paths):
        name = plugin.path.name
        found[name if name not in found else f"{len(found)}_{name}"] = plugin
    return found


def plugins_of(version: Mapping[str, str]) -> dict[str, str]:
    """Return the digests of a version's plugins by the names of their files."""
    return {name.removeprefix(_PLUGIN): digest for name, digest in version.items() if name.startswith(_PLUGIN)}


def code_digest(version: Mapping[str, str]) -> str:
    """Return one digest for all files of a version."""
    return sha256("".join(f"{name} {digest}\n" for name, digest in version.items()).encode()).hexdigest()[:16]


def changed_code(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the files that are not in both versions the same."""
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
