"""The runs of a folder at a glance, from a few short files of each: a thousand runs take a second, and no torch."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Literal, TypeAlias

from builder.diagnostics import ArchError, RunError
from builder.files import is_file, read_regular
from builder.training.folder.failure import read_failure
from builder.training.folder.header import seen_metrics
from builder.training.folder.lock import is_elsewhere, is_held, is_starting, last_change
from builder.training.folder.metrics import check_metrics, read_metrics
from builder.training.folder.run_files import read_data
from builder.training.folder.run_folder import RunFolder
from builder.training.folder.summary import read_summary
from builder.training.recipe.recipe import load_recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.choices import EndedState
    from builder.training.folder.metrics import EpochMetrics

ListedState: TypeAlias = Literal["running", "finished", "stopped", "failed", "broken"]

_MOST = 1_000_000  # bytes of a page or a recipe
_NAME = re.compile(r"^name:[ \t]*[\"']?(\w[\w.-]*)", re.MULTILINE)
_EPOCHS = re.compile(r"^epochs:[ \t]*([0-9]{1,9})[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class ListedRun:
    """A run: how far it is, the best validation accuracy so far, its size on disk and the seconds since it changed.

    ``reason`` says why it has failed or is broken. What its files do not say is None.
    """

    run: Path
    state: ListedState
    network: str | None
    data: str | None
    epoch: int
    epochs: int | None
    best_val_accuracy: float | None
    bytes: int
    age: int
    reason: str | None = None


@dataclass(frozen=True)
class _Ended:
    state: EndedState
    rows: tuple[EpochMetrics, ...] = ()
    epochs: int | None = None
    reason: str | None = None


def list_runs(folder: Path) -> tuple[ListedRun, ...]:
    """Return the runs that lie in ``folder``, the newest first; other folders, hidden ones and links are left out.

    Raises RunError where there is no such folder, or it is that of a run.
    """
    if _is_run(folder):
        raise RunError(f"{folder} is the folder of a run", f"name the one above it: {folder.absolute().parent}")
    try:
        with os.scandir(folder) as entries:
            found = [folder / each.name for each in entries if each.is_dir(follow_symlinks=False)]
    except OSError as error:
        hint = "`archcli train FILE` makes it" if isinstance(error, FileNotFoundError) else "name a folder of runs"
        raise RunError(f"cannot list {folder}: {error.strerror or error}", hint) from error
    named = (path for path in sorted(found) if not path.name.startswith(".") and _is_run(path))
    newest = sorted(((_changed(path), look_at(path)) for path in named), key=lambda pair: -pair[0])
    return tuple(run for _, run in newest)


def look_at(path: Path) -> ListedRun:
    """Return the run at ``path``; what of it can't be read makes it a broken one, and raises nothing."""
    changed, ended = _changed(path), ended_state(path)
    running = is_held(path) or is_elsewhere(path, changed) or (not _has_begun(path) and is_starting(path, changed))
    best = max((row.val_accuracy for row in ended.rows), default=None)
    return ListedRun(
        run=path,
        state="running" if running else ended.state,
        network=_network(path),
        data=_data(path),
        epoch=len(ended.rows),
        epochs=ended.epochs,
        best_val_accuracy=best,
        bytes=size_of(path),
        age=max(0, round(time() - changed)),
        reason=None if running else ended.reason,
    )


def ended_state(path: Path) -> _Ended:
    """Return what the run at ``path`` is if nobody trains it."""
    if not _has_begun(path):
        return _Ended("broken", reason="it was stopped before its first checkpoint")
    folder = RunFolder(path)
    try:
        rows = tuple(read_metrics(folder.metrics))
        seen = seen_metrics(folder.last, folder.previous, folder.best)
        if seen is not None:
            check_metrics(folder.metrics, seen)
        failure, summary, epochs = read_failure(folder), read_summary(folder), _epochs(folder)
    except ArchError as error:
        return _Ended("broken", reason=error.diagnostics[0].message)
    except RunError as error:
        return _Ended("broken", reason=error.message)
    if failure is not None:
        return _Ended("failed", rows, epochs, failure.message)
    finished = summary is not None and summary.epochs == epochs
    if is_file(folder.best) if finished else folder.has_checkpoints:
        return _Ended("finished" if finished else "stopped", rows, epochs)
    return _Ended("broken", rows, epochs, f"it has lost its {'best weights' if finished else 'checkpoints'}")


def size_of(path: Path) -> int:
    """Return the bytes of all files in a folder, or of a file; a link counts as such, and is not followed."""
    return sum(_sizes(path))


def _sizes(path: Path) -> Iterator[int]:
    """Yield the sizes of files, but of those that can't be seen, are gone, or lie deeper than a name may be long."""
    folders = [path]
    while folders:
        folder = folders.pop()
        try:
            if folder.is_symlink() or not folder.is_dir():
                yield folder.lstat().st_size
                continue
            with os.scandir(folder) as entries:
                for each in entries:
                    if each.is_dir(follow_symlinks=False):
                        folders.append(Path(each.path))
                    else:
                        yield each.stat(follow_symlinks=False).st_size
        except OSError:
            continue


def _changed(path: Path) -> float:
    try:
        return last_change(path)
    except OSError:
        return 0.0


def _is_run(path: Path) -> bool:
    return is_file(path / "page.yaml") or _has_begun(path)


def _has_begun(path: Path) -> bool:
    return is_file(path / "recipe.yaml")


def _epochs(folder: RunFolder) -> int:
    """Return how many epochs a run is to have: as it writes them itself, or as somebody has edited them."""
    found = _EPOCHS.search(_text(folder.recipe))
    return int(found[1]) if found else load_recipe(folder.recipe).epochs


def _network(path: Path) -> str | None:
    found = _NAME.search(_text(path / "page.yaml"))
    return found[1] if found else None


def _data(path: Path) -> str | None:
    try:
        return read_data(RunFolder(path)).name
    except RunError:
        return None


def _text(path: Path) -> str:
    """Return the beginning of what is needed of a file, nothing where it can't be read."""
    try:
        return read_regular(path, _MOST).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""
