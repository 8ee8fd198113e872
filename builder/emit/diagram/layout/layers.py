"""The layer level: every layer a box, read from top to bottom; several networks side by side in aligned rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from builder.emit.diagram.layout.columns import ColumnPlan, columns
from builder.emit.diagram.layout.inset import insets
from builder.emit.diagram.layout.spacing import WIDTH
from builder.emit.diagram.reading.alignment import are_kin, compare
from builder.emit.diagram.reading.difference import captions, with_notes
from builder.emit.diagram.reading.folding import folded
from builder.emit.diagram.reading.options import DEFAULT, DrawOptions
from builder.emit.diagram.reading.outline import outline
from builder.emit.diagram.scene.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.graph import Graph

BESIDE: Final = 17.0
"""From the last column to the insides of gates."""


def layer_plan(graphs: Sequence[Graph], options: DrawOptions, notes: Sequence[str]) -> ColumnPlan:
    """Return the strands of ``graphs`` and what is said of them; raise ArchError where ``fold`` names no block."""
    compact = len(graphs) > 1 and options.shapes == "changes"
    strands = folded([outline(graph, shapes=options.shapes, compact=compact) for graph in graphs], options.fold)
    comparison = compare(strands)
    kin = are_kin(comparison)
    words = captions(strands, comparison) if kin and len(graphs) > 1 else [""] * len(graphs)
    return ColumnPlan(graphs, strands, with_notes(words, notes), comparison, kin, WIDTH)


def layers(graphs: Sequence[Graph], options: DrawOptions = DEFAULT, notes: Sequence[str] = (), count: int = 1) -> Scene:
    """Return the scene of ``graphs`` at the level of layers, each in ``count`` columns or fewer.

    Raises ArchError where ``fold`` names no block.
    """
    return draw_layers(layer_plan(graphs, options, notes), options, count)


def draw_layers(plan: ColumnPlan, options: DrawOptions, count: int, *, tight: bool = False) -> Scene:
    """Return the scene of a plan in ``count`` columns or fewer, with the insides of its gates where it compares."""
    scene = Scene()
    right = columns(scene, plan, marked=options.highlight == "diff", count=count, tight=tight)
    if len(plan.graphs) > 1:
        insets(scene, plan.graphs, right + BESIDE, 20)
    return scene
