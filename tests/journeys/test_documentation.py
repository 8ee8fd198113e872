"""What the documentation shows is what the command does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.journeys.test_guides import GUIDES, SLOW_GUIDES

if TYPE_CHECKING:
    from tests.command_line import Archcli

ROOT = Path(__file__).parents[2]


def examples() -> list[tuple[str, str, str]]:
    """Return page, command and output of every ``console`` block that begins with ``$ archcli``.

    Guides are left out: their examples build on each other, and ``test_guides`` runs them from top to bottom.
    """
    return [
        (str(page.relative_to(ROOT)), command, output)
        for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
        if page.name not in (*GUIDES, *SLOW_GUIDES)
        for command, output in re.findall(
            r"^```console\n\$ archcli (.*)\n((?:.*\n)*?)```$", page.read_text("utf-8"), re.MULTILINE
        )
    ]


class TestExamples:
    """Every example that shows its output is run."""

    @pytest.mark.parametrize(
        ("page", "command", "output"), examples(), ids=[f"{page}: {command}" for page, command, _ in examples()]
    )
    def test_the_output_is_what_the_page_shows(
        self, archcli: Archcli, monkeypatch: pytest.MonkeyPatch, page: str, command: str, output: str
    ) -> None:
        """Line by line, what is said on stderr first, as a terminal shows it."""
        monkeypatch.chdir(ROOT)
        outcome = archcli(*shlex.split(command))
        assert (outcome.err + outcome.out).splitlines() == output.splitlines()

    def test_the_main_commands_have_one(self) -> None:
        """The pages are really read: a block that is marked in another way would go unnoticed."""
        assert {command.split()[0] for _, command, _ in examples()} >= {"check", "show", "variants"}


class TestPlugin:
    """The plugin that is built on ``extending.md`` is the file beside it, which the tests of plugins run."""

    @pytest.mark.parametrize(
        ("language", "name"), [("python", "gct.py"), ("yaml", "resnet18_gct.yaml"), ("yaml", "convnextv2_tiny.yaml")]
    )
    def test_the_page_shows_the_file(self, language: str, name: str) -> None:
        """Whole, and letter by letter."""
        page = (ROOT / "docs" / "extending.md").read_text("utf-8")
        shown = re.findall(rf"^```{language}\n((?:.*\n)*?)```$", page, re.MULTILINE)
        assert (ROOT / "docs" / "examples" / name).read_text("utf-8") in shown
