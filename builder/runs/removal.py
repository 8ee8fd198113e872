"""Removing runs, or the checkpoints of finished ones, so that a kill at any moment leaves a run whole or gone."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from builder.diagnostics import RunError
from builder.runs.listing import ended_state, size_of
from builder.training.folder.lock import held, is_elsewhere, last_change
from builder.training.folder.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from builder.runs.listing import ListedRun

_ASIDE = ".removed-"
"""What the name of a run begins with that is being removed; no list shows it, and nothing opens it by its name."""

_KEPT = 40  # characters of its own name behind that: names of 255 bytes are as long as names can be


def remove_run(run: ListedRun) -> None:
    """Remove the folder of a run, without following any link in it.

    It is first called otherwise, at once. Raises RunError where it is being trained, is no longer what was listed, or
    can't be removed.
    """
    aside = run.run.with_name(f"{_ASIDE}{run.run.name[:_KEPT]}-{os.getpid()}")
    try:
        with _as_listed(run):
            if os.name != "nt":
                run.run.rename(aside)
        if os.name == "nt":  # where no folder is renamed in which a file is open, and the lock is one
            run.run.rename(aside)
    except OSError as error:
        raise _cannot_remove(run.run, error) from error
    _erase(aside)


def slim_run(run: ListedRun) -> None:
    """Leave nothing of a finished run's checkpoints but the weights of its best epoch; raises as ``remove_run``."""
    with _as_listed(run):
        RunFolder(run.run).drop_checkpoints()


def checkpoint_bytes(run: ListedRun) -> int:
    """Return how many bytes ``slim_run`` would free."""
    return sum(size_of(path) for path in RunFolder(run.run).droppable)


def erase_leftovers(folder: Path) -> None:
    """Remove what was being removed in ``folder`` when somebody was killed; raise RunError if that can't be."""
    try:
        with os.scandir(folder) as entries:
            names = [each.name for each in entries
                     if each.name.startswith(_ASIDE) and each.is_dir(follow_symlinks=False)]  # fmt: skip
    except OSError as error:
        raise _cannot_remove(folder, error) from error
    for name in names:
        _erase(folder / name)


@contextmanager
def _as_listed(run: ListedRun) -> Iterator[None]:
    """Keep training out of the run while this lasts; raise RunError unless it is still what was listed."""
    path = run.run
    if path.is_symlink():
        raise RunError(f"{path} is a link now")
    with held(path):
        try:
            elsewhere = is_elsewhere(path, last_change(path))
        except OSError as error:
            raise _cannot_remove(path, error) from error
        if elsewhere or ended_state(path).state != run.state:
            raise RunError(f"{path} has changed since it was listed")
        yield


def _erase(path: Path) -> None:
    try:
        shutil.rmtree(path)
    except FileNotFoundError:  # another one erases it too
        return
    except OSError as error:
        raise _cannot_remove(path, error) from error
    except RecursionError:
        raise RunError(f"cannot remove {path}: its folders are nested too deeply", f"`rm -r {path}` does") from None


def _cannot_remove(path: Path, error: OSError) -> RunError:
    return RunError(f"cannot remove {error.filename or path}: {error.strerror or error}")
