"""Which blocks are modules of their own, and what containers hold the rest."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

from builder.emit.python import source
from builder.emit.python.modules import Layer, Module, module_tree
from builder.lowering import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.graph import Graph

    Make = Callable[[str], Graph]


def called(graph: Graph) -> set[str]:
    """Return the paths of the blocks that are modules of their own."""
    tree = module_tree(graph)
    return {block.path for block in graph.root.blocks() if tree.called(block) is not None and block.path}


class TestOwnership:
    """A block is a module if its key is its own and holds nothing but its layers, and all of them."""

    def test_every_block_of_resnet_is_a_module(self) -> None:
        """Stages, residual blocks and downsamples: hooks on each fire."""
        graph = load("resnet18")
        assert called(graph) == {block.path for block in graph.root.blocks() if block.path}

    def test_blocks_that_share_a_key_are_written_out(self) -> None:
        """AlexNet's stem, block1 and block2 live in ``features``; its classifier is a module."""
        assert called(load("alexnet")) == {"classifier"}

    def test_a_block_alone_in_its_key_is_a_module(self, graph_of: Make) -> None:
        """Whatever the key is called."""
        graph = graph_of("layers:\n  body: {key: features, layers: [flatten, {linear: {out: 4}}]}\n")
        assert called(graph) == {"body"}

    def test_an_insert_beside_the_key_ends_that(self, graph_of: Make) -> None:
        """The inserted layer lives under the path, ``body.se``, outside of ``features``."""
        graph = graph_of(
            "layers:\n  body: {key: features, layers: [{conv: {out: 8, kernel: 1}}, flatten, {linear: {out: 4}}]}\n"
            "insert: [{se: {hidden: 2}, at: body.conv1}]\n"
        )
        assert called(graph) == set()
        assert {node.key for node in graph.nodes} == {"features.0", "body.se", "features.1", "features.2"}

    def test_a_joint_is_written_into_what_is_around_it(self, graph_of: Make) -> None:
        """Branches with ``key: .`` make no level."""
        graph = graph_of(
            "layers:\n"
            "  joint: {key: ., branches: [{a: {conv: {out: 1, kernel: 1}}}, {b: [{conv: {out: 1, kernel: 1}}]}]}\n"
            "  flatten: flatten\n  fc: {linear: {out: 4}}\n"
        )
        assert called(graph) == {"joint.b"}

    def test_a_layer_used_elsewhere_opens_both_blocks(self, graph_of: Make) -> None:
        """``reuse`` reaches into another block, so both are written out around the layer that they share."""
        graph = graph_of(
            "layers:\n"
            "  one: {layers: {conv: {conv: {out: 3, kernel: 1}}}}\n"
            "  two: {layers: {again: {reuse: {layer: one.conv}}}}\n"
            "  flatten: flatten\n  fc: {linear: {out: 4}}\n"
        )
        assert called(graph) == set()
        assert source(graph).count("nn.Conv2d(") == 1


class TestTree:
    """The tree of modules."""

    def test_has_every_key_in_order(self) -> None:
        """Children are registered as the graph first names them."""
        graph = load("resnet18")

        def leaves(module: Module, prefix: str) -> list[str]:
            found = []
            for name, child in module.children.items():
                found += [f"{prefix}{name}"] if isinstance(child, Layer) else leaves(child, f"{prefix}{name}.")
            return found

        assert leaves(module_tree(graph).root, "") == [node.key for node in graph.nodes if node.key]

    def test_knows_whose_forward_runs_a_node(self) -> None:
        """Layers of a shared key run in the forward around them, those of a module in its own."""
        graph = load("alexresnet")
        homes = {node.path: home.name for node, home in zip(graph.nodes, module_tree(graph).homes, strict=True)}
        assert (homes["block1.conv1"], homes["block1.merge"], homes["classifier.linear1"]) == ("", "", "classifier")


class TestContainers:
    """What holds the layers of keys that belong to no one block."""

    def test_a_shared_list_run_from_end_to_end_is_called_whole(self) -> None:
        """AlexNet's ``features``, as torchvision calls it."""
        text = source(load("alexnet"))
        assert "        # stem, block1, block2\n        x = self.features(x)\n" in text
        assert "            # block1\n            nn.Conv2d(64, 192, kernel_size=5, padding=2),\n" in text

    def test_a_shared_list_with_something_between_is_called_layer_by_layer(self) -> None:
        """AlexSE's gate stands between two layers of ``features``."""
        text = source(load("alexse_block1"))
        assert "        x = self.block1.se(x)\n        x = self.features[7](x)\n" in text
        assert "self.features(x)" not in text

    def test_a_shared_list_that_is_tapped_is_called_layer_by_layer(self) -> None:
        """The value between two blocks has to have a name."""
        assert "block1_out = x\n" in source(load("alexse_cross"))

    def test_inserted_layers_live_in_a_dictionary(self) -> None:
        """Under the path of their block."""
        assert 'self.block1 = nn.ModuleDict({"se": SqueezeExcitation(384, 24)})\n' in source(load("alexse_block1"))

    def test_a_bare_parameter_needs_a_bare_module(self, graph_of: Make) -> None:
        """``nn.ModuleDict`` takes no parameters."""
        graph = graph_of(
            "layers:\n  one: {key: f, layers: [{conv: {out: 8, kernel: 1}}]}\n"
            "  two: {key: f, layers: [flatten, {linear: {out: 4}}]}\n"
            "insert: [{scale: {init: 0.5}, name: gamma, at: one.out}, {se: {hidden: 2}, at: one.out}]\n"
        )
        expected = """\
        self.one = nn.Module()
        self.one.gamma = _filled((8, 1, 1), 0.5)
        self.one.se = SqueezeExcitation(8, 2)
"""
        assert expected in source(graph)

    def test_a_bare_module_inside_another_is_there_before_it_is_filled(self, graph_of: Make) -> None:
        """Its parameter would have nowhere to go."""
        gated = "{layers: {inner: {key: ., layers: [scale]}}, shortcut: {beside: {stochasticdepth: {p: 0.2}}}}"
        graph = graph_of(
            f"language: 1\nlayers:\n  block:\n    key: features\n    layers:\n      - layers:\n"
            f"          left: {{branches: [[{gated}], {{}}]}}\n"
            f"          right: {{key: ., layers: [{{branches: [[scale], []]}}]}}\n"
            f"  flatten: flatten\n  fc: {{linear: {{out: 4}}}}\n"
        )
        text = source(graph)
        assert 0 < text.index('self.features[0].add_module("0"') < text.index('register_parameter("0"')


class TestNames:
    """Children that no attribute can be called like."""

    def test_go_as_texts(self, graph_of: Make) -> None:
        """RegNet's ``block1-0`` is added and fetched by name."""
        graph = graph_of(
            dedent("""\
            layers:
              block1-0: {conv: {out: 3, kernel: 1}}
              class: {layers: {lambda: relu, x-y: relu}, shortcut: identity}
              flatten: flatten
              fc: {linear: {out: 4}}
            """)
        )
        text = source(graph)
        assert 'self.add_module("block1-0", nn.Conv2d(3, 3, kernel_size=1))\n' in text
        assert 'x = getattr(self, "block1-0")(x)\n' in text
        assert 'self.add_module("class", Class())\n' in text
        assert 'self.add_module("lambda", nn.ReLU())\n' in text

    def test_stay_keys_in_a_chain(self, graph_of: Make) -> None:
        """A named chain is an ``nn.Sequential`` of pairs."""
        graph = graph_of("layers:\n  a-b: {layers: {x-y: flatten, class: {linear: {out: 4}}}}\n")
        assert '("class", nn.Linear(3072, num_classes)),\n' in source(graph)
