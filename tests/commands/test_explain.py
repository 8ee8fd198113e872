"""Every code has an explanation, and every example in it is what it says."""

from __future__ import annotations

import ast
import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.commands import check
from builder.commands.explain import Explanation, explanations, markdown
from builder.diagnostics import ArchError
from builder.variants import variants

if TYPE_CHECKING:
    from tests.command_line import Archcli

ROOT = Path(__file__).parents[2]
HEAD = "  - adaptiveavgpool\n  - flatten\n  - linear: {out: $classes}\n"
FRAME = "name: example\ninput: [3, 32, 32]\nclasses: 10\nlayers:\n"
NOT_SHOWN = {"cannot-read", "not-utf8", "control-character", "too-many-values", "too-many-selectors",
             "too-many-parameters", "too-many-members", "unknown-data",
             "study-changed", "our-mistake"}  # fmt: skip
"""Codes that a few readable lines cannot bring about; the tests of the reader, of data sets and of studies do."""

NO_RIGHT = {"unknown-weights"}
"""The right command would fetch something."""

CODES = {code: each for code, each in explanations().items() if each.wrong is not None}


def raised_codes() -> set[str]:
    """Return every code that the sources give to a diagnostic."""
    makers = {"Diagnostic", "error", "_error", "_refuse"}
    found = set()
    for path in (*sorted((ROOT / "builder").rglob("*.py")), ROOT / "cli.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                texts = [each.value for each in ast.walk(node.args[0]) if isinstance(each, ast.Constant)]
                found |= {text for text in texts if name in makers and isinstance(text, str)}
    return found


def codes_of(example: str, explained: Explanation, archcli: Archcli) -> set[str]:
    """Run an example in the folder where we are and return the codes of its mistakes."""
    for name, content in explained.files:
        Path(name).write_text(content)
    if example.startswith("archcli "):
        try:
            outcome = archcli(*shlex.split(example)[1:])
        except SystemExit:  # --help
            return set()
        return set(re.findall(r"error\[([a-z0-9-]+)\]", outcome.err))
    whole = example.startswith(("name:", "#"))
    text = example if whole else FRAME + "".join(f"  {line}\n" for line in example.splitlines()) + HEAD
    Path("example.yaml").write_text(text)
    try:
        if "\nvariants:" in text:
            return {"none"} - {"none" for _ in variants("example.yaml")}
    except ArchError as error:
        return {each.code for each in error.diagnostics}
    return {mistake.code for mistake in check.run(["example.yaml"]).mistakes}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to an empty folder inside another."""
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path / "folder")
    return tmp_path / "folder"


class TestExplanations:
    """The data behind the command and the page of the documentation."""

    def test_every_code_has_one_and_every_one_is_a_code(self) -> None:
        """Neither is forgotten when the other changes."""
        assert set(explanations()) == raised_codes()

    def test_all_but_a_few_have_examples(self) -> None:
        """Exceptions are listed with their reason."""
        assert {code for code, each in explanations().items() if each.wrong is None} == NOT_SHOWN
        assert {code for code, each in CODES.items() if each.right is None} == NO_RIGHT

    @pytest.mark.parametrize("code", CODES)
    def test_a_wrong_example_has_this_mistake_and_no_other(self, code: str, folder: Path, archcli: Archcli) -> None:
        """Whoever tries it sees what is explained."""
        assert codes_of(str(CODES[code].wrong), CODES[code], archcli) == {code}

    @pytest.mark.parametrize("code", [code for code in CODES if code not in NO_RIGHT])
    def test_a_right_example_has_none(self, code: str, folder: Path, archcli: Archcli) -> None:
        """It can be copied."""
        assert codes_of(str(CODES[code].right), CODES[code], archcli) == set()

    def test_the_page_of_the_documentation_is_up_to_date(self) -> None:
        """``archcli explain --markdown -o`` is not run by hand and forgotten."""
        assert (ROOT / "docs" / "diagnostics.md").read_text("utf-8") == markdown(), (
            "archcli explain --markdown > docs/diagnostics.md"
        )


class TestExplain:
    """The command."""

    def test_a_code_is_explained_with_both_examples(self, archcli: Archcli) -> None:
        """What it means first."""
        out = archcli("explain", "duplicate-key").out
        assert out.startswith("duplicate-key: A name appears twice in one mapping\n\nYAML would use the last")
        assert "wrong\n    - conv: {out: 8, kernel: 3, out: 16}\n\nright\n    - conv: {out: 16, kernel: 3}\n" in out

    def test_without_a_code_all_are_listed(self, archcli: Archcli) -> None:
        """One line each."""
        lines = archcli("explain").out.splitlines()
        assert [line.split()[0] for line in lines[1:]] == list(explanations())

    def test_an_unknown_code_is_answered_with_the_nearest(self, archcli: Archcli) -> None:
        """As everywhere."""
        outcome = archcli("explain", "bad-valeu")
        assert outcome.code == 2
        assert "did you mean `bad-value`?" in outcome.err

    def test_json_holds_everything(self, archcli: Archcli) -> None:
        """For editors that show it beside the line."""
        (found,) = json.loads(archcli("explain", "misfit", "--json").out)
        assert found["code"] == "misfit"
        assert found["wrong"].startswith("- adaptiveavgpool")
