"""docs/expectations.md: what users of other tools expect, and the tests that hold the answers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.command_line import run_archcli

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "expectations.md").read_text("utf-8")
ROWS = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)
ANSWERED = {number: test.strip("`") for number, _, _, test in ROWS if test != "not yet"}


class TestExpectations:
    """One row for each."""

    def test_none_is_left_out(self) -> None:
        """They are numbered, and at least three of four are answered."""
        assert [int(number) for number, *_ in ROWS] == list(range(1, 25))
        assert len(ANSWERED) >= 0.75 * len(ROWS)

    @pytest.mark.parametrize("test", ANSWERED.values(), ids=ANSWERED)
    def test_the_test_that_is_named_is_there(self, test: str) -> None:
        """A class of tests in a file."""
        file, _, name = test.partition("::")
        assert re.search(rf"^class {name}\b", (ROOT / file).read_text("utf-8"), re.MULTILINE)

    def test_the_options_that_are_named_are_options(self) -> None:
        """Of the command before them, or of the one that the cell names first."""
        for _, _, answer, test in ROWS:
            command = ""
            for code in re.findall(r"`([^`]+)`", answer) if test != "not yet" else ():
                words = code.removeprefix("archcli ").split()
                command = words[0] if re.fullmatch(r"[a-z]+", words[0]) else command
                options = [word for word in words if re.fullmatch(r"--[a-z-]+", word)]
                if command in {"show", "draw", "train", "runs", "export", "report", "predict"} and options:
                    help_text = run_archcli(command, *(["prune"] if "prune" in words else []), "-h").out
                    assert all(option in help_text for option in options), code
