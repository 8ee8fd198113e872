"""Names that no page, run or file can have, and objects that are none, wherever one may stand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import builder
from builder.diagnostics import ArchError
from builder.emit.diagram import draw
from builder.variants import variants

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.command_line import Archcli

LONG = "n" * 300
NAMED = {
    "check": ("check", LONG), "check a file": ("check", f"{LONG}.yaml"), "show": ("show", LONG),
    "show a member": ("show", f"{LONG}.yaml:{LONG}"), "draw": ("draw", LONG, "-o", "p.svg"),
    "diff": ("diff", LONG, "resnet18"), "diff the other": ("diff", "resnet18", LONG),
    "variants": ("variants", LONG), "uses": ("variants", "alexnet_tiny", "--insert", "se", "--uses", LONG),
    "export": ("export", LONG, "--to", "python"), "bench": ("bench", LONG), "train": ("train", LONG),
    "recipe": ("train", "alexnet_tiny", "--recipe", LONG), "plugin": ("train", "alexnet_tiny", "--plugin", LONG),
    "run name": ("train", "alexnet_tiny", "--data", "digits", "--dry-run", "--name", LONG),
    "evaluate": ("evaluate", LONG), "resume": ("resume", LONG), "compare": ("compare", LONG),
    "predict": ("predict", LONG, "x.png"), "runs": ("runs", LONG), "report": ("report", LONG),
    "study plan": ("study", "plan", LONG), "study run": ("study", "run", LONG),
    "study status": ("study", "status", LONG), "explain": ("explain", LONG), "schema": ("schema", LONG),
    "init": ("init", LONG),
}  # fmt: skip
USAGE = 2
OF_A_FOLDER = {"resume", "compare", "runs"}
"""Commands whose word is a folder or a new file: what can't be found there is a failure, not a wrong word."""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class TestNamesOnPages:
    """A run and a study are called after them, and so are files."""

    @pytest.mark.parametrize("kind", ["network", "recipe", "study"])
    def test_more_than_a_hundred_letters_are_refused(self, archcli: Archcli, tmp_path: Path, kind: str) -> None:
        """At the name."""
        rest = {
            "network": "input: [3, 8, 8]\nclasses: 2\nlayers: [flatten, linear: {out: 2}]\n",
            "recipe": "epochs: 1\nbatch_size: 2\noptimizer: {name: sgd, lr: 0.1}\n",
            "study": "base: alexnet_tiny\ndata: {name: digits}\nset: {epochs: 1}\nseeds: 2\n"
            "smallest_difference: 1 %\ndeviation: 1 %\n",
        }[kind]
        for letters, code in ((100, 0), (101, 2)):
            (tmp_path / "a.yaml").write_text(f"name: {'n' * letters}\n{rest}")
            outcome = archcli("check", tmp_path / "a.yaml")
            assert outcome.code == code, outcome.err
        assert "`name` has at most 100 characters, and this has 101\n" in outcome.err
        assert "a.yaml:1:7\n" in outcome.err


class TestLongNames:
    """Three hundred letters, more than any file system takes."""

    @pytest.mark.parametrize("command", NAMED)
    def test_it_is_answered_as_any_name_that_is_not_there(self, archcli: Archcli, command: str) -> None:
        """With exit code 2 where a page, a run or a study is meant, and nothing is written."""
        outcome = archcli(*NAMED[command])
        assert outcome.code == (1 if command in OF_A_FOLDER else USAGE), outcome.err
        assert "error" in outcome.err
        assert "Traceback" not in outcome.err
        assert not list(Path().iterdir())

    @pytest.mark.parametrize("command", ["export", "evaluate", "predict", "study status"])
    def test_what_may_be_a_folder_too_is_looked_for_as_a_page(self, archcli: Archcli, command: str) -> None:
        """It was `File name too long`, without what there is instead."""
        err = archcli(*NAMED[command]).err
        assert "there is no file and no shipped" in err
        assert "help: " in err


NO_PAGES = [None, 3, 2.5, b"resnet18", ["resnet18"], {"page": "resnet18"}, object(), Path]


class TestNoPage:
    """What Python's callers may take for a page."""

    @pytest.mark.parametrize("function", [builder.load, builder.build, variants], ids=["load", "build", "variants"])
    @pytest.mark.parametrize("page", NO_PAGES, ids=lambda page: type(page).__name__)
    def test_an_object_of_another_type_is_named(self, function: Callable[[object], object], page: object) -> None:
        """Instead of a TypeError from inside."""
        with pytest.raises(ArchError) as caught:
            function(page)
        (found,) = caught.value.diagnostics
        said = f"a page is a path or a name, not an object of type `{type(page).__name__}`"
        assert (found.message, found.hint) == (said, "such as `mine.yaml` or `resnet18`")

    @pytest.mark.parametrize("function", [builder.load, builder.build, variants], ids=["load", "build", "variants"])
    @pytest.mark.parametrize("plugins", [3, None, "mine.py", b"mine.py", [3], [None]])
    def test_plugins_are_a_list_of_paths(self, function: Callable[..., object], plugins: object) -> None:
        """A single path would be taken for a list of letters."""
        with pytest.raises(ArchError, match="`plugins` is a list of paths, not "):
            function("alexnet_tiny", plugins=plugins)

    @pytest.mark.parametrize("member", [["wide"], {"a": 1}, 3])
    def test_a_member_is_a_name(self, member: object) -> None:
        """As one that is not there."""
        with pytest.raises(ArchError, match="has no member"):
            builder.load("resnet", member=member)  # type: ignore[arg-type]  # what is tried

    @pytest.mark.parametrize("space", [{1, 2}, b"x", object(), {"which": {"insert": b"se"}}])
    def test_a_space_is_what_a_page_can_write(self, space: object) -> None:
        """Mappings, lists, texts and numbers."""
        with pytest.raises(ArchError, match="a space is made of mappings, lists, texts and numbers"):
            variants("alexnet_tiny", space)  # type: ignore[arg-type]  # what is tried

    def test_a_sample_is_no_number(self) -> None:
        """It has a seed too."""
        with pytest.raises(ArchError, match="`sample` says how many variants to draw, not `int`"):
            variants("alexnet_tiny", {"se": {"insert": "se", "among": "*"}}, sample=3)  # type: ignore[arg-type]  # what is tried


class TestDraw:
    """``draw`` takes a list of graphs."""

    @pytest.mark.parametrize(
        ("graphs", "given"),
        [
            ([builder], "an object of type `module`"),
            (["alexnet"], "an object of type `str`"),
            ("alexnet", "an object of type `str`"),
            (None, "an object of type `NoneType`"),
            ([], "an empty list"),
            ((), "an empty list"),
            ({"a": 1}, "an object of type `dict`"),
        ],
    )
    def test_anything_else_is_named(self, graphs: object, given: str) -> None:
        """With how it is called."""
        with pytest.raises(ArchError) as caught:
            draw(graphs)  # type: ignore[arg-type]  # what is tried
        (found,) = caught.value.diagnostics
        assert found.message == f"`draw` takes a list of the graphs that `load` returns, not {given}"
        assert found.hint == "such as `draw([load('resnet18')])`"

    def test_a_built_module_is_none(self) -> None:
        """It was an AttributeError: a module has no nodes."""
        module = builder.build("alexnet_tiny")
        for graphs in (module, [module], [builder.load("alexnet_tiny"), module]):
            with pytest.raises(ArchError, match="not an object of type `AlexnetTiny`"):
                draw(graphs)  # type: ignore[arg-type]  # what is tried

    def test_a_graph_stands_in_a_list(self) -> None:
        """Also a single one."""
        with pytest.raises(ArchError, match="not one without its list"):
            draw(builder.load("alexnet_tiny"))  # type: ignore[arg-type]  # what is tried


HEAD = "name: net\ninput: [3, 8, 8]\nclasses: 4\nparams: {w: 8}\nmembers:\n"
TAIL = "layers: [conv: {out: $w, kernel: 1}, adaptiveavgpool, flatten, linear: {out: $classes}]\n"
STRANGE = {
    "../../esc": "../../esc", "/etc/esc": "/etc/esc", "..": "..", "a/b": "a/b", r"a\\b": r"a\b", r"a\nb": "a�b",
    r"a\rb": "a�b", r"\e[31mred": "�[31mred", r"a\0b": "a�b", "": "", " ": " ", "-x": "-x", "ünï": "ünï",
    "a:b": "a:b", "x" * 300: "x" * 300,
}  # fmt: skip
"""What stands between the quotes, and how it is printed."""


class TestMembers:
    """A member's name becomes a part of files' names: it follows the rule of `name:`."""

    @pytest.mark.parametrize(("written", "shown"), STRANGE.items(), ids=[repr(each)[:20] for each in STRANGE])
    def test_a_name_that_is_none_is_refused_at_its_place(self, archcli: Archcli, written: str, shown: str) -> None:
        """By each command, which prints nothing raw and writes nothing."""
        Path("net.yaml").write_text(f'{HEAD}  good: {{w: 4}}\n  "{written}": {{w: 4}}\n{TAIL}')
        said = archcli("check", "net.yaml").err
        assert f"error[bad-name]: `{shown}` cannot be a member's name\n  --> net.yaml:7:3\n" in said
        for words in (("show", "net.yaml:good"), ("draw", "net.yaml:good"), ("train", "net.yaml:good")):
            outcome = archcli(*words)
            assert outcome.code == USAGE
            assert f"`{shown}` cannot be a member's name" in outcome.err
            assert "\x1b" not in outcome.err
        assert [each.name for each in Path().iterdir()] == ["net.yaml"]
