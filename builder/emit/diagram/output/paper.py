"""Fitting a figure to the column of a journal, and saying clearly where it does not fit.

Nature's columns are 89 and 183 mm wide and its pages 247 mm deep; text is at least 5 pt.
https://www.nature.com/nature/for-authors/formatting-guide
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from builder.diagnostics import RunError
from builder.emit.diagram.output.dot import MARGIN
from builder.emit.diagram.scene.theme import TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.choices import Width
    from builder.emit.diagram.scene.scene import Scene

POINTS: Final = 72 / 25.4
"""Points in a millimetre."""

ROOM: Final[Mapping[Width, tuple[float, float]]] = {"89mm": (89, 247), "183mm": (183, 247), "page": (180, 267)}
"""Width and height in mm; ``page`` is A4 without its margins."""

LEAST: Final = 5.0
"""The smallest text that publishers print, in pt."""


def scale(scene: Scene, width: Width | None) -> float:
    """Return by what a scene must shrink to fit ``width``; 1 where it fits as it is.

    Raises RunError where its smallest text would then be too small to print, naming that text.
    """
    if width is None:
        return 1.0
    bounds = scene.bounds()
    needed = (bounds.right - bounds.left + 2 * MARGIN, bounds.bottom - bounds.top + 2 * MARGIN)
    share = min([1.0, *(POINTS * room / need for room, need in zip(ROOM[width], needed, strict=True))])
    size, text = min(
        [(text.size, text.text) for text in scene.texts] + [(TEXT, box.text) for box in scene.boxes if box.text]
    )
    if size * share < LEAST:
        across, down = (need / POINTS for need in needed)
        raise RunError(
            f"at {width} the text `{text}` would be {size * share:.1f} pt high; less than {LEAST:g} pt is not printed",
            f"the figure is {across:.0f} × {down:.0f} mm; choose a wider column, --level block, or fold blocks",
        )
    return share
