"""The command line, run inside the test's own process, and one short run that many tests look at."""

from __future__ import annotations

import io
from contextlib import chdir, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, NamedTuple, Protocol

import pytest

import cli

if TYPE_CHECKING:
    from pathlib import Path

PAGE = """\
name: small
input: [3, 32, 32]
classes: 1000
layers:
  block:
    layers:
      - conv: {out: 8, kernel: 3, stride: 2, padding: 1}
      - relu
  pool: {adaptiveavgpool: {size: 2}}
  flatten: flatten
  fc: {linear: {out: $classes}}
"""


def short(epochs: int) -> tuple[object, ...]:
    """Return the options of a training that takes a second or two."""
    return ("--data", "digits", "--subset", 200, "--set", f"epochs={epochs}", "--set", "size=16", "--device", "cpu")


SHORT = short(2)


class Outcome(NamedTuple):
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str


class Archcli(Protocol):
    """``archcli("show", "alexnet")`` runs a command."""

    def __call__(self, *arguments: object) -> Outcome:
        """Return how the command ended."""


class Trained(NamedTuple):
    """A finished run of PAGE, and the folder from which it was started; neither is to be changed."""

    outcome: Outcome
    home: Path
    folder: Path


def run_archcli(*arguments: object) -> Outcome:
    """Run a command line and return how it ended."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as left:
        cli.app([str(each) for each in arguments], prog_name="archcli")
    return Outcome(int(left.value.code or 0), out.getvalue(), err.getvalue())


@pytest.fixture
def archcli() -> Archcli:
    """Return the function that runs a command line."""
    return run_archcli


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Return a run of two short epochs on digits."""
    home = tmp_path_factory.mktemp("trained")
    (home / "small.yaml").write_text(PAGE)
    with chdir(home):
        outcome = run_archcli("train", "small.yaml", *SHORT)
    return Trained(outcome, home, home / "runs" / "small-001")


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the pictures of an evaluation, which take longer than it and would lie in a run that tests share."""
    monkeypatch.setattr("builder.commands.evaluate.draw_answers", lambda *_: ())
