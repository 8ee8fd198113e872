"""What the guides show is true, from top to bottom: pages are valid, outputs are what commands print."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from builder.commands import reference
from builder.ops import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.command_line import Archcli

ROOT = Path(__file__).parents[2]
GUIDES = ("language.md", "tutorial.md")
SLOW_GUIDES = ("ten-minutes.md", "coming-from.md")  # they train and import
STUDIES = pytest.param("studies.md", marks=pytest.mark.slow)  # it runs a study
LEARNED = {"tutorial.md": {"runs/first-001": 0.9, "runs/small_se-001": 0.8}}
"""The least accuracy of runs whose numbers a guide shows."""

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


def written(block: Block) -> str | None:
    """Write the file that a block is, if it names one or is a page; return its name."""
    if block.language == "yaml":
        name, content = page_of(block.text)
    elif named := re.match(r"[#%] (\S+\.(?:py|tex))\n", block.text):
        name, content = named[1], block.text
    else:
        return None
    Path(name).write_text(content, "utf-8")
    return name


def shown(block: Block, archcli: Archcli) -> None:
    """Run the command of a ``console`` block, whose output is compared line by line."""
    command, _, output = block.text.partition("\n")
    outcome = archcli(*shlex.split(command.removeprefix("$ archcli ")))
    assert (outcome.err + outcome.out).splitlines() == output.splitlines()


def typed(block: Block, archcli: Archcli) -> None:
    """Run the commands of an ``sh`` block, which only have to succeed; ``> FILE`` is the shell's."""
    for line in block.text.splitlines():
        words, _, file = line.removeprefix("archcli ").partition(" > ")
        outcome = archcli(*shlex.split(words))
        assert outcome.code == 0, outcome.err
        if file:
            Path(file).write_text(outcome.out, "utf-8")


def scripted(block: Block) -> None:
    """Run a ``python`` block that is no file."""
    ran = subprocess.run([sys.executable, "-c", block.text], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def follow(guide: str, archcli: Archcli) -> None:
    """Do what a guide says in the current folder, from top to bottom: files are written where they are shown."""
    for block in blocks(guide):
        with place_named(f"{guide}:{block.line}"):
            name = written(block)
            if (
                block.language == "yaml" and name != "wrong.yaml" and "name:" in block.text
            ):  # what is said of it follows
                assert archcli("check", name).err == ""
            elif block.language == "console":
                shown(block, archcli)
            elif block.language == "sh":
                typed(block, archcli)
            elif block.language == "python" and name is None:
                scripted(block)


@contextmanager
def place_named(place: str) -> Iterator[None]:
    """Say where in a guide it was that something does not hold."""
    try:
        yield
    except AssertionError as error:
        error.add_note(place)
        raise


class TestGuides:
    """Read from top to bottom, each in a folder of its own."""

    @pytest.mark.parametrize("guide", [*GUIDES, STUDIES, pytest.param("coming-from.md", marks=pytest.mark.slow)])
    def test_it_holds_from_top_to_bottom(
        self, archcli: Archcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, guide: str
    ) -> None:
        """Pages are valid, outputs are what commands print, and what is trained learns."""
        monkeypatch.chdir(tmp_path)
        follow(guide, archcli)
        for run, least in LEARNED.get(guide, {}).items():
            assert json.loads((Path(run) / "summary.json").read_text("utf-8"))["best_val_accuracy"] > least

    def test_they_have_examples(self) -> None:
        """Blocks that are marked in another way would go unnoticed."""
        languages = [block.language for guide in GUIDES for block in blocks(guide)]
        assert languages.count("yaml") > 15
        assert languages.count("console") > 5


@pytest.mark.slow
class TestTenMinutes:
    """From nothing to a trained network, a figure and a table."""

    @pytest.mark.skipif(not (shutil.which("dot") and shutil.which("pdflatex")), reason="no Graphviz or no LaTeX here")
    def test_a_reader_has_all_three(self, archcli: Archcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The networks have learned, and LaTeX makes a paper of figure and table."""
        monkeypatch.chdir(tmp_path)
        follow("ten-minutes.md", archcli)
        for run in ("mine-001", "both-001"):
            assert json.loads(Path("runs", run, "summary.json").read_text("utf-8"))["best_val_accuracy"] > 0.94
        made = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "paper.tex"], capture_output=True, text=True, check=False
        )
        assert made.returncode == 0, made.stdout[-2000:]
        assert Path("paper.pdf").read_bytes().startswith(b"%PDF")


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
