"""What a study's cells tell loggers, such as TensorBoard: each cell is a run of its own there."""

from __future__ import annotations

import logging
import re
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from builder.files import write_text
from builder.runs.logs.choice import LogChoice
from builder.runs.logs.hook import LoggedRun, settings_of
from builder.runs.logs.logs import Logs, load_logs
from builder.training.folder.run_folder import RunFolder
from builder.training.folder.summary import read_summary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from builder.runs.logs.logs import LoadedLog
    from builder.study.results.cells import Cell
    from builder.study.results.result import CellResult
    from builder.study.workers.context import StudyContext

FOLDER = "logs"
"""In the study's folder; in the cell's own, where a worker does not see that."""


def load_study_logs(texts: Mapping[str, str]) -> tuple[LoadedLog, ...]:
    """Return the loggers of a study, run from the texts of their files by name; TensorBoard has none.

    Raises ArchError for what defines no logger, RunError for what can't be had.
    """
    with TemporaryDirectory() as folder:
        choices = []
        for name, text in texts.items():
            file = Path(folder) / name
            if text:
                write_text(file, text)
            choices.append(LogChoice(name, file if text else None))
        return load_logs(choices)


def open_study_logs(
    loaded: Sequence[LoadedLog], cell: Cell, place: Path, context: StudyContext
) -> AbstractContextManager[Logs | None]:
    """Return the loggers of ``cell``, opened for a run that is called by its network, settings and seed.

    One that fails is told nothing more; the worker's log says so. Raises RunError where one can't be opened.
    """
    if not loaded:
        return nullcontext()
    study = Path(context.study)
    name = run_name(cell)
    logs = (study if place.is_relative_to(study) else place) / FOLDER / name
    settings = settings_of(cell.recipe, network=cell.variant, data=context.data.name)
    run = LoggedRun(name=name, folder=place, logs=logs, group=study.name, settings=settings)
    return Logs(loaded, run, logging.getLogger("distributed.worker").warning)


def run_name(cell: Cell) -> str:
    """Return what a cell is called: its network with its settings, and its seed, which is a folder below that."""
    settings = ",".join(f"{path.rpartition('.')[2]}={value}" for path, value in cell.settings.items())
    named = re.sub(r"[^\w=.,+-]", "_", f"{cell.variant},{settings}" if settings else cell.variant)
    return f"{named}/{'screen' if cell.stage == 'screen' else 'seed'}-{cell.seed}"


def end_study_logs(log: Logs, place: Path, result: CellResult) -> None:
    """Tell the result of a cell that has ended; one that was ended early has none."""
    summary = None if result.is_pruned else read_summary(RunFolder(place))
    if summary is not None:
        log.end(replace(summary, test_accuracy=result.test_accuracy, test_loss=result.test_log_loss))
