"""``archcli resume``: a run goes on from where it was stopped, or gets more epochs."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.commands.train import Beginning, Trained, describe, open_logs, train_in
from builder.diagnostics import RunError
from builder.runs import processes
from builder.runs.logs.choice import choose_logs
from builder.runs.logs.logs import load_logs, not_told
from builder.runs.open import open_run
from builder.runs.prepare import prepare_again
from builder.runs.weights import quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from builder.choices import StepName
    from builder.runs.logs.logs import LoadedLog
    from builder.runs.prepare import Prepared
    from builder.training.folder.run_folder import RunFolder
    from builder.training.folder.summary import Summary
    from builder.training.progress import Progress


@dataclass(frozen=True, kw_only=True)
class ResumeOptions:
    """The run that goes on, and what is to be otherwise than it was: None, ``auto`` and nothing leave it so."""

    run: Path
    settings: tuple[str, ...] = ()
    device: str = "auto"
    data_dir: Path | None = None
    plugins: tuple[Path, ...] = ()
    step: StepName = "auto"
    threads: int | None = None
    logs: tuple[str, ...] = ()


def run(
    request: ResumeOptions,
    on_beginning: Callable[[Beginning], None],
    on_progress: Callable[[Progress], None],
    on_note: Callable[[str], None] = quiet,
) -> Trained:
    """Train a run to its end and return the result, which is at once there if it had ended before.

    Loggers are told what they do not know of the run, its earlier epochs too; ``on_note`` is told which has failed.
    Raises RunError where the run failed, ArchError and RunError as ``open_run`` and ``prepare_again`` do and as loggers
    can't be had, and whatever ``builder.training.trainer.train`` raises.
    """
    from builder.training.folder.run_folder import RunFolder
    from builder.training.folder.summary import read_summary

    path = request.run
    folder = RunFolder.open(path)
    _refuse_failed(folder)
    if not folder.has_checkpoints:
        raise _nothing_to_resume(folder)
    logs = choose_logs(request.logs)
    loaded = load_logs(logs) if processes.is_first() else ()
    opened = open_run(path, request.plugins)
    ready = prepare_again(opened, request.settings, request.device, request.data_dir, request.step, request.threads)
    with ready.group as group:
        beginning = describe(str(folder.page), ready, folder, opened.checked.unchecked, logs)
        on_beginning(beginning)
        ended = group.broadcast_from_rank0(lambda: read_summary(folder))
        if ended is not None and ended.epochs == ready.recipe.epochs:
            _log_ended(ended, not_told(loaded, folder.path, ended.final.epoch), folder, ready, on_note)
            return Trained(beginning, ended)
        with open_logs(loaded, folder, ready, on_note) as log:
            return Trained(beginning, train_in(folder, ready, on_progress, log))


def _log_ended(
    summary: Summary, loaded: Sequence[LoadedLog], folder: RunFolder, ready: Prepared, on_note: Callable[[str], None]
) -> None:
    """Tell a run that has ended to loggers that do not know it."""
    with open_logs(loaded, folder, ready, on_note) as log:
        log.catch_up(summary.final.epoch + 1)
        log.end(summary)


def _nothing_to_resume(folder: RunFolder) -> RunError:
    """Return why a run without ``last`` and ``prev`` can't go on, and what there is to do instead."""
    from builder.training.folder.summary import read_summary

    page = shlex.quote(str(folder.page))
    ended = read_summary(folder)
    if ended is None or not folder.best.exists():
        message = f"{folder.path} has lost its checkpoints, {folder.last.name} and {folder.previous.name}"
        return RunError(message, f"train again: archcli train {page} …")
    message = f"{folder.path} has finished and keeps only its best weights: it can't be trained longer"
    weights = shlex.quote(str(folder.best))
    return RunError(message, f"train again, from these: archcli train {page} --weights {weights} …")


def _refuse_failed(folder: RunFolder) -> None:
    """Raise RunError, with what there is to do instead, if going on would only come to the same failure again."""
    from builder.training.folder.failure import read_failure

    failed = read_failure(folder)
    if failed is None:
        return
    page = shlex.quote(str(folder.page))
    best = f" --weights {shlex.quote(str(folder.best))}" if folder.best.exists() else ""
    hint = f"{failed.hint}, in a new run: archcli train {page}{best} …; to continue anyway, remove {folder.failed}"
    raise RunError(f"{folder.path} has failed, and continuing would repeat the same steps: {failed.message}", hint)
