"""Names, paths and keys: a list numbers its layers, a mapping names them; a key is the path unless `key:` is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from torch import nn

from builder.lowering.names import TAKEN
from builder.spec.page import POINTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.diagnostics import Diagnostic
    from builder.graph import Graph

TAIL = "  pool: adaptiveavgpool\n  flatten: flatten\n  fc: {linear: {out: $classes}}\n"


def names(graph: Graph) -> dict[str, str]:
    """Return the key of every path."""
    return {node.path: node.key for node in graph.nodes}


class TestBodies:
    """Lists and mappings."""

    def test_a_list_gives_numbers_and_layers_without_weights_count(self, graph_of: Callable[..., Graph]) -> None:
        """As in nn.Sequential, ReLU takes a number too; the path speaks of the operation and its ordinal."""
        graph = graph_of(
            "layers:\n- conv: {out: 4, kernel: 1}\n- relu\n- conv: {out: 4, kernel: 1}\n"
            "- adaptiveavgpool\n- flatten\n- linear: {out: 4}\n"
        )
        assert names(graph) == {
            "conv1": "0",
            "relu1": "1",
            "conv2": "2",
            "adaptiveavgpool1": "3",
            "flatten1": "4",
            "linear1": "5",
        }

    def test_a_mapping_gives_names(self, graph_of: Callable[..., Graph]) -> None:
        """A child in a mapping is called what the page calls it, also when that is the name of an operation."""
        graph = graph_of("layers:\n  layers: {conv: {out: 4, kernel: 1}}\n  relu: relu\n" + TAIL)
        assert list(names(graph))[:2] == ["layers", "relu"]

    def test_what_is_switched_off_takes_no_number(self, graph_of: Callable[..., Graph]) -> None:
        """`when` is decided before numbers are given."""
        graph = graph_of(
            "params: {bn: false}\nlayers:\n  body:\n  - conv: {out: 4, kernel: 1}\n"
            "  - {batchnorm: {}, when: $bn}\n  - relu\n" + TAIL
        )
        assert names(graph)["body.relu1"] == "body.1"

    def test_blocks_in_a_list_are_addressed_by_their_number(self, graph_of: Callable[..., Graph]) -> None:
        """A list in a list and a template in a list have no other name."""
        graph = graph_of("layers:\n  body:\n  - [relu]\n  - layers: {a: relu}\n" + TAIL)
        assert names(graph)["body.0.relu1"] == "body.0.0"
        assert names(graph)["body.1.a"] == "body.1.a"


class TestKeys:
    """`key:` puts the layers of a block into another module."""

    def test_blocks_with_one_key_number_on_from_one_another(self, graph_of: Callable[..., Graph]) -> None:
        """This is how AlexNet has the figure's blocks and torchvision's keys; the activation is numbered last."""
        graph = graph_of(
            "layers:\n  a: {key: f, layers: [{conv: {out: 4, kernel: 1}}], activation: relu}\n"
            "  b: {key: f, layers: [{conv: {out: 4, kernel: 1}}]}\n" + TAIL
        )
        assert [names(graph)[path] for path in ("a.conv1", "a.activation", "b.conv1")] == ["f.0", "f.1", "f.2"]

    def test_the_activation_of_a_named_body_is_called_activation(self, graph_of: Callable[..., Graph]) -> None:
        """It is the last child."""
        graph = graph_of("layers:\n  a: {layers: {c: {conv: {out: 4, kernel: 1}}}, activation: relu}\n" + TAIL)
        assert names(graph)["a.activation"] == "a.activation"

    def test_a_dot_means_the_module_that_the_block_stands_in(self, graph_of: Callable[..., Graph]) -> None:
        """The block keeps its path and its points, and its layers live one level up."""
        graph = graph_of("layers:\n  a: {key: ., layers: {c: {conv: {out: 4, kernel: 1}}}}\n" + TAIL)
        assert names(graph)["a.c"] == "c"

    def test_a_nameless_dot_is_a_bracket(self, graph_of: Callable[..., Graph]) -> None:
        """It repeats several items together and has no level, neither in paths nor in keys."""
        graph = graph_of(
            "layers:\n  f:\n  - key: .\n    repeat: 2\n    layers: [{conv: {out: 4, kernel: 1}}, relu]\n" + TAIL
        )
        assert [names(graph)[path] for path in ("f.conv1", "f.relu1", "f.conv2", "f.relu2")] == [
            "f.0", "f.1", "f.2", "f.3",
        ]  # fmt: skip

    def test_a_nameless_dot_with_a_shortcut_is_a_block_of_its_list(self, graph_of: Callable[..., Graph]) -> None:
        """Its layers and its activation take the list's numbers; it is addressed by an ordinal, as layers are."""
        graph = graph_of(
            "layers:\n  f:\n  - key: .\n    repeat: 2\n    layers: [{conv: {out: 3, kernel: 1}}]\n"
            "    shortcut: identity\n    activation: relu\n  - sigmoid\n"
            + TAIL
            + "insert: [{tanh: {}, at: f.block2.branch}]\n"
        )
        assert names(graph) == {
            "f.block1.conv1": "f.0", "f.block1.merge": "", "f.block1.activation": "f.1",
            "f.block2.conv1": "f.2", "f.block2.tanh": "f.block2.tanh", "f.block2.merge": "",
            "f.block2.activation": "f.3", "f.sigmoid1": "f.4", "pool": "pool", "flatten": "flatten", "fc": "fc",
        }  # fmt: skip

    def test_a_template_may_have_a_key(self, graph_of: Callable[..., Graph]) -> None:
        """A named instance lives in the module that the key names, in a list the layers take the list's numbers."""
        graph = graph_of(
            "templates:\n  Conv: {key: ., layers: [{conv: {out: 3, kernel: 1}}, relu]}\n"
            "  Down: {key: downsample, layers: [{conv: {out: 3, kernel: 1}}]}\n"
            "layers:\n  f: [Conv, Conv]\n  g: {layers: {side: Down}}\n" + TAIL
        )
        assert list(names(graph).items())[:5] == [
            ("f.block1.conv1", "f.0"), ("f.block1.relu1", "f.1"), ("f.block2.conv1", "f.2"), ("f.block2.relu1", "f.3"),
            ("g.side.conv1", "g.downsample.0"),
        ]  # fmt: skip

    JOINT = (
        "layers:\n  a:\n    layers:\n      joint:\n        %sbranches:\n        - left: {conv: {out: 2, kernel: 1}}\n"
        "        - right: {conv: {out: 3, kernel: 1}}\n" + TAIL
    )

    def test_a_block_of_branches_names_its_layers(self, graph_of: Callable[..., Graph]) -> None:
        """As every block does; so two of them may call their layers the same."""
        graph = graph_of(self.JOINT % "")
        assert list(names(graph).items())[:3] == [
            ("a.joint.left", "a.joint.left"), ("a.joint.right", "a.joint.right"), ("a.joint.merge", ""),
        ]  # fmt: skip

    def test_branches_with_a_dot_live_around_their_block(self, graph_of: Callable[..., Graph]) -> None:
        """This is how SqueezeNet has the paper's `expand` and torchvision's keys."""
        graph = graph_of(self.JOINT % "key: .\n        ")
        assert names(graph)["a.joint.left"] == "a.left"

    @pytest.mark.parametrize(
        ("key", "keys"),
        [
            ("key: ., ", ("c", "down")),
            ("key: m, ", ("m.c", "m.down")),
            ("", ("a.c", "a.down")),
        ],
    )
    def test_a_key_holds_for_the_shortcut(
        self, graph_of: Callable[..., Graph], key: str, keys: tuple[str, str]
    ) -> None:
        """Its layers live where the others of the block live."""
        graph = graph_of(
            f"layers:\n  a: {{{key}layers: {{c: {{conv: {{out: 4, kernel: 1}}}}}}, "
            "shortcut: {down: {conv: {out: 4, kernel: 1}}}}\n" + TAIL
        )
        assert (names(graph)["a.c"], names(graph)["a.down"]) == keys

    def test_a_key_holds_for_the_projection_of_auto(self, graph_of: Callable[..., Graph]) -> None:
        """And where blocks share a key, each projection is under its block's own name, as in AlexResNet."""
        block = "{key: %s, layers: [{conv: {out: 4, kernel: 3, padding: 1}}], shortcut: auto}"
        graph = graph_of(f"layers:\n  a: {block % 'm'}\n" + TAIL)
        assert names(graph)["a.projection"] == "m.projection"
        graph = graph_of(f"layers:\n  a: {block % 'm'}\n  b: {block.replace('4', '5') % 'm'}\n" + TAIL)
        assert (names(graph)["a.projection"], names(graph)["b.projection"]) == ("a.projection", "b.projection")

    def test_a_block_inside_a_keyed_one_keeps_its_shortcut_with_it(self, graph_of: Callable[..., Graph]) -> None:
        """The key of the outer block holds for everything in it."""
        inner = "{layers: {c: {conv: {out: 4, kernel: 1}}}, shortcut: {down: {conv: {out: 4, kernel: 1}}}}"
        graph = graph_of(f"layers:\n  a: {{key: ., layers: {{b: {inner}}}}}\n" + TAIL)
        assert (names(graph)["a.b.c"], names(graph)["a.b.down"]) == ("b.c", "b.down")


class TestKeysOfLayers:
    """`key:` beside a call is what the layer is called in its module: where a page can't call it so."""

    @pytest.mark.parametrize("point", POINTS)
    def test_a_layer_may_have_the_key_that_is_a_points_name(self, graph_of: Callable[..., Graph], point: str) -> None:
        """Xceptions of timm call a convolution `shortcut`."""
        graph = graph_of(
            "layers:\n  a:\n    layers: {c: {conv: {out: 4, kernel: 1}}}\n"
            f"    shortcut: {{skip: {{conv: {{out: 4, kernel: 1}}, key: {point}}}}}\n" + TAIL
        )
        assert names(graph)["a.skip"] == f"a.{point}"

    def test_in_a_list_it_takes_no_number(self, graph_of: Callable[..., Graph]) -> None:
        """It is addressed by its operation as the others are."""
        graph = graph_of(
            "layers:\n  f:\n  - relu\n  - {conv: {out: 4, kernel: 1}, key: c}\n  - conv: {out: 4, kernel: 1}\n" + TAIL
        )
        assert [names(graph)[path] for path in ("f.relu1", "f.conv1", "f.conv2")] == ["f.0", "f.c", "f.1"]

    @pytest.mark.parametrize("own", ["", "key: own, "])
    def test_a_template_lives_in_the_module_that_its_call_names(self, graph_of: Callable[..., Graph], own: str) -> None:
        """Rather than in its own; its shortcut too."""
        graph = graph_of(
            f"templates:\n  Down: {{{own}layers: {{c: {{conv: {{out: 3, kernel: 1}}}}}}, "
            "shortcut: {s: {conv: {out: 3, kernel: 1}}}}\n"
            "layers:\n  a: {Down: {}, key: down}\n  b: {layers: {c: {Down: {}, key: .}}}\n" + TAIL
        )
        assert [names(graph)[path] for path in ("a.c", "a.s", "b.c.c", "b.c.s")] == ["down.c", "down.s", "b.c", "b.s"]

    def test_activation_and_inserts_have_one_too(self, graph_of: Callable[..., Graph]) -> None:
        """They are layers as the others are."""
        graph = graph_of(
            "layers:\n  a:\n    layers: {c: {conv: {out: 4, kernel: 1}}}\n    activation: {prelu: {}, key: act}\n"
            + TAIL
            + "insert: [{batchnorm: {}, key: bn, at: a.c}]\n"
        )
        assert (names(graph)["a.activation"], names(graph)["a.batchnorm"]) == ("a.act", "a.bn")

    def test_it_is_claimed_as_names_are(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """Two layers of one key, also copies of one; and the name of a path stays taken."""
        conv = "{conv: {out: 4, kernel: 1}, key: c}"
        (found,) = mistakes_of(f"layers:\n  c: relu\n  a: {conv}\n" + TAIL)
        assert (found.code, found.message, found.mark.line) == ("duplicate-name", "`c` is already used here", 6)
        (found,) = mistakes_of(f"layers:\n  a{{$i}}: {{{conv[1:-1]}, repeat: 2}}\n" + TAIL)
        assert (found.code, found.message, found.mark.line) == ("duplicate-name", "`c` is already used here", 5)

    def test_what_replaces_a_layer_has_no_other(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """Weights of the base would not load."""
        (found,) = mistakes_of("layers:\n  a: relu\n" + TAIL + "replace: {a: {gelu: {}, key: c}}\n")
        assert (found.code, found.message) == ("unknown-field", "what replaces a layer has that layer's key")
        assert (found.mark.line, found.mark.column, found.hint) == (9, 30, "leave out `key`")


class TestCollisions:
    """Two things with one name."""

    def test_a_name_of_every_module_is_refused(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """A child called `train` would hide nn.Module.train."""
        (found,) = mistakes_of("layers:\n  train: relu\n" + TAIL)
        assert (found.code, found.mark.line, found.mark.column) == ("reserved-name", 5, 3)

    def test_the_list_of_taken_names_is_pytorchs(self) -> None:
        """Every attribute of the containers is on it, whatever PyTorch adds."""
        containers = (nn.Module(), nn.Sequential(), nn.ModuleDict())
        assert {name for module in containers for name in dir(module) if not name.startswith("__")} <= TAKEN

    def test_a_name_may_begin_with_an_underscore(self, graph_of: Callable[..., Graph]) -> None:
        """As those of many a network do, so that its weights load; two underscores are Python's own."""
        graph = graph_of(
            "layers:\n  _block: {layers: {_conv: {conv: {out: 3, kernel: 1}}}, shortcut: identity}\n" + TAIL
        )
        assert names(graph)["_block._conv"] == "_block._conv"

    def test_an_insert_with_a_name_that_is_there_is_refused_with_the_way_out(
        self, mistakes_of: Callable[..., list[Diagnostic]]
    ) -> None:
        """A name never depends on what else was inserted."""
        (found,) = mistakes_of(
            "layers:\n  a: {layers: {c: {conv: {out: 16, kernel: 1}}}}\n" + TAIL + "insert:\n"
            "- {sigmoid: {}, at: [a.in, a.out]}\n"
        )
        assert found.code == "duplicate-name"
        assert found.hint is not None
        assert "{$point}" in found.hint


class TestRepeat:
    """Copies, their variables and their names."""

    def test_copies_in_a_mapping_need_an_expression_in_their_name(
        self, mistakes_of: Callable[..., list[Diagnostic]]
    ) -> None:
        """Otherwise they would all be called the same."""
        (found,) = mistakes_of("layers:\n  a: {conv: {out: 4, kernel: 1}, repeat: 2}\n" + TAIL)
        assert (found.code, found.mark.line) == ("name-repeats", 5)

    def test_names_count_as_the_page_says(self, graph_of: Callable[..., Graph]) -> None:
        """`$i` counts from 0."""
        graph = graph_of("layers:\n  a{$i + 1}: {conv: {out: 4, kernel: 1}, repeat: 2}\n" + TAIL)
        assert list(names(graph))[:2] == ["a1", "a2"]

    def test_elements_are_unpacked(self, graph_of: Callable[..., Graph]) -> None:
        """`a, b in list` takes lists apart; a single name takes the element whole."""
        graph = graph_of(
            "layers:\n  f:\n  - conv: {out: $c, kernel: $k}\n    repeat: c, k in [[4, 1], [8, 3]]\n"
            "  - conv: {out: $c, kernel: 1}\n    repeat: c in [5, 6]\n" + TAIL
        )
        assert [node.shape.channels for node in graph.nodes[:4]] == [4, 8, 5, 6]
        assert [node.operation.kernel for node in graph.nodes[:2]] == [1, 3]

    def test_first_and_last_tell_the_ends(self, graph_of: Callable[..., Graph]) -> None:
        """Differences of the first copy are expressions, not constructs."""
        graph = graph_of(
            "layers:\n  f:\n  - conv: {out: '8 if $last else 4', kernel: 1, stride: '2 if $first else 1'}\n"
            "    repeat: 3\n" + TAIL
        )
        assert [str(node.shape) for node in graph.nodes[:3]] == ["4×8×8", "4×8×8", "8×8×8"]
