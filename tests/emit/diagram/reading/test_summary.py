"""Networks in a few boxes."""

from __future__ import annotations

import pytest

from builder.emit.diagram.reading.outline import Fork, Join, OutlineCell, cells
from builder.emit.diagram.reading.summary import summary
from builder.lowering import load


def boxes(name: str) -> dict[str, OutlineCell]:
    """Return the boxes on the line by their titles."""
    return {token.label: token for token in summary(load(name)) if isinstance(token, OutlineCell) and token.after}


class TestSummary:
    """The strand of the block level."""

    @pytest.mark.parametrize("name", ["alexnet", "alexresnet", "resnet152", "googlenet", "densenet121", "vgg11"])
    def test_holds_every_node_once(self, name: str) -> None:
        """Folded or not."""
        graph = load(name)
        found = sorted(node for cell in cells(summary(graph)) for node in cell.nodes)
        assert found == [node.index for node in graph.nodes]

    def test_a_box_for_each_block_and_for_loose_layers(self) -> None:
        """AlexNet: three blocks, the pooling at the root, the classifier."""
        assert list(boxes("alexnet")) == ["Stem", "Block 1", "Block 2", "Pool", "Classifier"]

    def test_lines_name_the_layers(self) -> None:
        """At most three of them, in order."""
        assert boxes("alexnet")["Block 1"].after == ("5×5, 192 · ReLU", "max 3×3, /2", "3×3, 384")

    def test_equal_blocks_are_folded(self) -> None:
        """A stage of ResNet-50 shows one bottleneck, its activation after the sum, and says how many there are."""
        assert boxes("resnet50")["Layer 3 ×6"].after == (
            "1×1, 256 · ReLU",
            "3×3, 256 · ReLU",
            "1×1, 1024",
            "+ shortcut · ReLU",
        )

    def test_blocks_of_several_widths_are_counted(self) -> None:
        """One of them would not tell what the others are: each block of a pruned network has its own."""
        assert boxes("ecaresnet50d_pruned")["Layer 1"].after == (
            "3 blocks · 1×1, 47",
            "3×3, 18 · ECA 5 ×3",
            "+7 more",
            "+ shortcut",
        )

    def test_many_blocks_of_several_widths_are_one_box(self) -> None:
        """A box each would fill a page; where there are few, each has its own."""
        found = boxes("ecaresnet101d_pruned")
        assert found["Layer 3"].after == ("23 blocks · 1×1, 101", "3×3, 25, /2 · ECA 5 ×23", "+67 more", "+ shortcut")
        assert "layer2.3" in found
        assert "blocks.3–18 ×16" in boxes("xception65p")

    def test_a_box_of_branches_counts_what_it_does_not_name(self) -> None:
        """The last layer of each branch, and the layers before them."""
        assert boxes("googlenet")["inception3a"].after == (
            "4 branches",
            "1×1, 64 | 3×3, 128",
            "3×3, 32 | 1×1, 32",
            "+3 more",
        )

    def test_gates_and_activations_stay_visible(self) -> None:
        """They stand between the boxes, where the page puts them."""
        strand = summary(load("alexse_block1"))
        position = next(
            place for place, token in enumerate(strand) if isinstance(token, OutlineCell) and token.kind == "gate"
        )
        assert [token.label for token in strand[position - 1 : position + 2]] == ["Block 1", "SE", "ReLU"]

    def test_shortcuts_stay_visible(self) -> None:
        """Fork, block, joint; the projection is one box on the lane."""
        strand = summary(load("alexresnet"))
        position = next(place for place, token in enumerate(strand) if isinstance(token, Join))
        join = strand[position]
        assert isinstance(strand[position - 2], Fork)
        assert isinstance(join, Join)
        assert [cell.label for cell in cells(join.lane)] == ["1×1, 384, /2"]

    def test_never_more_than_three_lines_of_layers(self) -> None:
        """Even for a network whose blocks hold many, where the fourth is the shortcut, or how many more there are."""
        found = [box for name in ("inception_v3", "mobilenet_v2", "densenet121") for box in boxes(name).values()]
        assert max(len(box.after) for box in found) == 4
        fourth = {box.after[3].rpartition(" ")[2] for box in found if len(box.after) == 4}
        assert fourth == {"shortcut", "more"}

    def test_a_small_layer_behind_a_block_needs_no_box(self) -> None:
        """SqueezeNet flattens behind its classifier, DenseNet normalizes behind its last block."""
        for name, last in (("squeezenet1_1", "Classifier"), ("densenet121", "Denseblock 4 ×16")):
            graph = load(name)
            labels = [cell.label for cell in cells(summary(graph))]
            assert not {"Flatten", "BN"} & set(labels)
            assert last in labels

    def test_a_value_that_comes_in_anyway_is_not_tapped(self) -> None:
        """VoVNet's first stage joins its own input."""
        assert not any(cell.taps for cell in cells(summary(load("ese_vovnet39b"))))
