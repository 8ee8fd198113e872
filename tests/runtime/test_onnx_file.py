"""ONNX files: what PyTorch's exporter writes, with the page's names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx
import onnxruntime
import pytest
import torch

from builder.diagnostics import RunError
from builder.lowering import load
from builder.runtime import onnx_file
from builder.runtime.compile import build
from builder.runtime.onnx_file import write_onnx
from tests.archs.conftest import LIGHT

if TYPE_CHECKING:
    from pathlib import Path

OF_TIMM = (
    "ese_vovnet19b_slim",
    "ghostnet_050",
    "legacy_xception",
    "repvgg_a0",
    "res2net50_14w_8s",
    "resnet18d",
    "skresnet18",
)
FAMILIES = (*LIGHT, *OF_TIMM, "alexnet32", "alexresnet", "alexse_both", "alexse_cross", "resnet20", "se_resnet50")
"""A member of each shipped family, and the report's networks."""
FAST = ("alexnet_tiny", "resnet20")

MIXED = """name: mixed
input: [3, 8, 8]
classes: 2
layers:
  conv: {conv: {out: 4, kernel: 3}}
  squeeze: adaptiveavgpool
  flat: flatten
  routing: {linear: {out: 2}}
  back: {read: {from: conv}}
  mixed: {condconv: {out: 4, kernel: 3, from: routing}}
  pool: adaptiveavgpool
  flatten: flatten
  fc: {linear: {out: $classes}}
"""
"""With a convolution whose kernels are mixed for each image."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where to write."""
    return tmp_path / "net.onnx"


class TestWriteOnnx:
    """A file that onnxruntime runs, and in which the page is found again."""

    @pytest.mark.parametrize(
        "name", [*FAST, *(pytest.param(name, marks=pytest.mark.slow) for name in FAMILIES if name not in FAST)]
    )
    def test_it_computes_what_the_network_computes(self, name: str, path: Path) -> None:
        """Also for a number of images that the writer does not compare; nodes have the page's names."""
        graph = load(name)
        model = build(graph).eval()
        assert write_onnx(model, graph, path, {}) < 1e-4
        images = torch.randn(2, *graph.input.sizes)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        (found,) = session.run(["logits"], {"images": images.numpy()})
        with torch.no_grad():
            expected = model(images)
        assert (torch.from_numpy(found) - expected).abs().max() <= 1e-4 * expected.abs().max()
        paths = {node.path for node in graph.nodes}
        blocks = {block.path for block in graph.root.blocks()}
        places = {node.name.rpartition("/")[0] for node in onnx.load(path).graph.node}
        assert {each for each in places if each and each not in paths | blocks and parent(each) not in paths} == set()

    def test_blocks_layers_and_weights_are_called_as_on_the_page(self, path: Path) -> None:
        """Also layers that a runtime would fuse; the batch is an axis without a size."""
        graph = load("resnet20")
        model = build(graph)
        write_onnx(model, graph, path, {"network": "resnet20", "seed": 0})
        written = onnx.load(path)
        names = [node.name for node in written.graph.node]
        assert [name for name in names if "flatten" not in name][:4] == [
            "conv1/Conv",
            "bn1/BatchNormalization",
            "relu/Relu",
            "layer1.0.conv1/Conv",
        ]
        assert "layer1.0.merge/Add" in names
        assert len(set(names)) == len(names)
        learned = {name for name, _ in model.named_parameters()}
        assert learned <= {each.name for each in written.graph.initializer}
        assert [dim.dim_param or dim.dim_value for dim in written.graph.input[0].type.tensor_type.shape.dim] == [
            "batch", 3, 32, 32,
        ]  # fmt: skip
        (scope,) = written.graph.node[names.index("layer1.0.conv1/Conv")].metadata_props
        assert (scope.key, scope.value) == ("namespace", "resnet20/layer1/0/conv1/Conv")
        assert {each.key: each.value for each in written.metadata_props} == {"network": "resnet20", "seed": "0"}

    def test_nothing_says_where_it_was_written(self, path: Path) -> None:
        """The exporter notes the lines of the source of each step."""
        graph = load("alexnet_tiny")
        write_onnx(build(graph), graph, path, {})
        assert b"<archcli" not in path.read_bytes()
        assert b"site-packages" not in path.read_bytes()

    def test_the_same_network_gives_the_same_bytes(self, path: Path) -> None:
        """So that a file can be compared by its checksum."""
        graph = load("alexnet_tiny")
        model = build(graph)
        write_onnx(model, graph, path, {})
        first = path.read_bytes()
        write_onnx(model, graph, path, {})
        assert path.read_bytes() == first

    def test_a_runtime_that_computes_something_else_is_a_failure(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And nothing is written."""
        graph = load("alexnet_tiny")
        monkeypatch.setattr(onnx_file, "evaluated", lambda model, batch: model(batch).detach() * 1.01)
        with pytest.raises(RunError, match=r"differs in onnxruntime from PyTorch by 9\.9e-03 of its largest output"):
            write_onnx(build(graph).eval(), graph, path, {})
        assert not path.exists()

    def test_what_onnx_has_no_operator_for_is_said_in_one_sentence(self, path: Path, tmp_path: Path) -> None:
        """Its convolutions have a fixed number of groups; a kernel for each image has as many as there are images."""
        page = tmp_path / "mixed.yaml"
        page.write_text(MIXED)
        graph = load(page)
        with pytest.raises(RunError) as raised:
            write_onnx(build(graph).eval(), graph, path, {})
        said = "ConversionError: Failed to convert the exported program to an ONNX model."
        assert raised.value.message == f"mixed can't be written as ONNX: {said}"
        assert raised.value.hint == "`--to pt2` is exact"
        assert not path.exists()


def parent(path: str) -> str:
    """Return what a part of an operation belongs to."""
    return path.rpartition(".")[0]
