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
OTHER_GATES: Final = "gate"

LANES: Final = ((1.3, "shortcut"), (0.9, "value that is read"))
"""What orange lines mean, by their widths."""


def legend(scene: Scene) -> None:
    """Add a legend of the kinds that ``scene`` shows, as wide as the scene is."""
    bounds = scene.bounds()
    x, y = bounds.left + 1.1, bounds.bottom + ABOVE
    pens = {line.pen for line in scene.lines if line.tone == "lane"}
    lanes = [(pen, text) for pen, text in LANES if pen in pens]
    for sign, text in [*_boxes(scene), *lanes]:
        wide = SWATCH[0] + 5 + text_width(text, SUBTITLE) + BETWEEN
        if x > bounds.left + 2 and x + wide - BETWEEN > bounds.right:
            x, y = bounds.left + 1.1, y + ROW
        if isinstance(sign, float):
            scene.lines.append(Line(((x, y), (x + SWATCH[0], y)), "lane", arrow=True, pen=sign))
        else:
            scene.boxes.append(Box(f"legend {sign}", sign, x + SWATCH[0] / 2, y, *SWATCH))
        scene.text_after(x + SWATCH[0] + 5, y, text, SUBTITLE)
        x += wide


def _boxes(scene: Scene) -> list[tuple[BoxKind, str]]:
    """Return the kinds of boxes that a scene shows, names of gates in other boxes among them, and what they mean."""
    shown = {box.kind for box in scene.boxes}
    named = [box.text for box in scene.boxes if box.kind == "gate"]
    named += [box.name.split()[2] for box in scene.boxes if box.kind == "badge"]
    gate = MEANINGS["gate"] if all(name.split()[:1] == ["SE"] for name in named) else OTHER_GATES
    meanings = {**MEANINGS, "gate": gate}
    return [(kind, text) for kind, text in meanings.items() if kind in shown or (kind == "gate" and named)]
