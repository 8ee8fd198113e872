"""The figure of all pages as the controls ask for it, and the small figures of variants; each is drawn once."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING

from builder.commands.draw import at_their_variants_classes
from builder.diagnostics import ArchError, RunError
from builder.emit.diagram import DrawOptions, draw

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.choices import Level, ThemeName, Width
    from builder.graph import Graph
    from builder.live.pages import Snapshot
    from builder.ops import Operations

KEPT = 16
"""Figures that are kept: of one version every level and theme that somebody is likely to choose."""

CARD = "110mm"
"""Width of the small figure of a variant, before the page shrinks it."""


@dataclass(frozen=True)
class FigureOptions:
    """What the controls say: ``blocks`` are folded at the level of layers, and opened at the level of blocks."""

    level: Level = "block"
    theme: ThemeName = "light"
    width: Width | None = None
    blocks: tuple[str, ...] = ()

    def draw_options(self) -> DrawOptions:
        """Return them as ``draw`` takes them."""
        fold, expand = (self.blocks, ()) if self.level == "layer" else ((), self.blocks)
        return DrawOptions(theme=self.theme, width=self.width, fold=fold, expand=expand)


@dataclass(frozen=True)
class SeenFigure:
    """A figure as SVG, None where there is none; ``is_current`` unless a page of it has mistakes now.

    ``problem`` says why the controls ask for something that can't be drawn, and ``several`` whether ids are numbered.
    """

    version: int
    svg: str | None
    is_current: bool
    several: bool
    problem: str | None = None


@dataclass(frozen=True)
class _Drawn:
    """What was drawn of ``graphs``, which are kept so that no other can take their identity."""

    graphs: tuple[Graph, ...]
    svg: str | None
    problem: str | None = None


class Figures:
    """Draws one figure at a time, because two at once take as long as one after the other."""

    def __init__(self, operations: Operations) -> None:
        """Keep nothing yet."""
        self._operations = operations
        self._lock = Lock()
        self._kept: OrderedDict[object, _Drawn] = OrderedDict()
        self.last = FigureOptions()
        """What was asked for last, which is likely what is asked for next."""

    def of(self, latest: Callable[[], Snapshot], options: FigureOptions) -> SeenFigure:
        """Return the figure of all pages of the ``latest`` snapshot; the same networks are not drawn again.

        Which one is the latest is asked when it is drawn: a save may have come while another figure was.
        """
        self.last = options
        with self._lock:
            snapshot = latest()
            graphs, current = tuple(snapshot.graphs), snapshot.is_current
            key = (tuple(map(id, graphs)), current or len(graphs) < 2, options)
            if key not in self._kept:
                self._kept[key] = self._draw(snapshot, graphs, options)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            drawn = self._kept[key]
        return SeenFigure(snapshot.version, drawn.svg, current, len(graphs) > 1, drawn.problem)

    def _draw(self, snapshot: Snapshot, graphs: tuple[Graph, ...], options: FigureOptions) -> _Drawn:
        if not graphs:
            return _Drawn(graphs, None)
        try:
            shown, notes = list(graphs), [""] * len(graphs)
            if len(graphs) > 1 and snapshot.is_current:
                asked = [page.asked for page in snapshot.pages]
                shown, notes = at_their_variants_classes(asked, graphs, self._operations)
            svg = draw(shown, level=options.level, options=options.draw_options(), notes=notes).svg()
        except ArchError as error:
            return _Drawn(graphs, None, _words(error))
        except RunError as error:
            return _Drawn(graphs, None, f"{error.message}: {error.hint}" if error.hint else error.message)
        return _Drawn(graphs, svg)


def small_figure(graph: Graph, theme: ThemeName) -> str:
    """Return a network at the level of blocks as SVG, in lines for a card; in one where they could not be read."""
    options = DrawOptions(theme=theme, shapes="none")
    try:
        return draw([graph], level="block", options=replace(options, width=CARD)).svg()
    except RunError:
        return draw([graph], level="block", options=options).svg()


def _words(error: ArchError) -> str:
    first = error.diagnostics[0]
    return f"{first.message}: {first.hint}" if first.hint else first.message
