"""What callers of Python give, checked as the command line checks its options, and answered by the argument's name."""

from __future__ import annotations

import os
import re
from pathlib import Path
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args

from builder.diagnostics import ArchError, Diagnostic, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

Text = TypeVar("Text", bound="str | None")
Number = TypeVar("Number", bound="int | None")
Word = TypeVar("Word", bound=str)


_MILLIMETERS: Final = {"mm": 1.0, "cm": 10.0, "in": 25.4, "pt": 25.4 / 72}


def text(name: str, value: Text) -> Text:
    """Return a text, or None as it is; raise ArchError for anything else."""
    if value is None or isinstance(value, str):
        return value
    raise refused(name, "a text", value)


def path(name: str, value: str | os.PathLike[str]) -> Path:
    """Return a path; raise ArchError for what is none."""
    found = os.fspath(value) if isinstance(value, (str, os.PathLike)) else value
    if isinstance(found, str) and "\0" not in found:
        return Path(found)
    raise refused(name, "a path", value)


def paths(name: str, values: Iterable[str | os.PathLike[str]]) -> tuple[Path, ...]:
    """Return paths; raise ArchError for what is no list of them, as a single one is not."""
    try:
        if not isinstance(values, (str, bytes)):
            return tuple(path(f"{name}[{number}]", each) for number, each in enumerate(values))
    except TypeError:
        pass
    raise refused(name, "a list of paths", values, f"such as `{name}=['FILE']`")


def texts(name: str, values: Iterable[str]) -> tuple[str, ...]:
    """Return texts; raise ArchError for what is no list of them, as a single one is not."""
    if isinstance(values, (list, tuple)) and all(isinstance(each, str) for each in values):
        return tuple(values)
    raise refused(name, "a list of texts", values)


def count(name: str, value: Number, most: int | None = None) -> Number:
    """Return a whole number from 1 to ``most``, or None as it is; raise ArchError for anything else."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if value is None or (is_whole and value >= 1 and (most is None or value <= most)):
        return value
    raise refused(name, "a whole number of at least 1" if most is None else f"a whole number from 1 to {most}", value)


def truth(name: str, value: bool) -> bool:
    """Return a truth value; raise ArchError for anything else."""
    if isinstance(value, bool):
        return value
    raise refused(name, "True or False", value)


def length(name: str, value: str, *names: str) -> float | None:
    """Return a length as mm, such as ``89mm``, ``8.9cm`` or ``3.5in``; None for one of ``names``, else ArchError."""
    if value in names:
        return None
    found = re.fullmatch(r"(\d{1,5}(?:\.\d{1,3})?) ?(mm|cm|in|pt)", value, re.ASCII) if isinstance(value, str) else None
    if found is not None and float(found[1]) > 0:
        return float(found[1]) * _MILLIMETERS[found[2]]
    also = "".join(f" or `{each}`" for each in names)
    raise refused(name, f"a length such as `89mm`{also}", value, "units are mm, cm, in and pt")


def one_of(name: str, value: Word, words: Any) -> Word:
    """Return one of the ``words`` of an option, a ``Literal``; raise ArchError with the nearest otherwise."""
    known = get_args(words)
    if isinstance(value, str) and value in known:
        return value
    close = nearest(value, known) if isinstance(value, str) else None
    listed = " or ".join(f"`{each}`" for each in known)
    raise refused(name, listed, value, None if close is None else f"did you mean `{close}`?")


def device(value: object) -> str:
    """Return the name of a device, also of one of PyTorch's; whether there is such a device is asked later."""
    found = str(value) if type(value).__module__ == "torch" else value
    if found is None or isinstance(found, str):
        return found or "auto"
    raise refused("device", "a text", value, "such as `device='cuda:0'`")


def refused(name: str, wanted: str, value: object, hint: str | None = None) -> ArchError:
    """Return the error that says what an argument takes and what it was given."""
    return ArchError(Diagnostic("usage", f"`{name}` is {wanted}, not {shortened(value)}", None, hint))
