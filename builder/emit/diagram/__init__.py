"""Figures: graph → outline → scene with exact coordinates → DOT with pinned positions → SVG, PNG, PDF."""

from builder.emit.diagram.drawing import Drawing, Level, draw

__all__ = ["Drawing", "Level", "draw"]
