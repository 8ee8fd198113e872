"""What the buttons write: pages of variants, below the folder of the server; never over what says something else."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from builder.diagnostics import ArchError, Diagnostic
from builder.variants.writing import write_pages

if TYPE_CHECKING:
    from pathlib import Path

    from builder.variants import Variants

WRITTEN: Final = 1_000
"""Pages that one click writes at most."""


@dataclass(frozen=True)
class WrittenFiles:
    """The files that a button wrote, by their paths, and what to run next."""

    files: tuple[Path, ...]
    commands: tuple[str, ...] = ()


def inside(folder: str, here: Path) -> Path:
    """Return the path that ``folder`` is below ``here``; raise ArchError for one that leads out of it."""
    path = here / folder
    if not folder.strip() or not path.resolve().is_relative_to(here.resolve()):
        message = f"`{folder}` is not a folder below {here}"
        raise ArchError(Diagnostic("outside", message, None, "the server writes only below the folder it runs in"))
    return path


def write_variants(found: Variants, folder: Path) -> WrittenFiles:
    """Write a page for each variant; raise ArchError for too many, or rather than change what is there."""
    if found.size > WRITTEN:
        message = f"{found.size:,} pages are more than one click writes, which is {WRITTEN:,}"
        raise ArchError(Diagnostic("too-many-variants", message, None, "choose fewer places"))
    files = write_pages(islice(found, WRITTEN), found.origin.base, folder)
    return WrittenFiles(files, (shlex.join(["archcli", "draw", *map(str, files[:4])]),))
