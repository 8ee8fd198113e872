"""A network as a notebook shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from builder.diagnostics import RunError
from builder.emit.diagram.drawing import draw
from builder.emit.diagram.reading.options import DrawOptions

if TYPE_CHECKING:
    from builder.graph import Graph

WIDTH: Final = "183mm"
"""About the width of a cell."""


def picture(graph: Graph) -> str:
    """Return the blocks of a network as SVG, in lines as wide as a cell where that can be read."""
    try:
        return draw([graph], level="block", options=DrawOptions(width=WIDTH)).svg()
    except RunError:
        return draw([graph], level="block").svg()
