"""The text that Graphviz draws."""

from __future__ import annotations

import pytest

from builder.emit.diagram.output.dot import dot, identifier
from builder.emit.diagram.scene.scene import Box, Line, Scene
from builder.emit.diagram.scene.theme import LIGHT


class TestIdentifier:
    """Ids that say for which nodes a box stands."""

    @pytest.mark.parametrize(
        ("model", "nodes", "expected"),
        [(0, (12,), "n12"), (0, (12, 13), "n12-13"), (1, (3, 4, 5, 9), "m1-n3-5_9"), (0, (9, 7), "n7_9")],
    )
    def test_runs_are_folded(self, model: int, nodes: tuple[int, ...], expected: str) -> None:
        """Neighbors become a range; a network among several has a number."""
        assert identifier(model, nodes) == expected


class TestDot:
    """A scene as text."""

    def test_positions_are_pinned_with_y_upwards(self) -> None:
        """The lower of two boxes has the smaller y."""
        upper = Box("a", "conv", 50, 10, 40, 10, "Conv", nodes=(0,))
        lower = Box("b", "conv", 50, 60, 40, 10, "Conv", nodes=(1,))
        text = dot(Scene(boxes=[upper, lower]), LIGHT)
        assert '"a" [pos="27.1,62.1"' in text
        assert '"b" [pos="27.1,12.1"' in text

    def test_quotes_and_backslashes_of_a_title_are_escaped(self) -> None:
        """A name on a page cannot break out of its label."""
        scene = Scene(boxes=[Box("a", "conv", 0, 0, 90, 10, 'a"]; x\\n')])
        assert 'label="a\\"]; x\\\\n"' in dot(scene, LIGHT)

    def test_arrows_end_at_the_given_point(self) -> None:
        """The head's tip is where the line ends; the spline stops before it."""
        scene = Scene(lines=[Line(((0, 0), (0, 40)), arrow=True)])
        assert 'pos="e,7.1,7.1 7.1,47.1 ' in dot(scene, LIGHT)
