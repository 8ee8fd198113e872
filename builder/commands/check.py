"""``archcli check``: every mistake of every file, pages and recipes alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from builder.costs import graph_cost
from builder.diagnostics import ArchError
from builder.lowering import load
from builder.reader import read_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.diagnostics import Diagnostic

_RECIPE_WORDS = ("epochs", "optimizer")
"""Either of them makes a file a recipe; no page has them."""


@dataclass(frozen=True)
class Verdict:
    """What one file is and what is wrong with it; ``name`` and ``parameters`` only where nothing is."""

    file: str
    kind: Literal["network", "recipe"]
    mistakes: tuple[Diagnostic, ...] = ()
    name: str | None = None
    parameters: int | None = None


@dataclass(frozen=True)
class Checked:
    """The verdict on every file, in the order in which they were named."""

    files: tuple[Verdict, ...]

    @property
    def is_valid(self) -> bool:
        """Whether no file has a mistake."""
        return not self.mistakes

    @property
    def mistakes(self) -> tuple[Diagnostic, ...]:
        """The mistakes of all files; pages that share a base share its mistakes."""
        return tuple(mistake for file in self.files for mistake in file.mistakes)


def run(files: Sequence[str]) -> Checked:
    """Return the verdict on every file; mistakes are part of it and are not raised."""
    return Checked(tuple(_verdict(file) for file in files))


def _verdict(file: str) -> Verdict:
    kind: Literal["network", "recipe"] = "network"
    try:
        if _is_recipe(file):
            kind = "recipe"
            return _recipe(file)
        graph = load(file)
    except ArchError as error:
        return Verdict(file, kind, error.diagnostics)
    return Verdict(file, kind, name=graph.name, parameters=graph_cost(graph).parameters)


def _is_recipe(file: str) -> bool:
    path = Path(file)
    return path.is_file() and any(read_file(path).get(word) is not None for word in _RECIPE_WORDS)


def _recipe(file: str) -> Verdict:
    from builder.training.recipe import load_recipe

    return Verdict(file, "recipe", name=load_recipe(Path(file)).name)
