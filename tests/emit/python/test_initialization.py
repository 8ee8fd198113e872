"""How weights begin, in the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.emit.python import source
from builder.lowering import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.graph import Graph

    Make = Callable[[str], Graph]

UNIT = "templates:\n  Unit: {layers: {conv: {conv: {out: 8, kernel: 1}}, bn: batchnorm}}\n"
END = "  pool: adaptiveavgpool\n  flatten: flatten\n  fc: {linear: {out: $classes}}\n"


def rules(graph: Graph) -> str:
    """Return the lines behind the children in the network's ``__init__``."""
    init = (
        source(graph)
        .rpartition("    def __init__(self, num_classes=")[2]
        .partition("):\n")[2]
        .partition("\n    def forward")[0]
    )
    return "".join(f"{line.removeprefix('        ')}\n" for line in init.partition("\n\n")[2].splitlines())


class TestOperations:
    """Rules for every instance of an operation."""

    def test_share_one_loop(self) -> None:
        """Random numbers are drawn in the order of the modules, as in torchvision."""
        expected = """\
for module in self.modules():
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out")
        nn.init.constant_(module.bias, 0)
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.01)
        nn.init.constant_(module.bias, 0)
"""
        assert rules(load("vgg11")) == expected

    def test_begin_convolutions_as_identities(self, graph_of: Make) -> None:
        """All filters, or the first ones alone: the others stay as PyTorch drew them."""
        layers = f"layers:\n  a: {{conv: {{out: 8, kernel: 3}}}}\n{END}"
        loop = "for module in self.modules():\n    if isinstance(module, nn.Conv2d):\n"
        whole = graph_of(f"{layers}init: {{conv: {{weight: dirac}}}}\n")
        assert rules(whole) == f"{loop}        nn.init.dirac_(module.weight)\n"
        part = graph_of(f"{layers}init: {{conv: {{weight: {{dirac: {{rest: default}}}}}}}}\n")
        assert rules(part) == f"{loop}        nn.init.dirac_(module.weight.data[:module.weight.shape[1]])\n"

    def test_look_before_they_touch_a_bias(self) -> None:
        """EfficientNet's gates have one, its other convolutions have none."""
        expected = """\
        nn.init.kaiming_normal_(module.weight, mode="fan_out")
        if module.bias is not None:
            nn.init.constant_(module.bias, 0)
"""
        assert expected in rules(load("efficientnet_b0"))

    def test_reach_the_convolutions_inside_gates(self, graph_of: Make) -> None:
        """As loops over all modules do."""
        graph = graph_of(
            "layers:\n  a: {conv: {out: 8, kernel: 1}}\n  se: {se: {hidden: 2}}\n"
            f"{END}init: {{conv: {{bias: 0}}}}\n"
        )
        expected = "for module in self.modules():\n    if isinstance(module, nn.Conv2d):\n"
        assert rules(graph) == f"{expected}        nn.init.constant_(module.bias, 0)\n"

    def test_name_every_class_that_is_meant(self, graph_of: Make) -> None:
        """Batch normalization of images and of vectors."""
        graph = graph_of(f"layers:\n  bn: batchnorm\n{END}  last: batchnorm\ninit: {{batchnorm: {{bias: 0.5}}}}\n")
        assert "    if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):\n" in rules(graph)

    def test_are_line_by_line_where_a_loop_would_reach_more(self, graph_of: Make) -> None:
        """``LayerNorm2d`` is an ``nn.LayerNorm`` too, and no rule spoke of it."""
        norms = "  one: layernorm2d\n  pool: adaptiveavgpool\n  flatten: flatten\n  two: layernorm\n"
        graph = graph_of(f"layers:\n{norms}  fc: {{linear: {{out: 4}}}}\ninit: {{layernorm: {{bias: 0.5}}}}\n")
        assert rules(graph) == "nn.init.constant_(self.two.bias, 0.5)\n"

    def test_are_line_by_line_where_arguments_differ(self, graph_of: Make) -> None:
        """A bound that depends on the channels."""
        layers = "  a: {conv: {out: 16, kernel: 1}}\n  b: {conv: {out: 4, kernel: 1}}\n"
        init = "init: {conv: {weight: {uniform: {bound: 1 / sqrt($out)}}}}\n"
        expected = "nn.init.uniform_(self.a.weight, a=-0.25, b=0.25)\nnn.init.uniform_(self.b.weight, a=-0.5, b=0.5)\n"
        assert rules(graph_of(f"layers:\n{layers}{END}{init}")) == expected

    def test_find_a_bare_parameter(self, graph_of: Make) -> None:
        """Its key is the layer's own, and so is the line."""
        graph = graph_of(
            f"layers:\n  gamma: scale\n{END}init: {{gamma: {{'': 0.5}}}}\n".replace("{'': 0.5}", '{"": 0.5}')
        )
        assert rules(graph) == "nn.init.constant_(self.gamma, 0.5)\n"


class TestTemplates:
    """Rules for a place in every instance of a template."""

    def test_loop_over_its_classes(self, graph_of: Make) -> None:
        """As torchvision does for the last normalization of a residual block."""
        units = UNIT.replace("bn: batchnorm", "bn: batchnorm, more: {when: $more, layers: [relu]}")
        units = units.replace("Unit: {", "Unit: {params: {more: false}, ")
        graph = graph_of(
            f"{units}layers:\n  a: Unit\n  b: {{Unit: {{more: true}}}}\n{END}init: {{Unit.bn: {{weight: 0}}}}\n"
        )
        expected = """\
for module in self.modules():
    if isinstance(module, (Unit, UnitMore)):
        nn.init.constant_(module.bn.weight, 0)
"""
        assert rules(graph) == expected

    def test_are_line_by_line_where_a_later_rule_differs_for_one(self, graph_of: Make) -> None:
        """The overruled parameter is not drawn twice."""
        init = "init:\n  Unit.bn: {weight: 0}\n  b.bn: {weight: 0.5}\n"
        expected = "nn.init.constant_(self.a.bn.weight, 0)\nnn.init.constant_(self.b.bn.weight, 0.5)\n"
        assert rules(graph_of(f"{UNIT}layers:\n  a: Unit\n  b: Unit\n{END}{init}")) == expected


class TestOrder:
    """Later rules win."""

    def test_a_later_rule_for_an_operation_overrules(self, graph_of: Make) -> None:
        """Of one layer nothing is left to say."""
        graph = graph_of(f"layers:\n{END}init:\n  fc: {{weight: 0.5}}\n  linear: {{weight: 0.25}}\n")
        assert "0.5" not in rules(graph)
        assert "        nn.init.constant_(module.weight, 0.25)\n" in rules(graph)

    def test_an_earlier_rule_for_an_operation_comes_first(self, graph_of: Make) -> None:
        """The loop, then the exception."""
        init = "init:\n  linear: {weight: 0.25}\n  fc: {weight: 0.5}\n"
        graph = graph_of(f"layers:\n{END}  more: {{linear: {{out: $classes}}}}\n{init}")
        expected = """\
for module in self.modules():
    if isinstance(module, nn.Linear):
        nn.init.constant_(module.weight, 0.25)
nn.init.constant_(self.fc.weight, 0.5)
"""
        assert rules(graph) == expected
