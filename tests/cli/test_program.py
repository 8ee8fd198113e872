"""How the help of the program and of each command reads."""

from __future__ import annotations

import glob
import re
import shlex
import subprocess
import sys
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer.main

import cli
from builder.cli.program import examples
from tests.command_line import run_archcli

if TYPE_CHECKING:
    from tests.command_line import Archcli

ROOT = Path(__file__).parents[2]
TOP = typer.main.get_command(cli.app)
COMMANDS = {
    **{name: command for name, command in TOP.commands.items() if not hasattr(command, "commands")},
    **{f"study {name}": command for name, command in TOP.commands["study"].commands.items()},
}
LINES = {
    line.partition("  #")[0]: command
    for command in (TOP, TOP.commands["study"], *COMMANDS.values())
    for line in examples(command)
}
CHEAP = ("init", "check", "show", "variants", "diff", "explain", "schema", "export alexse_both")
"""What the examples begin with that need neither torch nor a run, and write at most a small file."""


def words(line: str) -> list[str]:
    """Return the words of a command line behind ``archcli``, with wildcards filled in as a shell does."""
    found = []
    for word in shlex.split(line)[1:]:
        found += sorted(glob.glob(word)) or [word] if "'" not in line else [word]  # noqa: PTH207 - the shell's own rules
    return found


class TestCommandHelp:
    """``archcli COMMAND -h``."""

    @pytest.mark.parametrize("name", COMMANDS)
    @pytest.mark.parametrize("width", [80, 120])
    def test_it_reads_well(self, name: str, width: int, archcli: Archcli, monkeypatch: pytest.MonkeyPatch) -> None:
        """No type of Python's and no word of click's; nothing but an example is wider than the terminal."""
        monkeypatch.setenv("COLUMNS", str(width))
        shown = archcli(*name.split(), "-h")
        assert (shown.code, shown.err) == (0, "")
        assert not re.search(r"<[^>]*>|list\[|INTEGER|FLOAT|TEXT|PATH\b|RANGE|x>=|None|\{FILE", shown.out)
        text, _, shown_examples = shown.out.partition("\nExamples:\n")
        assert max(map(len, text.splitlines())) <= width
        assert shown_examples

    @pytest.mark.parametrize("name", COMMANDS)
    def test_every_option_says_what_it_takes(self, name: str) -> None:
        """An option has a value in the user's words, or is a switch; every option and argument has a sentence."""
        for param in COMMANDS[name].params:
            assert getattr(param, "is_flag", False) or param.metavar, param.name
            assert param.help, param.name
            assert param.help.rstrip().endswith((".", "…")) or param.metavar == "URL", param.help

    @pytest.mark.parametrize("name", COMMANDS)
    def test_the_line_of_usage_names_the_arguments(self, name: str, archcli: Archcli) -> None:
        """As one types them: first what it is about, then the options."""
        usage = archcli(*name.split(), "-h").out.splitlines()[0]
        assert usage.startswith(f"Usage: archcli {name} ")
        assert usage.endswith("[OPTIONS]")

    def test_a_default_is_shown_and_what_may_be_repeated(self, archcli: Archcli) -> None:
        """In brackets behind the sentence."""
        shown = archcli("draw", "-h").out
        assert re.search(r"--theme light\|dark +Color theme\.  \[default: light\]", shown)
        assert "[repeatable; default:" in shown


class TestExamples:
    """The command lines that help shows."""

    @pytest.mark.parametrize("line", LINES)
    def test_every_example_is_a_right_command_line(self, line: str) -> None:
        """It is read to its last word, and run by nobody."""
        command, rest = TOP, shlex.split(line)[1:]
        while hasattr(command, "commands"):
            command, rest = command.commands[rest[0]], rest[1:]
        command.make_context("archcli", rest)

    @pytest.mark.parametrize("line", [each for each in LINES if each.removeprefix("archcli ").startswith(CHEAP)])
    def test_what_is_cheap_works(self, line: str, tmp_path: Path) -> None:
        """From a folder that has the shipped pages in ``archs/``."""
        (tmp_path / "archs").symlink_to(ROOT / "archs")
        with chdir(tmp_path):
            outcome = run_archcli(*words(line))
        assert (outcome.code, outcome.err) == (0, "")


class TestProgramHelp:
    """``archcli -h``."""

    def test_the_first_steps_come_first(self, archcli: Archcli) -> None:
        """Before the list of commands; at the end it is said where the documentation lies."""
        shown = archcli("-h").out
        steps, _, commands = shown.partition("\nNetworks:\n")
        assert "archcli init mine " in steps
        assert "archcli train mine.yaml --data digits" in steps
        assert "docs/tutorial.md" in commands

    def test_commands_stand_in_sections(self, archcli: Archcli) -> None:
        """By what one wants to do; every command has its line."""
        shown = archcli("-h").out
        assert re.findall(r"^(\w+):$", shown, re.MULTILINE) == ["Networks", "Training", "Studies", "Help", "Options"]
        assert [name for name in TOP.commands if not re.search(rf"^  {name} +\w", shown, re.MULTILINE)] == []

    def test_within_one_they_stand_in_the_order_of_work(self, archcli: Archcli) -> None:
        """One trains before one looks after runs, and a study is run before its report."""
        names = re.findall(r"^  (\w+) +[A-Z]", archcli("-h").out, re.MULTILINE)
        training, studies = names[names.index("train") : names.index("study")], names[names.index("study") :]
        assert (training[:2], training[-1], studies[:2]) == (["train", "resume"], "runs", ["study", "report"])

    def test_each_line_is_a_whole_sentence(self, archcli: Archcli, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing is cut off, however narrow the terminal."""
        monkeypatch.setenv("COLUMNS", "60")
        assert "..." not in archcli("-h").out.partition("Networks:")[2]

    @pytest.mark.parametrize("group", [(), ("study",)])
    def test_without_a_command_help_is_shown_as_after_a_mistake(self, group: tuple[str, ...], archcli: Archcli) -> None:
        """On stderr, with exit code 2: a script that forgot the command must not go on."""
        outcome = archcli(*group)
        assert (outcome.code, outcome.out) == (2, "")
        assert outcome.err == archcli(*group, "-h").out


class TestAskedFor:
    """What is made of the program for one command line."""

    @pytest.mark.parametrize("words", [["check", "a.yaml"], ["import", "-h"]])
    def test_a_command_is_made_alone(self, words: list[str]) -> None:
        """The other commands with all their options took a tenth of the start."""
        assert [each.name for each in cli.asked_for(words).registered_commands] == words[:1]

    @pytest.mark.parametrize("words", [[], ["-h"], ["chekc"], ["study", "plan"]])
    def test_else_all_are_there(self, words: list[str]) -> None:
        """For the help, for a slip, which is answered with what is near, and for groups."""
        assert cli.asked_for(words) is cli.app

    def test_a_shell_is_offered_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where it asks what a word may become."""
        monkeypatch.setenv("_ARCHCLI_COMPLETE", "complete_bash")
        assert cli.asked_for(["check"]) is cli.app

    def test_installed_packages_are_not_looked_through(self) -> None:
        """Pydantic would ask each whether it brings a plugin."""
        script = "import importlib.metadata, cli\nimportlib.metadata.distributions = None\ncli.main()"
        found = subprocess.run(
            [sys.executable, "-c", script, "check", "alexnet"], capture_output=True, text=True, check=False, cwd=ROOT
        )
        assert (found.returncode, found.stderr) == (0, "")
