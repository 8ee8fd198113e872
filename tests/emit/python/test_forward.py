"""The forwards that the text holds: straight, with variables named after what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.emit.python import source
from builder.lowering import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.graph import Graph

    Make = Callable[[str], Graph]

END = "  pool: adaptiveavgpool\n  flatten: flatten\n  fc: {linear: {out: $classes}}\n"


def forward(graph: Graph, name: str) -> str:
    """Return the body of the forward of class ``name``."""
    after = source(graph).split(f"class {name}(", 1)[1].split("\n\n\n", 1)[0]
    body = after.split("    def forward(", 1)[1].partition("\n")
    return f"def forward({body[0]}\n" + "\n".join(line.removeprefix("    ") for line in body[2].splitlines()) + "\n"


class TestSpine:
    """What flows straight on is called ``x``."""

    def test_the_last_step_is_returned(self) -> None:
        """Without a name in between."""
        text = forward(load("resnet18"), "Resnet18")
        assert text.startswith("def forward(self, x):\n    x = self.conv1(x)\n    x = self.bn1(x)\n")
        assert text.endswith("    x = self.flatten(x)\n    return self.fc(x)\n")


class TestShortcuts:
    """Values that wait beside the layers."""

    def test_an_identity_is_called_so(self) -> None:
        """It is saved where the block forks and added in place."""
        expected = """\
def forward(self, x):
    identity = x
    x = self.conv1(x)
    x = self.bn1(x)
    x = self.relu(x)
    x = self.conv2(x)
    x = self.bn2(x)
    x += identity
    return self.activation(x)
"""
        assert forward(load("resnet18"), "BasicBlock") == expected

    def test_a_shortcut_with_layers_is_called_shortcut(self) -> None:
        """Its layers act on it in the order of the page."""
        text = forward(load("resnet18"), "BasicBlockDownsample")
        assert "    shortcut = x\n    x = self.conv1(x)\n" in text
        assert "    shortcut = self.downsample(shortcut)\n    x += shortcut\n" in text

    def test_a_shortcut_that_runs_first_needs_no_copy(self) -> None:
        """RegNet's page writes it before the layers."""
        text = forward(load("regnet_x_400mf"), "ResBottleneckProj")
        assert "    shortcut = self.proj(x)\n    x = self.f(x)\n    x += shortcut\n" in text

    def test_a_block_written_out_stands_under_its_name(self) -> None:
        """With blank lines around it."""
        text = forward(load("alexresnet"), "Alexresnet")
        assert "\n\n    # block1\n    shortcut = x\n    x = self.features[3](x)\n" in text
        assert (
            "    shortcut = self.block1.projection(shortcut)\n    x += shortcut\n    x = self.features[7](x)\n\n"
            in text
        )

    def test_shortcuts_within_shortcuts_stay_apart(self, graph_of: Make) -> None:
        """The outer one is still to be added when the inner one is done."""
        inner = "{key: ., layers: [{conv: {out: 3, kernel: 1}}], shortcut: identity}"
        joint = f"{{key: ., branches: [{{first: relu, inner: {inner}}}, {{other: relu}}], merge: mul}}"
        graph = graph_of(f"layers:\n  outer: {{layers: {{joint: {joint}}}, shortcut: identity}}\n{END}")
        text = forward(graph, "Outer")
        assert text.startswith("def forward(self, x):\n    identity2 = x\n")
        assert "    identity = inner\n" in text
        assert text.endswith("    x = inner * other\n\n    x += identity2\n    return x\n")


class TestBranches:
    """Lanes side by side."""

    def test_are_called_after_their_layers(self) -> None:
        """After what the names share; in Inception A, torchvision's own names."""
        expected = """\
def forward(self, x):
    branch1x1 = self.branch1x1(x)
    branch5x5 = self.branch5x5_1(x)
    branch5x5 = self.branch5x5_2(branch5x5)
    branch3x3dbl = self.branch3x3dbl_1(x)
    branch3x3dbl = self.branch3x3dbl_2(branch3x3dbl)
    branch3x3dbl = self.branch3x3dbl_3(branch3x3dbl)
    branch_pool = self.pool(x)
    branch_pool = self.branch_pool(branch_pool)
    return torch.cat([branch1x1, branch5x5, branch3x3dbl, branch_pool], 1)
"""
        assert forward(load("inception_v3"), "InceptionA") == expected

    def test_without_names_are_numbered(self, graph_of: Make) -> None:
        """Lists give no names."""
        lanes = "[[{conv: {out: 2, kernel: 1}}], [{conv: {out: 3, kernel: 1}}], {}]"
        text = forward(graph_of(f"layers:\n  joint: {{key: ., branches: {lanes}}}\n{END}"), "Net")
        assert "    x = torch.cat([branch1, branch2, x], 1)\n" in text

    def test_of_one_name_stay_apart(self, graph_of: Make) -> None:
        """Lanes within a lane may bear its name."""
        inner = "{key: ., branches: [{left: {conv: {out: 2, kernel: 1}}}, {right: {conv: {out: 2, kernel: 1}}}]}"
        graph = graph_of(f"layers:\n  joint: {{key: ., branches: [{{left_1: relu, left_2: {inner}}}, {{}}]}}\n{END}")
        assert forward(graph, "Net").startswith(
            """\
def forward(self, x):
    # joint
    left = self.left_1(x)

    # joint.left_2
    left2 = self.left(left)
    right = self.right(left)
    left = torch.cat([left2, right], 1)

    # joint
    x = torch.cat([left, x], 1)
"""
        )

    def test_are_added_in_place(self, graph_of: Make) -> None:
        """Where the first may be overwritten."""
        lanes = "[{left: {conv: {out: 2, kernel: 1}}}, {right: {conv: {out: 2, kernel: 1}}}]"
        text = forward(graph_of(f"layers:\n  joint: {{key: ., branches: {lanes}, merge: add}}\n{END}"), "Net")
        assert "    right = self.right(x)\n    left += right\n\n    x = self.pool(left)\n" in text


class TestTaps:
    """Values that are read in another block."""

    def test_are_named_after_their_place(self) -> None:
        """The report's next step: block1's output gates block2."""
        text = forward(load("alexse_cross"), "AlexseCross")
        assert "    x = self.features[7](x)\n    block1_out = x\n\n    # block2\n" in text
        assert "    x = self.block2.se(x, block1_out)\n" in text

    def test_are_arguments_and_results_of_the_modules_between(self, graph_of: Make) -> None:
        """From inside one stage to inside another."""
        graph = graph_of(
            "templates:\n"
            "  Unit: {layers: {conv: {conv: {out: $in, kernel: 1}}}, shortcut: identity, activation: relu}\n"
            "layers:\n  one: [Unit, Unit]\n  two: [Unit, Unit]\n"
            f"{END}"
            "insert: [{se: {hidden: 2, squeeze: one.0.pre_activation}, at: two.1.branch}]\n"
        )
        assert forward(graph, "Net").startswith(
            "def forward(self, x):\n    x, one_0_pre_activation = self.one(x)\n"
            "    x = self.two(x, one_0_pre_activation)\n"
        )
        assert forward(graph, "One") == (
            "def forward(self, x):\n    x, block0_pre_activation = self[0](x)\n    x = self[1](x)\n"
            "    return x, block0_pre_activation\n"
        )
        assert forward(graph, "Two") == (
            "def forward(self, x, one_0_pre_activation):\n    x = self[0](x)\n"
            "    return self[1](x, one_0_pre_activation)\n"
        )
        assert forward(graph, "UnitTapped") == (
            "def forward(self, x):\n    identity = x\n    x = self.conv(x)\n    x += identity\n"
            "    pre_activation = x\n    x = self.activation(x)\n    return x, pre_activation\n"
        )
        assert "    x = self.se(x, one_0_pre_activation)\n    x += identity\n" in forward(graph, "UnitSe")

    def test_of_different_places_share_a_class_under_a_neutral_name(self, graph_of: Make) -> None:
        """Two stages that are gated by different blocks have the same body."""
        graph = graph_of(
            "templates:\n  Unit: {layers: {conv: {conv: {out: $in, kernel: 1}}}}\n"
            "layers:\n  a: Unit\n  b: Unit\n  c: Unit\n  d: Unit\n"
            f"{END}"
            "insert:\n"
            "  - {se: {hidden: 2, squeeze: a.out}, at: c.branch}\n"
            "  - {se: {hidden: 2, squeeze: b.out}, at: d.branch}\n"
        )
        expected = "def forward(self, x, tap):\n    x = self.conv(x)\n    return self.se(x, tap)\n"
        assert forward(graph, "UnitSe") == expected

    def test_of_the_image(self, graph_of: Make) -> None:
        """The network's own input may be squeezed as well."""
        graph = graph_of(
            f"layers:\n  one: {{layers: [{{conv: {{out: 8, kernel: 1}}}}]}}\n{END}"
            "insert: [{se: {hidden: 2, squeeze: one.in}, at: one.out}]\n"
        )
        expected = 'def forward(self, x):\n    image = x\n    x = getattr(self, "0")(x)\n    return self.se(x, image)\n'
        assert forward(graph, "One") == expected


class TestHeads:
    """Heads that serve training only."""

    def test_run_in_training_and_come_back_by_name(self) -> None:
        """The logits first, as in torchvision."""
        text = source(load("googlenet"))
        assert "        aux1 = self.aux1(x) if self.training else None\n" in text
        assert "    logits: torch.Tensor\n    aux1: torch.Tensor\n    aux2: torch.Tensor\n" in text
        assert (
            "        if self.training:\n            return GooglenetOutputs(x, aux1, aux2)\n        return x\n" in text
        )
