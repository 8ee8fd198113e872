"""Files that a user asked for: written whole or not at all, and refused with a reason."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, Diagnostic, RunError

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, content: str | bytes) -> None:
    """Put ``content`` at ``path``, replacing what was there in one step; raise RunError where that is impossible."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content.encode() if isinstance(content, str) else content)
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        hint = None if path.parent.is_dir() else f"there is no folder {path.parent}"
        raise RunError(f"cannot write {path}: {error.strerror}", hint) from None


def refuse_to_overwrite(path: Path) -> None:
    """Raise ArchError if there is something at ``path`` already."""
    if path.exists():
        raise ArchError(
            Diagnostic("file-exists", f"{path} is there already", None, "choose another name, or remove it")
        )
