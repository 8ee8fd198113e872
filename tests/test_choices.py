"""The words of options: each list stands once."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from builder import choices

ROOT = Path(__file__).parents[1]
COMMAND_LINE = [ROOT / "cli.py", *sorted((ROOT / "builder" / "cli").glob("*.py"))]


def lists_of_words(path: Path) -> list[tuple[str, ...]]:
    """Return the words of every ``Literal[...]`` of a file."""
    tree = ast.parse(path.read_text("utf-8"))
    found = (
        tuple(each.value for each in ast.walk(node.slice) if isinstance(each, ast.Constant))
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "Literal"
    )
    return [words for words in found if words]


class TestChoices:
    """Lists of words that a user may choose from."""

    @pytest.mark.parametrize("path", COMMAND_LINE, ids=lambda path: path.name)
    def test_the_command_line_repeats_none(self, path: Path) -> None:
        """It may add `auto`, which is no choice but leaves it to the program."""
        assert [words for words in lists_of_words(path) if words != ("auto",)] == []

    def test_nobody_else_repeats_one(self) -> None:
        """A second list would be forgotten when the first one grows."""
        ours = {words for words in lists_of_words(Path(choices.__file__)) if len(words) > 2}
        others = [path for path in (ROOT / "builder").rglob("*.py") if path != Path(choices.__file__)]
        again = {str(path): set(lists_of_words(path)) & ours for path in others}
        assert {path: words for path, words in again.items() if words} == {}
