"""One cell trained and tested, in its own folder; stopped anywhere, it goes on from its own last checkpoint."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from builder.diagnostics import RunError
from builder.identity import graph_id
from builder.lowering import load
from builder.ops import OPERATIONS
from builder.ops.plugins import with_plugins
from builder.runs.open import check_run
from builder.runs.prepare import choose_for
from builder.runtime.compile import build
from builder.study.plan.stages import Stages
from builder.study.results.result import CellResult
from builder.study.workers.images import load_images
from builder.training.data.batches import Batches
from builder.training.device.devices import choose_device
from builder.training.device.execution import Execution
from builder.training.device.kinds import kind_of
from builder.training.device.threads import fixed_threads
from builder.training.evaluation.evaluate import predict
from builder.training.folder.failure import DivergedError
from builder.training.folder.metrics import read_metrics
from builder.training.folder.run_files import RunData, write_data
from builder.training.folder.run_folder import RunFolder
from builder.training.progress import EpochDone
from builder.training.randomness import seed_globally
from builder.training.trainer import train

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import torch
    from numpy.typing import NDArray
    from torch import nn

    from builder.ops import Operations
    from builder.study.plan.plan import Plan
    from builder.study.results.cells import Cell
    from builder.study.results.folder import CellFolder, StudyFolder
    from builder.study.workers.serve import Alive, Perform
    from builder.training.data.dataset import DataSet
    from builder.training.folder.metrics import EpochMetrics
    from builder.training.progress import Progress


class Pruned(Exception):  # noqa: N818 - no error: it ends a trial that promises nothing
    """A cell is to be ended after the epoch that has just been validated."""


def run_cell(
    cell: Cell,
    folder: Path,
    data: DataSet,
    device: torch.device,
    on_progress: Callable[[Progress], None],
    operations: Operations = OPERATIONS,
) -> CellResult:
    """Return what ``cell`` results in; its page lies in ``folder``, where the run is kept as well.

    A screen is trained without the test split, and ``on_progress`` may end it with Pruned after an epoch; a
    confirmation reads the test split once, with the best epoch's weights. Raises whatever
    ``builder.training.trainer.train`` raises.
    """
    run = RunFolder(folder)
    graph = load(run.page, operations=operations)
    seed_globally(cell.recipe.seed)
    model = build(graph)
    images = data.with_channels(graph.input.channels)
    if run.has_begun:
        check_run(run, cell.recipe, graph_id(graph))
    else:
        write_data(run, RunData(name=data.name, network=graph_id(graph)))
    execution = Execution(choose_for(graph, cell.recipe, device).precision, threads=fixed_threads() or 1)
    try:
        summary = train(model, replace(images, test=None), cell.recipe, run, device, on_progress, execution=execution)
    except Pruned:
        return replace(_ended_early(cell, read_metrics(run.metrics)), is_pruned=True)
    outcome = _outcome(cell, read_metrics(run.metrics), summary.best_epoch, summary.best_val_accuracy, summary.seconds)
    if cell.stage == "screen":
        return outcome
    answers = _answers(model, images, cell, device)
    return replace(outcome, test_accuracy=float(np.mean(answers == _labels(images))), test_predictions=answers)


def _ended_early(cell: Cell, metrics: Sequence[EpochMetrics]) -> CellResult:
    best = max(metrics, key=lambda each: each.val_accuracy, default=None)
    epoch, accuracy = (best.epoch, best.val_accuracy) if best else (0, 0.0)
    return _outcome(cell, metrics, epoch, accuracy, sum(each.seconds for each in metrics))


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


def _answers(model: nn.Module, data: DataSet, cell: Cell, device: torch.device) -> NDArray[np.uint16]:
    assert data.test is not None, "load_images sees to it"
    return predict(model, Batches(data.test, cell.recipe, device)).numpy().astype(np.uint16)


def _labels(data: DataSet) -> NDArray[np.int64]:
    assert data.test is not None, "load_images sees to it"
    return data.test.labels.numpy()


def prepare_trials(
    folder: StudyFolder, plan: Plan, device: str, data_dir: Path, number: int = 0, plugins: Sequence[Path] = ()
) -> Perform:
    """Return what trains cells of the study in ``folder`` on ``device``, with the images loaded once.

    Of several GPUs it is the one of that ``number``. Raises RunError where the images can't be had, or are not those
    that the study was planned with.
    """
    chosen = choose_device(None if device == "auto" else device)
    kind = kind_of(chosen)
    if not kind.is_host and ":" not in device:
        chosen = kind.numbered(number)
    wanted = plan.data
    images = load_images(wanted.name, data_dir, wanted.side, wanted.subset, wanted.test)
    if images.fingerprint != wanted.fingerprint:
        message = f"the images of {wanted.name} in {data_dir} are not the images of the study's plan"
        raise RunError(message, "plan it again with these images, or give the right folder: --data-dir")

    trials, operations = Stages(folder, plan).trials, with_plugins(plugins)

    def perform(cell: Cell, place: CellFolder, alive: Alive) -> CellResult:
        def tell(event: Progress) -> None:
            if not isinstance(event, EpochDone):
                alive()
                return
            done = event.metrics.epoch
            alive(epoch=done, epochs=cell.recipe.epochs)
            if trials is not None and cell.stage == "screen" and done < cell.recipe.epochs:
                curve = tuple(each.val_accuracy for each in read_metrics(place.metrics))
                if trials.is_hopeless(cell, curve):
                    raise Pruned

        try:
            return run_cell(cell, place.path, images, chosen, tell, operations)
        except DivergedError:
            if trials is None or cell.stage != "screen":
                raise
            ended = _ended_early(cell, read_metrics(place.metrics))
            return replace(ended, val_accuracy=0.0, is_diverged=True)  # a search is there to find that out

    return perform
