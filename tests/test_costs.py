"""Activation memory as priced, against what PyTorch really keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from builder.costs import graph_cost
from builder.lowering import load
from builder.runtime.compile import build

if TYPE_CHECKING:
    from pathlib import Path

    from builder.graph import Graph


def kept_bytes(graph: Graph) -> int:
    """Return the bytes of all storages that a training step keeps, for a batch of one.

    Batch statistics need two images where a layer leaves one position, so it is measured with two and three: what
    grows by an image is counted once, what does not stays.
    """
    two, three = (_measured(graph, images) for images in (2, 3))
    return 2 * two - three


def _measured(graph: Graph, images: int) -> int:
    torch.manual_seed(0)
    network = build(graph).train()
    own = {each.untyped_storage().data_ptr() for each in (*network.parameters(), *network.buffers())}
    kept: dict[int, torch.UntypedStorage] = {}  # holding a storage keeps its address from being used again

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = network(torch.randn(images, *graph.input.sizes))
    del result
    return sum(storage.nbytes() for address, storage in kept.items() if address not in own)


REPORT = ("alexnet", "alexresnet", "alexse_block1", "alexse_block2", "alexse_both", "alexse_cross", "resnet18")
FAMILIES = (
    "vgg11_bn", "densenet121", "squeezenet1_1", "googlenet", "inception_v3", "mobilenet_v2", "mobilenet_v3_small",
    "mnasnet0_5", "efficientnet_b0", "shufflenet_v2_x0_5", "regnet_y_400mf", "convnext_tiny", "se_resnet50",
    "alexnet32",
)  # fmt: skip


class TestNetworks:
    """The price of a whole network is what a training step keeps, to the byte."""

    @pytest.mark.parametrize("name", REPORT)
    def test_every_network_of_the_report(self, name: str) -> None:
        """In-place activations, shared storages, gates and taps included."""
        graph = load(name)
        assert graph_cost(graph).memory == kept_bytes(graph)

    @pytest.mark.slow
    @pytest.mark.parametrize("name", FAMILIES)
    def test_one_of_every_family(self, name: str) -> None:
        """Heads for training, batch statistics, stochastic depth, channel shuffles and permuted axes included."""
        graph = load(name)
        assert graph_cost(graph).memory == kept_bytes(graph)


HEAD = """
  - adaptiveavgpool
  - flatten
  - linear: {out: $classes}
"""

LAYERS = {
    "conv": "conv: {out: 6, kernel: [1, 3], groups: 2, bias: false}",
    "batchnorm": "batchnorm",
    "layernorm2d": "layernorm2d",
    "relu": "relu",
    "relu6": "relu6",
    "hardtanh": "hardtanh: {min: 0}",
    "silu": "silu",
    "hardswish": "hardswish",
    "gelu": "gelu",
    "sigmoid": "sigmoid",
    "hardsigmoid": "hardsigmoid",
    "tanh": "tanh",
    "gelu through a tanh": "gelu: {approximate: tanh}",
    "leakyrelu": "leakyrelu",
    "prelu": "prelu",
    "prelu of every channel": "prelu: {num_parameters: $in}",
    "elu": "elu",
    "celu": "celu",
    "selu": "selu",
    "mish": "mish",
    "softplus": "softplus",
    "softmax": "softmax",
    "softmax over groups": "softmax: {groups: 2}",
    "groupnorm": "groupnorm: {groups: 2}",
    "batchnorm that learns nothing": "batchnorm: {affine: false}",
    "instancenorm": "instancenorm",
    "instancenorm that learns": "instancenorm: {affine: true}",
    "glu": "glu",
    "contiguous": "contiguous",
    "gempool": "gempool",
    "localresponsenorm": "localresponsenorm: {size: 3}",
    "blurpool": "blurpool: {stride: 1}",
    "pad": "pad: {top: 1, left: 2}",
    "pad of nothing": "pad",
    "padchannels": "padchannels: {out: 6, before: 0}",
    "padchannels of nothing": "padchannels: {out: $in}",
    "upsample": "upsample",
    "upsample bilinear": "upsample: {mode: bilinear}",
    "upsample from corner to corner": "upsample: {mode: bilinear, align_corners: true}",
    "upsample by one": "upsample: {factor: 1}",
    "identity": "identity",
    "maxpool": "maxpool: {kernel: 3, stride: 2, padding: 1}",
    "avgpool": "avgpool: {kernel: 2}",
    "avgpool without its margin": "avgpool: {kernel: 3, padding: 1, count_include_pad: false}",
    "adaptiveavgpool": "adaptiveavgpool: {size: [3, 1]}",
    "adaptivemaxpool": "adaptivemaxpool: {size: 2}",
    "channelmean": "channelmean",
    "channelmax": "channelmax",
    "dropout": "dropout",
    "dropout of nothing": "dropout: {p: 0}",
    "dropout of everything": "dropout: {p: 1}",
    "dropout2d": "dropout2d",
    "dropout2d of nothing": "dropout2d: {p: 0}",
    "dropout2d of everything": "dropout2d: {p: 1}",
    "stochasticdepth": "stochasticdepth: {p: 0.3}",
    "stochasticdepth of nothing": "stochasticdepth: {p: 0}",
    "stochasticdepth of everything": "stochasticdepth: {p: 1}",
    "se": "se: {reduction: 2}",
    "se with other functions": "se: {reduction: 2, activation: silu, gate: hardsigmoid}",
    "se without biases": "se: {reduction: 2, bias: false}",
    "coordinateattention": "coordinateattention: {reduction: 2}",
    "scale": "scale: {init: 0.1}",
    "scale with an axis for the batch": "scale: {batch: true}",
    "shift": "shift: {init: 0.1}",
    "tlu": "tlu: {init: 0.1}",
    "affine": "affine",
    "mean of a row": "reduce: {by: mean, dims: [3]}",
    "variance of a row": "reduce: {by: var, dims: [3], correction: 0}",
    "deviation of a row": "reduce: {by: std, dims: [3], correction: 0}",
    "norm of a row": "reduce: {by: norm, dims: [3]}",
    "variance of groups": "reduce: {by: var, groups: 2}",
    "deviation of groups": "reduce: {by: std, groups: 2}",
    "norm of groups": "reduce: {by: norm, groups: 2}",
    "sqrt": "sqrt",
    "rsqrt": "rsqrt",
    "contextpool": "contextpool",
    "condconv": "layers: [adaptiveavgpool, flatten, {linear: {out: 3}}, {read: {from: in}}, "
    "{condconv: {from: linear1, out: 4, kernel: 1}}]",
    "pixelunshuffle of one": "pixelunshuffle: {factor: 1}",
    "rescale": "rescale: {scale: [1, 2, 1, 2], shift: [0, 0, 1, 1]}",
    "division": "rescale: {divisor: 3}",
    "crop": "crop: {top: 1, left: 2}",
    "crop of nothing": "crop",
    "permute": "permute: {dims: [0, 2, 1, 3]}",
    "permute that copies": "permute: {dims: [0, 2, 1, 3], contiguous: true}",
    "permute that copies nothing": "permute: {dims: [0, 1, 2, 3], contiguous: true}",
    "expansion of a channel": "layers: [channelmean, {expandas: {from: in, channels: true}}]",
    "channelshuffle": "channelshuffle: {groups: 2}",
    "channelshuffle of one group": "channelshuffle: {groups: 1}",
}


class TestOperations:
    """Every operation keeps what its record says, wherever it stands."""

    @pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
    @pytest.mark.parametrize(
        "around",
        [
            "  - {layer}\n  - conv: {{out: 4, kernel: 1}}",
            "  - conv: {{out: 4, kernel: 1}}\n  - {layer}",
            "  - conv: {{out: 4, kernel: 1}}\n  - relu\n  - {layer}\n  - relu",
            "  - conv: {{out: 4, kernel: 1}}\n  - batchnorm\n  - {layer}\n  - sigmoid",
            "  - conv: {{out: 4, kernel: 1}}\n  - {layer}\n  - {layer}\n  - hardswish\n  - conv: {{out: 4, kernel: 1}}",
        ],
        ids=["on the image", "after conv", "between relus", "between norm and sigmoid", "twice"],
    )
    def test_alone(self, layer: str, around: str, tmp_path: Path) -> None:
        """On an image, which needs no gradient; after a convolution; where it shares storage with its neighbors."""
        text = around.format(layer=layer)
        if layer.startswith("conv:") and "twice" in text:
            text = text.replace("out: 6", "out: 4")
        assert_priced_right(f"layers:\n{text}{HEAD}", tmp_path)

    @pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "silu", "hardsigmoid"])
    @pytest.mark.parametrize("gate", ["sigmoid", "hardsigmoid", "relu6"])
    def test_the_functions_inside_a_gate(self, activation: str, gate: str, tmp_path: Path) -> None:
        """Each keeps its input or its output, once."""
        layer = f"se: {{hidden: 3, activation: {activation}, gate: {gate}}}"
        assert_priced_right(f"layers:\n  - conv: {{out: 4, kernel: 1}}\n  - {layer}{HEAD}", tmp_path)

    @pytest.mark.parametrize("merge", ["add", "mul", "max", "concat"])
    @pytest.mark.parametrize("lanes", [2, 3])
    @pytest.mark.parametrize("first", ["sigmoid", "conv: {out: 4, kernel: 1}"])
    def test_lanes_that_meet(self, merge: str, lanes: int, first: str, tmp_path: Path) -> None:
        """A sum and a concatenation keep nothing, a product what the other side's gradient needs."""
        branches = "".join("      - [{conv: {out: 4, kernel: 1}}]\n" for _ in range(lanes - 1))
        block = f"  - branches:\n      - [{{{first}}}]\n" if ":" in first else f"  - branches:\n      - [{first}]\n"
        page = f"layers:\n{block}{branches}    merge: {merge}\n  - relu{HEAD}"
        assert_priced_right(page, tmp_path)

    @pytest.mark.parametrize("lanes", [("sigmoid", "conv"), ("conv", "sigmoid"), ("conv", "conv")])
    def test_lanes_that_are_divided(self, lanes: tuple[str, str], tmp_path: Path) -> None:
        """The divisor is kept, and what is divided where the divisor learns."""
        said = {"sigmoid": "[sigmoid]", "conv": "[{conv: {out: 4, kernel: 1}}]"}
        block = f"  - branches: [{', '.join(said[each] for each in lanes)}]\n    merge: div\n  - relu"
        assert_priced_right(f"layers:\n{block}{HEAD}", tmp_path)

    def test_shares_of_the_channels(self, tmp_path: Path) -> None:
        """A share is a view: what keeps it keeps all of the channels, once."""
        branch = "      - [{conv: {out: 2, kernel: 1}}]\n"
        block = f"  - branches:\n{branch}{branch}    split: true"
        assert_priced_right(f"layers:\n  - conv: {{out: 4, kernel: 1}}\n{block}{HEAD}", tmp_path)

    def test_features_last(self, tmp_path: Path) -> None:
        """`layernorm` and `linear` over the last axis, as in ConvNeXt; and the mean over positions."""
        page = """layers:
  - conv: {out: 4, kernel: 1}
  - permute: {dims: [0, 2, 3, 1]}
  - layernorm
  - linear: {out: 8}
  - gelu
  - permute: {dims: [0, 3, 1, 2]}
  - mean: {dims: [2, 3]}
  - linear: {out: $classes}
"""
        assert_priced_right(page, tmp_path)

    def test_a_layer_that_is_used_again(self, tmp_path: Path) -> None:
        """Its input is kept each time, its weights never."""
        page = f"layers:\n  - conv: {{out: 4, kernel: 1}}\n  - relu\n  - reuse: {{layer: conv1}}{HEAD}"
        assert_priced_right(page, tmp_path)


def assert_priced_right(page: str, folder: Path) -> None:
    """Compare price and measurement of a small page on images of 4 x 7 x 6."""
    path = folder / "page.yaml"
    path.write_text(f"name: page\ninput: [4, 7, 6]\nclasses: 3\n\n{page}")
    graph = load(path)
    assert graph_cost(graph).memory == kept_bytes(graph)
