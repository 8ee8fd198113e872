"""Fitting a figure to the column of a journal, and saying clearly where it does not fit.

Nature's columns are 89 and 183 mm wide and its pages 247 mm deep, of which a figure may take 170 mm where its legend
shall stand below; text is at least 5 pt. https://www.nature.com/nature/for-authors/formatting-guide
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final, NamedTuple

from builder import arguments
from builder.diagnostics import RunError
from builder.emit.diagram.output.dot import MARGIN
from builder.emit.diagram.scene.theme import TEXT

if TYPE_CHECKING:
    from builder.emit.diagram.reading.options import DrawOptions
    from builder.emit.diagram.scene.scene import Scene

POINTS: Final = 72 / 25.4
"""Points in a millimeter."""

PAGE: Final = (180.0, 267.0)
"""A4 without its margins, in mm."""

COLUMN: Final = 247.0
"""The height of a column, in mm."""

LEAST: Final = 5.0
"""The smallest text that publishers print, in pt."""


class PaperRoom(NamedTuple):
    """Width and height that a figure may have, in pt, and how both are said."""

    width: float
    height: float
    said: str


def room(options: DrawOptions) -> PaperRoom | None:
    """Return the room that is asked for, None where a figure may be of any size; raise ArchError for a wrong length."""
    if options.width is None and options.height is None:
        return None
    width, height = inf, COLUMN if options.width else inf
    if options.width is not None:
        found = arguments.length("width", options.width, "page")
        width, height = (found, COLUMN) if found else PAGE
    if options.height is not None:
        height = arguments.length("height", options.height) or inf
    said = " × ".join(filter(None, (options.width, options.height)))
    return PaperRoom(width * POINTS, height * POINTS, said)


def share(scene: Scene, paper: PaperRoom) -> float:
    """Return by what a scene must shrink to fit ``paper``; 1 where it fits as it is."""
    width, height = size(scene)
    return min(1.0, paper.width / width, paper.height / height)


def size(scene: Scene) -> tuple[float, float]:
    """Return width and height of a scene with its margin, in pt."""
    bounds = scene.bounds()
    return bounds.right - bounds.left + 2 * MARGIN, bounds.bottom - bounds.top + 2 * MARGIN


def smallest_text(scene: Scene) -> tuple[float, str]:
    """Return the size of the smallest text of a scene, and the text."""
    return min([(text.size, text.text) for text in scene.texts] + [(TEXT, box.text) for box in scene.boxes if box.text])


def is_readable(scene: Scene, paper: PaperRoom) -> bool:
    """Return whether all texts of a scene are large enough where it fits ``paper``."""
    return smallest_text(scene)[0] * share(scene, paper) >= LEAST


def scale(scene: Scene, paper: PaperRoom | None, hint: str) -> float:
    """Return by what a scene must shrink to fit ``paper``.

    Raises RunError where its smallest text would then be too small to print, naming that text and a way out.
    """
    if paper is None:
        return 1.0
    found = share(scene, paper)
    if not is_readable(scene, paper):
        least, text = smallest_text(scene)
        across, down = (each / POINTS for each in size(scene))
        raise RunError(
            f"at {paper.said} the text `{text}` would be {_below_least(least * found)} pt high; "
            f"less than {LEAST:g} pt is not printed",
            f"the figure is {across:.0f} × {down:.0f} mm; {hint}",
        )
    return found


def _below_least(high: float) -> str:
    """Return a size below ``LEAST`` with as few digits as show that it is below."""
    return next(said for digits in range(1, 18) if float(said := f"{high:.{digits}f}") < LEAST)
