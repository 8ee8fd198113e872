"""From graphs to a figure: the one entrance of this room."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from builder import arguments, choices
from builder.diagnostics import ArchError, Diagnostic, RunError
from builder.emit.diagram.best_layout import fitted
from builder.emit.diagram.output import renderer
from builder.emit.diagram.output.completeness import check_complete
from builder.emit.diagram.output.dot import dot
from builder.emit.diagram.output.painting import Painting, paint
from builder.emit.diagram.output.pdf import pdf
from builder.emit.diagram.output.tikz import tikz
from builder.emit.diagram.reading.options import DEFAULT, DrawOptions
from builder.emit.diagram.scene.theme import THEMES
from builder.files import write_bytes
from builder.graph import Graph

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from builder.choices import Level

SUFFIXES: Final = ("svg", "png", "pdf", "tex", "dot")


@dataclass(frozen=True)
class Drawing:
    """A finished figure, proved to show every node of its networks exactly once."""

    dot: str = field(repr=False)
    _svg: str = field(repr=False)
    _painting: Painting = field(repr=False)

    def svg(self) -> str:
        """Return the figure as SVG, its text as text."""
        return self._svg

    def _repr_svg_(self) -> str:
        """Return what a notebook shows."""
        return self._svg

    def png(self) -> bytes:
        """Return the figure as PNG at 300 dpi."""
        return renderer.png(self.dot)

    def pdf(self) -> bytes:
        """Return the figure as PDF with its font inside; raise ModuleNotFoundError without matplotlib."""
        return pdf(self._painting)

    def tikz(self) -> str:
        """Return the figure as a LaTeX document."""
        return tikz(self._painting)

    def write(self, path: Path) -> None:
        """Write the figure in the format that the suffix of ``path`` names: .svg, .png, .pdf, .tex or .dot.

        Raises RunError for another suffix, and where the file cannot be written.
        """
        write_bytes(path, self._bytes(path.suffix.lower().removeprefix(".")))

    def _bytes(self, suffix: str) -> bytes:
        """Return the file for a suffix."""
        match suffix:
            case "svg":
                return self.svg().encode()
            case "png":
                return self.png()
            case "pdf":
                return self.pdf()
            case "tex":
                return self.tikz().encode()
            case "dot":
                return self.dot.encode()
        listed = ", ".join(f".{each}" for each in SUFFIXES)
        raise RunError(
            f"a figure cannot be written as {f'.{suffix}' if suffix else 'a file without suffix'}",
            f"use one of {listed}",
        )


def draw(
    graphs: Sequence[Graph], *, level: Level = "layer", options: DrawOptions = DEFAULT, notes: Sequence[str] = ()
) -> Drawing:
    """Return the figure of one network, or of several side by side with their differences marked.

    ``notes`` stand under the titles, one for each network. Raises RunError where the renderer is missing and where
    the figure does not fit the width asked for; ArchError where ``fold`` or ``expand`` name no block, and where
    ``graphs`` is no list of what ``load`` returns, or anything else is of another kind.
    """
    _check_graphs(graphs)
    _check_choices(level, options)
    _check_notes(notes, graphs)
    scene, scale = fitted(graphs, level, options, notes)
    theme = THEMES[options.theme]
    source = dot(scene, theme, scale)
    svg = renderer.svg(source)
    check_complete(svg, graphs)
    return Drawing(source, svg, paint(scene, theme, scale))


def _check_graphs(graphs: object) -> None:
    """Refuse what a caller of Python may take for the graphs of a figure, such as built modules."""
    inside = graphs if isinstance(graphs, (list, tuple)) else (graphs,)
    strange = [f"an object of type `{type(each).__name__}`" for each in inside if not isinstance(each, Graph)]
    if inside is graphs and inside and not strange:
        return
    given = [*strange, "one without its list" if inside else "an empty list"][0]
    message = f"`draw` takes a list of the graphs that `load` returns, not {given}"
    raise ArchError(Diagnostic("usage", message, None, "such as `draw([load('resnet18')])`"))


def _check_choices(level: Level, options: DrawOptions) -> None:
    if not isinstance(options, DrawOptions):
        raise arguments.refused("options", "a `DrawOptions`", options, "such as `DrawOptions(theme='dark')`")
    arguments.one_of("level", level, choices.Level)
    arguments.one_of("theme", options.theme, choices.ThemeName)
    arguments.one_of("shapes", options.shapes, choices.Shapes)
    arguments.one_of("highlight", options.highlight, choices.Highlight)
    if options.direction is not None:
        arguments.one_of("direction", options.direction, choices.Direction)
    arguments.truth("legend", options.legend)
    arguments.texts("fold", options.fold)
    arguments.texts("expand", options.expand)


def _check_notes(notes: Sequence[str], graphs: Sequence[Graph]) -> None:
    if len(arguments.texts("notes", notes)) not in {0, len(graphs)}:
        raise arguments.refused("notes", "one text for each network", notes)
