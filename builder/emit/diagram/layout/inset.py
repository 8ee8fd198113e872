"""The inside of squeeze-and-excitation gates beside a comparison: each kind of gate once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from builder.emit.diagram.scene.metrics import fit
from builder.emit.diagram.scene.scene import Box, Dot, Line
from builder.emit.diagram.scene.theme import FRAME_TITLE, LIGHT, SMALL, TEXT
from builder.ops import OPERATIONS
from builder.ops.squeeze_excitation import SqueezeExcitation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.emit.diagram.scene.scene import Scene
    from builder.emit.diagram.scene.theme import BoxKind
    from builder.graph import Graph

WIDTH: Final = 136.0
_SPINE: Final = 17.0
_BOXES: Final = 81.0
_WIDE: Final = 100.0
_GAP: Final = 3.5
BETWEEN: Final = 12.0
"""From one inset to the next, in pt."""


def insets(scene: Scene, graphs: Sequence[Graph], left: float, top: float) -> None:
    """Draw the inside of each kind of gate below one another from ``left``, ``top`` on, and say whose it is."""
    kinds: dict[tuple[str, str], SqueezeExcitation] = {}
    owners: dict[tuple[str, str], dict[str, None]] = {}
    for graph in graphs:
        for node in graph.nodes:
            if isinstance(gate := node.operation, SqueezeExcitation):
                kind: tuple[str, str] = (gate.activation, gate.gate)
                kinds.setdefault(kind, gate)
                owners.setdefault(kind, {})[graph.title] = None
    for number, (kind, gate) in enumerate(kinds.items(), 1):
        whose = ", ".join(owners[kind]) if len(kinds) > 1 else ""
        top = _inset(scene, gate, f"inset {number}", whose, left, top) + BETWEEN


def _inset(scene: Scene, gate: SqueezeExcitation, name: str, whose: str, left: float, top: float) -> float:
    """Draw the inside of ``gate`` with its upper left corner at ``left``, ``top``; return where it ends."""
    hidden, symbol = ("C/r", "r") if gate.reduction else ("H", "H")
    spine, middle = left + _SPINE, left + _BOXES
    scene.text_after(left + 5, top + 8, f"SE(C, {symbol})", FRAME_TITLE, bold=True)
    if whose:
        scene.text_after(left + 46, top + 8.4, fit(f"in {whose}", WIDTH - 51, SMALL), SMALL, tone="muted")
    scene.text(spine, top + 21, "x", TEXT)
    steps: list[tuple[BoxKind, str]] = [
        ("pool", "GlobalAvgPool  C×1×1"),
        ("linear", f"FC C→{hidden}"),
        ("activation", OPERATIONS[gate.activation]().label()),
        ("linear", f"FC {hidden}→C"),
        ("activation", OPERATIONS[gate.gate]().label()),
    ]
    fork, y = top + 31, top + 41
    first = y
    for number, (kind, label) in enumerate(steps):
        tall = LIGHT.looks[kind].height - 2
        if number:
            scene.lines.append(Line(((middle, y - _GAP), (middle, y)), "lane", pen=1.3))
        scene.boxes.append(Box(f"{name} {number}", kind, middle, y + tall / 2, _WIDE, tall, label))
        y += tall + _GAP
    times = y - _GAP + 14
    scene.boxes.append(Box(f"{name} times", "sum", spine, times, 13, 13, "×"))
    scene.dots.append(Dot(spine, fork))
    scene.lines += [
        Line(((spine, top + 25.5), (spine, times - 7)), arrow=True),
        Line(((spine, fork), (middle, fork), (middle, first - 0.5)), "lane", arrow=True, pen=1.3),
        Line(((middle, y - _GAP), (middle, times), (spine + 7, times)), "lane", arrow=True, pen=1.3),
        Line(((spine, times + 6.5), (spine, times + 14.5)), arrow=True),
    ]
    scene.text(spine, times + 19.5, "x′", TEXT)
    tall = times + 28 - top
    scene.boxes.insert(0, Box(name, "inset", left + WIDTH / 2, top + tall / 2, WIDTH, tall))
    return top + tall
