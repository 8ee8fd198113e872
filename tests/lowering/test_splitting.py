"""The share of the channels that each branch of a block gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.diagnostics import Diagnostic
    from builder.graph import Graph

CLASSIFIER = "  pool: adaptiveavgpool\n  flatten: flatten\n  fc: {linear: {out: $classes}}\n"


class TestSplit:
    """Shares of the channels for branches."""

    def test_a_list_gives_each_branch_its_channels(self, graph_of: Callable[..., Graph]) -> None:
        """In the order of the branches; a share can be read by its path."""
        graph = graph_of(
            "layers:\n  parts:\n    split: [1, $in - 1]\n"
            "    branches:\n    - {}\n    - {c: {conv: {out: 2, kernel: 1}}}\n"
            "  again: {join: {from: parts.split2, by: concat}}\n" + CLASSIFIER
        )
        assert [node.shape.channels for node in graph.nodes[:5]] == [1, 2, 2, 3, 5]

    @pytest.mark.parametrize(
        ("split", "code", "message"),
        [
            ("[1, 1]", "misfit", "parts: `split` shares 2 channels, but its input is 3×16×16"),
            ("[1, 1, 1]", "bad-value", "`split` has 3 numbers for 2 branches"),
            ("[3]", "bad-value", "`split` has 1 number for 2 branches"),
            ("[0, 3]", "bad-value", "`split` is true, false or the channels of each branch, not this list"),
            ("3", "bad-value", "`split` is true, false or the channels of each branch, not `3`"),
            ("[[1], 2]", "bad-value", "`split` is a list of numbers: the channels of each branch"),
        ],
    )
    def test_shares_that_do_not_fit_are_answered(
        self, mistakes_of: Callable[..., list[Diagnostic]], split: str, code: str, message: str
    ) -> None:
        """Each at the numbers."""
        body = f"layers:\n  parts:\n    split: {split}\n    branches: [{{}}, {{}}]\n"
        found = mistakes_of(body + CLASSIFIER)
        assert (found[0].code, found[0].message, found[0].mark.line) == (code, message, 6)

    def test_a_branch_that_is_left_out_gets_no_share(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """Its channels go to nobody, so the numbers no longer fit."""
        body = "layers:\n  parts:\n    split: [1, 2]\n    branches: [{when: false, layers: [relu]}, {}]\n"
        found = mistakes_of(body + CLASSIFIER)
        assert [each.message for each in found] == ["`split` has 2 numbers for 1 branch"]
