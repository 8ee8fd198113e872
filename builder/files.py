"""Files that are whole or not there: written beside their place, forced to disk, then moved into it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from builder.diagnostics import RunError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_UNFINISHED = ".tmp"


@contextmanager
def replacing(path: Path, former: Path | None = None) -> Iterator[Path]:
    """Give a temporary path to write to; on leaving, put that file in the place of ``path`` at once.

    Whatever happens, ``path`` holds the old content or the new. With ``former`` the old content is kept there, and
    between two moments it is there alone. Raises RunError if it can't be written.
    """
    written = path.with_name(f".{path.name}.{os.getpid()}{_UNFINISHED}")
    try:
        yield written
        _force_to_disk(written)
        if former is not None and path.exists():
            path.replace(former)
        written.replace(path)
        _force_to_disk(path.parent)  # the name itself
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        written.unlink(missing_ok=True)


def remove_unfinished(folder: Path) -> None:
    """Remove what a killed process was writing in ``folder``; raise RunError if that can't be."""
    for path in folder.glob(f".*{_UNFINISHED}"):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise cannot_write(path, error) from error


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` in UTF-8, whole or not at all."""
    with replacing(path) as written:
        written.write_text(text, encoding="utf-8", newline="\n")


def cannot_write(path: Path, error: OSError) -> RunError:
    """Return what to raise when writing ``path`` ended in ``error``."""
    hint = "free some space, or choose another folder" if error.strerror else None
    return RunError(f"cannot write {path}: {error.strerror or error}", hint)


def _force_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
