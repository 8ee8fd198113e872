"""Which file a page's name means, and what is answered where there is none."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

from builder.choices import LIBRARIES
from builder.diagnostics import ArchError, Diagnostic, nearest
from builder.files import is_file, is_folder, other_than_file
from builder.shipped import shipped_folder, shipped_names

_SUFFIXES = (".yaml", ".yml")
_LOOKED_AT = 200  # pages of a folder that a misspelled name is compared with


def find(page: str | os.PathLike[str]) -> tuple[Path, str | None]:
    """Return the file that ``page`` means and the member that it names, if any.

    ``page`` is a path, a path and a member (``mine.yaml:small``), or the name of a shipped page or of a member of
    one. Raises ArchError with the nearest name where there is none, and where a caller of Python gives something that
    names no page.
    """
    text = _text_of(page)
    path = Path(text)
    if names_network(text) or path.suffix == ".py":
        raise ArchError(_in_python(text, path))
    if is_file(path):
        return path, None
    stem, colon, member = text.rpartition(":")
    if colon and is_file(Path(stem)):
        return Path(stem), member
    shipped = shipped_names()
    if text in shipped:
        return shipped[text]
    raise ArchError(_not_there(text, path))


def names_network(text: str) -> bool:
    """Return whether a text names a network in Python, and no page."""
    head, colon, name = text.rpartition(":")
    return bool(colon and name and (head in LIBRARIES or head.endswith(".py"))) or text.endswith(".pt2")


def nearest_page(name: str, folder: Path | None = None) -> str:
    """Return a hint with the page that ``name`` may mean, of those in ``folder`` and the shipped ones."""
    beside = [path.stem for path in _pages(folder)] if folder else []
    close = nearest(name, [*beside, *shipped_names()])
    if close is not None:
        return f"did you mean `{close}`?"
    return "shipped are " + ", ".join(f"`{path.stem}`" for path in sorted(shipped_folder().glob("*.yaml")))


def shown(path: Path) -> str:
    """Return a path as its user would type it."""
    try:
        return str(path.resolve().relative_to(Path.cwd())) if path.is_absolute() else str(path)
    except (OSError, RuntimeError, ValueError):  # a loop of links, or elsewhere
        return str(path)


def _text_of(page: object) -> str:
    """Return the name that a caller gives, which may be a path."""
    name = os.fspath(page) if isinstance(page, (str, os.PathLike)) else page
    if not isinstance(name, str):
        message = f"a page is a path or a name, not an object of type `{type(page).__name__}`"
        raise ArchError(Diagnostic("usage", message, None, "such as `mine.yaml` or `resnet18`"))
    return name


def _in_python(text: str, path: Path) -> Diagnostic:
    """Return the answer to a network in Python where a page is needed."""
    named = text if names_network(text) else f"{text}:NAME"
    stem = Path(text.rpartition(":")[2]).stem if path.suffix != ".py" else path.stem
    hint = f"`archcli import {named} -o {stem.lower()}.yaml` writes its page"
    return Diagnostic("no-such-page", f"`{text}` is a network in Python, not a page", None, hint)


def _not_there(text: str, path: Path) -> Diagnostic:
    """Return the answer to a name that leads to no page."""
    beside = _beside(path)
    hint = f"did you mean `{beside}`?" if beside is not None else None
    if text and is_folder(path):
        return Diagnostic("no-such-file", f"{text} is a folder, not a page", None, hint or "name a file")
    other = other_than_file(path)
    if text and other is not None:
        return Diagnostic("no-such-file", f"{text} is not a page: {other}", None, hint or "name a file")
    if path.suffix in _SUFFIXES or len(path.parts) > 1:
        return Diagnostic("no-such-file", f"there is no file {text}", None, hint or nearest_page(path.stem))
    return Diagnostic(
        "no-such-page", f"there is no file and no shipped page `{text}`", None, hint or nearest_page(text)
    )


def _beside(path: Path) -> Path | None:
    """Return the page of the user's that ``path`` may mean: of a run, with the other suffix, or misspelled."""
    if not path.name:
        return None
    stems = dict.fromkeys((path.name, path.stem))
    for each in (path / "page.yaml", *(path.with_name(stem + end) for stem in stems for end in _SUFFIXES)):
        if is_file(each):
            return each
    close = nearest(path.name, [each.name for each in _pages(path.parent)]) if path.suffix in _SUFFIXES else None
    return path.with_name(close) if close is not None else None


def _pages(folder: Path) -> list[Path]:
    try:
        return sorted(each for each in islice(folder.glob("*.yaml"), _LOOKED_AT) if is_file(each))
    except (OSError, ValueError):
        return []
