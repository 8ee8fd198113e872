"""What the guides show is true, from top to bottom: pages are valid, outputs are what commands print."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from builder.commands import reference
from builder.ops import OPERATIONS

if TYPE_CHECKING:
    from tests.command_line import Archcli

ROOT = Path(__file__).parents[2]
GUIDES = ("language.md", "tutorial.md")
STUDIES = pytest.param("studies.md", marks=pytest.mark.slow)  # it runs a study
FRAME = "name: example\ninput: [3, 32, 32]\nclasses: 10\nlayers:\n"
LIST_HEAD = "  - adaptiveavgpool\n  - flatten\n  - linear: {out: $classes}\n"
NAMED_HEAD = "  last_pool: adaptiveavgpool\n  last_flatten: flatten\n  last_fc: {linear: {out: $classes}}\n"


class Block(NamedTuple):
    """A fenced block: its language, its text, and the line of the guide where it begins."""

    language: str
    text: str
    line: int


def blocks(guide: str) -> list[Block]:
    """Return the fenced blocks of a guide."""
    text = (ROOT / "docs" / guide).read_text("utf-8")
    found = re.finditer(r"^```(\w*)\n((?:.*\n)*?)```$", text, re.MULTILINE)
    return [Block(match[1], match[2], text.count("\n", 0, match.start()) + 1) for match in found]


def page_of(text: str) -> tuple[str, str]:
    """Return name and content of the file that a block of YAML is: named in its first line, whole, or under layers."""
    named = re.match(r"# (\S+\.yaml)\n", text)
    if named:
        return named[1], text
    if text.startswith("name:"):
        return "example.yaml", text
    head = LIST_HEAD if text.startswith("- ") else NAMED_HEAD
    return "example.yaml", FRAME + "".join(f"  {line}\n" for line in text.splitlines()) + head


class TestGuides:
    """Read from top to bottom, each in a folder of its own."""

    @pytest.mark.parametrize("guide", [*GUIDES, STUDIES])
    def test_it_holds_from_top_to_bottom(
        self, archcli: Archcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, guide: str
    ) -> None:
        """Files are written where they are shown; ``console`` is compared line by line, ``sh`` only has to succeed."""
        monkeypatch.chdir(tmp_path)
        for block in blocks(guide):
            where = f"{guide}:{block.line}"
            if block.language == "yaml":
                name, content = page_of(block.text)
                Path(name).write_text(content, "utf-8")
                if name != "wrong.yaml" and "name:" in content:  # what is said of those stands behind them
                    checked = archcli("check", name)
                    assert checked.code == 0, f"{where}: {checked.err}"
            elif block.language == "console":
                command, _, output = block.text.partition("\n")
                outcome = archcli(*shlex.split(command.removeprefix("$ archcli ")))
                assert (outcome.err + outcome.out).splitlines() == output.splitlines(), where
            elif block.language == "sh":
                for line in block.text.splitlines():
                    outcome = archcli(*shlex.split(line.removeprefix("archcli ")))
                    assert outcome.code == 0, f"{where}: {outcome.err}"

    def test_they_have_examples(self) -> None:
        """Blocks that are marked in another way would go unnoticed."""
        languages = [block.language for guide in GUIDES for block in blocks(guide)]
        assert languages.count("yaml") > 15
        assert languages.count("console") > 5


class TestReferences:
    """The tables are printed by the program, from the models that check."""

    def test_the_page_is_up_to_date(self) -> None:
        """``archcli schema --markdown > docs/reference.md``."""
        assert (ROOT / "docs" / "reference.md").read_text("utf-8") == reference.page_reference()

    def test_the_page_of_recipes_is_up_to_date(self) -> None:
        """``archcli schema recipe --markdown > docs/recipe-reference.md``."""
        assert (ROOT / "docs" / "recipe-reference.md").read_text("utf-8") == reference.recipe_reference()

    def test_the_reference_of_studies_is_what_the_program_prints(self) -> None:
        """``archcli schema study --markdown > docs/study-reference.md``."""
        assert (ROOT / "docs" / "study-reference.md").read_text("utf-8") == reference.study_reference()

    def test_every_operation_stands_there(self) -> None:
        """With every field, in a table below its word."""
        text = reference.page_reference()
        for word, operation in OPERATIONS.items():
            section = text.partition(f"### `{word}`\n")[2].partition("\n## ")[0].partition("\n### ")[0]
            assert section.strip(), word
            assert all(f"| `{name}` |" in section for name in operation.model_fields), word

    def test_every_link_inside_leads_somewhere(self) -> None:
        """The parts of a recipe are linked to their tables."""
        text = reference.recipe_reference()
        headings = {line.removeprefix("## ").strip("`").lower() for line in text.splitlines() if line.startswith("## ")}
        assert set(re.findall(r"\]\(#([\w-]+)\)", text)) <= headings
