"""Who trains in the folder of a run: one process, known by a lock, and on other machines by what it left and when."""

from __future__ import annotations

import os
import platform
from contextlib import contextmanager, suppress
from hashlib import sha256
from time import time
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from builder.diagnostics import RunError
from builder.files import cannot_write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK, HOLDER = ".lock", ".running"
_PATIENCE = 1.0  # seconds; whoever only asks whether a run is being trained has the lock for a moment
_SILENCE = 3600.0  # seconds after which a run on another machine has ended; it saves every ten minutes at the latest
_STARTING = 60.0  # seconds that a run may take from its first file to its lock; it takes two
_MACHINE = 16  # letters of a digest; a run's folder is shared, and tells nobody's machine by name


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep other processes out of ``folder``; raise RunError if one is in already.

    The lock ends with the process, however that ends. File systems that share no locks between machines are why the
    process also says on which machine it is; a killed one leaves that behind.
    """
    if (folder / LOCK).is_symlink():
        raise RunError(f"{folder / LOCK} is a link, and locks nothing here", "remove it")
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=_PATIENCE)
    except Timeout:
        raise RunError(f"{folder} is being trained by another process", "wait for it, or stop it") from None
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def saying_where(folder: Path) -> Iterator[None]:
    """Leave word in ``folder`` on which machine it is being trained, until that ends."""
    path = folder / HOLDER
    with suppress(OSError):  # a full disk says so when something is saved
        path.unlink(missing_ok=True)  # a link would lead elsewhere
        path.write_text(_machine(), encoding="utf-8")
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def is_held(folder: Path) -> bool:
    """Return whether a process of this machine trains in ``folder``, or one of another that shares its locks."""
    path = folder / LOCK
    if path.is_symlink() or not path.is_file():
        return False
    try:
        with FileLock(path, blocking=False):
            return False
    except Timeout:
        return True
    except OSError:  # a folder that may only be read
        return False


def is_elsewhere(folder: Path, changed: float) -> bool:
    """Return whether another machine trains in ``folder``, whose newest file is of the time ``changed``.

    One that was killed there is over when nothing has been saved for an hour.
    """
    path = folder / HOLDER
    if path.is_symlink() or not path.is_file():
        return False
    try:
        machine = path.read_text(encoding="utf-8")[:_MACHINE]
    except (OSError, ValueError):
        return False
    return machine != _machine() and time() - changed < _SILENCE


def is_starting(folder: Path, changed: float) -> bool:
    """Return whether a run without a checkpoint, whose newest file is of the time ``changed``, may still begin.

    One that has had its lock, and has it no more, was killed.
    """
    return not (folder / LOCK).exists() and time() - changed < _STARTING


def last_change(folder: Path) -> float:
    """Return when a file of ``folder`` was last written, in seconds since 1970; that it was looked at does not count.

    Raises OSError where the folder can't be read.
    """
    with os.scandir(folder) as entries:
        times = [each.stat(follow_symlinks=False).st_mtime for each in entries if each.name != LOCK]
    return max(times, default=folder.stat().st_mtime)


def _machine() -> str:
    return sha256(platform.node().encode()).hexdigest()[:_MACHINE]
