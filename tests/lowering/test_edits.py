"""``extends`` with ``insert``, ``set`` and ``replace``: selectors reach into every template's instances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import ArchError
from builder.identity import graph_id
from builder.lowering import find, load, load_page, lower, page_from_text, resolved_page
from builder.lowering.selectors import Place, parse_selector

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from builder.diagnostics import Diagnostic
    from builder.graph import Graph

BLOCKS = """\
templates:
  Unit:
    params: {out: 4}
    layers: {conv: {conv: {out: $out, kernel: 1}}, relu: relu}
layers:
  one: Unit
  two: {Unit: {out: 8}}
  stage: [Unit, Unit]
  pool: adaptiveavgpool
  flatten: flatten
  fc: {linear: {out: $classes}}
"""


def operations(graph: Graph) -> dict[str, str]:
    """Return the operation at every path."""
    return {node.path: node.operation.kind for node in graph.nodes}


class TestSelectors:
    """A path with wildcards, which may begin at any instance of a template."""

    @pytest.mark.parametrize(
        ("text", "matched"),
        [
            ("layer3.1", True),
            ("layer[34].*", True),
            ("layer?.1", True),
            ("layer3", False),
            ("layer3.*.*", False),
            ("**", True),
            ("**.1", True),
            ("Bottleneck", True),
            ("Bottleneck.conv1", False),
            ("Bottle*", True),
            ("Bottleneck[23]", False),
            ("B*.conv1", False),
            ("bottle*", False),
        ],
    )
    def test_wildcards_stand_for_segments(self, text: str, matched: bool) -> None:
        """`*`, `?` and `[..]` stay inside a segment, `**` stands for any number of them."""
        place = Place(("layer3", "1"), ((2, "Bottleneck"),))
        assert parse_selector(text, None, frozenset({"Bottleneck"})).matches(place) is matched  # type: ignore[arg-type]  # no mark needed

    def test_a_template_means_every_instance(self, graph_of: Callable[..., Graph]) -> None:
        """Wherever it is called."""
        graph = graph_of(BLOCKS + "insert:\n- {sigmoid: {}, at: Unit.out}\n")
        assert sum(kind == "sigmoid" for kind in operations(graph).values()) == 4

    def test_a_pattern_means_several_templates(self, graph_of: Callable[..., Graph]) -> None:
        """If it begins with a capital letter, as their names do; `archcli import` makes `Unit`, `Unit2` and so on."""
        more = BLOCKS.replace("layers:\n  one: Unit", "  Unit2:\n    layers: {act: relu}\nlayers:\n  one: Unit2")
        graph = graph_of(more + "insert:\n- {sigmoid: {}, at: Unit*.out}\n")
        assert sum(kind == "sigmoid" for kind in operations(graph).values()) == 4

    def test_a_pattern_without_a_place_is_answered(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """As the name of a template is."""
        (found,) = mistakes_of(BLOCKS + "insert:\n- {sigmoid: {}, at: Un*.outt}\n")
        assert found.message == "no `Un*` has `outt`"

    def test_braces_hold_expressions(self, graph_of: Callable[..., Graph]) -> None:
        """In selectors as in names."""
        graph = graph_of("params: {place: out}\n" + BLOCKS + "insert:\n- {sigmoid: {}, at: 'one.{$place}'}\n")
        assert operations(graph)["one.sigmoid"] == "sigmoid"


class TestInsert:
    """What is inserted is no place for the same insert."""

    LAYERS = "layers:\n  a: {conv: {out: 4, kernel: 1}}\n  p: adaptiveavgpool\n  f: flatten\n"
    LAYERS += "  l: {linear: {out: $classes}}\n"

    @pytest.mark.parametrize(
        ("at", "added"), [("a", 1), ("'[ar]*'", 1), ("'*'", 4), ("'**'", 5)], ids=["a", "letters", "star", "stars"]
    )
    def test_one_that_matches_itself_acts_once_at_each_place(
        self, graph_of: Callable[..., Graph], at: str, added: int
    ) -> None:
        """It went on inserting until blocks stood in blocks too deep."""
        page = self.LAYERS + "insert: [{relu: {}, name: 'r_{$at}', at: " + at + "}]\n"
        graph = graph_of(page)
        assert [node.operation.kind for node in graph.nodes].count("relu") == added

    def test_its_own_name_is_no_place(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """Without another layer of that name it finds nothing."""
        (found,) = mistakes_of(self.LAYERS + "insert: [{relu: {}, at: relu}]\n")
        assert (found.code, found.message) == ("no-such-place", "there is no `relu`")


class TestSet:
    """Other fields for what is there."""

    def test_parameters_of_one_instance(self, graph_of: Callable[..., Graph]) -> None:
        """They hold before the template expands."""
        graph = graph_of(BLOCKS + "set:\n  one: {out: 6}\n")
        assert graph.nodes[0].shape.channels == 6

    def test_fields_of_an_operation_inside_a_template(self, graph_of: Callable[..., Graph]) -> None:
        """A selector reaches into every instance."""
        graph = graph_of(BLOCKS + "set:\n  Unit.conv: {bias: false}\n")
        assert all(node.operation.bias is False for node in graph.nodes if node.operation.kind == "conv")

    def test_shortcut_merge_and_activation_of_a_block(self, graph_of: Callable[..., Graph]) -> None:
        """One way to change any field."""
        graph = graph_of(BLOCKS + "set:\n  one: {shortcut: auto, activation: tanh}\n")
        assert operations(graph)["one.projection"] == "conv"
        assert operations(graph)["one.activation"] == "tanh"


class TestReplace:
    """Another item under the same name."""

    def test_the_name_stays(self, graph_of: Callable[..., Graph]) -> None:
        """So do its neighbors."""
        assert operations(graph_of(BLOCKS + "replace:\n  one.relu: gelu\n"))["one.relu"] == "gelu"

    def test_none_takes_it_away_and_leaves_its_number_vacant(self, graph_of: Callable[..., Graph]) -> None:
        """Nothing is renumbered."""
        text = "layers:\n- conv: {out: 4, kernel: 1}\n- relu\n- adaptiveavgpool\n- flatten\n- linear: {out: 4}\n"
        graph = graph_of(text + "replace:\n  relu1: none\n")
        assert [node.key for node in graph.nodes] == ["0", "2", "3", "4"]


class TestMistakes:
    """Edits that find nothing."""

    @pytest.mark.parametrize(
        ("edit", "line", "column", "said", "hint"),
        [
            ("insert:\n- {relu: {}, at: oen.out}\n", 16, 18, "`oen.out`", "did you mean `one.out`?"),
            ("insert:\n- {relu: {}, at: one.shortcut}\n", 16, 18, "no point `shortcut`", "`in`"),
            ("insert:\n- {relu: {}, at: 'x*.out'}\n", 16, 18, "matches nothing", "archcli show"),
            ("set:\n  one.cnv: {bias: false}\n", 16, 3, "`one.cnv`", "one.conv"),
            ("set:\n  one: {outt: 3}\n", 16, 9, "`outt`", "`out`"),
            ("replace:\n  two.rel: gelu\n", 16, 3, "`two.rel`", "two.relu"),
        ],
    )
    def test_each_is_answered_at_its_place(
        self,
        mistakes_of: Callable[..., list[Diagnostic]],
        edit: str,
        line: int,
        column: int,
        said: str,
        hint: str,
    ) -> None:
        """With the nearest right name."""
        (found,) = mistakes_of(BLOCKS + edit)
        assert (found.mark.line, found.mark.column) == (line, column)
        assert said in found.message
        assert hint in (found.hint or "")

    def test_a_key_is_answered_with_its_path(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """Who copies `f.0` from a checkpoint learns what it is called on the page."""
        text = BLOCKS.replace("  one: Unit", "  one: {key: f, layers: [{conv: {out: 4, kernel: 1}}]}")
        (found,) = mistakes_of(text + "insert:\n- {relu: {}, at: f.0}\n")
        assert "one.conv1" in (found.hint or "")


@pytest.fixture
def pages(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes pages into one folder and returns the first."""

    def write(**texts: str) -> Path:
        for name, text in texts.items():
            (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
        return tmp_path / f"{next(iter(texts))}.yaml"

    return write


BASE = "name: base\ninput: [3, 16, 16]\nclasses: 4\ndefaults: {conv: {bias: false}}\n" + BLOCKS


class TestExtends:
    """A page that changes another."""

    def test_tables_merge_by_name_and_fields_by_field(self, pages: Callable[..., Path]) -> None:
        """What the page does not mention holds."""
        graph = load(pages(net="name: net\nextends: base.yaml\ndefaults: {conv: {padding: 1}}\n", base=BASE))
        assert graph.nodes[0].operation.bias is False
        assert graph.nodes[0].operation.padding == 1

    def test_inserts_of_the_base_come_first(self, pages: Callable[..., Path]) -> None:
        """`insert` appends."""
        first = BASE + "insert:\n- {sigmoid: {}, at: one.out}\n"
        graph = load(pages(net="name: net\nextends: base.yaml\ninsert:\n- {tanh: {}, at: one.out}\n", base=first))
        assert [node.path for node in graph.nodes][2:4] == ["one.sigmoid", "one.tanh"]

    def test_pages_that_extend_each_other_are_named(self, pages: Callable[..., Path]) -> None:
        """The way round is shown."""
        page = pages(a="name: a\nextends: b.yaml\n", b="name: b\nextends: a.yaml\n")
        with pytest.raises(ArchError) as caught:
            load(page)
        (found,) = caught.value.diagnostics
        assert found.code == "cyclic-extends"
        assert "a.yaml → b.yaml → a.yaml" in found.message
        assert (found.mark.source.name.endswith("b.yaml"), found.mark.line, found.mark.column) == (True, 2, 10)

    @pytest.mark.parametrize("place", ["../base.yaml", "/etc/passwd", "link.yaml"])
    def test_nothing_outside_the_folder_is_read(self, tmp_path: Path, place: str) -> None:
        """Neither by path nor through a link."""
        folder = tmp_path / "inner"
        folder.mkdir()
        (tmp_path / "base.yaml").write_text(BASE, "utf-8")
        (folder / "link.yaml").symlink_to(tmp_path / "base.yaml")
        (folder / "net.yaml").write_text(f"name: net\nextends: {place}\n", "utf-8")
        with pytest.raises(ArchError) as caught:
            load(folder / "net.yaml")
        assert caught.value.diagnostics[0].code == "outside"

    def test_a_page_without_layers_needs_a_base(self, pages: Callable[..., Path]) -> None:
        """It says nothing by itself."""
        with pytest.raises(ArchError) as caught:
            load(pages(net="name: net\ninput: [3, 8, 8]\nclasses: 2\n"))
        assert caught.value.diagnostics[0].code == "missing-field"


class TestMembers:
    """A family on one page."""

    def test_a_member_is_a_name_wherever_a_file_is_taken(self) -> None:
        """`resnet18` is found on resnet's page."""
        path, member = find("resnet18")
        assert (path.name, member) == ("resnet.yaml", "resnet18")

    def test_a_file_and_a_member(self, pages: Callable[..., Path]) -> None:
        """`FILE:MEMBER` names one of a page of one's own."""
        page = pages(net=BASE.replace("name: base", "name: net\nmembers: {small: {input: [3, 8, 8]}}"))
        assert load(f"{page}:small").input.sizes == (3, 8, 8)

    def test_a_family_without_defaults_asks_for_a_member(self) -> None:
        """The members are listed."""
        with pytest.raises(ArchError) as caught:
            load("vgg")
        (found,) = caught.value.diagnostics
        assert found.code == "choose-member"
        assert "vgg11_bn" in (found.hint or "")

    def test_an_unknown_name_gets_the_nearest(self) -> None:
        """As a typing mistake deserves."""
        with pytest.raises(ArchError) as caught:
            load("resnet81")
        assert "resnet" in (caught.value.diagnostics[0].hint or "")


class TestResolved:
    """A page with all that it extends as one page that needs no other."""

    @pytest.mark.parametrize(
        "name", ["alexse_cross", "alexresnet", "resnet18", "se_resnet50_pre", "googlenet", "efficientnet_b0"]
    )
    def test_it_lowers_to_the_same_network(self, name: str, tmp_path: Path) -> None:
        """Keys, ids and rules of initialization are the same."""
        path, member = find(name)
        page = load_page(path, member)
        graph = lower(page)
        alone = tmp_path / "alone.yaml"
        alone.write_text(resolved_page(page, graph), "utf-8")
        again = load(alone)
        assert graph_id(again) == graph_id(graph)
        assert [node.key for node in again.nodes] == [node.key for node in graph.nodes]
        assert again.initializations == graph.initializations


class TestInheritedInit:
    """A rule of a base whose place an edit takes away."""

    @pytest.mark.parametrize(
        "edit", ["replace: {BasicBlock.bn2: none}", "replace: {BasicBlock.bn2: relu}", "replace: {layer4.0.bn2: none}"]
    )
    def test_it_is_dropped_also_from_the_resolved_page(self, tmp_path: Path, edit: str) -> None:
        """The base's author could not know of it."""
        page = tmp_path / "net.yaml"
        page.write_text(f"name: net\nextends: resnet18\n{edit}\n", "utf-8")
        graph = load(page)
        text = resolved_page(graph.page, graph)
        assert ("BasicBlock.bn2: {weight" in text) == ("layer4" in edit)
        assert graph_id(lower(page_from_text(text, "resolved"))) == graph_id(graph)

    def test_a_rule_of_the_page_itself_is_reported(self, tmp_path: Path) -> None:
        """There it is a slip."""
        page = tmp_path / "net.yaml"
        page.write_text("name: net\nextends: resnet18\ninit: {BasicBlock.bn7: {weight: 0}}\n", "utf-8")
        with pytest.raises(ArchError, match="no `BasicBlock` has `bn7`"):
            load(page)


class TestMovedPaths:
    """A path that leaves out the name of a block of branches."""

    def test_it_is_answered_with_the_whole_path(self, tmp_path: Path) -> None:
        """Such paths were those of version 1."""
        page = tmp_path / "net.yaml"
        page.write_text("name: net\nextends: squeezenet1_1\ninsert: [{se: {}, at: Fire.expand1x1}]\n", "utf-8")
        with pytest.raises(ArchError) as caught:
            load(page)
        assert caught.value.diagnostics[0].hint == "did you mean `Fire.expand.expand1x1`?"
