"""Where places stand on a figure."""

from __future__ import annotations

from builder.live.places import spots
from builder.lowering import load


class TestSpots:
    """One for each network that an insertion there would make."""

    def test_points_that_are_one_value_share_a_spot(self) -> None:
        """A gate before the activation is a gate after the layers, where nothing is added in between."""
        found = {spot.places[0]: spot for spot in spots(load("alexnet"))}
        assert found["block1.pre_activation"].places == ("block1.pre_activation", "block1.branch")
        assert (found["block1.pre_activation"].side, found["block1.pre_activation"].shape) == ("after", "384×13×13")

    def test_the_end_of_a_block_is_the_beginning_of_the_next(self) -> None:
        """Both names choose it."""
        found = next(spot for spot in spots(load("alexnet")) if "block1.out" in spot.places)
        assert "block2.in" in found.places

    def test_a_shortcut_has_its_own(self) -> None:
        """On its lane, at the node where it returns; what is before the layers only stands before the first of them."""
        graph = load("resnet18")
        found = {spot.places[0]: spot for spot in spots(graph) if spot.block == "layer1.0"}
        lane = next(spot for name, spot in found.items() if name == "layer1.0.shortcut")
        assert (lane.side, graph.nodes[lane.node].role) == ("lane", "merge")
        before = found["layer1.0.branch_in"]
        assert (before.side, graph.nodes[before.node].path) == ("before", "layer1.0.conv1")

    def test_only_where_a_feature_map_passes(self) -> None:
        """The classifier has vectors."""
        assert not any(place.startswith("classifier.") for spot in spots(load("alexnet")) for place in spot.places)
