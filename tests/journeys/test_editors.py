"""What an editor shows while a page is written: the real yaml-language-server with the schema of the program."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.commands import init, schema
from builder.ops import OPERATIONS
from builder.shipped import shipped_folder
from tests.language_server import LanguageServer

if TYPE_CHECKING:
    from collections.abc import Iterator

MODELINE = "# yaml-language-server: $schema=arch.schema.json\n"
HEAD = MODELINE + "name: net\ninput: [3, 32, 32]\nclasses: 10\n"
INSTALLED = Path(__file__).parents[2] / ".cache/yaml-language-server/node_modules/.bin/yaml-language-server"
PROGRAM = Path(os.environ.get("ARCHCLI_YAML_LANGUAGE_SERVER", INSTALLED))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAM.exists(), reason="no yaml-language-server: `make editors` installs it, from npm"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the schema in it."""
    folder = tmp_path_factory.mktemp("pages")
    schema.run("page", folder / "arch.schema.json")
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[LanguageServer]:
    """Return a server that has opened the folder."""
    with LanguageServer(PROGRAM, folder) as server:
        yield server


class Editor:
    """A page that is open in an editor; ``@`` in its text is where the cursor stands, and no part of it."""

    def __init__(self, server: LanguageServer, folder: Path, text: str) -> None:
        """Write the page into ``folder``, under a name that no page had, and open it."""
        before, _, behind = text.partition("@")
        self._server = server
        self._file = folder / f"page{len(list(folder.iterdir()))}.yaml"
        self._file.write_text(before + behind, "utf-8")
        self._place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
        self.mistakes = server.mistakes(self._file)

    def hover(self) -> str:
        """Return what is shown at the cursor."""
        return self._server.hover(self._file, *self._place)

    def offers(self) -> dict[str, str]:
        """Return what can be written at the cursor, each with what is said of it."""
        found = self._server.completion(self._file, *self._place)
        return {label: _text(item.get("documentation", "")) for label, item in found.items()}


def _text(documentation: object) -> str:
    return str(documentation["value"] if isinstance(documentation, dict) else documentation)


class TestRightPages:
    """Nothing is marked in them."""

    @pytest.mark.parametrize("page", sorted(shipped_folder().glob("*.yaml")), ids=lambda page: page.stem)
    def test_a_shipped_page_has_no_marks(self, server: LanguageServer, folder: Path, page: Path) -> None:
        """With the line on top that names the schema."""
        assert Editor(server, folder, MODELINE + page.read_text("utf-8")).mistakes == []

    def test_the_page_of_init_names_the_schema_and_has_no_marks(
        self, server: LanguageServer, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its first line is the one that the server reads: with a mistake put in, the server has something to say."""
        monkeypatch.chdir(folder)
        text = init.run("mine").file.read_text("utf-8")
        assert text.startswith(MODELINE)
        assert Editor(server, folder, text).mistakes == []
        assert Editor(server, folder, text.replace("classes: 10", "clases: 10")).mistakes


class TestWrongPages:
    """Each is marked where the mistake stands."""

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ("layers: [relu]\nlayerss: [relu]", "Property layerss is not allowed"),
            ("layers:\n  - relu\n  - cnov: {out: 8, kernel: 3}", "Property cnov is not allowed"),
            ("layers:\n  - conv:\n      kernel: 3\n      outt: 8", "Property outt is not allowed"),
            ("layers:\n  - relu\n  - reluu", "Value must be"),
            ("layers:\n  - conv:\n      kernel: 3\n      out: '8'", 'Expected "integer"'),
            ("layers:\n  - conv:\n      kernel: 3\n      out: 0", "minimum"),
            ("layers: [relu]\nclasses: many", "Incorrect type"),
            ("layers:\n  a: {layers: [relu], shortcut: identity,\n    merge: sum}", "Value is not accepted"),
            ("layers: [relu]\ninsert:\n  - se: {reduction: 4}", 'Missing property "at"'),
            ("layers: [relu]\ninsert:\n  - at: a\n    se: {reductoin: 4}", "Property reductoin is not allowed"),
            ("layers: [relu]\ninit:\n  conv:\n    weight: kaiming_norml", "Value must be"),
            ("layers: [relu]\ntemplates:\n  unit: {layers: [relu]}", "String does not match the pattern"),
            ("layers: [relu]\nvariants:\n  a: {insert: se,\n    amongst: a}", "Property amongst is not allowed"),
        ],
    )
    def test_a_mistake_is_marked_at_its_line(self, server: LanguageServer, folder: Path, wrong: str, said: str) -> None:
        """The last of the page, and no other."""
        found = Editor(server, folder, HEAD.replace("classes: 10\n", "") + wrong + "\n").mistakes
        assert {line for line, _ in found} == {(HEAD + wrong).count("\n")}
        assert any(said in message for _, message in found), found


class TestHover:
    """The words of the models that check a page."""

    @pytest.mark.parametrize(
        ("page", "shown"),
        [
            ("nam@e: net", "the name of the network"),
            ("layers: [relu]\nin@sert: []", "new layers at points or after layers"),
            ("layers:\n  - co@nv: {out: 8, kernel: 3}", "Cross-correlate channels x height x width"),
            ("layers:\n  - co@nv: {out: 8, kernel: 3}", "torch.nn.Conv2d.html"),
            ("layers:\n  - conv: {ou@t: 8, kernel: 3}", "output channels"),
            ("layers:\n  stem:\n    layers:\n      - conv: {out: 8, ker@nel: 3}", "height and width of the window"),
            ("layers:\n  act: re@lu", "max(0, x)"),
            ("layers: [re@lu]", "max(0, x)"),
            ("layers:\n  block:\n    layers: [relu]\n    short@cut: auto", "the shortcut around the layers"),
            (
                "layers: [relu]\ninsert:\n  - se: {redu@ction: 16}\n    at: relu1",
                "reduction ratio of the hidden channels",
            ),
            ("layers: [relu]\ninsert:\n  - se: {reduction: 16}\n    a@t: relu1", "the place, or several places"),
            ("layers: [relu]\ninit: {conv: {weight: kaiming_n@ormal}}", "He et al."),
            ("layers: [relu]\nvariants: {a: {insert: se, am@ong: a}}", "every subset of the matching places"),
        ],
    )
    def test_what_it_means_is_shown(self, server: LanguageServer, folder: Path, page: str, shown: str) -> None:
        """Over a field, an operation, and a word that stands for one."""
        text = page if page.startswith("nam") else "name: net\n" + page
        assert shown in Editor(server, folder, MODELINE + text + "\n").hover()


class TestCompletion:
    """What may stand at the cursor, each with what it is."""

    def test_the_top_of_a_page(self, server: LanguageServer, folder: Path) -> None:
        """What already exists is not offered again, nor what only a block inside has."""
        offers = Editor(server, folder, HEAD + "@\n").offers()
        assert offers.keys() >= {"layers", "templates", "insert", "extends", "params", "members", "variants"}
        assert offers.keys().isdisjoint({"name", "input", "classes", "key", "conv"})
        assert offers["insert"].startswith("new layers at points")

    @pytest.mark.parametrize("place", ["layers:\n  - @", "layers:\n  - c@", "layers:\n  stem:\n    @"])
    def test_operations_where_a_layer_stands(self, server: LanguageServer, folder: Path, place: str) -> None:
        """All of them, and what makes a block."""
        offers = Editor(server, folder, f"{HEAD}{place}\n").offers()
        assert offers.keys() >= {*OPERATIONS, "layers", "shortcut", "repeat", "when"}
        assert offers["conv"].startswith("Cross-correlate")

    def test_words_behind_a_name(self, server: LanguageServer, folder: Path) -> None:
        """An operation without fields is one word."""
        offers = Editor(server, folder, HEAD + "layers:\n  act: @\n").offers()
        assert offers.keys() >= {*OPERATIONS}
        assert offers["relu"].startswith("Return max(0, x)")

    @pytest.mark.parametrize("place", ["conv:\n      @", "conv:\n      out: 8\n      k@", "conv: {out: 8, k@}"])
    def test_the_fields_of_an_operation(self, server: LanguageServer, folder: Path, place: str) -> None:
        """In both ways to write them; in braces from the first letter on."""
        offers = Editor(server, folder, f"{HEAD}layers:\n  - {place}\n").offers()
        assert offers.keys() >= {"kernel", "stride", "padding", "dilation", "groups", "bias"}
        assert ("out" in offers) == ("out" not in place)
        assert offers["stride"] == "steps between windows"

    @pytest.mark.parametrize(
        ("page", "words"),
        [
            ("layers:\n  a:\n    layers: [relu]\n    shortcut: @", {"none", "identity", "auto"}),
            ("layers:\n  a:\n    layers: [relu]\n    merge: @", {"add", "concat", "div", "mul"}),
            ("layers:\n  a:\n    layers: [relu]\n    activation: @", {"none", "relu", "gelu"}),
            ("layers:\n  - conv: {out: 8, kernel: 3, bias: @}", {"true", "false"}),
            ("extends: alexnet\ninsert:\n  - se: {}\n    @", {"at", "name"}),
            ("extends: alexnet\ninit:\n  conv:\n    weight: @", {"kaiming_normal", "trunc_normal", "zeros"}),
            ("extends: alexnet\nset:\n  block1:\n    @", {"shortcut", "merge", "activation"}),
            ("extends: alexnet\nvariants:\n  where:\n    @", {"insert", "at", "among", "count"}),
            ("layers: [relu]\ntemplates:\n  Unit:\n    @", {"params", "layers", "shortcut", "activation"}),
            ("layers: [relu]\ntemplates:\n  Unit:\n    params:\n      out: @", {"int", "layer", "list"}),
        ],
    )
    def test_words_of_a_field(self, server: LanguageServer, folder: Path, page: str, words: set[str]) -> None:
        """Whatever may stand there and no layer's field among them."""
        offers = Editor(server, folder, f"{HEAD}{page}\n").offers()
        assert offers.keys() >= words
        assert "kernel" not in offers
