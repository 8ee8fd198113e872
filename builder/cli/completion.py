"""What a shell may offer for a word that is being typed: names of what is shipped, runs, studies, and paths.

A shell asks at every press of Tab, so nothing is imported here that takes long.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from builder.choices import IMAGE_SUFFIXES
from builder.shipped import shipped_names, shipped_recipes, shipped_studies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

VARIABLE = "_ARCHCLI_COMPLETE"
"""The variable by which a shell's script asks; the name is typer's, of the program's name."""

_NOT_NEEDED = ("pydantic", "rich")
"""What typer would import to check values and to format texts; a completion does neither."""

_EXPLANATIONS = Path(__file__).parents[1] / "commands" / "explanations.yaml"
"""Every code of a mistake is a key at its left margin."""

STUDY_RUNS = Path("study-runs")
"""Where ``study`` puts its folders unless it is told otherwise."""


def be_quick() -> None:
    """Where a shell asks, keep typer from importing what an answer does not need.

    Typer reads each value that stands on the line already, and goes on where it cannot.
    """
    if VARIABLE in os.environ:
        for name in _NOT_NEEDED:
            sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None is how Python says "not to be imported"


def page(incomplete: str) -> list[str]:
    """Return the shipped networks and the YAML files that begin like this."""
    return _answer(incomplete, shipped_names(), (".yaml", ".yml"))


def network(incomplete: str) -> list[str]:
    """Return the files of Python and exported programs that begin like this."""
    return _answer(incomplete, (), (".py", ".pt2"))


def recipe(incomplete: str) -> list[str]:
    """Return the shipped recipes and the YAML files that begin like this."""
    return _answer(incomplete, shipped_recipes(), (".yaml", ".yml"))


def study(incomplete: str) -> list[str]:
    """Return the shipped studies, the folders of studies and the YAML files that begin like this."""
    return _answer(incomplete, (*shipped_studies(), *_folders(STUDY_RUNS)), (".yaml", ".yml"))


def run(incomplete: str) -> list[str]:
    """Return the folders of runs that begin like this, and other folders."""
    return _answer(incomplete, _folders(_runs()), ())


def folder(incomplete: str) -> list[str]:
    """Return the folders that begin like this."""
    return _answer(incomplete, (), ())


def page_or_run(incomplete: str) -> list[str]:
    """Return what ``page`` and ``run`` return."""
    return _answer(incomplete, (*_folders(_runs()), *shipped_names()), (".yaml", ".yml"))


def image(incomplete: str) -> list[str]:
    """Return the image files and the folders that begin like this."""
    return _answer(incomplete, (), (*IMAGE_SUFFIXES, *map(str.upper, IMAGE_SUFFIXES)))


def checkable(incomplete: str) -> list[str]:
    """Return everything that can be checked and begins like this."""
    return _answer(incomplete, (*shipped_names(), *shipped_studies()), (".yaml", ".yml"))


def code(incomplete: str) -> list[str]:
    """Return the codes of mistakes that begin like this."""
    known = re.findall(r"^([a-z][a-z0-9-]*):", _EXPLANATIONS.read_text("utf-8"), re.MULTILINE)
    return [each for each in known if each.startswith(incomplete)]


def one_of(*names: str) -> Callable[[str], list[str]]:
    """Return the function that offers these names."""

    def offered(incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete)]

    return offered


def _answer(incomplete: str, names: Iterable[str], suffixes: tuple[str, ...]) -> list[str]:
    known = sorted({name for name in names if name.startswith(incomplete)})
    inside = tuple(f"{name}/" for name in known)
    return [
        *known,
        *(path for path in _paths(incomplete, suffixes) if path not in known and not path.startswith(inside)),
    ]


def _runs() -> Path:
    """Return where ``train`` puts its folders unless an option says otherwise."""
    return Path(os.environ.get("ARCHCLI_RUNS") or "runs")


def _folders(above: Path) -> list[str]:
    return [str(path) for path in _entries(above) if path.is_dir()]


def _paths(incomplete: str, suffixes: tuple[str, ...]) -> list[str]:
    """Return the files with one of ``suffixes``, and the folders; a folder that is alone is opened.

    A shell would put a space behind a folder that is the only answer, and what lies in it could not be typed.
    """
    folder, _, begun = incomplete.rpartition("/")
    found = [
        (path, f"{folder}/{path.name}" if "/" in incomplete else path.name)
        for path in _entries(Path(f"{folder}/" if "/" in incomplete else ".").expanduser())
        if path.name.startswith(begun) and (begun or not path.name.startswith("."))
    ]
    folders = [f"{name}/" for path, name in found if path.is_dir()]
    files = [name for path, name in found if path.suffix in suffixes and path.is_file()]
    if len(folders) == 1 and not files:
        return _paths(folders[0], suffixes) or ([] if suffixes else [folders[0].rstrip("/")])
    return sorted([*files, *folders])


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
