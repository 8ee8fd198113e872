"""Equal neighbors drawn once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.emit.diagram.reading.outline import Fork, OutlineCell, cells
from builder.emit.diagram.reading.summary import summary
from builder.lowering import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.graph import Graph

CONV = "{conv: {out: 8, kernel: 3, padding: 1}}"


def five(more: str = "") -> str:
    """Return a network's layers: five residual blocks, the third with something more."""
    blocks = [f"b{at}: {{layers: [{CONV}, {CONV}{more if at == 2 else ''}], shortcut: identity}}" for at in range(5)]
    return "\n".join([f"stem: {CONV}", *blocks])


def titles(graph: Graph) -> list[str]:
    """Return the titles of the boxes on the line."""
    return [token.label for token in summary(graph) if isinstance(token, OutlineCell) and token.folded]


class TestResidualBlocks:
    """Blocks with a shortcut on the spine."""

    def test_equal_ones_are_one_box(self) -> None:
        """The eight blocks in the middle of Xception, with a line for their shortcuts."""
        graph = load("legacy_xception")
        strand = summary(graph)
        box = next(cell for cell in strand if isinstance(cell, OutlineCell) and "×8" in cell.label)
        assert box.label == "Block 4–11 ×8"
        assert box.after[-1] == "+ shortcut"
        found = sorted(node for cell in cells(strand) for node in cell.nodes)
        assert found == [node.index for node in graph.nodes]

    def test_two_are_drawn_as_they_are(self) -> None:
        """AlexNet's two blocks, which are not even equal."""
        assert sum(isinstance(token, Fork) for token in summary(load("alexresnet"))) == 2

    def test_one_that_differs_stays_by_itself(self, network: Callable[..., Graph]) -> None:
        """Two before it and two after it are too few to fold."""
        assert titles(network(five()))[1:2] == ["B 0–4 ×5"]
        assert titles(network(five(", {se: {hidden: 2}}")))[1:6] == ["B 0", "B 1", "B 2", "B 3", "B 4"]
