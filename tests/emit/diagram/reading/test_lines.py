"""What a box says of the layers that it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.emit.diagram.layout.blocks import blocks
from builder.emit.diagram.reading.alignment import compare
from builder.emit.diagram.reading.difference import captions
from builder.emit.diagram.reading.lines import count
from builder.emit.diagram.reading.options import DrawOptions
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

    @pytest.mark.parametrize(
        ("name", "title", "last"),
        [
            ("repvgg_d2se", "stages.3", "3×3, 2560, /2 · SE"),
            ("ese_vovnet19b_dw", "stages.3", "1×1, 1024 · ESE"),
            ("cspdarknet53", "stages.0", "1×1, 64"),
        ],
    )
    def test_a_line_that_is_free_names_what_would_be_counted(self, name: str, title: str, last: str) -> None:
        """Without a shortcut there is a fourth."""
        assert box_of(load(name), title).after[-1] == last

    def test_a_head_says_how_many_layers_it_has(self) -> None:
        """It has a single line."""
        assert box_of(load("googlenet"), "Aux 1").after == ("training only · 4 layers",)


class TestRepeats:
    """×N stands for blocks that are equal, brackets for layers that repeat."""

    def test_a_first_block_may_have_more_layers(self) -> None:
        """The units of ShuffleNet, the first of which has a second branch."""
        assert box_of(load("shufflenet_v2_x0_5"), "Stage 2 ×4").after == (
            "2 branches", "1×1, 24 · dw 3×3, 24", "1×1, 24",
        )  # fmt: skip

    def test_a_convolution_and_a_block_are_no_two_blocks(self) -> None:
        """A stage of DarkNet: what repeats stands between brackets."""
        assert box_of(load("darknet53"), "stages.2").after == (
            "3×3, 256, /2", "[1×1, 128 · 3×3, 256] ×8", "+ shortcut",
        )  # fmt: skip

    def test_blocks_of_several_kinds_are_counted(self) -> None:
        """MobileNetV4, whose blocks have other kernels and orders."""
        assert box_of(load("mobilenetv4_conv_medium"), "blocks.2").after == (
            "8 blocks · dw 3×3, 80", "1×1, 480 · dw 5×5, 480, /2", "+25 more", "+ shortcut",
        )  # fmt: skip

    def test_blocks_in_a_list_with_a_name_are_blocks_of_the_stage(self) -> None:
        """ResNetV2 calls it ``blocks``."""
        assert box_of(load("resnetv2_50"), "stages.2 ×6").after[1] == "ReLU · 3×3, 256"

    def test_boxes_that_say_the_same_but_hold_something_else_stay_apart(self) -> None:
        """Inception's 6b to 6e, which have 128, 160, 160 and 192 channels inside."""
        titles = [cell.label for cell in cells(summary(load("inception_v3"))) if cell.label.startswith("Mixed_6")]
        assert titles == ["Mixed_6a", "Mixed_6b", "Mixed_6c–d ×2", "Mixed_6e"]

    def test_in_a_comparison_they_are_marked(self, tmp_path: Path) -> None:
        """A band over the box, although its lines are equal."""
        path = tmp_path / "narrow.yaml"
        path.write_text("name: narrow\nextends: inception_v3\nset: {Mixed_6c.branch7x7_1.conv: {out: 96}}\n", "utf-8")
        scene = blocks([load("inception_v3"), load(path)])
        bands = [box for box in scene.boxes if box.kind == "band"]
        over = [box.name for band in bands for box in scene.boxes if band.area.left < box.x < band.area.right]
        assert "Mixed_6c" in over


class TestBranches:
    """Each branch is named by its last layer."""

    def test_with_its_stride(self) -> None:
        """As every layer."""
        assert box_of(load("inception_v3"), "Mixed_6a").after[1:] == (
            "3×3, 384, /2", "3×3, 96, /2", "max 3×3, /2 · +2 more",
        )  # fmt: skip

    def test_one_without_convolutions_by_what_it_has(self) -> None:
        """RepVGG's identity is normalized."""
        assert box_of(load("repvgg_a0"), "stages.0 ×2").after == ("3 branches", "1×1, 48 | 3×3, 48 | BN", "ReLU")

    def test_maxout_is_named_as_an_activation_is(self, network: Callable[..., Graph]) -> None:
        """Its branches have no layers of their own."""
        graph = network(
            """
            stem: {conv: {out: 8, kernel: 1}}
            block:
              layers:
                conv: {conv: {out: 16, kernel: 3, padding: 1}}
                most: {split: true, branches: [{}, {}], merge: max}
            """
        )
        assert box_of(graph, "Block").after == ("3×3, 16 · max of 2",)

    def test_the_only_one_with_layers_is_told_in_full(self) -> None:
        """The half of a cross-stage network that goes through the blocks."""
        assert "[1×1, 128 · 3×3, 128] ×8" in box_of(load("cspdarknet53"), "stages.2").after

    def test_holes_of_a_kernel(self) -> None:
        """The dilation tells the branches of a selective kernel apart."""
        assert "3×3, 64 | 3×3, 64, d=2" in box_of(load("skresnet50"), "Layer 1 ×3").after


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
        assert "+ shortcut with SE · ReLU" in box_of(graphs[1], "layer3.0").after
        outlines = [outline(graph) for graph in graphs]
        assert captions(outlines, compare(outlines))[1] == "SE on the shortcut of layer3.0"

    @pytest.mark.parametrize(
        ("point", "lines"),
        [
            ("in", ("SE before the fork", "1×1, 64 · ReLU · 3×3, 64", "ReLU · 1×1, 256", "+ shortcut · ReLU")),
            ("branch_in", ("SE · 1×1, 64", "ReLU · 3×3, 64", "ReLU · 1×1, 256", "+ shortcut · ReLU")),
            ("branch", ("1×1, 64 · ReLU", "3×3, 64 · ReLU", "1×1, 256 · SE", "+ shortcut · ReLU")),
            ("shortcut", ("1×1, 64 · ReLU", "3×3, 64 · ReLU", "1×1, 256", "+ shortcut with SE · ReLU")),
            ("pre_activation", ("1×1, 64 · ReLU", "3×3, 64 · ReLU", "1×1, 256", "+ shortcut · SE · ReLU")),
            ("out", ("1×1, 64 · ReLU", "3×3, 64 · ReLU", "1×1, 256", "+ shortcut · ReLU · SE")),
        ],
    )
    def test_at_each_point_of_a_block_in_its_order(self, tmp_path: Path, point: str, lines: tuple[str, ...]) -> None:
        """What stands behind the sum is in the line of the shortcut; placements never look alike."""
        box = box_of(variant(tmp_path, "resnet50", f"layer1.*.{point}"), "Layer 1 ×3")
        assert (box.after, box.gates) == (lines, ("SE",))

    def test_two_on_a_shortcut(self, tmp_path: Path) -> None:
        """Both are said to be there, and both are marked."""
        path = tmp_path / "gated.yaml"
        gates = "[{CBAM: {}, at: layer1.*.shortcut}, {se: {}, at: layer1.*.shortcut}]"
        path.write_text(f"name: gated\nextends: resnet50\nuses: gates.yaml\ninsert: {gates}\n", "utf-8")
        box = box_of(load(path), "Layer 1 ×3")
        assert (box.after[-1], box.gates) == ("+ shortcut with CBAM and SE · ReLU", ("CBAM", "SE"))
        assert sum(box.kind == "badge" for box in blocks([load(path)]).boxes) == 2

    def test_behind_the_sum_of_one_of_several_blocks_in_a_box(self, network: Callable[..., Graph]) -> None:
        """The plus stands before the gate, with what is between them."""
        unit = f"{{layers: [{ONE}], shortcut: identity, activation: relu}}"
        stage = f"{{layers: [{unit}, {{se: {{hidden: 2}}}}, {unit}, {ONE}]}}"
        box = box_of(network(f"stem: {{conv: {{out: 8, kernel: 3}}}}\nstage: {stage}"), "Stage")
        assert box.after == ("1×1, 8 · +", "ReLU · SE · 1×1, 8", "ReLU · 1×1, 8", "+ shortcut")

    def test_all_are_counted(self, tmp_path: Path) -> None:
        """Those of layers that repeat, too: eight blocks with one each."""
        box = box_of(variant(tmp_path, "mobilenetv4_conv_medium", "blocks.2.*.branch"), "blocks.2")
        assert box.after == ("8 blocks · dw 3×3, 80", "1×1, 480 · SE ×8", "+26 more", "+ shortcut")

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

    def test_a_block_that_scales_its_input_is_one(self) -> None:
        """As GhostNet and VoVNet write theirs; blocks with and without are told apart."""
        found = {cell.label: cell.gates for cell in cells(summary(load("ghostnet_100"))) if "blocks.8" in cell.label}
        assert found == {"blocks.8.0": (), "blocks.8.1": ("SE",), "blocks.8.2": (), "blocks.8.3": ("SE",)}
        assert box_of(load("ese_vovnet39b"), "stages.0").after == ("3×3, 128 ×5", "1×1, 256 · ESE")

    def test_a_block_that_makes_weights_is_one(self) -> None:
        """Those with which a selective kernel weighs its branches: softmax, cut in two, multiplied."""
        box = box_of(load("skresnet50"), "Layer 1 ×3")
        assert box.after == ("1×1, 64 · 2 branches", "3×3, 64 | 3×3, 64, d=2", "Attn · 1×1, 256", "+ shortcut · ReLU")
        assert box.gates == ("Attn",)

    @pytest.mark.parametrize(("last", "use"), [("relu", "mul"), ("sigmoid", "add"), ("sigmoid", "concat")])
    def test_what_is_added_or_not_bounded_is_none(self, network: Callable[..., Graph], last: str, use: str) -> None:
        """A block like others."""
        layers = f"{{layers: [{{conv: {{out: 8, kernel: 1}}}}, {last}]}}"
        page = f"first: {{conv: {{out: 8, kernel: 1}}}}\ngate: {layers}\nuse: {{join: {{from: first, by: {use}}}}}"
        assert box_of(network(page), "Gate").kind == "conv"
        gated = page.replace(last, "sigmoid").replace(use, "mul")
        assert [cell.label for cell in cells(summary(network(gated))) if cell.kind == "gate"] == ["Gate"]

    def test_a_block_of_several_is_one(self, tmp_path: Path) -> None:
        """CBAM, between boxes and in a branch; its inside is drawn where it is asked for."""
        path = tmp_path / "gated.yaml"
        places = "[inception3a.out, inception3b.branch2]"
        path.write_text(
            f"name: gated\nextends: googlenet\nuses: gates.yaml\ninsert: [{{CBAM: {{}}, at: {places}}}]\n", "utf-8"
        )
        scene = blocks([load(path)])
        assert [box.text for box in scene.boxes if box.kind == "gate"] == ["CBAM"]
        assert [box.name.rpartition(" ")[2] for box in scene.boxes if box.kind == "badge"] == ["CBAM"]
        assert faults(scene) == []
        opened = blocks([load(path)], DrawOptions(expand=("*.CBAM",)))
        assert not [box for box in opened.boxes if box.kind == "gate" and box.text == "CBAM"]

    def test_however_many_there_are(self, network: Callable[..., Graph]) -> None:
        """Where there is room for nothing else, they are named once."""
        gates = ", ".join(f"{{conv: {{out: 8, kernel: {kernel}}}}}, {{se: {{hidden: 2}}}}" for kernel in (1, 2, 3) * 4)
        box = box_of(network(f"stem: {{conv: {{out: 8, kernel: 3}}}}\nmany: {{layers: [{gates}]}}"), "Many")
        assert "SE" in [gate.partition(" ×")[0] for gate in box.gates]
        assert len(box.after) <= 4
        assert box.after[-1].endswith(" more")
