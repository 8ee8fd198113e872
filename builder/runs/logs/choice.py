"""Which loggers are asked for: names, and files of Python that are run."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, cast

from builder.diagnostics import ArchError, Diagnostic, RunError
from builder.extras import need

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    from builder.runs.logs.hook import OpenLogger

TENSORBOARD = "tensorboard"


@dataclass(frozen=True)
class LogChoice:
    """A logger that is asked for: ``tensorboard``, or the ``file`` that defines it; nothing of it has been run yet."""

    name: str
    file: Path | None = None

    def load(self) -> OpenLogger:
        """Return what opens it, after its file was run; raise ArchError or RunError where there is no such thing."""
        return _tensorboard() if self.file is None else _class_of(self.file)


def choose_logs(asked: Iterable[str]) -> tuple[LogChoice, ...]:
    """Return the loggers of the option ``--log``; raise ArchError for what is none, or comes twice. Nothing is run."""
    found = tuple(_choice(each) for each in asked)
    names = [each.name for each in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ArchError(Diagnostic("usage", f"two loggers are called `{twice}`", None, "give each file its own name"))
    return found


def _choice(asked: str) -> LogChoice:
    if asked == TENSORBOARD:
        return LogChoice(asked)
    path = Path(asked)
    if path.suffix != ".py":
        hint = "it takes `tensorboard`, or a file of Python: --log my_logger.py (docs/watching.md)"
        raise ArchError(Diagnostic("usage", f"`{asked}` is not a value of `--log`", None, hint))
    if not path.is_file():
        raise ArchError(Diagnostic("usage", f"there is no file `{asked}` for `--log`"))
    return LogChoice(path.name, path.absolute())


def _tensorboard() -> OpenLogger:
    need(TENSORBOARD, "`--log tensorboard`")
    from builder.runs.logs.tensorboard import TensorBoard

    return TensorBoard


def _class_of(file: Path) -> OpenLogger:
    module = _run(file)
    found = getattr(module, "Logger", None)
    if not isinstance(found, type) or not callable(getattr(found, "close", None)) or "__call__" not in dir(found):
        hint = "a class `Logger` with `__init__(self, run)`, `__call__(self, event)` and `close(self, summary)`"
        raise ArchError(Diagnostic("usage", f"`{file.name}` defines no logger", None, hint))
    return cast("OpenLogger", found)


def _run(file: Path) -> ModuleType:
    spec = spec_from_file_location(f"archcli_logger_{file.stem}", file)
    assert spec is not None, "it ends in .py"
    assert spec.loader is not None, "the same"
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever it raises is an answer for the user
        raise RunError(f"{file.name} can't be used as a logger: {told(error, file)}") from error
    return module


def told(error: BaseException, file: Path | None) -> str:
    """Return in a line what a logger raised, and at which line of its ``file``."""
    first = (str(error).strip().splitlines() or [""])[0]
    said = f"{type(error).__name__}: {first}" if first else type(error).__name__
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if file and frame.filename == str(file)
    ]
    if isinstance(error, SyntaxError):
        lines = [error.lineno]
    return f"{said} (line {lines[-1]})" if lines else said
