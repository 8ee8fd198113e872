"""The folder of a study: its plan, and a folder for each cell, in which its result lies or not.

The folders are the truth. Whatever hands out the work can be lost and is made again from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from builder.diagnostics import RunError
from builder.study.results.result import CellFailure, CellResult, read_failure, read_result, read_true_labels

if TYPE_CHECKING:
    from pathlib import Path

    from builder.study.results.result import TrueLabels

Ended = TypeVar("Ended", CellResult, CellFailure)


@dataclass(frozen=True)
class CellFolder:
    """Where one cell lies: the folder of its training run, with three files more.

    ``cell.json``      what defines the cell
    ``result.json``    its result; the cell is done if and only if this is there
    ``failure.json``   why it has none, after the last attempt
    """  # fmt: skip

    path: Path

    @property
    def definition(self) -> Path:
        """What defines the cell."""
        return self.path / "cell.json"

    @property
    def network(self) -> Path:
        """The network's page, as it was resolved."""
        return self.path / "page.yaml"

    @property
    def metrics(self) -> Path:
        """The metrics of its epochs so far."""
        return self.path / "metrics.csv"

    @property
    def result(self) -> Path:
        """The result, whole or not there."""
        return self.path / "result.json"

    @property
    def failure(self) -> Path:
        """Why there will be no result."""
        return self.path / "failure.json"

    def tidy(self) -> None:
        """Remove what only a run that is going on needs; the best epoch's weights stay."""
        for name in ("last.safetensors", "prev.safetensors"):
            (self.path / name).unlink(missing_ok=True)


@dataclass(frozen=True)
class Results:
    """Everything that a study has found so far, in the order of the plan's cells."""

    outcomes: tuple[CellResult, ...]
    failures: tuple[CellFailure, ...]
    truth: TrueLabels | None


@dataclass(frozen=True)
class StudyFolder:
    """Where one study lies.

    ``study.yaml``     the page as it was when the study was planned
    ``plan.json``      every cell, what it costs, and how many seeds the question needs
    ``labels.json``    the true labels of the test images, which all cells share
    ``networks``       the resolved page of every network
    ``plugins``        copies of the operations that they call besides ours
    ``looks.json``     at how many seeds reports were made, and what they said
    ``workers``        what the processes that ran cells had to say
    ``tries``           what a search has chosen so far, a file for each trial of a network
    ``cells/ID``       a cell, by the digest of what defines it
    """  # fmt: skip

    path: Path

    @property
    def page(self) -> Path:
        """The page as it was when the study was planned."""
        return self.path / "study.yaml"

    @property
    def plan(self) -> Path:
        """The plan."""
        return self.path / "plan.json"

    @property
    def labels(self) -> Path:
        """The true labels of the test images."""
        return self.path / "labels.json"

    @property
    def networks(self) -> Path:
        """The folder of the networks' pages."""
        return self.path / "networks"

    def network(self, name: str) -> Path:
        """Return the page of one network, as it was resolved."""
        return self.networks / f"{name}.yaml"

    @property
    def plugins(self) -> Path:
        """The folder of copies of plugins; nothing in it is run unless it is named."""
        return self.path / "plugins"

    @property
    def trials(self) -> Path:
        """The folder of what a search has chosen to try."""
        return self.path / "tries"

    @property
    def finalists(self) -> Path:
        """Which arms are judged on the test split, once the screen has chosen them."""
        return self.path / "finalists.json"

    @property
    def rounds(self) -> Path:
        """Which arms went on after each round of a screening that halves them."""
        return self.path / "rounds.json"

    @property
    def looks(self) -> Path:
        """The log of reports that were made of it."""
        return self.path / "looks.json"

    @property
    def running(self) -> Path:
        """What is going on, written anew while somebody runs the study."""
        return self.path / "running.json"

    @property
    def cells(self) -> Path:
        """The folder of all cells."""
        return self.path / "cells"

    def cell(self, identity: str) -> CellFolder:
        """Return the folder of one cell, which need not exist."""
        return CellFolder(self.cells / identity)

    def results(self, identities: tuple[str, ...] | None = None) -> Results:
        """Return what these cells, or all that have a folder, have ended in; RunError for a file that is damaged."""
        truth = read_true_labels(self.labels) if self.labels.exists() else None
        found = identities if identities is not None else self._known()
        places = [self.cell(each) for each in found]
        ended = [each for each in places if each.result.exists()]
        failed = [each for each in places if each.failure.exists() and not each.result.exists()]
        outcomes = tuple(_of_its_cell(each.result, read_result(each.result, truth)) for each in ended)
        failures = tuple(_of_its_cell(each.failure, read_failure(each.failure)) for each in failed)
        return Results(outcomes, failures, truth)

    def _known(self) -> tuple[str, ...]:
        return tuple(sorted(each.name for each in self.cells.iterdir())) if self.cells.is_dir() else ()


def _of_its_cell(path: Path, ended: Ended) -> Ended:
    """Return what lies at ``path``; raise RunError where it belongs to another cell than its folder."""
    if ended.cell == path.parent.name:
        return ended
    raise RunError(f"{path} belongs to another cell, `{ended.cell}`", "remove the file and run the study again")
