"""The command line, run inside the test's own process."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import pytest

import cli

if TYPE_CHECKING:
    from collections.abc import Callable


class Outcome(NamedTuple):
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str


class Archcli(Protocol):
    """``archcli("show", "alexnet")`` runs a command."""

    def __call__(self, *arguments: object) -> Outcome:
        """Return how the command ended."""


@pytest.fixture
def archcli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Return a function that runs a command line and says how it ended."""

    def run(*arguments: object) -> Outcome:
        with pytest.raises(SystemExit) as left:
            cli.app([str(each) for each in arguments], prog_name="archcli")
        written = capsys.readouterr()
        return Outcome(int(left.value.code or 0), written.out, written.err)

    return run
