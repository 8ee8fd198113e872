"""``archcli draw``: one network as a figure, or several side by side with their differences marked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, Diagnostic
from builder.emit.diagram import draw
from builder.emit.diagram.drawing import SUFFIXES
from builder.files import check_figures
from builder.lowering import load
from builder.lowering.finding import find
from builder.lowering.pages import read_base
from builder.ops.plugins import with_plugins

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.choices import Level
    from builder.emit.diagram import DrawOptions
    from builder.graph import Graph
    from builder.ops import Operations


@dataclass(frozen=True)
class Drawn:
    """The names of the networks and the files that show them."""

    networks: tuple[str, ...]
    files: tuple[Path, ...]


def run(
    pages: Sequence[str],
    outputs: Sequence[Path],
    level: Level,
    options: DrawOptions,
    classes: int | None = None,
    plugins: Sequence[Path] = (),
) -> Drawn:
    """Draw all ``pages`` as one figure into every file of ``outputs``, or into one in the current folder.

    ``classes`` is the number of classes of all networks, instead of the pages'.

    Raises ArchError with every mistake of every page, for a suffix that no figure has and for blocks that are not
    there; RunError where the figure does not fit or a file cannot be written.
    """
    check_figures(outputs, SUFFIXES)
    _check_use(level, options)
    operations = with_plugins(plugins)
    graphs = _all_of(pages, classes, operations)
    shown, notes = (graphs, []) if classes else at_their_variants_classes(pages, graphs, operations)
    names = tuple(graph.name for graph in shown)
    files = tuple(outputs) or (Path(f"{names[0] if len(names) == 1 else 'comparison'}.svg"),)
    drawing = draw(shown, level=level, options=options, notes=notes)
    for path in files:
        drawing.write(path)
    return Drawn(names, files)


def _all_of(pages: Sequence[str], classes: int | None, operations: Operations) -> list[Graph]:
    """Return the networks of all pages; raise ArchError with the mistakes of all."""
    graphs: list[Graph] = []
    mistakes: list[Diagnostic] = []
    for page in pages:
        try:
            graphs.append(load(page, classes=classes, operations=operations))
        except ArchError as error:
            mistakes += error.diagnostics
    if mistakes:
        raise ArchError(*mistakes)
    return graphs


def at_their_variants_classes(
    pages: Sequence[str], graphs: Sequence[Graph], operations: Operations
) -> tuple[list[Graph], list[str]]:
    """Return the networks, each base with as many classes as its first variant in the figure, and what to say of it.

    A variant is compared with its base for what it inserts, and the number of classes would be one difference more.
    """
    chains = [_texts(page, operations) for page in pages] if len(pages) > 1 else [[b""]]
    shown: list[Graph] = []
    notes: list[str] = []
    for page, graph, own in zip(pages, graphs, chains, strict=True):
        variants = (other for other, chain in zip(graphs, chains, strict=True) if own[0] in chain[1:])
        classes = next((other.classes for other in variants), graph.classes)
        differs = classes != graph.classes
        shown.append(load(page, classes=classes, operations=operations) if differs else graph)
        notes.append(f"with {classes} classes" if differs else "")
    return shown, notes


def _texts(page: str, operations: Operations) -> list[bytes]:
    """Return what stands in a page and in those that it extends; a copy of a base is the base."""
    return [path.read_bytes() for _, path in read_base(*find(page), operations).chain]


def _check_use(level: Level, options: DrawOptions) -> None:
    """Refuse what would change nothing: boxes are folded at one level and opened at the other."""
    if options.fold and level == "block":
        raise ArchError(Diagnostic("usage", "--fold has nothing to fold", None, "blocks are boxes at --level block"))
    if options.expand and level == "layer":
        raise ArchError(Diagnostic("usage", "--expand has nothing to open", None, "add --level block"))
