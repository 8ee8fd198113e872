"""Files by name: written whole or not at all, links and modes kept; read only where they are files."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, Diagnostic, RunError, suggest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from io import BufferedReader, BufferedWriter

_UNFINISHED = ".tmp"
_LONGEST_NAME = 200  # bytes of a name that still has room for what a temporary one adds; file systems take 255
_PATIENCE = 5.0  # seconds that a pipe may be without a reader
_OPENS_FOLDERS = os.name != "nt"
_NO_FOLDER_SYNC = {errno.EACCES, errno.EPERM, errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF}
"""How a file system says that it forces no folder to disk, or not for this user."""


@contextmanager
def replacing(path: Path, former: Path | None = None) -> Iterator[Path]:
    """Give a temporary path to write to; on leaving, put that file in the place of ``path`` at once.

    Whatever happens, ``path`` holds the old content or the new, with the old one's mode. A link stays one: what it
    leads to is replaced. A device or a pipe takes the content and stays what it is. With ``former`` the old content
    is kept there, and between two moments it is there alone. Raises RunError if it can't be written.
    """
    try:
        if _is_stream(path):
            with _passed_on(path) as written:
                yield written
        else:
            linked = former is None and path.is_symlink()
            with _put_in_place(Path(os.path.realpath(path)) if linked else path, former) as written:
                yield written
    except OSError as error:
        raise cannot_write(path, error) from error


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` in UTF-8, whole or not at all; raise RunError if it can't be written."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path``, whole or not at all; raise RunError if it can't be written."""
    with replacing(path) as written:
        written.write_bytes(content)


def check_output(path: Path) -> None:
    """Raise RunError where ``path`` plainly can't be written, so that hours of work are not begun for nothing."""
    try:
        if not _is_stream(path):
            folder = Path(os.path.realpath(path)).parent
            if not folder.exists():
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            if not os.access(path if path.exists() else folder, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise cannot_write(path, error) from error


def check_apart(outputs: Iterable[Path | None], read: Iterable[Path]) -> None:
    """Raise ArchError for an output in the place of a file that is ``read``, or of another output.

    What is no file may be named twice: ``/dev/null``.
    """
    inputs = {os.path.realpath(each) for each in read}
    taken = set(inputs)
    for path in outputs:
        place = os.path.realpath(path) if path is not None else None
        if path is None or (place is not None and os.path.lexists(place) and not is_file(path)):
            continue
        if place in taken:
            what = "would replace what this command reads" if place in inputs else "was named for two results"
            raise ArchError(Diagnostic("usage", f"`{path}` {what}", None, "name another file"))
        taken.add(str(place))


def check_figures(paths: Iterable[Path], suffixes: Sequence[str]) -> None:
    """Raise ArchError for a figure whose name does not end in one of ``suffixes``, which stand without a dot.

    Raises RunError for one that plainly can't be written.
    """
    for path in paths:
        suffix = path.suffix.lower().removeprefix(".")
        if suffix not in suffixes:
            hint = suggest(suffix, suffixes, "a figure's name ends in")
            raise ArchError(Diagnostic("usage", f"no figure can be written as `{path}`", None, hint))
        check_output(path)


def make_folder(path: Path) -> None:
    """Make the folder ``path``, and those above it, where they are not there; raise RunError if that can't be."""
    try:
        Path(os.path.realpath(path) if path.is_symlink() else path).mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise cannot_write(path, NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))) from error
    except OSError as error:
        raise cannot_write(path, error) from error


def remove_unfinished(folder: Path) -> None:
    """Remove what a killed process was writing in ``folder``; raise RunError if that can't be."""
    for path in folder.glob(f".*{_UNFINISHED}"):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> RunError:
    """Return what to raise when writing ``path`` ended in ``error``."""
    return RunError(f"cannot write {path}: {error.strerror or error}", _way_out(path, error))


def relative_to(path: Path, folder: Path) -> str:
    """Return ``path`` as it is called from ``folder``, with ``/``, so that both can be moved together.

    It stays absolute where there is no such name: on another drive of Windows.
    """
    there = Path(os.path.realpath(path))
    try:
        return Path(os.path.relpath(there, os.path.realpath(folder))).as_posix()
    except ValueError:
        return str(there)


def seen_from(folder: Path, text: str) -> Path:
    """Return the path that ``relative_to`` called ``text``; one that is absolute is itself."""
    return Path(os.path.normpath(Path(os.path.realpath(folder), text)))


def is_file(path: Path) -> bool:
    """Return whether ``path`` leads to a file; what no file can be called, such as a name of 300 letters, does not."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Return whether ``path`` leads to a folder; what no folder can be called does not."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def other_than_file(path: Path) -> str | None:
    """Return what stands at ``path`` and is no file, such as a pipe; None where nothing stands there."""
    try:
        if not path.exists():
            return None
    except (OSError, ValueError):  # a name that nothing can have
        return None
    try:
        check_regular(path)
    except OSError as error:
        return reason_of(error)
    return None


def check_regular(path: Path) -> None:
    """Raise OSError unless ``path`` leads to a file: from a pipe or a device there is no end of reading."""
    _check_kind(path.stat().st_mode, path)


def open_regular(path: Path) -> BufferedReader:
    """Open the file at ``path`` for reading; raise OSError where there is none, or it is a pipe, device or folder.

    The kind is asked before it is opened, which may wait for ever or do something to a device, and again afterwards.
    """
    check_regular(path)
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        _check_kind(os.fstat(descriptor).st_mode, path)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: Path, limit: int) -> bytes:
    """Return the content of the file at ``path``; raise OSError as ``open_regular``, and for over ``limit`` bytes."""
    with open_regular(path) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit:,} bytes", str(path))
    return content


def reason_of(error: Exception) -> str:
    """Return why something can't be read or written, without the number and the path that Python adds."""
    if isinstance(error, KeyError):
        return f"`{error.args[0]}` is missing"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _check_kind(mode: int, path: Path) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        kind = "pipe" if stat.S_ISFIFO(mode) else "socket" if stat.S_ISSOCK(mode) else "device"
        raise OSError(errno.EINVAL, f"it is a {kind}, and no file", str(path))


def _is_stream(path: Path) -> bool:
    """Return whether ``path`` leads to something that takes content but is no file; raise OSError for a folder."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    return not stat.S_ISREG(mode)


@contextmanager
def _passed_on(path: Path) -> Iterator[Path]:
    """Give a temporary path; on leaving, copy what was written there into the device or pipe ``path``."""
    with TemporaryDirectory() as folder:
        written = Path(folder) / "content"
        yield written
        with written.open("rb") as content, _open_stream(path) as stream:
            shutil.copyfileobj(content, stream)


def _open_stream(path: Path) -> BufferedWriter:
    """Open a device or pipe for writing; wait for a pipe's reader, but not for ever."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
            break
        except OSError as error:
            if error.errno != errno.ENXIO or not path.is_fifo():
                raise
            if time.monotonic() > until:
                raise OSError(errno.ENXIO, "nobody reads from this pipe") from error
        time.sleep(0.02)
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "wb")


@contextmanager
def _put_in_place(path: Path, former: Path | None) -> Iterator[Path]:
    """Give a temporary path beside ``path``; on leaving, move it there."""
    name = path.name if len(os.fsencode(path.name)) <= _LONGEST_NAME else path.name[: _LONGEST_NAME // 4]
    written = path.with_name(f".{name}.{os.getpid()}{_UNFINISHED}")
    before = path.stat() if path.exists() else None
    path.parent.stat()  # writers of other libraries say in their own ways that it is missing
    if before is not None and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    try:
        if before is not None:  # nobody may read in between what only the owner of the old file may
            os.close(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        yield written
        _force_to_disk(written)
        if before is not None:
            _give_owner_and_mode(written, before)
        if former is not None and before is not None:
            _set_aside(path, former)
        written.replace(path)
        _force_name_to_disk(path.parent)
    finally:
        written.unlink(missing_ok=True)


def _set_aside(path: Path, former: Path) -> None:
    try:
        path.replace(former)
    except OSError as error:
        raise cannot_write(former, error) from error


def _give_owner_and_mode(path: Path, wanted: os.stat_result) -> None:
    now = path.stat()
    if (now.st_uid, now.st_gid) != (wanted.st_uid, wanted.st_gid):
        with suppress(OSError):  # only root may give files away
            os.chown(path, wanted.st_uid, wanted.st_gid)
    path.chmod(stat.S_IMODE(wanted.st_mode))


def _force_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)  # Windows forces nothing to disk that is open for reading only
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _force_name_to_disk(folder: Path) -> None:
    """Force to disk that a file is called so, where the platform can."""
    if not _OPENS_FOLDERS:
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise


def _way_out(path: Path, error: OSError) -> str | None:
    """Return what to do about ``error``, None where nobody knows."""
    match error.errno:
        case None:
            return None
        case errno.ENOENT:
            target = Path(os.path.realpath(path)) if path.is_symlink() else path
            gone = f"there is no folder {target.parent}: make it, or choose another one"
            return "choose another folder" if target.parent.is_dir() else gone  # /proc/self is there, and takes none
        case errno.EISDIR:
            return "it is a folder: name a file"
        case errno.ENOTDIR | errno.EEXIST:
            return "a file is where a folder is needed: choose another name"
        case errno.ENAMETOOLONG:
            return "choose a shorter name"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return "choose another folder, or allow writing there"
        case errno.ENXIO:
            return "start what reads from it first"
    return "free some space, or choose another folder"
