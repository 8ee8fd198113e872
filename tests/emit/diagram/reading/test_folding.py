"""Blocks as one box at the level of layers, and opened at the level of blocks."""

from __future__ import annotations

import pytest

from builder.diagnostics import ArchError
from builder.emit.diagram import DrawOptions, draw
from builder.emit.diagram.layout.blocks import blocks
from builder.emit.diagram.layout.layers import layers
from builder.emit.diagram.reading.folding import folded
from builder.emit.diagram.reading.outline import Fork, OutlineCell, cells, outline
from builder.emit.diagram.reading.summary import summary
from builder.lowering import load
from tests.emit.diagram.geometry import faults


class TestFolded:
    """A strand with boxes in the place of blocks."""

    def test_equal_neighbors_become_one_box(self) -> None:
        """The three bottlenecks of the first stage, and the last three of the second."""
        (strand,) = folded([outline(load("resnet50"))], ["layer[12].*"])
        titles = [token.label for token in strand if isinstance(token, OutlineCell) and token.folded]
        assert titles == ["layer1.0–2 ×3", "layer2.0", "layer2.1–3 ×3"]

    @pytest.mark.parametrize("name", ["alexresnet", "googlenet", "densenet121", "alexse_cross"])
    def test_keeps_every_node(self, name: str) -> None:
        """Whatever is folded, each node is in one box."""
        graph = load(name)
        (strand,) = folded([outline(graph)], ["*[0-9]*"])
        assert sorted(node for cell in cells(strand) for node in cell.nodes) == [node.index for node in graph.nodes]

    def test_shape_that_leaves_a_fold_is_kept(self) -> None:
        """And is not repeated after a fold that keeps it."""
        (strand,) = folded([outline(load("resnet50"))], ["layer2.*"])
        assert [token.shape for token in strand if isinstance(token, OutlineCell) and token.folded] == ["512×28×28", ""]

    def test_a_value_read_from_outside_keeps_its_fork(self) -> None:
        """The gate of block2 still finds block1's value."""
        (strand,) = folded([outline(load("alexse_cross"))], ["block1"])
        gate = next(cell for cell in cells(strand) if cell.kind == "gate")
        assert Fork(gate.taps[0]) in strand

    def test_a_name_that_no_block_has_is_an_error(self) -> None:
        """With the nearest right one."""
        with pytest.raises(ArchError, match="no block is called `blok1`") as caught:
            folded([outline(load("alexnet"))], ["blok1"])
        assert caught.value.diagnostics[0].hint == "did you mean `block1`?"

    @pytest.mark.parametrize("pattern", ["layer*", "layer*.*", "layer3"])
    def test_is_drawn_without_faults(self, pattern: str) -> None:
        """Whole stages, every block, one stage."""
        options = DrawOptions(fold=(pattern,))
        assert draw([load("resnet18")], options=options).dot
        assert faults(layers([load("resnet18")], options)) == []


class TestExpand:
    """Opening a block at the level of blocks."""

    def test_layers_stand_on_the_line(self) -> None:
        """Block 1 of AlexNet as its four layers, shortened."""
        strand = summary(load("alexnet"), expand=["block1"])
        labels = [token.label for token in strand if isinstance(token, OutlineCell)]
        assert labels[2:6] == ["5×5, 192", "ReLU", "max 3×3, /2", "3×3, 384"]

    def test_smaller_blocks_become_boxes(self) -> None:
        """A stage of ResNet-18 shows its two blocks with their shortcuts."""
        options = DrawOptions(expand=("layer2",))
        scene = blocks([load("resnet18")], options)
        assert {"layer2.0", "layer2.1"} <= {box.name for box in scene.boxes}
        assert faults(scene) == []
        assert draw([load("resnet18")], level="block", options=options).dot
