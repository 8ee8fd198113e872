"""Whole networks become pages that are proven equal, and say what they are in the page's own words."""

from __future__ import annotations

from functools import partial
from unittest.mock import Mock

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional

from builder.importing.proof import Proof, prove
from builder.lowering import lower, page_from_text
from builder.runtime.compile import build
from tests.importing.lanes import Halved, Turned
from tests.importing.networks import (
    Aggregated,
    CalledAsPoints,
    Choosing,
    Counted,
    Dense,
    Ending,
    Endless,
    Gated,
    InPlace,
    LinearGates,
    Mixed,
    Noisy,
    Normless,
    Odd,
    Residual,
    Shuffled,
    Sized,
    Streams,
    Training,
    Twice,
    Unused,
    WithHead,
    imported,
)
from tests.importing.norms import Rectified, page


class MetaAlone(nn.Module):
    """It computes what a page cannot say, and fails where a traced value has numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return means."""
        if type(x) is not torch.Tensor and not x.is_meta:
            message = "numbers"
            raise ValueError(message)
        return torch.sin(self.conv(x)).mean((2, 3))


class TestBlocks:
    """The module tree gives blocks; repeated ones are templates."""

    def test_residual_blocks_are_one_template_a_shape(self) -> None:
        """Sums are shortcuts, equal neighbors a repeat, and the numbers that differ parameters."""
        found = imported(Residual())
        assert found.is_equal
        assert "shortcut: identity" in found.text
        assert "    - Unit: {}\n      repeat: 3\n" in found.text
        assert "merge" not in found.text
        assert found.sums == 0
        assert found.text.count("\n  Unit") == 2  # with and without a projection

    def test_a_gate_is_se(self) -> None:
        """Also where Python writes it by hand; the layer that does nothing keeps its number."""
        found = imported(Gated())
        assert found.is_equal
        assert "- se: {hidden: 2}\n" in found.text
        assert "- dropout: {p: 0.2}\n" in found.text

    def test_a_sequence_is_called_after_its_layers_or_its_attribute(self) -> None:
        """Three layers make a name; four are called as Python calls them. A gate of linear layers keeps its class."""
        found = imported(LinearGates())
        assert found.is_equal
        assert "\n  Fc:\n" in found.text
        assert "fc: {Fc: {" in found.text
        assert "\n  LinearGate:\n" in found.text
        assert "    merge: mul\n" in found.text

    def test_a_gate_may_have_other_activations(self) -> None:
        """Those that `se` has, as they are without fields."""
        found = imported(Gated(functional.leaky_relu))
        assert found.is_equal
        assert "- se: {hidden: 2, activation: leakyrelu}\n" in found.text
        found = imported(Gated(partial(functional.leaky_relu, negative_slope=0.2)))
        assert found.is_equal
        assert "leakyrelu: {negative_slope: 0.2}" in found.text

    def test_a_layer_that_is_called_as_a_point_has_a_key(self) -> None:
        """Its name on the page is its operation's."""
        found = imported(CalledAsPoints())
        assert found.is_equal, found.unproven
        assert "      conv2:\n        conv: {out: 4, kernel: 1}\n        key: shortcut\n" in found.text

    def test_a_padding_is_half_the_kernel_only_where_all_are(self) -> None:
        """The first of the blocks has another."""
        found = imported(Sized())
        assert found.is_equal
        assert "padding: $padding" in found.text

    def test_names_that_count_are_a_repeat(self) -> None:
        """Also where the gates' activation is a module of its own; a slice of all channels is left out."""
        found = imported(Counted())
        assert found.is_equal
        assert "stage:\n    layers:\n      b{$i + 1}:\n        se: {hidden: 2}\n        repeat: 3\n" in found.text
        assert "narrow" not in found.text

    def test_a_concatenation_is_branches(self) -> None:
        """Each lane has its own layers."""
        found = imported(Mixed())
        assert found.is_equal
        assert "branches:" in found.text

    def test_dense_layers_have_a_concatenated_shortcut(self) -> None:
        """What was joined before is not joined again; equal ones are a template."""
        found = imported(Dense())
        assert found.is_equal
        assert found.text.count("merge: concat") == 1
        assert "branches: Branches\n" in found.text
        assert "branches{$i + 2}:\n        Branches: {}\n        repeat: 2\n" in found.text

    def test_halves_are_split_and_dealt(self) -> None:
        """A view, a transpose and a view are a shuffle."""
        found = imported(Shuffled())
        assert found.is_equal
        assert "split: true" in found.text
        assert "channelshuffle: {groups: 2}" in found.text

    def test_earlier_values_are_joined_by_their_path(self) -> None:
        """One-shot aggregation, and shares of the channels of which a later one reads an earlier one's value."""
        found = imported(Aggregated())
        assert found.is_equal
        assert "join: {join: {from: [in, one]}}\n" in found.text
        assert "split: true" in found.text
        assert "- join: {from: conv1, by: add}\n        - conv:" in found.text

    def test_streams_go_on_from_earlier_values(self) -> None:
        """Each is read where it goes on; vectors are concatenated as images are."""
        found = imported(Streams())
        assert found.is_equal
        assert "{read: {from: in}}" in found.text
        assert "by: add" in found.text

    def test_weights_that_are_standardized_and_gates_along_the_channels(self) -> None:
        """And arithmetic with given numbers: `stdconv`, `eca` and `rescale`."""
        found = imported(Normless())
        assert found.is_equal
        for said in (
            "{stdconv: {out: 8, kernel: 3, padding: 1}}",
            "eca",
            "{rescale: {scale: 1.7}}",
            "{rescale: {scale: -1.0}}",
            "single: true",
        ):
            assert said in found.text

    def test_an_auxiliary_head_is_found_in_training(self) -> None:
        """It stands behind the layer that it reads."""
        found = imported(WithHead())
        assert found.is_equal
        assert "aux: true" in found.text

    def test_what_changes_its_input_is_read_as_changed(self) -> None:
        """An activation in place before a fork is seen by both lanes."""
        found = imported(InPlace())
        assert found.is_equal
        assert "reuse: {layer: conv}" in found.text

    def test_an_activation_of_the_module_around_a_list_is_not_lost(self) -> None:
        """It belongs to the block in which the convolutions of the list meet."""
        assert "activation: relu" in page(Rectified())


class TestOrder:
    """The order of a sum's terms is nothing to its value, and may be to how numbers lie in memory."""

    def test_python_s_own_order_is_tried_where_outputs_differ(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """And taken where it is equal."""
        proofs = [Proof(parts_at="conv"), Proof(equal=True)]
        monkeypatch.setattr("builder.importing.convert.prove", lambda *_: proofs.pop(0))
        found = imported(Streams())
        assert found.is_equal
        assert "first: false" in found.text

    def test_the_shorter_page_stays_where_that_changes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its first line says that it is not proven."""
        monkeypatch.setattr("builder.importing.convert.prove", lambda *_: Proof(parts_at="conv"))
        found = imported(Streams())
        assert found.text.startswith("# NOT PROVEN: the outputs differ")
        assert "first: false" not in found.text


class TestProof:
    """No page claims what was not seen."""

    def test_the_first_line_says_that_it_is_equal(self) -> None:
        """And what it was imported from."""
        assert imported(Mixed()).text.startswith(
            "# Imported from net; its weights load strictly and the outputs are equal.\n"
        )

    def test_holes_are_named_and_placed(self) -> None:
        """The first line says that nothing is proven, and the hole has its place in the Python."""
        found = imported(Odd())
        assert found.text.startswith("# NOT PROVEN: 1 operation of net")
        assert not found.is_equal
        (hole,) = found.holes
        assert (hole.word, hole.said) == ("todo_sin", "sin")
        assert hole.place.rpartition(":")[0].endswith("networks.py")
        assert "todo_sin" in found.text

    @pytest.mark.parametrize(
        ("net", "words"),
        [
            (Choosing, "chooses by values that it computes, at "),
            (Training, "training may use the weight `other.weight`, and no layer that runs in evaluation has it"),
            (Endless, "the outputs of net are not finite (NaN or infinite), and cannot be compared"),
            (Noisy, "net computes other outputs each time, and cannot be compared"),
        ],
    )
    def test_what_cannot_be_proven_says_why(self, net: type[nn.Module], words: str) -> None:
        """In the page's first line; outputs that happen to be equal prove nothing of another way."""
        found = imported(net())
        assert not found.is_equal
        assert found.text.startswith("# NOT PROVEN: ")
        assert words in found.unproven
        assert words in found.text.partition("\n")[0]

    def test_what_was_said_stays_where_numbers_cannot_be_traced(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A page with holes is better than none."""
        monkeypatch.setattr("builder.importing.convert.exported", Mock(side_effect=ValueError("no")))
        (hole,) = imported(MetaAlone()).holes
        assert hole.said == "sin"

    def test_weights_that_nothing_uses_are_left_out(self) -> None:
        """The page computes the same without them, and its first line says so."""
        found = imported(Unused())
        assert (found.is_equal, found.idle) == (True, ("other.weight", "other.bias"))
        first = "its weights load but for 2 that nothing uses, `other.weight` first, and the outputs are equal."
        assert found.text.partition("\n")[0] == f"# Imported from net; {first}"
        assert "other" not in found.text.partition("\n")[2]

    def test_a_block_that_runs_twice_is_one_with_the_same_weights(self) -> None:
        """Its layers run again, around them the shortcut."""
        found = imported(Twice())
        assert found.is_equal
        assert found.text.count("{reuse: {layer: ") == 4

    def test_a_block_with_a_hole_does_not_run_again(self) -> None:
        """The reason says so."""
        net = Twice()
        net.block.bn1 = nn.Hardshrink()  # type: ignore[assignment]  # any module that pages do not have
        reasons = [hole.reason for hole in imported(net).holes]
        assert reasons[-1] == (
            "`block` runs a second time with the same weights, and something in it is no layer of a page"
        )

    @pytest.mark.parametrize("at", ["log_softmax", "softmax"])
    @pytest.mark.parametrize("as_module", [True, False])
    def test_what_the_loss_computes_stays_away(self, at: str, as_module: bool) -> None:
        """The first line and the result say so; the outputs are compared with it."""
        found = imported(Ending(at, as_module=as_module))
        assert (found.is_equal, found.ending) == (True, at)
        assert found.text.startswith(f"# Imported from net without its last `{at}`, which the loss computes; ")
        assert found.text.endswith("  fc: {linear: {out: $classes}}\n")

    def test_probabilities_of_zero_and_one_hide_no_other_network(self) -> None:
        """What stands before them is compared too."""
        net, page = Ending("softmax", as_module=False), nn.Sequential()
        page.conv, page.fc = net.conv, nn.Linear(4, 5)
        with torch.no_grad():
            net.fc.weight.mul_(1e6)
        page.load_state_dict(net.state_dict())
        page.forward = lambda x: page.fc(page.conv(x).mean((2, 3)) * 1.5)  # type: ignore[method-assign]  # another network
        found = prove(net, page, torch.rand(2, 3, 8, 8), lambda logits: logits.softmax(1))
        assert (found.equal, found.parts_at) == (False, "fc")

    def test_the_order_in_memory_is_kept_where_it_decides(self) -> None:
        """As halves of the channels, of which each is normalized in its own way (IBN)."""
        torch.manual_seed(0)
        found = imported(Halved())
        assert found.is_equal
        assert found.text.count(": contiguous\n") == 2
        assert "contiguous" not in imported(Halved(laid_out=False)).text

    def test_axes_may_change_places_with_the_channels(self) -> None:
        """Rows or columns are then what convolutions take for channels, as in triplet attention."""
        found = imported(Turned())
        assert found.is_equal
        assert found.text.count("{permute: {dims: [0, 3, 2, 1], channels_first: true}}") == 2

    def test_a_network_without_numbers_is_compared_by_names(self) -> None:
        """As very large ones are."""
        with torch.device("meta"):
            net = Residual()
        found = imported(net)
        assert found.is_equal
        assert found.proof is not None
        assert not found.proof.with_outputs
        assert "names and shapes of the weights are equal" in found.text

    def test_the_module_keeps_its_numbers(self) -> None:
        """Comparing changes none of them."""
        net = Residual()
        before = {name: each.clone() for name, each in net.state_dict().items()}
        imported(net)
        assert all(torch.equal(before[name], each) for name, each in net.state_dict().items())


class TestFamilies:
    """torchvision's networks, as strangers' networks."""

    @pytest.mark.parametrize("name", ["squeezenet1_1", "resnet18", "mobilenet_v3_small"])
    def test_a_member_is_imported_with_equal_bits(self, name: str) -> None:
        """Its page is built once more and takes its weights."""
        net = torchvision.models.get_model(name, weights=None)
        found = imported(net, (3, 64, 64))
        assert found.is_equal
        build(lower(page_from_text(found.text, "page.yaml"))).load_state_dict(net.state_dict(), strict=True)

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "name",
        [
            *("alexnet", "vgg16", "resnet50", "resnext50_32x4d", "densenet121", "googlenet", "mobilenet_v2"),
            *("mnasnet0_5", "shufflenet_v2_x0_5", "efficientnet_b0", "efficientnet_v2_s", "regnet_y_800mf"),
            *("convnext_tiny", "inception_v3"),
        ],
    )
    def test_every_family_is(self, name: str) -> None:
        """At a size that each of them takes."""
        quick = {"init_weights": False} if name in {"googlenet", "inception_v3"} else {}
        net = torchvision.models.get_model(name, weights=None, **quick)
        size = (3, 299, 299) if name == "inception_v3" else (3, 64, 64) if "net_v2_x" in name else (3, 128, 128)
        found = imported(net, size)
        assert found.is_equal
        assert found.sums == 0

    @pytest.mark.slow
    @pytest.mark.filterwarnings("ignore")
    @pytest.mark.parametrize(
        "name",
        [
            *("seresnet18", "resnetv2_50", "regnety_002", "tf_efficientnet_lite0", "mobilenetv4_conv_small"),
            *("repvgg_a0", "convnext_atto", "cspresnet50d", "dla34", "dpn68", "res2net50_26w_4s", "hrnet_w18_small"),
            *("nf_regnet_b0", "ecaresnet26t", "poolformerv2_s12", "fasternet_t0"),
        ],
    )
    def test_a_network_of_timm_is(self, name: str) -> None:
        """With keys, norms, paddings, gates and lanes of its own."""
        timm = pytest.importorskip("timm")
        found = imported(timm.create_model(name), (3, 96, 96))
        assert found.is_equal
        assert found.sums == 0
