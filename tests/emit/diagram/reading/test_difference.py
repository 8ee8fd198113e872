"""What stands under the titles of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.emit.diagram.reading.alignment import compare
from builder.emit.diagram.reading.difference import captions
from builder.emit.diagram.reading.outline import outline
from builder.lowering import load

if TYPE_CHECKING:
    from pathlib import Path


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
        """Sixteen gates are not listed one by one, but where they stand in their blocks is said."""
        names = ("resnet50", "se_resnet50", "se_resnet50_pre", "se_resnet50_post", "se_resnet50_identity")
        assert words(*names) == [
            "base",
            "SE at the end of 16 blocks",
            "SE at the beginning of 16 blocks",
            "SE after 16 blocks",
            "SE on the shortcut of 16 blocks",
        ]

    @pytest.mark.parametrize(
        ("place", "said"),
        [
            ("layer1.*.in", "SE before layer1.0, layer1.1 and layer1.2"),
            ("layer1.*.branch_in", "SE at the beginning of layer1.0, layer1.1 and layer1.2"),
            ("layer1.0.conv1", "SE in layer1.0"),
            ("layer[12].1.branch", "SE at the end of layer1.1 and layer2.1"),
            ("layer1.*.pre_activation", "SE before layer1.0’s, layer1.1’s and layer1.2’s ReLU"),
            ("layer*.*.pre_activation", "SE before 16 blocks’ ReLU"),
        ],
    )
    def test_every_point_of_a_block_has_words(self, tmp_path: Path, place: str, said: str) -> None:
        """Few blocks are named."""
        page = tmp_path / "gated.yaml"
        page.write_text(f"name: gated\nextends: resnet50\ninsert: [{{se: {{}}, at: '{place}'}}]\n", "utf-8")
        strands = [outline(load(name)) for name in ("resnet50", page)]
        assert captions(strands, compare(strands)) == ["base", said]

    def test_blocks_with_one_title_are_counted_by_their_paths(self) -> None:
        """Each block of a RegNet calls its layers ``f``."""
        assert words("regnet_y_400mf", "regnet_x_400mf")[0] == "with block2-2; SE in 15 blocks"

    def test_where_all_layers_differ_they_are_counted(self) -> None:
        """The widths and groups of ResNeXt: a list would be as long as the network."""
        assert words("resnet50", "resnext50_32x4d") == ["32 layers differ"] * 2

    def test_fields_are_named_where_nothing_else_differs(self) -> None:
        """A thousand classes or ten: the label of the box that says so."""
        strands = [outline(load("alexnet", classes=classes)) for classes in (1000, 10)]
        assert captions(strands, compare(strands)) == ["FC 1000 in Classifier", "FC 10 in Classifier"]

    def test_whole_blocks_are_counted(self) -> None:
        """ResNet-34 has eight blocks more than ResNet-18."""
        assert words("resnet18", "resnet34") == ["base", "8 more blocks"]
