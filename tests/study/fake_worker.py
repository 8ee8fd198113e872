"""A worker whose cells take moments: what the tests of the engine run instead of training.

``python fake_worker.py FOLDER BEHAVIOUR NUMBER``; each cell is noted in ``ran.txt`` of the folder when it begins and
when it has ended, so that a test can count.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[2]))

from builder.diagnostics import RunError
from builder.files import cannot_write
from builder.study.results.folder import CellFolder, StudyFolder
from builder.study.results.result import CellResult
from builder.study.workers.serve import serve

if TYPE_CHECKING:
    from builder.study.results.cells import Cell
    from builder.study.workers.serve import Alive


def outcome(cell: Cell) -> CellResult:
    """Return a result that depends on nothing but the cell."""
    accuracy = random.Random(cell.id).random()
    return CellResult(
        cell.id, cell.variant, cell.settings, cell.seed, cell.stage, 1, accuracy, None, None, None, (), 0.01
    )


class Behaviour:
    """What a worker does with a cell, by the word that the test chose."""

    def __init__(self, folder: Path, word: str) -> None:
        """Begin with the word."""
        self.noted, self.word = folder / "ran.txt", word

    def __call__(self, cell: Cell, place: CellFolder, alive: Alive) -> CellResult:
        """Run a cell."""
        self.note("began", cell)
        if self.word == "full":
            raise cannot_write(place.path, OSError(28, "No space left on device")) from OSError(28, "full")
        if self.word in ("slow", "steps"):
            for _ in range(20):
                time.sleep(0.005 if self.word == "steps" else 0.5)
                alive(epoch=0, epochs=1)
        if cell.seed == 1:
            self.misbehave(first=self.noted.read_text().count(f"began {cell.id} ") == 1)
        self.note("ended", cell)
        return outcome(cell)

    def note(self, what: str, cell: Cell) -> None:
        """Write down that something happened to a cell."""
        with self.noted.open("a") as file:
            file.write(f"{what} {cell.id} {cell.seed} {os.getpid()}\n")

    def misbehave(self, *, first: bool) -> None:
        """Do what the word says, if it says that something goes wrong."""
        if self.word == "wrong":
            raise RunError("the training loss is nan", "a smaller rate")
        if self.word == "bug":
            raise ZeroDivisionError("oh")
        signals = {"dies": signal.SIGKILL}
        if first:
            signals |= {"dies once": signal.SIGSEGV, "hangs once": signal.SIGSTOP}
        if self.word in signals:
            os.kill(os.getpid(), signals[self.word])


def main() -> None:
    """Serve the study in the folder that is the first argument."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder, behaviour = Path(sys.argv[1]), sys.argv[2]

    def prepare() -> Behaviour:
        if behaviour == "no data":
            raise RunError("cifar10 is not in data")
        if behaviour == "ends":
            sys.exit(3)
        return Behaviour(folder, behaviour)

    serve(StudyFolder(folder), prepare, sys.stdin, sys.stdout)


if __name__ == "__main__":
    main()
