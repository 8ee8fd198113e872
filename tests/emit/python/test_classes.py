"""One class for each distinct body, with parameters for the numbers that differ."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from builder.emit.python import source
from builder.lowering import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.graph import Graph

    Make = Callable[[str], Graph]

END = "  pool: adaptiveavgpool\n  flatten: flatten\n  fc: {linear: {out: $classes}}\n"


def names(text: str) -> list[str]:
    """Return the names of all classes in order."""
    return re.findall(r"^class (\w+)\(", text, re.MULTILINE)


class TestSharing:
    """Who shares a class."""

    def test_resnet_has_two_kinds_of_blocks(self) -> None:
        """Eight instances, two bodies: the one with a downsample is called after it."""
        assert names(source(load("resnet18"))) == ["BasicBlock", "BasicBlockDownsample", "Resnet18"]

    def test_numbers_do_not_count_but_layers_do(self) -> None:
        """Two activations of one template make two classes, called after what differs."""
        found = names(source(load("mobilenet_v3_large")))
        assert {"ConvNormActHardswish", "ConvNormActReLU"} < set(found)

    def test_blocks_of_one_name_and_body_share_a_class(self, graph_of: Make) -> None:
        """Their numbers are left out of its name."""
        block = "{layers: {conv: {conv: {out: 3, kernel: 1}}}, shortcut: identity}"
        text = source(graph_of(f"layers:\n  stage1: {block}\n  stage2: {block}\n  other: {block}\n{END}"))
        assert names(text) == ["Stage", "Other", "Net"]
        assert '"""The blocks stage1 and stage2."""' in text

    def test_a_block_without_a_name_is_called_after_what_is_around_it(self, graph_of: Make) -> None:
        """A list inside a list has only a number."""
        block = "{layers: [{conv: {out: 3, kernel: 1}}], shortcut: identity}"
        text = source(graph_of(f"layers:\n  stage: [{block}, {block}]\n{END}"))
        assert names(text) == ["StageBlock", "Net"]

    def test_truth_values_make_another_class(self, graph_of: Make) -> None:
        """With a bias there is one key more."""
        text = source(
            graph_of(
                "templates:\n  Unit: {params: {bias: bool}, layers: {conv: {conv: {out: 3, kernel: 1, bias: $bias}}}}\n"
                f"layers:\n  a: {{Unit: {{bias: true}}}}\n  b: {{Unit: {{bias: false}}}}\n{END}"
            )
        )
        assert names(text) == ["Unit", "Unit2", "Net"]

    def test_no_class_hides_what_the_text_uses(self, graph_of: Make) -> None:
        """A template may be called like a class of the definitions, or like a builtin."""
        text = source(
            graph_of(
                "templates:\n"
                "  SqueezeExcitation: {layers: {se: {se: {hidden: 2}}}}\n"
                "  Exception: {layers: {conv: {conv: {out: 8, kernel: 1}}}}\n"
                f"layers:\n  a: Exception\n  b: SqueezeExcitation\n{END}"
            )
        )
        assert names(text) == ["SqueezeExcitation", "Exception_", "SqueezeExcitation2", "Net"]

    def test_a_thousand_blocks_share_one(self, graph_of: Make) -> None:
        """The text grows by a line for each."""
        block = "{layers: {conv: {conv: {out: $in, kernel: 1}}}, shortcut: identity}"
        text = source(
            graph_of(f"templates: {{Unit: {block}}}\nlayers:\n  stage: [{{Unit: {{}}, repeat: 1000}}]\n{END}")
        )
        assert names(text) == ["Unit", "Net"]
        assert "The template Unit, at stage.0, stage.1, " in text
        assert " more." in text
        assert len(text.splitlines()) < 1060


class TestChains:
    """Blocks that are nothing but one layer after another."""

    def test_without_a_template_need_no_class(self) -> None:
        """A list is an ``nn.Sequential``."""
        assert "        self.layer1 = nn.Sequential(\n            BasicBlock(planes=64),\n" in source(load("resnet18"))

    def test_with_names_are_sequences_of_pairs(self) -> None:
        """DenseNet's ``features``, as torchvision writes it."""
        expected = """\
        self.features = nn.Sequential(
            OrderedDict(
                [
                    ("conv0", nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False)),
                    ("norm0", nn.BatchNorm2d(64)),
"""
        assert expected in source(load("densenet121"))

    def test_of_a_template_are_sequences_with_a_name(self) -> None:
        """``ConvNormAct`` has no forward of its own."""
        text = source(load("mobilenet_v2")).split("class ConvNormAct(nn.Sequential):", 1)[1].split("class ")[0]
        assert "        super().__init__(\n            nn.Conv2d(" in text
        assert "def forward" not in text

    def test_with_a_tap_keep_their_numbers(self, graph_of: Make) -> None:
        """A class of its own, still a sequence, with a forward of its own."""
        text = source(
            graph_of(
                f"layers:\n  one: [{{conv: {{out: 8, kernel: 1}}}}, relu]\n  two: relu\n{END}"
                "insert: [{se: {hidden: 2, squeeze: one.conv1}, at: two}]\n"
            )
        )
        assert "class One(nn.Sequential):" in text
        assert "        x = self[0](x)\n        conv1 = x\n        x = self[1](x)\n        return x, conv1\n" in text


class TestParameters:
    """Numbers that differ between the instances."""

    @pytest.mark.parametrize(
        ("network", "signature"),
        [
            ("resnet18", "class BasicBlock: planes"),
            ("resnet18", "class BasicBlockDownsample: in_channels, planes"),
            ("resnet50", "class Bottleneck: channels, planes"),
            ("resnet50", "class BottleneckDownsample: in_channels, planes, stride, out_channels"),
            ("resnext50_32x4d", "class Bottleneck: channels, width"),
            ("densenet121", "class Transition: in_channels, out_channels"),
        ],
    )
    def test_are_called_after_the_template_or_the_channels(self, network: str, signature: str) -> None:
        """Equal numbers are one parameter: the template's own word first, else the block's channels."""
        pattern = r'^class (\w+)\([\w.]+\):\n    """.*?"""\n\n    def __init__\(self(.*?)\):'
        found = re.findall(pattern, source(load(network)), re.MULTILINE | re.DOTALL)
        assert signature in [f"class {name}: {parameters.removeprefix(', ')}" for name, parameters in found]

    def test_else_after_child_and_field(self, graph_of: Make) -> None:
        """What is no argument of the template is called after where it stands."""
        text = source(
            graph_of(
                "templates:\n  Unit:\n    params: {wide: bool}\n"
                "    layers: {conv: {conv: {out: 3, kernel: 3 if $wide else 1, padding: 1}}}\n"
                f"layers:\n  a: {{Unit: {{wide: true}}}}\n  b: {{Unit: {{wide: false}}}}\n{END}"
            )
        )
        assert "    def __init__(self, conv_kernel_size):\n" in text
        assert "        self.a = Unit(conv_kernel_size=3)\n        self.b = Unit(conv_kernel_size=1)\n" in text

    def test_are_not_needed_where_all_agree(self, graph_of: Make) -> None:
        """Two equal instances, or one, have plain numbers inside."""
        unit = "templates:\n  Unit: {params: {out: int}, layers: {conv: {conv: {out: $out, kernel: 1}}}}\n"
        text = source(graph_of(f"{unit}layers:\n  a: {{Unit: {{out: 3}}}}\n  b: {{Unit: {{out: 3}}}}\n{END}"))
        assert "        self.a = Unit()\n        self.b = Unit()\n" in text
        assert "nn.Conv2d(3, 3, kernel_size=1)\n" in text

    def test_leave_out_what_pytorch_would_take(self) -> None:
        """A maximum pool's stride is its kernel, and an SE's squeezed channels are its own, whatever they are."""
        assert "nn.MaxPool2d(kernel_size=2, ceil_mode=True)" in source(load("googlenet"))
        assert "SqueezeExcitation(hidden, squeeze, activation=nn.SiLU)" in source(load("efficientnet_b0"))

    def test_pass_through_classes_inside(self) -> None:
        """What differs two levels down is a parameter on both."""
        text = source(load("googlenet"))
        assert "        self.branch1 = Conv(in_channels=in_channels, out=branch1_out, kernel=1" in text


class TestOrder:
    """Where classes stand."""

    @pytest.mark.parametrize("network", ["resnet18", "efficientnet_b0", "googlenet", "regnet_y_400mf"])
    def test_every_class_stands_before_its_use(self, network: str) -> None:
        """From the inside out, the network last."""
        code = source(load(network)).partition('"""\n\n')[2]
        for name in names(code):
            first = re.search(rf"\b{name}\(", code)
            assert first is not None
            assert first.start() == code.index(f"class {name}(") + len("class ")
