"""The inside of gates, drawn beside a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.emit.diagram import draw
from builder.emit.diagram.layout.layers import layers
from builder.lowering import load
from tests.emit.diagram.geometry import faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.graph import Graph


class TestInsets:
    """Once for each pair of activations that a gate has in the figure."""

    def test_equal_gates_share_one(self) -> None:
        """Of whatever size."""
        assert draw([load("alexse_block1"), load("alexse_both")]).svg().count(">SE(C, r)</text>") == 1

    def test_other_activations_have_their_own_which_says_whose_it_is(self, network: Callable[..., Graph]) -> None:
        """Both are complete, and neither is over the other."""
        body = "conv: {{conv: {{out: 16, kernel: 1}}}}\ngate: {{se: {{reduction: 4, gate: {}}}}}"
        graphs = [network(body.format(gate), gate) for gate in ("sigmoid", "hardsigmoid")]
        text = draw(graphs).svg()
        assert text.count(">SE(C, r)</text>") == 2
        assert ">in hardsigmoid</text>" in text
        assert text.count("C×1×1</text>") == 2
        assert faults(layers(graphs)) == []
