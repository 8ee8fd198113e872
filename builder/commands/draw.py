"""``archcli draw``: one network as a figure, or several side by side with their differences marked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, Diagnostic, suggest
from builder.emit.diagram import draw
from builder.emit.diagram.drawing import SUFFIXES
from builder.lowering import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.emit.diagram import Level
    from builder.graph import Graph


@dataclass(frozen=True)
class Drawn:
    """The names of the networks and the files that show them."""

    networks: tuple[str, ...]
    files: tuple[Path, ...]


def run(pages: Sequence[str], outputs: Sequence[Path], level: Level) -> Drawn:
    """Draw all ``pages`` as one figure into every file of ``outputs``, or into one in the current folder.

    Raises ArchError with every mistake of every page, and for a suffix that no figure has; RunError where a
    file cannot be written.
    """
    for path in outputs:
        _check_suffix(path)
    graphs = _all_of(pages)
    names = tuple(graph.name for graph in graphs)
    files = tuple(outputs) or (Path(f"{names[0] if len(names) == 1 else 'comparison'}.svg"),)
    drawing = draw(graphs, level=level)
    for path in files:
        drawing.write(path)
    return Drawn(names, files)


def _all_of(pages: Sequence[str]) -> list[Graph]:
    graphs: list[Graph] = []
    mistakes: list[Diagnostic] = []
    for page in pages:
        try:
            graphs.append(load(page))
        except ArchError as error:
            mistakes += error.diagnostics
    if mistakes:
        raise ArchError(*mistakes)
    return graphs


def _check_suffix(path: Path) -> None:
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in SUFFIXES:
        hint = suggest(suffix, SUFFIXES, "a figure's name ends in")
        raise ArchError(Diagnostic("usage", f"no figure can be written as `{path}`", None, hint))
