"""A user's own operation: what a file must hold, and what is said of one that does not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import builder
from builder.diagnostics import ArchError, Diagnostic
from builder.lowering import load
from builder.ops import OPERATIONS
from builder.ops.plugins import read_plugin, read_plugins, with_plugins
from builder.spec.schema import json_schema

GCT = Path(__file__).parents[2] / "docs" / "examples" / "gct.py"

HEAD = """\
from typing import ClassVar
from builder.ops.base import Call, Operation, Parameter


class Twice(Operation):
    kind: ClassVar[str] = "twice"
    family: ClassVar[str] = "gate"
"""
BODY = """
    def output(self, *inputs):
        return inputs[0]

    def call(self, *inputs):
        return Call("nn.Identity")
"""
PAGE = """\
name: net
input: [3, 16, 16]
classes: 4
layers:
  twice: twice
  flatten: flatten
  fc: {linear: {out: $classes}}
"""


def wrong(folder: Path, text: str) -> list[Diagnostic]:
    """Return what is said of a plugin."""
    (folder / "mine.py").write_text(text, "utf-8")
    with pytest.raises(ArchError) as caught:
        read_plugin(folder / "mine.py")
    return list(caught.value.diagnostics)


def said(folder: Path, text: str) -> tuple[str, int | None]:
    """Return the one message about a plugin, and the line that it points at."""
    (only,) = wrong(folder, text)
    assert only.code == "bad-plugin"
    return only.message, only.mark.line if only.mark else None


class TestFile:
    """A plugin is a file of Python with operations in it."""

    def test_its_operations_stand_beside_the_others(self) -> None:
        """None of those that are always there is lost, and the table is a new one."""
        operations = with_plugins([GCT])
        assert set(operations) - set(OPERATIONS) == {"gct"}
        assert "gct" not in OPERATIONS

    def test_the_same_text_gives_the_same_classes(self) -> None:
        """Two networks that are read one after the other are compared with each other."""
        assert read_plugin(GCT).operations["gct"] is read_plugin(GCT).operations["gct"]

    def test_a_changed_text_gives_others(self, tmp_path: Path) -> None:
        """A notebook reads its file again after a correction."""
        file = tmp_path / "mine.py"
        file.write_text(HEAD + BODY)
        first = read_plugin(file).operations["twice"]
        file.write_text(HEAD.replace("gate", "norm") + BODY)
        assert (first.family, read_plugin(file).operations["twice"].family) == ("gate", "norm")

    def test_a_class_that_others_build_on_is_none(self, tmp_path: Path) -> None:
        """What two operations share stands in a base without a word of its own."""
        base = HEAD.replace('    kind: ClassVar[str] = "twice"\n', "") + BODY
        (tmp_path / "mine.py").write_text(
            base + '\n\nclass A(Twice):\n    kind = "a"\n\n\nclass B(Twice):\n    kind = "b"\n'
        )
        assert set(read_plugin(tmp_path / "mine.py").operations) == {"a", "b"}

    def test_a_missing_file(self, tmp_path: Path) -> None:
        """The system's own reason is passed on."""
        with pytest.raises(ArchError, match="cannot be read: No such file or directory"):
            read_plugin(tmp_path / "none.py")

    def test_a_file_without_operations(self, tmp_path: Path) -> None:
        """It is said what would be one."""
        assert said(tmp_path, "x = 1\n") == (f"`{tmp_path / 'mine.py'}` defines no operation", None)

    def test_a_syntax_error_is_shown_where_it_is(self, tmp_path: Path) -> None:
        """As Python would, with a caret."""
        message, line = said(tmp_path, "x = 1\nclass A(:\n    pass\n")
        assert "cannot be run: SyntaxError: invalid syntax" in message
        assert line == 2

    def test_an_exception_is_shown_at_its_line(self, tmp_path: Path) -> None:
        """The last line of the file that was passed, not one of Python's own."""
        message, line = said(tmp_path, "import json\n\njson.loads('{')\n")
        assert "cannot be run: JSONDecodeError" in message
        assert line == 3

    def test_leaving_is_refused_as_an_exception_is(self, tmp_path: Path) -> None:
        """A script that ends with ``sys.exit`` does not end the program without a word."""
        message, line = said(tmp_path, "import sys\nsys.exit(0)\n")
        assert "cannot be run: SystemExit: 0" in message
        assert line == 2

    def test_two_files_with_one_word(self, tmp_path: Path) -> None:
        """Neither wins silently."""
        for name in ("one.py", "two.py"):
            (tmp_path / name).write_text(HEAD + BODY)
        with pytest.raises(ArchError) as caught:
            read_plugins([tmp_path / "one.py", tmp_path / "two.py"])
        (only,) = caught.value.diagnostics
        assert only.message == f"`twice` is also an operation of {tmp_path / 'one.py'}"
        assert only.mark is not None
        assert only.mark.text == "class Twice"


class TestClass:
    """One class says everything of an operation, and what it lacks is named at its head."""

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (('    kind: ClassVar[str] = "twice"\n', ""), "`Twice` does not say its `kind`"),
            (('"twice"', '"Twice"'), "`Twice` cannot be the word for an operation"),
            (('"twice"', '"layers"'), "`layers` cannot be the word for an operation"),
            (('"twice"', '"if"'), "`if` cannot be the word for an operation"),
            (('"twice"', '"add"'), "`add` cannot be the word for an operation"),
            (('"twice"', '"conv"'), "there is already an operation `conv`"),
            (('"gate"', '"gates"'), "`Twice` does not say its `family`, by which figures group it"),
            (("def output", "def outputs"), "`Twice` has no `output`"),
            (("def call", "def calls"), "`Twice` has no `call`"),
        ],
    )
    def test_what_it_lacks(self, tmp_path: Path, change: tuple[str, str], message: str) -> None:
        """Each is found when the file is read, before any page."""
        assert said(tmp_path, (HEAD + BODY).replace(*change)) == (message, 5)

    def test_every_class_is_looked_at(self, tmp_path: Path) -> None:
        """One run finds what is wrong with each of them."""
        other = HEAD.partition("\n\n\n")[2].replace("Twice", "Thrice").replace("twice", "thrice")
        found = wrong(tmp_path, f"{HEAD}\n\n{other}")
        assert [each.message for each in found] == ["`Twice` has no `output`", "`Thrice` has no `output`"]

    def test_two_classes_with_one_word(self, tmp_path: Path) -> None:
        """Whichever came last would win."""
        message, line = said(tmp_path, HEAD + BODY + "\n\nclass Other(Twice):\n    pass\n")
        assert (message, line) == ("two classes have the kind `twice`", 16)

    def test_a_definition_that_is_not_python(self, tmp_path: Path) -> None:
        """It would else be found when a network is built."""
        text = HEAD + "    definition: ClassVar[str] = 'class Twice(nn.Module:'\n" + BODY
        assert "is not Python" in said(tmp_path, text)[0]

    def test_a_definition_of_a_class_that_is_there(self, tmp_path: Path) -> None:
        """Source would have two classes with one name, and the second would stand for both."""
        text = HEAD + "    definition: ClassVar[str] = 'class LayerNorm2d(nn.Module): ...'\n" + BODY
        assert said(tmp_path, text)[0] == "`LayerNorm2d` is the class of an operation that already exists"


class TestAnswers:
    """A plugin's methods are asked while a page is read, so that a mistake has a place on it."""

    def answer(self, folder: Path, body: str) -> Diagnostic:
        """Return what is said of a page that calls a plugin with this body."""
        (folder / "mine.py").write_text(HEAD + body)
        (folder / "net.yaml").write_text(PAGE)
        with pytest.raises(ArchError) as caught:
            load(folder / "net.yaml", operations=with_plugins([folder / "mine.py"]))
        return caught.value.diagnostics[0]

    def test_an_exception_points_at_both_files(self, tmp_path: Path) -> None:
        """At the call on the page, and at the line of the plugin."""
        found = self.answer(tmp_path, BODY.replace("return inputs[0]", "return inputs[0].sizes[7]"))
        assert (found.code, found.mark.line if found.mark else 0) == ("bad-plugin", 5)
        assert found.message == "twice: the plugin's `twice` fails: IndexError: tuple index out of range"
        assert [note.mark.text for note in found.notes] == ["return inputs[0].sizes[7]"]

    @pytest.mark.parametrize(
        ("method", "answer"),
        [
            ("output", "inputs[0].sizes"),
            ("macs", "1.5"),
            ("macs", "True"),
            ("parameters", "[]"),
            ("parameters", '(("weight", (3,), "x"),)'),
            ("label", "7"),
            ("call", '"nn.Identity"'),
            ("saved_tensors", "None"),
        ],
    )
    def test_an_answer_of_another_type(self, tmp_path: Path, method: str, answer: str) -> None:
        """It is said which method and what it should return."""
        lines = {"output": "return inputs[0]", "call": 'return Call("nn.Identity")'}
        if method in lines:
            body = BODY.replace(lines[method], f"return {answer}")
        else:
            body = BODY + f"\n    def {method}(self, *inputs, **more):\n        return {answer}\n"
        message = self.answer(tmp_path, body).message
        assert message.startswith(f"twice: `{method}` of the plugin's `twice` must return `")

    def test_a_call_of_a_class_that_is_nowhere(self, tmp_path: Path) -> None:
        """Its source would not run."""
        found = self.answer(tmp_path, BODY.replace("nn.Identity", "Identity"))
        assert "names `Identity`, which is neither in `nn` nor in `torch`" in found.message

    def test_a_misfit_is_a_misfit(self, tmp_path: Path) -> None:
        """A plugin says what does not fit as every operation does."""
        raising = 'from builder.ops.base import ShapeError; raise ShapeError("too odd")'
        found = self.answer(tmp_path, BODY.replace("return inputs[0]", raising))
        assert (found.code, found.message) == ("misfit", "twice: too odd")


class TestCitizen:
    """A plugin's operation is as good as any other."""

    def test_its_fields_are_checked(self, tmp_path: Path) -> None:
        """With a place, a reason and the nearest right name."""
        (tmp_path / "net.yaml").write_text(PAGE.replace("twice: twice", "gct: {gct: {epsilom: 1}}"))
        with pytest.raises(ArchError) as caught:
            builder.load(tmp_path / "net.yaml", plugins=[GCT])
        (only,) = caught.value.diagnostics
        assert (only.message, only.hint) == ("`epsilom` is not a field of `gct`", "did you mean `epsilon`?")
        assert only.mark is not None
        assert only.mark.text == "epsilom"

    def test_it_is_in_the_schema(self) -> None:
        """Editors complete it."""
        schema = json_schema(with_plugins([GCT]))
        assert set(schema["$defs"]["fields of gct"]["properties"]) == {"epsilon"}
        words, calls, _ = (each["anyOf"] for each in schema["$defs"]["item"]["allOf"])
        assert "gct" in [each.get("const") for each in words]
        assert "gct" in calls[0]["properties"]

    def test_it_has_defaults_and_rules_of_init(self, tmp_path: Path) -> None:
        """Both name it by its word."""
        page = PAGE.replace("twice: twice", "gct: gct")
        more = "defaults:\n  gct: {epsilon: 0.5}\ninit:\n  gct: {alpha: 2}\n"
        (tmp_path / "net.yaml").write_text(page + more)
        graph = builder.load(tmp_path / "net.yaml", plugins=[GCT])
        assert graph.nodes[0].operation.model_dump() == {"epsilon": 0.5}
        assert [target[0] for rule in graph.initializations for target in rule.targets] == ["gct.alpha"]


class TestPlaces:
    """A field that names a place of the network."""

    PLUGIN = """\
from typing import ClassVar
from builder.ops.base import Call, Operation, PlaceField


class Difference(Operation):
    kind: ClassVar[str] = "difference"
    family: ClassVar[str] = "gate"
    place: ClassVar[PlaceField | None] = PlaceField("to", "what is taken away", required=True)
    definition: ClassVar[str | None] = '''
class Difference(nn.Module):
    def forward(self, x, other):
        return x - other
'''

    def output(self, *inputs):
        return inputs[0]

    def call(self, *inputs):
        return Call("Difference")
"""

    def test_the_value_there_is_a_further_input(self, tmp_path: Path) -> None:
        """Of the shape rule and of the module, which is built and compared."""
        (tmp_path / "mine.py").write_text(self.PLUGIN, "utf-8")
        (tmp_path / "net.yaml").write_text(
            PAGE.replace("twice: twice", "relu: relu\n  d: {difference: {to: in}}"), "utf-8"
        )
        net = builder.build(tmp_path / "net.yaml", plugins=[tmp_path / "mine.py"])
        image = torch.rand(2, 3, 16, 16) - 0.5
        assert torch.equal(net(image), net.fc((image.relu() - image).flatten(1)))

    def test_it_must_be_a_place_field(self, tmp_path: Path) -> None:
        """A name alone says neither what it means nor whether it may be left out."""
        (found,) = wrong(tmp_path, HEAD + '    place = "to"\n'.replace("place", "place: ClassVar[object]") + BODY)
        assert found.message == "`place` of `Twice` is not a `PlaceField`"
