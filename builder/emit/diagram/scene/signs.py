"""The signs inside circles where values meet, as strokes: no font can put them off their center."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.emit.diagram.scene.scene import Point

_SIGNS: Mapping[str, tuple[tuple[float, float, float, float], ...]] = MappingProxyType(
    {
        "+": ((-3.6, 0, 3.6, 0), (0, -3.6, 0, 3.6)),
        "×": ((-2.7, -2.7, 2.7, 2.7), (-2.7, 2.7, 2.7, -2.7)),
        "÷": ((-2.7, 2.7, 2.7, -2.7),),
        "max": ((-2.7, -2.7, 0, 2.7), (0, 2.7, 2.7, -2.7)),
    }
)
"""Ends of the strokes of each sign, seen from the center of the circle; a quotient has a slash, a maximum a wedge."""


def strokes(sign: str, x: float, y: float) -> list[list[Point]]:
    """Return the strokes of a sign in a circle around a point, each with its two ends."""
    return [[(x + left, y + top), (x + right, y + bottom)] for left, top, right, bottom in _SIGNS[sign]]
