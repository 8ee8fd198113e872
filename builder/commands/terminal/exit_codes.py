"""The one place where an exception becomes a message and an exit code.

0    done                            129  its terminal was closed (SIGHUP)
1    the run failed                  130  interrupted (Ctrl-C)
2    usage, or an invalid file       143  terminated (SIGTERM)
70   a mistake of ours; a report is written
"""

from __future__ import annotations

import errno
import platform
import re
import signal
import sys
import tempfile
import traceback
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from builder.commands.terminal.console import abandon, complain, say
from builder.commands.text.missing import missing_package
from builder.diagnostics import ArchError, RunError
from builder.private_paths import shared_command, without_home
from builder.runs import processes
from builder.training.interrupts import Interrupted, ending

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FAILED, INVALID, OUR_MISTAKE, INTERRUPTED = 1, 2, 70, 130

_NOT_OURS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE,
             errno.ENAMETOOLONG, errno.EBADF}  # fmt: skip
"""What the machine refuses and no program can mend."""


@contextmanager
def exit_codes(variables: Mapping[str, str] = MappingProxyType({})) -> Iterator[None]:
    """Run a command's body; leave by SystemExit with a message on stderr where it fails.

    ``variables`` are those of the environment whose values it takes: who set one may not know that it is read.
    """
    try:
        yield
        sys.stdout.flush()
    except ArchError as error:
        if processes.is_first():  # the others have read the same
            complain(*(replace(each, hint=_sourced(each.message, each.hint, variables)) for each in error.diagnostics))
        raise SystemExit(INVALID) from None
    except RunError as error:
        _fail(error.message, _sourced(error.message, error.hint, variables))
    except KeyboardInterrupt:
        if processes.is_first():
            say("interrupted")
        raise SystemExit(INTERRUPTED) from None
    except BrokenPipeError:  # `archcli show resnet50 | head` has what it wants
        abandon(sys.stdout)
        raise SystemExit(0) from None
    except MemoryError:
        _fail("there is not enough memory for this", "try a smaller `batch_size`, input or network")
    except Exception as error:  # noqa: BLE001 - whatever nobody foresaw ends here, and is written down
        _leave_if_stopped(error)
        _fail_if_refused(error)
        _fail_if_device_did(error)
        _report(error)


def leave_when_terminated() -> None:
    """Turn SIGTERM and SIGHUP into SystemExit, so that whatever runs can put its things in order first."""
    for number in ending():
        signal.signal(number, lambda received, _: sys.exit(128 + received))


def end_when_terminated() -> None:
    """Let these signals end the process as they do any: once it leaves there is nothing more to put in order."""
    for number in ending():
        signal.signal(number, signal.SIG_DFL)


def _leave_if_stopped(error: Exception) -> None:
    """Leave if ``error`` says that a run was interrupted or terminated, and has saved where it stood."""
    if isinstance(error, Interrupted):
        if processes.is_first():
            say(error.message)
            say(f"  help: go on with {processes.way_back(error.folder, error.command)}")
        raise SystemExit(error.exit_code) from None


def _fail_if_refused(error: Exception) -> None:
    """Leave if the machine refuses something, or a package is not installed; neither is a mistake of ours."""
    if isinstance(error, OSError) and error.errno in _NOT_OURS:
        _refused(error)
    missing = missing_package(error) if isinstance(error, ModuleNotFoundError) else None
    if missing is not None:
        _fail(*missing)


def _fail_if_device_did(error: Exception) -> None:
    """Leave if a GPU, its driver or its libraries have failed, or its memory was too small: no mistake of ours."""
    if "torch" not in sys.modules:
        return  # nothing has computed, and importing it takes seconds
    from builder.training.device.failures import is_device_failure, is_out_of_memory

    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    if is_out_of_memory(error):
        _fail(f"there is not enough memory for this: {said}", "try a smaller `batch_size`, input or network")
    if is_device_failure(error):
        hint = "`archcli doctor` tries it; `--device cpu` computes without; a damaged driver may need a restart"
        _fail(f"the device has failed: {said}", hint)


def _sourced(message: str, hint: str | None, variables: Mapping[str, str]) -> str | None:
    """Return ``hint`` led in by the variables whose values ``message`` speaks of."""
    meant = [f"`{name}` says `{value}`: change or unset it" for name, value in variables.items()
             if re.search(rf"(?<![\w/]){re.escape(value)}(?![\w-])", message)]  # fmt: skip
    return "; ".join([*meant, *([hint] if hint else [])]) or None


def _fail(message: str, hint: str | None) -> None:
    who = "" if processes.is_first() else f"process {processes.number()}: "
    say(f"{who}error: {message}" + (f"\n  help: {hint}" if hint else ""))
    raise SystemExit(FAILED) from None


def _refused(error: OSError) -> None:
    if error.filename is None:  # a stream: what is still buffered for it would fail once more at the end
        abandon(sys.stdout)
    _fail(f"{error.filename or 'cannot write'}: {error.strerror}", None)


def _report(error: Exception) -> None:
    """Write everything that helps us to mend it, and nothing of who the user is, into a file and name that file."""
    now = datetime.now().astimezone()
    text = "\n".join(
        [
            f"archcli report of {now.isoformat(timespec='seconds')}",
            f"command: {' '.join(shared_command(sys.argv))}",
            f"python {platform.python_version()} on {platform.platform()}",
            "",
            without_home("".join(traceback.format_exception(error))),
        ]
    )
    path = _write(f"archcli-report-{now:%Y%m%d-%H%M%S}.txt", text)
    say(f"error: this is a mistake in archcli, not yours: {type(error).__name__}: {error}")
    say(f"  help: what happened is written down in {path}; please pass it on" if path else text)
    raise SystemExit(OUR_MISTAKE) from None


def _write(name: str, text: str) -> Path | None:
    for folder in (Path(), Path(tempfile.gettempdir())):
        try:
            (folder / name).write_text(text, encoding="utf-8")
        except OSError:
            continue
        return folder / name
    return None
