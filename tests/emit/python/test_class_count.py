"""Exported source takes the number of classes, as torchvision's networks do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

from builder.emit.python import source
from builder.emit.python.document import document
from builder.lowering import load

if TYPE_CHECKING:
    from builder.graph import Graph
    from tests.emit.conftest import Make

END = "  flatten: flatten\n  fc: {linear: {out: $classes}}\n"


def network(graph: Graph) -> Any:
    """Return the class of the network, from its source alone."""
    written = document(graph)
    names: dict[str, Any] = {}
    exec(compile(written.text, "source.py", "exec"), names)
    return names[written.network]


class TestNumClasses:
    """The argument of the network's class."""

    @pytest.mark.parametrize("name", ["alexnet_tiny", "squeezenet1_1", "googlenet", "resnet20", "vgg11_bn"])
    def test_gives_the_network_that_the_page_gives_for_as_many(self, name: str) -> None:
        """Keys and shapes are those of the page with other classes, heads included."""
        with torch.device("meta"):
            found = network(load(name))(num_classes=7).state_dict()
            wanted = network(load(name, classes=7))().state_dict()
        assert {key: value.shape for key, value in found.items()} == {key: each.shape for key, each in wanted.items()}

    def test_is_the_pages_number_unless_said(self) -> None:
        """So that a run's weights load as they are."""
        assert network(load("alexnet_tiny"))().classifier[-1].out_features == 10

    def test_is_no_other_number_that_happens_to_be_equal(self, graph_of: Make) -> None:
        """Ten features before ten classes stay ten."""
        graph = graph_of("layers:\n  flatten: flatten\n  a: {linear: {out: 4}}\n  fc: {linear: {out: $classes}}\n")
        assert graph.classes == 4
        assert "self.a = nn.Linear(3072, 4)" in source(graph)
        assert "self.fc = nn.Linear(4, num_classes)" in source(graph)

    def test_reaches_what_follows_the_last_layer(self, graph_of: Make) -> None:
        """A normalization of the logits counts them too."""
        graph = graph_of("layers:\n  flatten: flatten\n  fc: {linear: {out: $classes}}\n  bn: batchnorm\n")
        assert "nn.BatchNorm1d(num_classes)" in source(graph)
        assert network(graph)(num_classes=9).eval()(torch.zeros(2, 3, 32, 32)).shape == (2, 9)

    def test_is_not_offered_where_something_else_would_change(self, graph_of: Make) -> None:
        """Here a shortcut adds what comes in to the logits."""
        graph = graph_of(
            "layers:\n  flatten: flatten\n  a: {linear: {out: 4}}\n"
            "  b: {layers: [{linear: {out: $classes}}], shortcut: identity}\n"
        )
        assert "num_classes" not in source(graph)
