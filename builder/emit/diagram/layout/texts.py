"""Writes a line of a box into a scene: its words, and an orange box around each that names a gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from builder.emit.diagram.reading.lines import BADGE, line_width, words
from builder.emit.diagram.scene.metrics import text_width
from builder.emit.diagram.scene.scene import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.emit.diagram.scene.scene import Scene

TALL: Final = 1.06
"""Height of the box around the name of a gate, in font sizes."""


def write_line(
    scene: Scene, x: float, y: float, line: str, size: float, gates: Sequence[str] = (), *, bold: bool = False
) -> None:
    """Write a line by its center."""
    if not any(gate for _, gate in words(line, gates)):
        scene.text(x, y, line, size, bold=bold)
        return
    here = x - line_width(line, gates, size) / 2
    plain = ""
    for word, gate in [*words(line, gates), ("", True)]:
        if not gate:
            plain += word
            continue
        _plain(scene, here, y, plain, size)
        here += text_width(plain, size)
        plain = ""
        if word:
            wide = text_width(word, size, bold=True) + BADGE
            scene.boxes.append(
                Box(f"gate {len(scene.boxes)} {word}", "badge", here + wide / 2, y, wide - 1, size * TALL)
            )
            scene.text(here + wide / 2, y, word, size, tone="gate", bold=True)
            here += wide


def _plain(scene: Scene, left: float, y: float, text: str, size: float) -> None:
    """Write words from ``left`` on; the blanks around them are room, not text."""
    if text.strip():
        before = text_width(text[: len(text) - len(text.lstrip())], size)
        scene.text_after(left + before, y, text.strip(), size)
