"""Which of the ways to lay a figure out fits best: its direction, and into how many lines it is cut."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from builder.diagnostics import ArchError, Diagnostic
from builder.emit.diagram.layout.blocks import block_plan, draw_rows, draw_stacks, most_rows, most_stacks
from builder.emit.diagram.layout.columns import most_columns
from builder.emit.diagram.layout.layers import draw_layers, layer_plan
from builder.emit.diagram.layout.legend import legend
from builder.emit.diagram.output.paper import is_readable, room, scale, share

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from builder.choices import Level
    from builder.emit.diagram.output.paper import PaperRoom
    from builder.emit.diagram.reading.options import DrawOptions
    from builder.emit.diagram.scene.scene import Scene
    from builder.graph import Graph

COMFORT: Final = 0.9
"""A figure that shrinks to no less than this is not cut into more lines."""

PATIENCE: Final = 3
"""So many more lines are tried while the figure does not become larger."""


def fitted(graphs: Sequence[Graph], level: Level, options: DrawOptions, notes: Sequence[str]) -> tuple[Scene, float]:
    """Return the scene of a figure, and by what it shrinks to fit.

    Raises ArchError where ``fold`` or ``expand`` name no block, RunError where no way to lay it out fits.
    """
    paper = room(options)
    way = _way(graphs, level, options, notes)

    def laid_out(count: int, *, tight: bool = False) -> Scene:
        scene = way.draw(count, tight)
        if options.legend:
            legend(scene)
        return scene

    if paper is None:
        return laid_out(1), 1.0
    scene = _best(laid_out, way.most, paper)
    if not is_readable(scene, paper):
        scene = max(scene, _best(partial(laid_out, tight=True), way.most, paper), key=lambda each: share(each, paper))
    return scene, scale(scene, paper, way.hint)


class _Way(NamedTuple):
    """How a figure can be drawn: in some number of lines, tight or not, in how many at most; what helps otherwise."""

    draw: Callable[[int, bool], Scene]
    most: int
    hint: str


def _way(graphs: Sequence[Graph], level: Level, options: DrawOptions, notes: Sequence[str]) -> _Way:
    """Return how the figure is drawn; raise ArchError for layers from left to right."""
    if level == "layer":
        if options.direction == "horizontal":
            message = "layers are drawn from top to bottom; `horizontal` is a direction of blocks"
            raise ArchError(Diagnostic("usage", message, None, "add --level block"))
        plan = layer_plan(graphs, options, notes)
        hint = "choose a wider column, --level block, or fold blocks"
        return _Way(lambda count, tight: draw_layers(plan, options, count, tight=tight), most_columns(plan), hint)
    blocks = block_plan(graphs, options, notes)
    if options.direction == "vertical":
        hint = "choose a wider column, or --direction horizontal"
        return _Way(lambda count, tight: draw_stacks(blocks, options, count, tight=tight), most_stacks(blocks), hint)
    hint = "choose a wider column, or --direction vertical"
    return _Way(lambda count, tight: draw_rows(blocks, options, count, tight=tight), most_rows(blocks), hint)


def _best(draw: Callable[[int], Scene], most: int, paper: PaperRoom) -> Scene:
    """Return the scene with the fewest lines that needs to shrink little, else the one that shrinks least."""
    best = draw(1)
    largest = share(best, paper)
    without_gain = 0
    for count in range(2, most + 1):
        if largest >= COMFORT or without_gain == PATIENCE:
            break
        scene = draw(count)
        found = share(scene, paper)
        without_gain = 0 if found > largest else without_gain + 1
        if found > largest:
            best, largest = scene, found
    return best
