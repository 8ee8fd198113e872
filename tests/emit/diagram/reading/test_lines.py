"""What a box says of the layers that it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.emit.diagram.layout.blocks import blocks
from builder.emit.diagram.reading.alignment import compare
from builder.emit.diagram.reading.difference import captions
from builder.emit.diagram.reading.lines import count
from builder.emit.diagram.reading.outline import OutlineCell, cells, outline
from builder.emit.diagram.reading.summary import summary
from builder.lowering import load
from tests.emit.diagram.geometry import faults

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from builder.graph import Graph

ONE = "{conv: {out: 8, kernel: 1}}"
UNIT = "{layers: [{conv: {out: 8, kernel: 1}}, {conv: {out: 8, kernel: 3, padding: 1}}], shortcut: identity}"
STAGE = f"""
stem: {{conv: {{out: 8, kernel: 3, padding: 1}}}}
stage:
  layers:
    parts:
      branches:
        - [{ONE}, {UNIT}, {UNIT}, {{se: {{hidden: 2}}}}, {UNIT}, {ONE}]
        - [{{conv: {{out: 4, kernel: 1}}}}]
    mix: {{conv: {{out: 8, kernel: 1}}}}
"""


def box_of(graph: Graph, title: str) -> OutlineCell:
    """Return the box with a title."""
    return next(cell for cell in cells(summary(graph)) if cell.label == title)


def variant(folder: Path, base: str, *places: str) -> Graph:
    """Return a shipped network with SE at places."""
    path = folder / "gated.yaml"
    path.write_text(f"name: gated\nextends: {base}\ninsert: [{{se: {{}}, at: [{', '.join(places)}]}}]\n", "utf-8")
    return load(path)


def words(cell: OutlineCell) -> list[str]:
    """Return what the lines of a box name, word by word."""
    return [word for line in cell.after for word in line.replace(" | ", " · ").split(" · ")]


def times(word: str) -> int:
    """Return how often a word stands for a layer: 3 for ``1×1, 64 ×3``."""
    return int(word.rpartition(" ×")[2]) if " ×" in word else 1


def said(cell: OutlineCell) -> int:
    """Return how many convolutions and the like the lines of a box name or count."""
    more = [int(word.removeprefix("+").removesuffix(" more")) for word in words(cell) if word.endswith(" more")]
    named = [word for word in words(cell) if word[:1].isdigit() and "×" in word[:4]]
    named += [word for word in words(cell) if word.startswith(("dw ", "max ", "avg ", "global avg", "FC ", "SE"))]
    return sum(more) + sum(times(word) for word in named)


class TestCounting:
    """A box says what it holds, or how much more."""

    def test_layers_that_are_not_named_are_counted(self, network: Callable[..., Graph]) -> None:
        """Seven convolutions of a stage, beside three and a gate that are named."""
        assert box_of(network(STAGE), "Stage").after == (
            "2 branches", "1×1, 8 · SE", "1×1, 4", "1×1, 8 · +7 more",
        )  # fmt: skip

    @pytest.mark.parametrize("name", ["googlenet", "inception_v3", "squeezenet1_0", "vgg16_bn", "alexnet"])
    def test_named_and_counted_are_all_that_there_are(self, name: str) -> None:
        """Over all boxes of networks without blocks that repeat."""
        graph = load(name)
        strand = summary(graph)
        heads = sum(count(head.strand) for head in outline(graph) if type(head).__name__ == "Head")
        boxes = [cell for cell in cells(strand) if cell.folded and "training" not in cell.after[0]]
        assert sum(said(cell) * times(cell.label) for cell in boxes) == count(outline(graph)) - heads

    def test_a_head_says_how_many_layers_it_has(self) -> None:
        """It has a single line."""
        assert box_of(load("googlenet"), "Aux 1").after == ("training only · 4 layers",)


class TestGates:
    """Gates are always named, and marked."""

    def test_in_a_branch(self, tmp_path: Path) -> None:
        """Behind the last layer of its branch."""
        box = box_of(variant(tmp_path, "googlenet", "inception3a.branch2"), "inception3a")
        assert any("3×3, 128 · SE" in line for line in box.after)
        assert box.gates == ("SE",)

    def test_in_a_branch_a_comparison_marks_them_and_says_where(self, tmp_path: Path) -> None:
        """A band over the box, and words under the title."""
        graphs = [load("googlenet"), variant(tmp_path, "googlenet", "inception3a.branch2")]
        scene = blocks(graphs)
        (band,) = (box for box in scene.boxes if box.kind == "band")
        (badge,) = (box for box in scene.boxes if box.kind == "badge")
        assert band.area.left < badge.area.left < badge.area.right < band.area.right
        outlines = [outline(graph) for graph in graphs]
        assert captions(outlines, compare(outlines)) == ["base", "SE in inception3a.branch2"]

    def test_in_one_block_of_a_stage_its_blocks_are_told_apart(self, tmp_path: Path) -> None:
        """Six equal blocks are one box; with a gate in the third they are four."""
        found = summary(variant(tmp_path, "resnet50", "layer3.2.branch"))
        titles = [cell.label for cell in found if isinstance(cell, OutlineCell) and cell.label.startswith("layer3")]
        assert titles == ["layer3.0", "layer3.1", "layer3.2", "layer3.3–5 ×3"]

    def test_on_a_shortcut(self, tmp_path: Path) -> None:
        """In the line of the shortcut, and in words."""
        graphs = [load("resnet50"), variant(tmp_path, "resnet50", "layer3.0.shortcut")]
        assert "+ shortcut · SE · ReLU" in box_of(graphs[1], "layer3.0").after
        outlines = [outline(graph) for graph in graphs]
        assert captions(outlines, compare(outlines))[1] == "SE on the shortcut of layer3.0"

    def test_on_a_shortcut_beside_a_projection(self, tmp_path: Path) -> None:
        """Both are boxes on the lane."""
        scene = blocks([variant(tmp_path, "alexresnet", "block1.shortcut")])
        above = min(box.y for box in scene.boxes)
        assert [box.kind for box in scene.boxes if box.y == above] == ["projection", "gate", "projection"]
        assert faults(scene) == []

    def test_in_every_block_of_a_stage(self) -> None:
        """An orange box around the word, in the box of the stage."""
        scene = blocks([load("se_resnet50")])
        assert sum(box.kind == "badge" for box in scene.boxes) == 4
        assert faults(scene) == []

    def test_in_a_head(self, tmp_path: Path) -> None:
        """Beside how many layers it has."""
        assert box_of(variant(tmp_path, "googlenet", "aux1.conv.out"), "Aux 1").gates == ("SE",)

    def test_however_many_there_are(self, network: Callable[..., Graph]) -> None:
        """Where there is room for nothing else, they are named once."""
        gates = ", ".join(f"{{conv: {{out: 8, kernel: {kernel}}}}}, {{se: {{hidden: 2}}}}" for kernel in (1, 2, 3) * 4)
        box = box_of(network(f"stem: {{conv: {{out: 8, kernel: 3}}}}\nmany: {{layers: [{gates}]}}"), "Many")
        assert "SE" in [gate.partition(" ×")[0] for gate in box.gates]
        assert len(box.after) <= 4
        assert box.after[-1].endswith(" more")
