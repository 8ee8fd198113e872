"""The page of all commands is printed by the program."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import typer.main

import cli
from builder.cli.program import examples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.command_line import Archcli

PAGE = Path(__file__).parents[2] / "docs" / "command-reference.md"
TOP = typer.main.get_command(cli.app)


def sections() -> dict[str, str]:
    """Return the text below each heading of the page, by the command that the heading names."""
    return dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", PAGE.read_text("utf-8"), re.MULTILINE))


def commands() -> Iterator[tuple[str, object]]:
    """Yield every command with its heading; the one of a group that need not be named has the group's."""
    for name, command in TOP.commands.items():
        if hasattr(command, "commands"):
            default = getattr(command, "default", None)
            yield from (
                (name if inner == default else f"{name} {inner}", each) for inner, each in command.commands.items()
            )
        else:
            yield name, command


class TestCommandReference:
    """``archcli --markdown > docs/command-reference.md``."""

    def test_the_page_is_up_to_date(self, archcli: Archcli) -> None:
        """Byte for byte."""
        assert PAGE.read_text("utf-8") == archcli("--markdown").out

    def test_every_command_has_a_section(self) -> None:
        """In the order of the help."""
        assert list(sections()) == [name for name, _ in commands()]

    def test_every_option_and_example_stands_there(self) -> None:
        """Hidden ones and ``--help`` do not."""
        shown = sections()
        for name, command in commands():
            named = {option for param in command.params if not getattr(param, "hidden", False) for option in param.opts}
            options = {option for option in named if option.startswith("-")}
            assert [each for each in options if not re.search(rf"^- `.*{each}\b", shown[name], re.MULTILINE)] == [], (
                name
            )
            assert all(line in shown[name] for line in examples(command))
