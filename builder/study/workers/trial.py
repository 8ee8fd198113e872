"""One cell trained and tested, in its own folder; stopped anywhere, it goes on from its own last checkpoint."""

from __future__ import annotations

from dataclasses import replace
from time import process_time
from typing import TYPE_CHECKING, Protocol

import numpy as np

from builder.diagnostics import RunError
from builder.identity import graph_id
from builder.lowering import lower, resolved_page
from builder.ops.plugins import with_plugins
from builder.runs.images import load_shared
from builder.runs.open import open_with
from builder.runs.prepare import Shared, TrainOptions, prepare, prepare_again, train_prepared
from builder.study.results.result import CellResult
from builder.study.workers.logs import end_study_logs, load_study_logs, open_study_logs
from builder.training.data.batches import Batches
from builder.training.device.devices import choose_device
from builder.training.device.kinds import kind_of
from builder.training.device.threads import fixed_threads
from builder.training.evaluation.calibration import Calibration
from builder.training.evaluation.evaluate import predict
from builder.training.folder.failure import DivergedError
from builder.training.folder.metrics import read_metrics
from builder.training.folder.run_files import RunData, write_data
from builder.training.folder.run_folder import RunFolder
from builder.training.progress import BatchDone, EpochDone, EpochStarted, ignore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from builder.runs.prepare import Prepared
    from builder.study.results.cells import Cell
    from builder.study.workers.context import StudyContext
    from builder.training.folder.metrics import EpochMetrics
    from builder.training.progress import Progress


class Watcher(Protocol):
    """Who wants to know how far a cell is."""

    def look(self, done: float) -> None:
        """Take note that so many epochs are done; raise Interrupted where the cell is not wanted any more."""

    def goes_on(self, curve: Sequence[float]) -> bool:
        """Return whether a trial of these validation accuracies goes on."""


class Pruned(Exception):  # noqa: N818 - no error: it ends a trial that promises nothing
    """A cell is to be ended after the epoch that has just been validated."""


def run_cell(cell: Cell, folder: Path, shared: Shared, on_progress: Callable[[Progress], None]) -> CellResult:
    """Return what ``cell`` results in; its page lies in ``folder``, where the run is kept as well.

    A screen is trained without the test split, and ``on_progress`` may end it with Pruned after an epoch; a
    confirmation reads the test split once, with the weights that the recipe selects. Raises whatever
    ``builder.training.trainer.train`` raises.
    """
    run = RunFolder(folder)
    begun, is_whole = process_time(), not run.has_begun
    ready = _prepared(cell, run, shared)
    try:
        summary = train_prepared(replace(ready, data=replace(ready.data, test=None)), run, on_progress)
    except Pruned:
        return replace(_ended_early(cell, read_metrics(run.metrics)), is_pruned=True)
    judged = summary.best_val_accuracy if cell.recipe.selection == "best" else summary.final.val_accuracy
    outcome = _outcome(cell, read_metrics(run.metrics), summary.best_epoch, judged, summary.seconds)
    if cell.stage == "screen":
        return outcome
    outcome = _tested(outcome, ready)
    return replace(outcome, processor_seconds=process_time() - begun if is_whole else None)


def _prepared(cell: Cell, run: RunFolder, shared: Shared) -> Prepared:
    """Return what the cell needs to begin, or to go on if it has begun; in one thread, which no load slows."""
    threads = fixed_threads() or 1
    if run.has_begun:
        return prepare_again(open_with(run, cell.recipe, shared.operations), threads=threads, shared=shared)
    ready = prepare(TrainOptions(page=str(run.page), recipe=cell.recipe, threads=threads), shared=shared)
    _check_network(cell, run, ready)
    write_data(run, RunData(name=shared.data.name, network=graph_id(ready.graph)))
    return ready


def _check_network(cell: Cell, run: RunFolder, ready: Prepared) -> None:
    """Let the folder's page have the size of this cell's images; RunError where it is not the network of the plan."""
    planned = lower(ready.page)
    if graph_id(planned) != cell.graph:
        message = f"{run.page} is not the network {cell.variant} of the plan"
        raise RunError(message, "the page in `networks` was changed: undo that, and remove the folder of this cell")
    if ready.graph.input != planned.input:
        run.write(run.page.name, resolved_page(ready.page, ready.graph))


def _ended_early(cell: Cell, metrics: Sequence[EpochMetrics]) -> CellResult:
    if not metrics:
        return _outcome(cell, metrics, 0, 0.0, 0)
    best = max(metrics, key=lambda each: each.val_accuracy)
    judged = best if cell.recipe.selection == "best" else metrics[-1]
    return _outcome(cell, metrics, best.epoch, judged.val_accuracy, sum(each.seconds for each in metrics))


def _outcome(
    cell: Cell, metrics: Sequence[EpochMetrics], best_epoch: int, val_accuracy: float, seconds: float
) -> CellResult:
    return CellResult(
        cell=cell.id,
        variant=cell.variant,
        settings=cell.settings,
        seed=cell.seed,
        stage=cell.stage,
        best_epoch=best_epoch,
        val_accuracy=val_accuracy,
        test_accuracy=None,
        test_predictions=None,
        test_correct=None,
        metrics=tuple(metrics),
        seconds=seconds,
    )


def _tested(outcome: CellResult, ready: Prepared) -> CellResult:
    """Return the outcome with the answers to the test images, and how good they are."""
    test = ready.data.test
    assert test is not None, "load_shared sees to it"
    logits = predict(ready.model, Batches(test, ready.recipe, ready.device))
    answers, calibration = logits.argmax(1), Calibration.of(logits, test.labels)
    return replace(
        outcome,
        test_accuracy=float(np.mean((answers == test.labels).numpy())),
        test_predictions=answers.numpy().astype(np.uint16),
        test_log_loss=None if calibration is None else calibration.log_loss,
        test_calibration_error=None if calibration is None else calibration.error,
    )


def trainer(context: StudyContext, plugins: Sequence[Path], number: int) -> Callable[[Cell, Path, Watcher], CellResult]:
    """Return what trains cells of a ``context``, with the images loaded once.

    Of several GPUs it takes the one of that ``number``. Raises RunError where the images can't be had, or are not those
    that the study was planned with.
    """
    chosen = choose_device(None if context.device == "auto" else context.device)
    kind = kind_of(chosen)
    if not kind.is_host and ":" not in context.device:
        chosen = kind.numbered(number)
    wanted, folder = context.data, context.images
    images = load_shared(wanted.name, folder, wanted.side, wanted.test)
    if images.fingerprint != wanted.fingerprint:
        message = f"the images of {wanted.name} in {folder} are not the images of the study's plan"
        raise RunError(message, "plan it again with these images, or give the right folder: --data-dir")
    shared = Shared(images, chosen, with_plugins(plugins), wanted.subset)
    loaded = load_study_logs(context.logs)

    def train(cell: Cell, place: Path, watch: Watcher) -> CellResult:
        with open_study_logs(loaded, cell, place, context) as log:
            result = _trained(cell, place, shared, watch, context, ignore if log is None else log.tell)
            if log is not None:
                end_study_logs(log, place, result)
            return result

    return train


def _trained(
    cell: Cell,
    place: Path,
    shared: Shared,
    watch: Watcher,
    context: StudyContext,
    log: Callable[[Progress], None],
) -> CellResult:
    """Train a cell while somebody watches it; a trial of a search that lost its way has a result too."""
    tries = context.is_searched and cell.stage == "screen"
    metrics = RunFolder(place).metrics
    before = 0

    def tell(event: Progress) -> None:
        nonlocal before
        log(event)
        done = float(before)
        if isinstance(event, EpochStarted):
            before = event.epoch - 1
            done = before + event.done / event.steps
        elif isinstance(event, BatchDone):
            done += event.done / event.steps if event.phase == "train" else 1
        elif isinstance(event, EpochDone):
            before = event.metrics.epoch
            done = float(before)
            if tries and context.is_pruned and before < cell.recipe.epochs:
                curve = tuple(each.val_accuracy for each in read_metrics(metrics))
                if not watch.goes_on(curve):
                    raise Pruned
        watch.look(done)

    try:
        return run_cell(cell, place, shared, tell)
    except DivergedError:
        if not tries:
            raise
        ended = _ended_early(cell, read_metrics(metrics))
        return replace(ended, val_accuracy=0.0, is_diverged=True)  # a search is there to find that out
