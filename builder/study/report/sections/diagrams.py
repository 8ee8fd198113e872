"""The networks of a study side by side, drawn for light and for dark pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from builder.emit.diagram import DrawOptions, draw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.choices import Level
    from builder.graph import Graph

LAYERS: Final = 4
"""So many networks are drawn layer by layer; more of them as boxes for blocks."""

BLOCKS: Final = 16
"""So many are drawn at all: more are not compared by looking at them."""

_SIZE: Final = re.compile(r'<svg width="([\d.]+)pt"')
_SCALE: Final = 1.15  # px for a pt: labels of 8 pt are then 9 px high


@dataclass(frozen=True)
class Diagram:
    """The same figure in two colors, its width on a page in px, what it shows, and how many networks it left out."""

    light: str
    dark: str
    width: float
    alternative: str
    left_out: int


def diagram(graphs: Sequence[Graph]) -> Diagram:
    """Return the comparison of networks, the base first; those behind the first ``BLOCKS`` are left out."""
    shown = list(graphs[:BLOCKS])
    level: Level = "layer" if len(shown) <= LAYERS else "block"
    light, dark = (draw(shown, level=level, options=DrawOptions(theme=theme)).svg() for theme in ("light", "dark"))
    size = _SIZE.search(light)
    assert size is not None, "Graphviz begins a figure with its size"
    named = ", ".join(graph.name for graph in shown)
    how = "layer by layer" if level == "layer" else "block by block"
    return Diagram(
        light, dark, round(float(size[1]) * _SCALE), f"{named}, {how} side by side", len(graphs) - len(shown)
    )
