"""What the commands do in one of torchrun's processes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.commands.terminal.exit_codes import exit_codes
from builder.diagnostics import ArchError, Diagnostic, RunError
from builder.runs import processes

if TYPE_CHECKING:
    from tests.command_line import Archcli


@pytest.fixture
def second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this the second of four processes on two machines."""
    variables = {"RANK": "1", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "2", "GROUP_WORLD_SIZE": "2"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


class TestOne:
    """A process that torchrun did not start."""

    @pytest.mark.parametrize("variables", [{}, {"WORLD_SIZE": "1", "RANK": "0"}, {"RANK": "3"}, {"WORLD_SIZE": ""}])
    def test_it_is_the_first_of_one(self, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
        """Whatever else sets such variables."""
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        assert (processes.count(), processes.number(), processes.is_first()) == (1, 0, True)
        assert processes.way_back(Path("runs/a 1")) == "archcli resume 'runs/a 1'"


class TestSeveral:
    """The second of four."""

    def test_it_knows_itself_and_the_way_back(self, second: None) -> None:
        """With as many processes and machines as there are."""
        assert (processes.count(), processes.number(), processes.is_first()) == (4, 1, False)
        way = "torchrun --nnodes 2 --nproc-per-node 2 --no-python archcli resume runs/a-001"
        assert processes.way_back(Path("runs/a-001")) == way

    def test_what_all_have_read_only_the_first_one_says(self, second: None, capsys: pytest.CaptureFixture[str]) -> None:
        """The exit code is the same."""
        with pytest.raises(SystemExit) as left, exit_codes():
            raise ArchError(Diagnostic("usage", "a mistake in the page"))
        assert left.value.code == 2
        assert capsys.readouterr() == ("", "")

    def test_what_happens_to_one_it_says_itself(self, second: None, capsys: pytest.CaptureFixture[str]) -> None:
        """With its number."""
        with pytest.raises(SystemExit) as left, exit_codes():
            raise RunError("the GPU is full")
        assert left.value.code == 1
        assert capsys.readouterr().err == "process 1: error: the GPU is full\n"

    def test_other_commands_are_for_one_process(
        self, archcli: Archcli, second: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """They would do the same four times; the first one says so."""
        assert archcli("show", "alexnet").code == 2
        monkeypatch.setenv("RANK", "0")
        assert archcli("show", "alexnet").err.splitlines() == [
            "error[usage]: `show` is for one process, and there are 4",
            "  help: start it without torchrun; `train` and `resume` work in several",
        ]
