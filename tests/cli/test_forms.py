"""The forms of a table, of which one is asked for."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING

import pytest
import typer

import cli

if TYPE_CHECKING:
    from tests.command_line import Archcli

SPACE = ("variants", "alexnet", "--insert", "se", "--among", "block*.pre_activation")
TABLES = {"show": ("show", "alexse_both"), "diff": ("diff", "alexnet", "alexse_both"), "variants": SPACE}


class TestForms:
    """``--csv``, ``--markdown``, ``--latex``, ``--json``."""

    @pytest.mark.parametrize("words", TABLES.values(), ids=TABLES)
    def test_the_same_rows_in_every_form(self, words: tuple[str, ...], archcli: Archcli) -> None:
        """CSV has plain numbers where the others round."""
        rows = list(csv.DictReader(StringIO(archcli(*words, "--csv").out)))
        assert all(row["parameters"].isdecimal() for row in rows)
        name = "path" if words[0] == "show" else "name"
        table = [line for line in archcli(*words, "--markdown").out.splitlines() if line.startswith("| ")]
        shown = [line.split(" | ")[0].removeprefix("| ") for line in table[1:]]
        assert [each for each in shown if each != "**total**"] == [row[name] for row in rows]
        latex = archcli(*words, "--latex").out
        assert latex.startswith("\\begin{tabular}{")
        assert latex.count(r"\\") == len(table)

    @pytest.mark.parametrize("words", [*TABLES.values(), ("compare", "a"), ("report", "a")], ids=lambda words: words[0])
    def test_two_forms_at_once_are_refused(self, words: tuple[str, ...], archcli: Archcli) -> None:
        """Before anything is read."""
        outcome = archcli(*words, "--csv", "--latex")
        assert (outcome.code, outcome.out) == (2, "")
        assert outcome.err == "error[usage]: `--csv` and `--latex` are two forms of one result\n"

    def test_no_command_takes_two(self, archcli: Archcli) -> None:
        """Each that has more than one."""
        lines = {"predict": ("a", "b"), "compare": ("a",), "report": ("a",), "show": ("a",), "diff": ("a", "b")}
        several = {
            name: forms
            for name, command in typer.main.get_command(cli.app).commands.items()
            if len(forms := sorted({"--csv", "--json"} & {each for param in command.params for each in param.opts})) > 1
        }
        assert {"predict", "variants"} <= set(several)
        several["runs"] = ["--csv", "--json"]  # its options are those of the command that lists
        for name, forms in several.items():
            outcome = archcli(name, *lines.get(name, SPACE[1:] if name == "variants" else ()), *forms)
            assert (outcome.code, outcome.err) == (
                2, "error[usage]: `--csv` and `--json` are two forms of one result\n"
            ), name  # fmt: skip

    def test_equal_networks_have_no_table_of_differences(self, archcli: Archcli) -> None:
        """Markdown says so."""
        assert archcli("diff", "alexnet", "alexnet", "--markdown").out.startswith("alexnet and alexnet are the same")
