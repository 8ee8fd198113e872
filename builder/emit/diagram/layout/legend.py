"""What the kinds of boxes mean, in one row under a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from builder.emit.diagram.scene.metrics import text_width
from builder.emit.diagram.scene.scene import Box, Line
from builder.emit.diagram.scene.theme import SUBTITLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.emit.diagram.scene.scene import Scene
    from builder.emit.diagram.scene.theme import BoxKind

SWATCH: Final = (18.0, 9.0)
ROW: Final = 15.0
ABOVE: Final = 16.0
BETWEEN: Final = 14.0

MEANINGS: Final[Mapping[BoxKind, str]] = {
    "conv": "convolution",
    "linear": "fully connected",
    "pool": "pooling",
    "activation": "activation, normalization",
    "gate": "squeeze and excitation",
    "projection": "projection",
    "band": "differs",
}


def legend(scene: Scene) -> None:
    """Add a legend of the kinds that ``scene`` shows, as wide as the scene is."""
    shown = {box.kind for box in scene.boxes}
    bounds = scene.bounds()
    x, y = bounds.left + 1.1, bounds.bottom + ABOVE
    entries = [(kind, text) for kind, text in MEANINGS.items() if kind in shown]
    lane = any(line.tone == "lane" for line in scene.lines)
    for kind, text in [*entries, *([(None, "shortcut")] if lane else [])]:
        wide = SWATCH[0] + 5 + text_width(text, SUBTITLE) + BETWEEN
        if x > bounds.left + 2 and x + wide - BETWEEN > bounds.right:
            x, y = bounds.left + 1.1, y + ROW
        if kind is None:
            scene.lines.append(Line(((x, y), (x + SWATCH[0], y)), "lane", arrow=True, pen=1.3))
        else:
            scene.boxes.append(Box(f"legend {kind}", kind, x + SWATCH[0] / 2, y, *SWATCH))
        scene.text_after(x + SWATCH[0] + 5, y, text, SUBTITLE)
        x += wide
