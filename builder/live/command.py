"""``archcli live``: the pages are looked at once, and then served until somebody ends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.live.app import Served
from builder.live.follower import Follower
from builder.live.pages import first_look
from builder.live.serving import serve
from builder.ops.plugins import with_plugins

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True)
class LiveOptions:
    """What the command line says: which pages, which port (0 is any), whose operations, where runs and data lie."""

    pages: tuple[str, ...]
    port: int
    plugins: tuple[Path, ...]
    runs_dir: Path
    data_dir: Path


def run(asked: LiveOptions, on_ready: Callable[[str], None]) -> None:
    """Serve the pages; raise ArchError for one that is not there, RunError for a port that can't be had."""
    operations = with_plugins(asked.plugins)
    follower = Follower(first_look(asked.pages, operations), operations)
    serve(Served(follower, operations, asked.plugins, asked.runs_dir, asked.data_dir), asked.port, on_ready)
