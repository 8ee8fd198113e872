"""The process that runs cells of a study on this machine, begun by ``start.py``.

It loads the data once and then runs one cell after another, as the one who started it says on its standard input.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from builder.runs.processes import before_torch_starts
from builder.study.plan.plan import read_plan
from builder.study.results.folder import StudyFolder
from builder.study.workers.serve import serve
from builder.training.interrupts import Interrupted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from builder.study.plan.plan import Plan
    from builder.study.workers.serve import Perform

_STOPPED = 143


def main() -> None:
    """Serve as the arguments say: the study's folder, the device, the data's folder, plugins, the worker's number."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_STOPPED))
    folder, device, data_dir, *plugins, number = sys.argv[1:]
    study, say = StudyFolder(Path(folder)), _keep_stdout()
    try:
        plan = read_plan(study.plan)
        equipment = (Path(data_dir), int(number), [Path(each) for each in plugins])
        serve(study, lambda: performer(study, plan, device, *equipment), sys.stdin, say)
    except Interrupted as stopped:
        sys.exit(stopped.exit_code)


def performer(
    folder: StudyFolder, plan: Plan, device: str, data_dir: Path, number: int = 0, plugins: Sequence[Path] = ()
) -> Perform:
    """Return what trains a cell of the study in ``folder``; the images are loaded now, once for all cells.

    Of several GPUs a worker takes the one of its ``number``. Raises RunError where the images can't be had, or are not
    those that the study was planned with.
    """
    before_torch_starts()
    from builder.study.workers.trial import prepare_trials  # noqa: PLC0415 - torch reads what is set above

    return prepare_trials(folder, plan, device, data_dir, number, plugins)


def _keep_stdout() -> TextIO:
    """Return stdout for messages alone; whatever else prints goes to stderr, which is the worker's log."""
    kept = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return kept
