"""Cells that take moments and do what a test says, in the place of training; each begin and end is noted.

The context's device is ``BEHAVIOR:FOLDER``; notes go to ``ran.txt`` there, whichever process it is, so that a test can
count.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.study_of_nothing import result_of
from builder.diagnostics import RunError
from builder.files import cannot_write
from builder.training.folder.failure import DivergedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.study.results.cells import Cell
    from builder.study.results.result import CellResult
    from builder.study.workers.context import StudyContext
    from builder.study.workers.task import Perform
    from builder.study.workers.trial import Watcher


def prepare(context: StudyContext, _plugins: Sequence[Path], _number: int) -> Perform:
    """Make a worker ready, or not, as the test says."""
    word, _, folder = context.device.partition(":")
    if word == "no data":
        raise RunError("cifar10 is not in data")
    if word == "dies early":
        os.kill(os.getpid(), signal.SIGKILL)
    return Behavior(Path(folder) / "ran.txt", word)


@dataclass(frozen=True)
class Behavior:
    """What a worker does with a cell, by the word that the test chose."""

    noted: Path
    word: str

    def __call__(self, cell: Cell, place: Path, watch: Watcher) -> CellResult:
        """Run a cell."""
        self.note("began", cell, place)
        if self.word == "full":
            raise cannot_write(place, OSError(28, "No space left on device")) from OSError(28, "full")
        for number in range(40 if self.word == "slow" else 1):
            time.sleep(0.25 if self.word == "slow" else 0)
            try:
                watch.look(number / 40)
            except BaseException:
                self.note("saved", cell, place)
                raise
        if cell.seed == 1:
            self.misbehave(first=self.noted.read_text().count(f"began {cell.id} ") == 1)
        if self.word == "curves" and cell.stage == "screen" and not watch.goes_on([0.1]):
            self.note("pruned", cell, place)
        self.note("ended", cell, place)
        return result_of(cell)

    def note(self, what: str, cell: Cell, place: Path) -> None:
        """Write down that something happened to a cell."""
        with self.noted.open("a") as file:
            file.write(f"{what} {cell.id} {cell.seed} {os.getpid()} {place}\n")

    def misbehave(self, *, first: bool) -> None:
        """Do what the word says, if it says that something goes wrong."""
        if self.word == "wrong":
            raise RunError("the file is damaged", "another file")
        if self.word == "diverges":
            raise DivergedError("the loss is nan", "a smaller rate")
        if self.word == "bug":
            raise ZeroDivisionError("oh")
        signals = {"dies": signal.SIGKILL}
        if first:
            signals |= {"dies once": signal.SIGSEGV, "hangs once": signal.SIGSTOP}
        if self.word in signals:
            time.sleep(0.1)
            os.kill(os.getpid(), signals[self.word])
