"""The folder of a cell: in the study's own where a worker sees that, else in the worker's scratch folder."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from builder.files import cannot_write, write_text
from builder.study.results.cells import write_cell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from builder.study.results.cells import Cell
    from builder.study.results.folder import CellFolder, StudyFolder


def prepare_cell(place: CellFolder, cell: Cell, page: str) -> None:
    """Make the folder of a cell, with all that training it needs, unless it is there; what defines it comes last."""
    if place.definition.exists():
        return
    try:
        place.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(place.path, error) from error
    write_text(place.network, page)
    write_cell(place.definition, cell)


def sees(study: StudyFolder, fingerprint: str) -> bool:
    """Return whether this process may write into the folder of the study whose plan has that ``fingerprint``."""
    try:
        return plan_fingerprint(study) == fingerprint and os.access(study.path, os.W_OK)
    except OSError:
        return False


def plan_fingerprint(study: StudyFolder) -> str:
    """Return a checksum of a study's plan; raise OSError where there is none."""
    return sha256(study.plan.read_bytes()).hexdigest()


def forget_cell(scratch: Path, cell: str) -> None:
    """Remove a cell from a worker's ``scratch``, after its result has been written where it belongs."""
    shutil.rmtree(scratch / cell, ignore_errors=True)


@contextmanager
def claimed(place: CellFolder) -> Iterator[bool]:
    """Keep every other process from ``place``; give whether that succeeded. The claim ends with the process."""
    lock = FileLock(place.path / ".claim", blocking=False)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    except OSError as error:
        raise cannot_write(place.path, error) from error
    try:
        yield True
    finally:
        lock.release()
