"""A drawing that leaves a node out, or shows one twice, is refused."""

from __future__ import annotations

import pytest

from builder.emit.diagram import draw
from builder.emit.diagram.output.completeness import IncompleteDrawingError, check_complete, drawn_nodes
from builder.lowering import load


def svg(*identifiers: str) -> str:
    """Return an SVG with one group for each id."""
    groups = "".join(f'<g id="{each}"/>' for each in identifiers)
    return f'<svg xmlns="http://www.w3.org/2000/svg">{groups}</svg>'


class TestDrawnNodes:
    """Reading ids back."""

    def test_ranges_and_lists(self) -> None:
        """An id may stand for several nodes of one network."""
        assert list(drawn_nodes(svg("m2-n3-5_9"))) == [(2, 3), (2, 4), (2, 5), (2, 9)]

    def test_other_ids_say_nothing(self) -> None:
        """Graphviz numbers what has no id of its own: node1 is not node 1."""
        assert list(drawn_nodes(svg("graph0", "node1", "edge12", "n"))) == []


class TestCheckComplete:
    """AlexNet has 22 nodes."""

    def test_accepts_every_node_once(self) -> None:
        """In one box or in many."""
        check_complete(svg("n0-10", "n11_12", "n13-21"), [load("alexnet")])

    def test_reports_a_missing_node_by_its_path(self) -> None:
        """The third node of block1 is not there."""
        with pytest.raises(IncompleteDrawingError, match=r"alexnet: 1 nodes are missing, first `block1.maxpool1`"):
            check_complete(svg("n0-4", "n6-21"), [load("alexnet")])

    def test_reports_a_node_that_is_there_twice(self) -> None:
        """Two boxes claim the same node."""
        with pytest.raises(IncompleteDrawingError, match=r"1 nodes are drawn twice, first `stem.relu1`"):
            check_complete(svg("n0-21", "n1"), [load("alexnet")])

    def test_reports_a_node_that_the_network_lacks(self) -> None:
        """A number beyond the last node."""
        with pytest.raises(IncompleteDrawingError, match=r"1 nodes are unknown, first `22`"):
            check_complete(svg("n0-22"), [load("alexnet")])

    def test_is_asked_at_every_drawing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A renderer that loses a box is noticed."""
        graph = load("alexnet")
        monkeypatch.setattr("builder.emit.diagram.output.renderer.svg", lambda source: svg("n0-20"))
        with pytest.raises(IncompleteDrawingError, match=r"classifier\.linear3"):
            draw([graph])
