"""No box over another, no text out of its box, no label crossed by a line, no lane through a box."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.emit.diagram import draw
from builder.emit.diagram.layout.blocks import blocks
from builder.emit.diagram.layout.layers import layers
from builder.emit.diagram.scene.scene import Box, Line, Scene
from builder.lowering import load
from tests.emit.diagram.geometry import close_lines, faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.graph import Graph

SHIPPED = (
    "alexnet",
    "alexnet32",
    "alexresnet",
    "alexse_block1",
    "alexse_block2",
    "alexse_both",
    "alexse_cross",
    "convnext_tiny",
    "densenet121",
    "efficientnet_b0",
    "googlenet",
    "inception_v3",
    "mnasnet1_0",
    "mobilenet_v2",
    "mobilenet_v3_large",
    "regnet_y_400mf",
    "resnet18",
    "resnet50",
    "resnet152",
    "se_resnet50",
    "shufflenet_v2_x1_0",
    "squeezenet1_0",
    "vgg16_bn",
)
TOGETHER = (
    ("alexse_block1", "alexse_block2", "alexse_both"),
    ("alexnet", "alexresnet", "alexse_both", "alexse_cross"),
    ("resnet18", "resnet34"),
    ("resnet50", "se_resnet50"),
    ("alexnet", "resnet18"),
)


class TestFaults:
    """The measure itself: it finds what is wrong."""

    def test_overlapping_boxes(self) -> None:
        """Two boxes at nearly one place."""
        scene = Scene(boxes=[Box("a", "conv", 0, 0, 40, 10), Box("b", "conv", 30, 5, 40, 10)])
        assert faults(scene) == ["a overlaps b"]

    def test_text_out_of_its_box(self) -> None:
        """A label wider than the box."""
        assert faults(Scene(boxes=[Box("a", "conv", 0, 0, 20, 10, "Conv 3×3, 64")])) == ["'Conv 3×3, 64' runs out of a"]

    def test_line_through_a_box(self) -> None:
        """A lane that does not go around."""
        scene = Scene(boxes=[Box("a", "conv", 0, 0, 40, 10)], lines=[Line(((-50, 0), (50, 0)))])
        assert faults(scene) == ["a line (-50, 0)–(50, 0) crosses a"]

    def test_lines_of_two_colors_side_by_side(self) -> None:
        """A lane along the spine; along a lane of its own color it may run."""
        lines = [Line(((0, 0), (0, 50))), Line(((4, 0), (4, 50)), "lane"), Line(((7, 0), (7, 50)), "lane")]
        assert len(close_lines(Scene(lines=lines))) == 2

    def test_line_through_a_label(self) -> None:
        """A shape written over the spine."""
        scene = Scene(lines=[Line(((0, -50), (0, 50)))])
        scene.text(0, 0, "64×55×55", 7)
        assert faults(scene) == ["a line (0, -50)–(0, 50) crosses '64×55×55'"]

    def test_texts_over_one_another(self) -> None:
        """Two lines of a title too close."""
        scene = Scene()
        scene.text(0, 0, "57.064 M params", 7)
        scene.text(0, 3, "base", 7)
        assert faults(scene) == ["'57.064 M params' over 'base'"]

    def test_text_on_the_edge_of_a_box(self) -> None:
        """A label half inside."""
        scene = Scene(boxes=[Box("a", "conv", 0, 0, 40, 10)])
        scene.text(20, 0, "512", 7)
        assert faults(scene) == ["'512' runs over the edge of a"]

    def test_box_on_a_frame(self) -> None:
        """Neither in nor out."""
        scene = Scene(boxes=[Box("f", "frame", 0, 0, 40, 40), Box("a", "conv", 20, 0, 10, 10)])
        assert faults(scene) == ["'a' straddles f"]


@pytest.mark.parametrize("name", SHIPPED)
class TestShippedNetworks:
    """Every family, at both levels."""

    def test_layers(self, name: str) -> None:
        """Read from top to bottom."""
        assert faults(layers([load(name)])) == []

    def test_blocks(self, name: str) -> None:
        """Read from left to right."""
        assert faults(blocks([load(name)])) == []


@pytest.mark.parametrize("names", TOGETHER, ids="+".join)
class TestComparisons:
    """Several networks in one figure."""

    def test_layers(self, names: tuple[str, ...]) -> None:
        """Side by side."""
        assert faults(layers([load(name) for name in names])) == []

    def test_blocks(self, names: tuple[str, ...]) -> None:
        """One below the other."""
        assert faults(blocks([load(name) for name in names])) == []

    def test_equal_boxes_stand_in_one_row(self, names: tuple[str, ...]) -> None:
        """The same path at the same height, unless the networks are strangers."""
        scene = layers([load(name) for name in names])
        heights: dict[str, set[float]] = {}
        for box in scene.boxes:
            if box.nodes and box.kind not in ("projection", "norm"):
                heights.setdefault(box.name, set()).add(round(box.y, 3))
        strangers = "resnet18" in names and "alexnet" in names
        assert strangers or all(len(found) == 1 for found in heights.values())


LAYER = st.sampled_from(
    [
        "conv: {out: 8, kernel: 3, padding: 1}",
        "conv: {out: 256, kernel: [1, 7], padding: [0, 3]}",
        "batchnorm: {}",
        "relu: {}",
        "dropout: {p: 0.1}",
        "se: {hidden: 2}",
        "maxpool: {kernel: 3, stride: 1, padding: 1}",
    ]
)


@st.composite
def block(take, depth: int) -> list[str]:
    """Return an inline block in flow style, as one line."""
    inner = [take(LAYER) for _ in range(take(st.integers(1, 3)))]
    parts = [f"{{{each}}}" for each in inner]
    if depth:
        parts += take(st.lists(block(depth - 1).map(lambda lines: f"{{{lines[0]}}}"), max_size=2))
    listed = ", ".join(take(st.permutations(parts)))
    kind = take(st.sampled_from(["plain", "identity", "projection", "branches", "activation"]))
    channels = "{conv: {out: $in, kernel: 1}}"
    same = f"layers: [{listed}, {channels.replace('$in', '12')}]"
    return [
        {
            "plain": f"layers: [{listed}]",
            "activation": f"layers: [{listed}], activation: relu",
            "identity": f"layers: [{listed}], shortcut: identity, merge: concat",
            "projection": f"{same}, shortcut: [{{conv: {{out: 12, kernel: 1}}}}, batchnorm], activation: relu",
            "branches": f"branches: [[{listed}], [relu], []]",
        }[kind]
    ]


@st.composite
def pages(take) -> str:
    """Return a page with blocks in blocks, shortcuts, branches and gates."""
    entries = ["  - conv: {out: 8, kernel: 3, stride: 2}"]
    for _ in range(take(st.integers(1, 3))):
        entries.append(f"  - {{{take(block(2))[0]}}}")
        entries.append(f"  - {take(LAYER)}")
    entries += ["  - adaptiveavgpool", "  - flatten", "  - linear: {out: $classes}"]
    return "name: made_up\ninput: [3, 32, 32]\nclasses: 10\nlayers:\n" + "\n".join(entries) + "\n"


def graph_of(page: str) -> Graph:
    """Return the graph of a page's text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made_up.yaml"
        path.write_text(page, encoding="utf-8")
        return load(path)


class TestGeneratedNetworks:
    """Whatever a page can say."""

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(pages())
    def test_is_drawn_completely_and_without_faults(self, page: str) -> None:
        """At both levels; drawing itself checks that no node is lost."""
        graph = graph_of(page)
        assert draw([graph]).dot
        assert draw([graph], level="block").dot
        assert faults(layers([graph])) == []
        assert faults(blocks([graph])) == []


class TestBranches:
    """What runs beside the spine."""

    def test_a_line_reaches_what_stands_first_in_a_block_inside_a_branch(self, network: Callable[..., Graph]) -> None:
        """No gap between the edge of the inner frame and its first fork or box."""
        graph = network(
            """
            mixed:
              branches:
                - inner:
                    branches: [{a: {conv: {out: 8, kernel: 1}}}, {}]
                - block:
                    layers: [{conv: {out: 8, kernel: 1}}, relu]
            """
        )
        scene = layers([graph])
        ends = {line.points[-1] for line in scene.lines}
        inner = max(scene.dots, key=lambda dot: dot.y)
        assert (inner.x, inner.y) in ends
        first, second = (box for box in scene.boxes if box.kind == "conv")
        assert all(any(x == box.x and abs(y - box.area.top) < 1 for x, y in ends) for box in (first, second))


class TestShortcuts:
    """Those of blocks, above the line."""

    def test_one_around_another_has_the_higher_lane(self, network: Callable[..., Graph]) -> None:
        """Its projection stands on that lane, and is crossed by none."""
        graph = network(
            """
            outer:
              layers:
                conv1: {conv: {out: 8, kernel: 3, padding: 1}}
                inner:
                  layers:
                    conv: {conv: {out: 8, kernel: 3, padding: 1}}
                    two: {layers: [{conv: {out: 8, kernel: 3, padding: 1}}, {conv: {out: 8, kernel: 3, padding: 1}}]}
                    gated: {layers: [{conv: {out: 8, kernel: 3, padding: 1}}, {se: {hidden: 2}}]}
                  shortcut: identity
                  merge: concat
                short: {layers: [{conv: {out: 8, kernel: 3, padding: 1}}], shortcut: identity, merge: concat}
                conv2: {conv: {out: 12, kernel: 1}}
              shortcut: [{conv: {out: 12, kernel: 1}}]
            """
        )
        scene = blocks([graph])
        assert faults(scene) == []
        heights = {min(y for _, y in line.points) for line in scene.lines if line.tone == "lane"}
        assert len(heights) == 2
        projection = next(box for box in scene.boxes if box.kind == "projection")
        assert (projection.area.top + projection.area.bottom) / 2 == pytest.approx(min(heights))
