"""What stands under the titles of a comparison."""

from __future__ import annotations

from builder.emit.diagram.reading.alignment import compare
from builder.emit.diagram.reading.difference import captions
from builder.emit.diagram.reading.outline import outline
from builder.lowering import load


def words(*names: str) -> list[str]:
    """Return the captions of shipped networks side by side."""
    strands = [outline(load(name)) for name in names]
    return captions(strands, compare(strands))


class TestCaptions:
    """One phrase for each network."""

    def test_a_gate_is_placed_by_the_activation_it_precedes(self) -> None:
        """As the report speaks of its three networks."""
        assert words("alexse_block1", "alexse_block2", "alexse_both") == [
            "SE before Block 1’s ReLU",
            "SE before Block 2’s ReLU",
            "SE before Block 1’s and Block 2’s ReLU",
        ]

    def test_shortcuts_are_named_by_their_blocks(self) -> None:
        """And the network without anything of its own is the base."""
        assert words("alexnet", "alexresnet") == ["base", "shortcut at Block 1 and Block 2"]

    def test_a_foreign_squeeze_is_named(self) -> None:
        """The gate of block2 looks at block1."""
        assert words("alexnet", "alexse_cross")[1] == "SE from Block 1 before Block 2’s ReLU"

    def test_many_places_are_counted(self) -> None:
        """Sixteen gates are not listed one by one."""
        assert words("resnet50", "se_resnet50")[1] == "SE at 16 places"

    def test_fields_are_named_where_nothing_else_differs(self) -> None:
        """A thousand classes or ten: the label of the box that says so."""
        strands = [outline(load("alexnet", classes=classes)) for classes in (1000, 10)]
        assert captions(strands, compare(strands)) == ["FC 1000 in Classifier", "FC 10 in Classifier"]

    def test_whole_blocks_are_counted(self) -> None:
        """ResNet-34 has eight blocks more than ResNet-18."""
        assert words("resnet18", "resnet34") == ["base", "8 more blocks"]
