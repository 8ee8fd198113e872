"""The named points of a block, what is inserted there, and which of them are the same place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.identity import graph_id
from builder.lowering import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.diagnostics import Diagnostic
    from builder.graph import Graph

BLOCK = """\
layers:
  block:
    layers:
      conv: {conv: {out: 3, kernel: 3, padding: 1}}
    shortcut: identity
    activation: relu
  pool: adaptiveavgpool
  flatten: flatten
  fc: {linear: {out: $classes}}
"""
INSERT = "insert:\n- sigmoid\n"


def order(graph: Graph) -> list[str]:
    """Return the paths of the block's nodes in the order in which they run."""
    return [node.path.removeprefix("block.") for node in graph.nodes if node.path.startswith("block.")]


def reads(graph: Graph, path: str) -> list[str]:
    """Return what a node reads, by path; the network's input is called input."""
    node = next(node for node in graph.nodes if node.path == f"block.{path}")
    return [graph.nodes[index].path.removeprefix("block.") if index >= 0 else "input" for index in node.inputs]


@pytest.fixture
def gated(graph_of: Callable[..., Graph]) -> Callable[[str], Graph]:
    """Return a function from a point to the block with a sigmoid there."""
    return lambda point: graph_of(BLOCK + f"insert:\n- {{sigmoid: {{}}, at: block.{point}}}\n")


class TestPoints:
    """in ──┬──► branch_in ──► layers ──► branch ──(merge)──► pre_activation ──► activation ──► out."""

    def test_in_stands_before_the_fork(self, gated: Callable[[str], Graph]) -> None:
        """Branch and shortcut both read it."""
        graph = gated("in")
        assert reads(graph, "conv") == ["sigmoid"]
        assert reads(graph, "merge") == ["conv", "sigmoid"]

    def test_branch_in_stands_after_the_fork(self, gated: Callable[[str], Graph]) -> None:
        """The shortcut carries the ungated input: SE-PRE of the SE paper."""
        graph = gated("branch_in")
        assert reads(graph, "conv") == ["sigmoid"]
        assert reads(graph, "merge") == ["conv", "input"]

    def test_branch_stands_before_the_merge(self, gated: Callable[[str], Graph]) -> None:
        """The paper's standard place."""
        assert reads(gated("branch"), "merge") == ["sigmoid", "input"]

    def test_shortcut_stands_beside_the_branch(self, gated: Callable[[str], Graph]) -> None:
        """SE-Identity."""
        graph = gated("shortcut")
        assert reads(graph, "sigmoid") == ["input"]
        assert reads(graph, "merge") == ["conv", "sigmoid"]

    def test_pre_activation_stands_between_merge_and_activation(self, gated: Callable[[str], Graph]) -> None:
        """The report's place."""
        graph = gated("pre_activation")
        assert reads(graph, "sigmoid") == ["merge"]
        assert reads(graph, "activation") == ["sigmoid"]

    def test_out_stands_last(self, gated: Callable[[str], Graph]) -> None:
        """SE-POST; `block` without a point means the same."""
        assert order(gated("out"))[-1] == "sigmoid"

    def test_a_path_without_a_point_means_after_it(self, graph_of: Callable[..., Graph]) -> None:
        """The new layer lives in the block that holds the layer."""
        graph = graph_of(BLOCK + "insert:\n- {sigmoid: {}, at: block.conv}\n")
        assert order(graph)[:2] == ["conv", "sigmoid"]

    def test_inserts_at_one_point_act_in_the_order_written(self, graph_of: Callable[..., Graph]) -> None:
        """Two inserts at one point both act; other builders lost the first."""
        graph = graph_of(BLOCK + "insert:\n- {sigmoid: {}, at: block.out}\n- {tanh: {}, at: block.out}\n")
        assert order(graph)[-2:] == ["sigmoid", "tanh"]

    def test_an_inserted_layer_can_be_the_place_of_the_next(self, graph_of: Callable[..., Graph]) -> None:
        """It has a path like any other."""
        graph = graph_of(BLOCK + "insert:\n- {sigmoid: {}, at: block.branch}\n- {tanh: {}, at: block.sigmoid}\n")
        assert reads(graph, "merge") == ["tanh", "input"]


class TestEqualPlaces:
    """Places that mean the same network."""

    def test_without_a_shortcut_branch_is_pre_activation(self, graph_of: Callable[..., Graph]) -> None:
        """Nothing stands between the two."""
        plain = BLOCK.replace("    shortcut: identity\n", "")
        ids = {
            graph_id(graph_of(plain + f"insert:\n- {{sigmoid: {{}}, at: block.{point}}}\n"))
            for point in ("branch", "pre_activation")
        }
        assert len(ids) == 1

    def test_without_an_activation_pre_activation_is_out(self, graph_of: Callable[..., Graph]) -> None:
        """The same."""
        plain = BLOCK.replace("    activation: relu\n", "")
        ids = {
            graph_id(graph_of(plain + f"insert:\n- {{sigmoid: {{}}, at: block.{point}}}\n"))
            for point in ("pre_activation", "out")
        }
        assert len(ids) == 1

    def test_with_a_shortcut_all_points_differ(self, gated: Callable[[str], Graph]) -> None:
        """Six places, six networks."""
        points = ("in", "branch_in", "branch", "shortcut", "pre_activation", "out")
        assert len({graph_id(gated(point)) for point in points}) == len(points)


class TestKeysOfInserts:
    """An inserted layer has its own name and never renumbers its neighbors."""

    @pytest.mark.parametrize("page", ["alexse_block1", "alexse_block2", "alexse_both", "alexse_cross", "alexresnet"])
    def test_every_key_of_alexnet_is_kept(self, page: str) -> None:
        """The weights of the base load into every variant, key for key."""
        base = {node.key: node.operation for node in load("alexnet", classes=10).nodes if node.key}
        variant = {node.key: node.operation for node in load(page).nodes if node.key}
        assert base.items() <= variant.items()

    def test_the_key_is_the_blocks_path_not_its_module(self) -> None:
        """`key: features` moves layers, never what is inserted."""
        keys = {node.path: node.key for node in load("alexse_both").nodes}
        assert keys["block1.se"] == "block1.se"
        assert keys["block1.conv1"] == "features.3"


class TestSqueeze:
    """A gate may take its squeeze from elsewhere."""

    def test_channels_are_solved_from_both_ends(self) -> None:
        """The first convolution has the channels of the squeezed value, the second those of the gate's place."""
        graph = load("alexse_cross")
        gate = next(node for node in graph.nodes if node.operation.kind == "se")
        shapes = {each.name: each.shape for each in gate.operation.parameters(*graph.input_shapes(gate))}
        assert shapes["fc1.weight"] == (24, 384, 1, 1)
        assert shapes["fc2.weight"] == (256, 24, 1, 1)

    def test_a_later_place_cannot_be_squeezed(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """A value cannot be read before it is computed."""
        (found,) = mistakes_of(BLOCK + "insert:\n- se: {hidden: 2, squeeze: block.out}\n  at: block.in\n")
        assert (found.code, found.mark.line) == ("later-place", 14)
        assert "block.out" in found.message

    def test_a_place_that_is_not_there_gets_the_nearest(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """The caret stands under the place."""
        (found,) = mistakes_of(BLOCK + "insert:\n- se: {hidden: 2, squeeze: blok.in}\n  at: block.out\n")
        assert (found.code, found.mark.line, found.mark.column) == ("no-such-place", 14, 28)
        assert found.hint == "did you mean `block.in`?"


class TestBranches:
    """A block of branches has places as every block has."""

    PAGE = (
        "layers:\n  mixed:\n    branches:\n    - {one: {conv: {out: 4, kernel: 1}}}\n"
        "    - {two: {conv: {out: 4, kernel: 1}}}\n" + BLOCK[BLOCK.index("  pool:") :]
    )

    @pytest.mark.parametrize(
        ("at", "expected"),
        [
            ("mixed.one", ["one", "sigmoid", "two", "merge"]),
            ("mixed.merge", ["one", "two", "merge", "sigmoid"]),
            ("mixed.out", ["one", "two", "merge", "sigmoid"]),
            ("mixed.in", ["sigmoid", "one", "two", "merge"]),
        ],
    )
    def test_a_layer_goes_after_a_branchs_layer_or_the_merge(
        self, graph_of: Callable[..., Graph], at: str, expected: list[str]
    ) -> None:
        """The merge is written out, as points are."""
        graph = graph_of(self.PAGE + f"insert:\n- {{sigmoid: {{}}, at: {at}}}\n")
        assert [node.path.removeprefix("mixed.") for node in graph.nodes[:4]] == expected
        assert next(node.key for node in graph.nodes if node.operation.kind == "sigmoid") == "mixed.sigmoid"

    def test_a_wildcard_stands_for_the_layers(self, graph_of: Callable[..., Graph]) -> None:
        """And not for the merge."""
        graph = graph_of(self.PAGE + 'insert:\n- {sigmoid: {}, name: "s_{$point}", at: mixed.*}\n')
        assert [node.path for node in graph.nodes if node.operation.kind == "sigmoid"] == ["mixed.s_one", "mixed.s_two"]

    def test_the_merge_can_be_read(self, graph_of: Callable[..., Graph]) -> None:
        """By a gate or a join."""
        insert = "insert:\n- {tanh: {}, at: mixed.out}\n- {join: {from: mixed.merge, by: add}, at: mixed.out}\n"
        graph = graph_of(self.PAGE + insert)
        assert (graph.nodes[4].operation.kind, graph.nodes[4].inputs) == ("join", (3, 2))


class TestJoin:
    """Values from earlier places, joined or added."""

    def test_places_are_looked_for_in_the_block_and_then_around_it(self, graph_of: Callable[..., Graph]) -> None:
        """So a template speaks of its own layers; a name from further out is found too."""
        graph = graph_of(
            "templates:\n  Osa:\n    layers: [{conv: {out: 4, kernel: 1}}, {conv: {out: 5, kernel: 1}}, "
            "{join: {from: [in, conv1]}}, {conv: {out: 3, kernel: 1}}]\nlayers:\n  a: Osa\n  b: Osa\n"
            "  back: {join: {from: a.conv3, by: add}}\n" + BLOCK[BLOCK.index("  pool:") :]
        )
        first, second = (node for node in graph.nodes if node.path.endswith("join1"))
        assert (first.shape.channels, first.inputs, second.inputs) == (12, (1, -1, 0), (5, 3, 4))
        assert graph.nodes[8].inputs == (7, 3)
        assert [node.key for node in graph.nodes[:4]] == ["a.0", "a.1", "", "a.2"]

    def test_a_place_may_hold_an_expression(self, graph_of: Callable[..., Graph]) -> None:
        """Its braces are those of a name."""
        graph = graph_of(
            "layers:\n  c{$i}: {conv: {out: 3, kernel: 1}, repeat: 3}\n"
            "  sum: {join: {from: ['c{0}', 'c{2 - 1}'], by: add}}\n" + BLOCK[BLOCK.index("  pool:") :]
        )
        assert graph.nodes[3].inputs == (2, 0, 1)

    @pytest.mark.parametrize(
        ("layer", "code", "message"),
        [
            ("join", "missing-field", "`join` needs `from`: the place that is read"),
            ("join: {from: later}", "no-such-place", "there is no `later`"),
            ("join: {from: block.out, by: add}", "later-place", "`block.out` is not there yet at this layer"),
            ("join: {from: early}", "no-such-place", "`early` is a block"),
            ("join: {from: 7}", "bad-value", "`from` is a place such as `block1.out`, not the number `7`"),
            ("join: {from: in, by: add}", "misfit", "block.join1: 4×16×16 and 3×16×16 cannot be added"),
        ],
    )
    def test_what_cannot_be_read_is_answered(
        self, mistakes_of: Callable[..., list[Diagnostic]], layer: str, code: str, message: str
    ) -> None:
        """Each with its own sentence."""
        body = f"layers:\n  early: [relu]\n  block:\n  - conv: {{out: 4, kernel: 1}}\n  - {layer}\n"
        (found,) = mistakes_of(body + BLOCK[BLOCK.index("  pool:") :])
        assert (found.code, found.message[: len(message)]) == (code, message)


class TestRead:
    """Streams side by side: a layer goes on from an earlier value."""

    def test_it_reads_nothing_but_that_value(self, graph_of: Callable[..., Graph]) -> None:
        """What entered is read by a join later; it takes no number and no key."""
        graph = graph_of(
            "layers:\n  two:\n  - conv: {out: 4, kernel: 1}\n  - read: {from: in}\n"
            "  - conv: {out: 4, kernel: 3, padding: 1}\n"
            "  - join: {from: conv1, by: add}\n" + BLOCK[BLOCK.index("  pool:") :]
        )
        assert [node.inputs for node in graph.nodes[:4]] == [(-1,), (-1,), (1,), (2, 0)]
        assert [node.key for node in graph.nodes[:4]] == ["two.0", "", "two.1", ""]

    def test_what_nothing_reads_is_a_mistake(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """Its weights would never learn."""
        body = "layers:\n  a: {conv: {out: 3, kernel: 1}}\n  b: {read: {from: in}}\n"
        (found,) = mistakes_of(body + BLOCK[BLOCK.index("  pool:") :])
        assert (found.code, found.message) == ("unread-value", "nothing reads what `a` computes")


BRANCHES = "params: {wide: false, towers: 2}\nlayers:\n  mixed:\n    branches:\n%s" + BLOCK[BLOCK.index("  pool:") :]
CONV = "conv: {out: 4, kernel: 1}"


class TestConditionalBranches:
    """``when`` and ``repeat`` beside a branch."""

    def test_a_branch_whose_condition_is_false_is_left_out(self, graph_of: Callable[..., Graph]) -> None:
        """The other branches meet without it; it is not the identity."""
        graph = graph_of(BRANCHES % f"    - {{when: $wide, layers: [{CONV}]}}\n    - [{CONV}]\n    - {{}}\n")
        (merge,) = [node for node in graph.nodes if node.role == "merge"]
        assert merge.shape.channels == 4 + 3

    def test_one_branch_that_is_left_is_a_plain_block(self, graph_of: Callable[..., Graph]) -> None:
        """Nothing is merged, and a split of one is nothing."""
        page = BRANCHES % f"    - {{when: $wide, layers: [{CONV}]}}\n    - [{CONV}]\n"
        graph = graph_of(page.replace("    branches:", "    split: true\n    branches:"))
        assert [node.operation.kind for node in graph.nodes] == ["conv", "adaptiveavgpool", "flatten", "linear"]

    def test_a_branch_may_be_there_several_times(self, graph_of: Callable[..., Graph]) -> None:
        """Each copy sees its number, in its layers and their names."""
        page = BRANCHES % '    - {repeat: $towers, layers: {"t{$i}": {conv: {out: 4 + $i, kernel: 1}}}}\n'
        graph = graph_of(page)
        assert [node.shape.channels for node in graph.nodes[:3]] == [4, 5, 9]

    def test_no_branch_at_all_is_a_mistake(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """Nothing would leave the block."""
        (found,) = mistakes_of(
            BRANCHES % f"    - {{when: $wide, layers: [{CONV}]}}\n    - {{when: $wide, layers: {{}}}}\n"
        )
        assert (found.code, found.message) == ("empty-branches", "mixed: every branch is left out")

    def test_a_branch_that_is_emptied_by_when_is_answered(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """Nothing makes it the identity in silence; both ways out are offered."""
        (found,) = mistakes_of(BRANCHES % f"    - [{{{CONV}, when: $wide}}]\n    - [{CONV}]\n")
        assert (found.code, found.mark.line) == ("empty-branch", 8)
        assert "`identity`" in str(found.hint)
        assert "`{when: …, layers: …}`" in str(found.hint)

    def test_identity_with_the_opposite_condition_is_fine(self, graph_of: Callable[..., Graph]) -> None:
        """This is what the answer offers."""
        branch = f"    - [{{{CONV}, when: $wide}}, {{identity: {{}}, when: not $wide}}]\n    - [{CONV}]\n"
        assert graph_of(BRANCHES % branch).nodes[0].operation.kind == "identity"

    def test_a_branch_that_says_identity_is_not_emptied(self, graph_of: Callable[..., Graph]) -> None:
        """Beside a layer that is switched off, and as what is left of branches inside."""
        assert graph_of(BRANCHES % f"    - [{{{CONV}, when: $wide}}, identity]\n    - [{CONV}]\n").nodes
        inner = f"{{branches: [{{when: $wide, layers: [{CONV}]}}, []], merge: add}}"
        assert graph_of(BRANCHES % f"    - [{inner}]\n    - [{CONV}]\n").nodes

    def test_a_slip_in_layers_is_answered(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """Not the condition beside it, which would be a layer called `when`."""
        (found,) = mistakes_of(BRANCHES % f"    - {{when: $wide, ayers: [{CONV}]}}\n    - [{CONV}]\n")
        assert (found.code, found.message) == ("unknown-field", "`ayers` is not a field of a branch")
        assert found.hint == "did you mean `layers`?"

    def test_names_beside_a_condition_need_layers(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """Whether a name or a condition is meant must not depend on a value."""
        (found,) = mistakes_of(BRANCHES % f"    - {{when: $wide == true, a: {{{CONV}}}}}\n    - [{CONV}]\n")
        assert (found.code, found.hint) == ("bad-branches", "write `{when: …, layers: …}`")


SHORTCUT = (
    "params: {open: %s}\nlayers:\n  body:\n    layers: [conv: {out: 6, kernel: 1}]\n    shortcut: %s\n"
    + BLOCK[BLOCK.index("  pool:") :]
)


class TestConditionalShortcuts:
    """``when`` beside the layers of a shortcut."""

    def test_where_it_holds_the_layers_are_the_shortcut(self, graph_of: Callable[..., Graph]) -> None:
        """As if there were no condition."""
        graph = graph_of(SHORTCUT % ("true", f"{{when: $open, layers: {{down: {{{CONV.replace('4', '6')}}}}}}}"))
        assert "body.down" in {node.path for node in graph.nodes}

    def test_where_it_does_not_hold_there_is_no_shortcut(self, graph_of: Callable[..., Graph]) -> None:
        """Neither the identity nor the points of a shortcut."""
        graph = graph_of(SHORTCUT % ("false", f"{{when: $open, layers: {{down: {{{CONV}}}}}}}"))
        assert [node.operation.kind for node in graph.nodes] == ["conv", "adaptiveavgpool", "flatten", "linear"]
        (body,) = [block for block in graph.root.blocks() if block.path == "body"]
        assert set(body.points) == {"in", "branch", "pre_activation", "out"}

    def test_layers_that_do_not_fit_are_answered_at_them(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """With both shapes."""
        (found,) = mistakes_of(SHORTCUT % ("true", "{when: $open, layers: [conv: {out: 5, kernel: 1}]}"))
        assert (found.code, found.mark.line) == ("shapes-differ", 8)
        assert "6×16×16 and the shortcut 5×16×16" in found.message

    def test_a_condition_that_is_none_is_answered(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """With what it was."""
        (found,) = mistakes_of(SHORTCUT % ("3", f"{{when: $open, layers: [{CONV}]}}"))
        assert (found.code, found.message) == ("bad-value", "`when` is true or false, not `3`")

    def test_layers_beside_a_condition_need_layers(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """Whether a name or a condition is meant must not depend on a value."""
        (found,) = mistakes_of(SHORTCUT % ("true", f"{{when: $open == true, down: {{{CONV}}}}}"))
        assert (found.code, found.hint) == ("bad-shortcut", "write `{when: …, layers: …}`")
        assert found.message == "the layers of a shortcut with `when` belong under `layers:`"
