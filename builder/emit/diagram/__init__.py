"""Figures: graph → outline → scene with exact coordinates → DOT with pinned positions → SVG, PNG, PDF."""

from builder.emit.diagram.drawing import Drawing, draw
from builder.emit.diagram.reading.options import DrawOptions

__all__ = ["DrawOptions", "Drawing", "draw"]
