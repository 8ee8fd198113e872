"""What a user may choose about a figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from builder.choices import Direction, Highlight, Shapes, ThemeName


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawOptions:
    """How a figure looks; each has the value that serves most.

    ``shapes``: where sizes are written. ``highlight``: whether a comparison marks what differs. ``width`` and
    ``height``: what it must fit, such as ``89mm``; ``page`` is a page of A4. ``direction``: how it is read, else layers
    from top to bottom and blocks from left to right. ``legend``: whether kinds of boxes are explained. ``fold`` and
    ``expand``: paths of blocks, with wildcards, that are drawn as one box at the level of layers, or opened at the
    level of blocks.
    """

    theme: ThemeName = "light"
    shapes: Shapes = "changes"
    highlight: Highlight = "diff"
    width: str | None = None
    height: str | None = None
    direction: Direction | None = None
    legend: bool = False
    fold: tuple[str, ...] = ()
    expand: tuple[str, ...] = ()


DEFAULT: Final = DrawOptions()
