"""Writes a figure as PDF with matplotlib: text stays text, and its font lies in the file.

The font is Arimo, which comes with this package under the Open Font License (``fonts/OFL.txt``): it has the widths for
which the boxes were made, so the file is the same on every machine. https://fonts.google.com/specimen/Arimo
"""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from builder.emit.diagram.output.painting import DASHES, Label

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

    from builder.emit.diagram.output.painting import Outline, Painting

FONTS: Final = Path(__file__).parent / "fonts"
_POINTS: Final = 72.0
_SETTINGS: Final[dict[Any, Any]] = {"pdf.fonttype": 42, "path.simplify": False, "text.usetex": False}
"""TrueType, because publishers refuse matplotlib's default, Type 3."""


def pdf(painting: Painting) -> bytes:
    """Return a figure as PDF, a page of its size without a time stamp; raise ModuleNotFoundError without matplotlib."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # drawn as an empty box, as in SVG
        figure = Figure(figsize=(painting.width / _POINTS, painting.height / _POINTS), dpi=_POINTS)
        figure.set_facecolor(painting.page)
        _draw(figure, painting)
        written = BytesIO()
        figure.savefig(written, format="pdf", metadata={"CreationDate": None, "Creator": None, "Producer": None})
    return written.getvalue()


def _draw(figure: Figure, painting: Painting) -> None:
    """Add everything in the order in which it is painted."""
    from matplotlib.font_manager import FontProperties

    fonts = {bold: FONTS / f"Arimo-{'Bold' if bold else 'Regular'}.ttf" for bold in (False, True)}
    for order, each in enumerate(painting.items(), 1):
        if isinstance(each, Label):
            _write(figure, each, FontProperties(fname=fonts[each.bold], size=each.size), painting.height, order)
        else:
            _trace(figure, each, painting.height, order)


def _trace(figure: Figure, outline: Outline, height: float, order: int) -> None:
    """Add an outline; matplotlib's y grows upwards."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Way

    points = [outline.start, *(point for piece in outline.pieces for point in piece)]
    codes = [Way.MOVETO, *[Way.CURVE4] * (len(points) - 1)]
    if outline.closed:
        points.append(outline.start)
        codes.append(Way.CLOSEPOLY)
    figure.add_artist(
        PathPatch(
            Way([(x, height - y) for x, y in points], codes),
            transform=None,
            facecolor=outline.fill or "none",
            edgecolor=outline.line or "none",
            linewidth=outline.pen if outline.line else 0,
            linestyle=(0, DASHES) if outline.dashed else "solid",
            capstyle="butt",
            joinstyle="miter",
            zorder=order,
        )
    )


def _write(figure: Figure, label: Label, font: FontProperties, height: float, order: int) -> None:
    """Add a label."""
    figure.text(
        label.x / figure.bbox.width, 1 - label.y / height, label.text,
        fontproperties=font, color=label.color, ha="center", va="baseline", parse_math=False, zorder=order,
    )  # fmt: skip
