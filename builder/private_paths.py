"""Paths as they may be passed on: without the name of a user or of the folders of a machine."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def without_home(text: str) -> str:
    """Return ``text`` with ``.`` for the current folder and ``~`` for the user's own, wherever they are named."""
    for folder, sign in ((_current(), "."), (_home(), "~")):
        if folder is not None:
            text = re.sub(re.escape(folder) + r"(?![\w-])", sign, text)
    return text


def from_home(path: str) -> str:
    """Return an absolute ``path`` with ``~`` for the user's own folder, where it lies in it."""
    home = _home()
    return path if home is None or not PurePath(path).is_relative_to(home) else f"~/{PurePath(path).relative_to(home)}"


def shared_command(words: Iterable[str]) -> list[str]:
    """Return a command line that says what was done and not where: files that lie elsewhere lose their folders.

    Those in the current folder are as seen from there; the program itself is its name alone.
    """
    program, *rest = words
    return [PurePath(program).name, *map(_shared, rest)]


def _shared(word: str) -> str:
    option, equals, value = word.rpartition("=")
    if not os.path.isabs(value):  # noqa: PTH117 - a word, and rarely a path
        return word
    short = without_home(value)
    if short.startswith(("./", ".")) and not short.startswith(".."):
        return f"{option}{equals}{short.removeprefix('./')}"
    return f"{option}{equals}{short if short.startswith('~') else f'…/{PurePath(value).name}'}"


def _current() -> str | None:
    try:
        return _named(Path.cwd())
    except OSError:  # it was removed
        return None


def _home() -> str | None:
    try:
        return _named(Path.home())
    except RuntimeError:  # nobody knows where it is
        return None


def _named(folder: Path) -> str | None:
    """Return the folder's path, None for the root, which begins every other."""
    return None if folder == Path(folder.anchor) else str(folder)
