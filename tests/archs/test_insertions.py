"""A gate goes wherever a page has a point, and the base's weights go on loading."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import torch
from torch.nn.functional import relu

import builder
from builder.lowering import find, load
from builder.runtime.compile import build
from builder.shipped import shipped_names
from builder.training.weights.files import load_weights
from tests.archs.conftest import LIGHT, shapes

if TYPE_CHECKING:
    from pathlib import Path

    from builder.graph import Graph

OURS = (
    *("alexnet_tiny", "alexresnet", "resnet20", "se_resnet50"),
    *("ese_vovnet19b_slim_dw", "ghostnet_050", "legacy_xception", "repvgg_a0", "res2net50_14w_8s", "resnet18d"),
    *("cspresnet50", "darknet17", "inception_v4", "legacy_seresnet18", "mobilenetv4_conv_small_035", "resnest14d"),
    *("airbench94", "resnetv2_18", "skresnet18", "xception41", "yolov8n_cls", "ecaresnext26t_32x4d"),
    *("cs3darknet_s", "ecaresnet50d_pruned", "resnet50_gn", "resnetblur18", "resnetrs50", "xception41p"),
)
"""Pages beyond torchvision, of which each has points that the others lack."""
LONG = {"densenet121", "efficientnet_b0", "googlenet", "inception_v3", "regnet_y_400mf"} | {*OURS[4:]}
"""Those with over 200 points, whose gates take seconds."""


def image_points(graph: Graph) -> list[str]:
    """Return every named point of every block where a value is an image."""
    return [
        f"{block.path}.{point}".lstrip(".")
        for block in graph.root.blocks()
        for point, value in block.points.items()
        if len(graph.shape(value).sizes) == 3
    ]


def with_gates(name: str, points: list[str], folder: Path) -> Path:
    """Return a page that puts a gate at each of some points of a shipped network, each under a name of its own.

    Several places share a module, so that one name would not do.
    """
    page, member = find(name)
    path = folder / f"{name}_gated.yaml"
    lines = [f"name: {name}_gated", f"extends: {page.name}", *([f"member: {member}"] if member else []), "insert:"]
    lines += [f"  - {{se: {{hidden: 1}}, name: se_{number}, at: {at}}}" for number, at in enumerate(points)]
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in (*LIGHT, *OURS)],
)
class TestEveryPoint:
    """Every point of every block of every page, all at once."""

    def test_takes_a_gate(self, name: str, tmp_path: Path) -> None:
        """The network is built and runs; what the base has keeps its key and shape."""
        base = load(name)
        points = image_points(base)
        graph = load(with_gates(name, points, tmp_path))
        gates = [node for node in graph.nodes if re.fullmatch(r"se_\d+", node.path.rpartition(".")[2])]
        assert len(gates) == len(points)
        with torch.device("meta"):
            network, before = build(graph), build(base)
        assert network.eval()(torch.empty(2, *graph.input.sizes, device="meta")).shape == (2, graph.classes)
        kept, found = shapes(before), shapes(network)
        assert {key: found.get(key) for key in kept} == kept
        assert {key for key in found if key not in kept} == {
            f"{node.key}.{leaf}" for node in gates for leaf in ("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias")
        }


class TestTable:
    """Nothing is left out."""

    def test_every_shipped_network_is_tried(self) -> None:
        """A page that is added is added here."""
        pages = {path.name for path, _ in shipped_names().values()}
        tried = {find(name)[0].name for name in (*LIGHT, *OURS)}
        variants = {f"alexse_{which}.yaml" for which in ("block1", "block2", "both", "cross")}
        assert pages - tried == {"gates.yaml"} | variants  # templates for others; the same blocks with a gate


class TestWeights:
    """With numbers, where the others compare shapes."""

    @pytest.mark.parametrize("name", ["mobilenet_v3_small", "shufflenet_v2_x0_5", "squeezenet1_1"])
    def test_nothing_of_the_base_is_lost(self, name: str, tmp_path: Path) -> None:
        """Only the gates' own weights are missing, and nothing is unexpected."""
        base = load(name)
        network, before = build(load(with_gates(name, image_points(base), tmp_path))), build(base)
        found = load_weights(network, before.state_dict())
        assert set(found.loaded) == set(before.state_dict())
        assert (found.unexpected, found.mismatched, found.renamed) == ((), (), ())
        assert all("se_" in key for key in found.missing)


POSITIONS = {
    "branch": lambda block, x: relu(block.se(layers(block, x)) + shortcut(block, x)),
    "branch_in": lambda block, x: relu(layers(block, block.se(x)) + shortcut(block, x)),
    "out": lambda block, x: block.se(relu(layers(block, x) + shortcut(block, x))),
    "shortcut": lambda block, x: relu(layers(block, x) + block.se(shortcut(block, x))),
}
"""Standard, SE-PRE, SE-POST and SE-Identity in figure 5 of https://arxiv.org/abs/1709.01507."""


def layers(block: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Return what the convolutions of a bottleneck make of x."""
    x = relu(block.bn1(block.conv1(x)))
    x = relu(block.bn2(block.conv2(x)))
    return block.bn3(block.conv3(x))  # type: ignore[no-any-return]  # a module returns Any


def shortcut(block: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Return what comes past the convolutions."""
    return block.downsample(x) if hasattr(block, "downsample") else x


class TestPositions:
    """The four places of the SE paper, one line each on ResNet-50."""

    @pytest.mark.parametrize("point", POSITIONS)
    def test_the_gate_acts_where_the_paper_puts_it(self, point: str, tmp_path: Path) -> None:
        """In a block that keeps its shape and in one that projects, compared with the formula written by hand."""
        page = tmp_path / "se.yaml"
        line = f"insert: [{{se: {{}}, at: Bottleneck.{point}}}]"
        page.write_text(f"name: se\nextends: resnet\nmember: resnet50\n{line}\n")
        torch.manual_seed(0)
        network = builder.build(page, depths=(2, 1, 1, 1)).eval()
        for block, channels in ((network.layer1[1], 256), (network.layer2[0], 256)):
            x = torch.randn(2, channels, 8, 8)
            with torch.inference_mode():
                assert torch.equal(block(x.clone()), POSITIONS[point](block, x))

    def test_the_shipped_pages_are_these_four(self) -> None:
        """se_resnet50 and its members; the paper's parameters: 2.5 million more than ResNet-50's."""
        for name, point in (
            ("se_resnet50", "branch"),
            ("se_resnet50_pre", "branch_in"),
            ("se_resnet50_post", "out"),
            ("se_resnet50_identity", "shortcut"),
        ):
            graph = load(name)
            blocks = [block for block in graph.root.blocks() if block.template == "Bottleneck"]
            gates = [graph.nodes[block.points[point]].operation.kind for block in blocks]
            assert gates == ["se"] * 16, name


class TestNames:
    """One entry reaches blocks whose layers live in the module around them."""

    def test_a_name_with_its_place_is_free_everywhere(self, tmp_path: Path) -> None:
        """What is inserted is named after its block all the same, as in Inception's innermost joints."""
        page = tmp_path / "gated.yaml"
        insert = '  - {se: {}, name: "se_{$at}", at: Mixed_7*.**.out}\n'
        page.write_text(f"name: gated\nextends: inception_v3\ninsert:\n{insert}")
        keys = {node.key for node in load(page).nodes}
        assert {"Mixed_7b.se_Mixed_7b_out", "Mixed_7b.branch3x3.se_branch3x3_out"} <= keys
