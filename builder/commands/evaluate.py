"""``archcli evaluate``: how good weights are on a split of a data set: a run's best, or others."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from builder.commands.answers import KEPT, draw_answers, named
from builder.diagnostics import ArchError, Diagnostic, RunError
from builder.files import is_folder
from builder.json_output import SAID
from builder.lowering import find
from builder.runs import processes
from builder.runs.best import answering_precision, best_network
from builder.runs.images import FOLDER, load_images, load_others
from builder.runs.open import open_run
from builder.runs.prepare import TrainOptions, images_of, prepare
from builder.runs.weights import classes_of, need_complete, put_weights, quiet

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import nn

    from builder.choices import SplitName
    from builder.commands.answers import MistakeRow
    from builder.graph import Graph
    from builder.runs.open import OpenRun
    from builder.runs.weights import Weights
    from builder.training.data.dataset import DataSet
    from builder.training.device.precision import Precision
    from builder.training.evaluation.evaluate import Evaluation
    from builder.training.evaluation.mistakes import Mistakes
    from builder.training.folder.run_files import RunData
    from builder.training.progress import BatchDone
    from builder.training.recipe.data_sets import DataName
    from builder.training.recipe.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """A run or a page, and the images to ask about; None means those that the run was trained with.

    Images that nothing else says the place of are looked for in ``data_home``. ``weights`` stand for a run's best ones,
    and a page needs them; ``recipe`` says how images are prepared for a page. ``output`` is the folder for pictures;
    None leaves those of a run's own weights and data in the run's folder.
    """

    what: str
    split: SplitName = "test"
    data: DataName | None = None
    data_dir: Path | None = None
    data_home: Path = Path("data")
    device: str = "auto"
    weights: str | None = None
    recipe: str | None = None
    plugins: tuple[Path, ...] = ()
    output: Path | None = None
    threads: int | None = None


@dataclass(frozen=True, eq=False)
class _Subject:
    """A network with the weights in question, the data with the recipe that prepares them, and how to compute."""

    graph: Graph
    model: nn.Module
    data: DataSet
    recipe: Recipe
    weights: Weights | None
    precision: Precision
    threads: int | None = None
    warnings: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evaluated:
    """Mean cross entropy and accuracies from 0 to 1; ``class_accuracy`` is None for a class without images.

    ``confusion[true][answer]`` counts images; ``mistakes`` are the most confident ones. ``unchecked`` is what can't be
    checked of a run; ``test_time`` says over what each answer is a mean.
    """

    run: Path | None
    network: str
    weights: Weights | None
    data: str
    split: SplitName
    images: int
    loss: float
    accuracy: float
    class_accuracy: dict[str, float | None]
    confusion: tuple[tuple[int, ...], ...]
    mistakes: tuple[MistakeRow, ...]
    pictures: tuple[Path, ...]
    warnings: tuple[str, ...]
    unchecked: tuple[str, ...] = field(default=(), metadata=SAID)
    test_time: str = field(default="", metadata=SAID)


def run(
    question: EvaluateOptions, on_progress: Callable[[BatchDone], None], on_fetch: Callable[[str], None] = quiet
) -> Evaluated:
    """Return how good the weights are, and draw their answers; ``on_fetch`` is told what is downloaded.

    Raises RunError where there is no such run, split, data set or device, weights do not fill the network, or the
    folder for pictures can't be written; ArchError for a page that is wrong or comes without weights.
    """
    processes.before_torch_starts()
    from builder.training.device.devices import choose_device

    device = choose_device(None if question.device == "auto" else question.device)
    folder = Path(question.what) if is_folder(Path(question.what)) else None
    subject = _of_page(question, on_fetch) if folder is None else _of_run(question, folder, on_fetch)
    if subject.weights is not None:
        need_complete(subject.weights, subject.graph)
    data = subject.data
    found, wrong = _answers(question.split, subject, device, on_progress)
    mistakes = tuple(named(each, data.classes) for each in wrong.found())
    pictures, no_pictures = _draw(question, folder, subject, found, mistakes)
    return Evaluated(
        run=folder,
        network=subject.graph.name,
        weights=subject.weights,
        data=data.name,
        split=question.split,
        images=found.images,
        loss=found.loss,
        accuracy=found.accuracy,
        class_accuracy=dict(zip(data.classes, found.class_accuracy, strict=False)),
        confusion=found.confusion,
        mistakes=mistakes,
        pictures=pictures,
        warnings=(*subject.warnings, *no_pictures),
        unchecked=subject.unchecked,
        test_time=subject.recipe.test_time,
    )


def _answers(
    split: SplitName, subject: _Subject, device: torch.device, on_progress: Callable[[BatchDone], None]
) -> tuple[Evaluation, Mistakes]:
    """Return how good the weights are on a split, and their most confident mistakes."""
    from builder.training.data.batches import Batches
    from builder.training.device.determinism import with_deterministic_pooling
    from builder.training.device.threads import computing_in
    from builder.training.evaluation.evaluate import check_fit, evaluate_batches
    from builder.training.evaluation.mistakes import Mistakes
    from builder.training.progress import BatchDone

    data, precision = subject.data, subject.precision
    if split not in data.splits:
        hint = (
            f"there are: {', '.join(data.splits)}; `--data imagefolder --data-dir FOLDER` takes a whole folder as test"
        )
        raise RunError(f"{data.name} has no {split} split", hint)
    batches = Batches(data.splits[split], subject.recipe, device, precision)
    model = subject.model.to(device).to(memory_format=precision.memory_format)
    if precision.deterministic:
        with_deterministic_pooling(model, device)
    wrong, steps = Mistakes(KEPT), batches.evaluation_steps
    with computing_in(subject.threads, device), precision.on(device):
        check_fit(model, batches)
        return evaluate_batches(model, batches, lambda done: on_progress(BatchDone("test", done, steps)), wrong), wrong


def _draw(
    question: EvaluateOptions,
    folder: Path | None,
    subject: _Subject,
    found: Evaluation,
    mistakes: tuple[MistakeRow, ...],
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Draw the answers; return the pictures and why there are none, where nobody named the folder they can't go to."""
    own = question.data is None and question.weights is None
    place = question.output or (folder if own else None)
    if place is None:
        return (), ()
    try:
        return draw_answers(found, mistakes, subject.data, question.split, subject.graph.name, place), ()
    except RunError as error:
        if question.output is not None:
            raise
        return (), (f"no pictures: {error.message}; `-o FOLDER` puts them elsewhere",)


def _of_page(question: EvaluateOptions, on_fetch: Callable[[str], None]) -> _Subject:
    """Return the network of a page, prepared as for training."""
    from builder.training.device.precision import PLAIN

    find(question.what)
    if question.weights is None:
        hint = "name them: --weights FILE or --weights torchvision:NAME; or name the folder of a run"
        raise ArchError(Diagnostic("usage", f"`{question.what}` is a page and has no weights", None, hint))
    request = TrainOptions(
        page=question.what,
        recipe=question.recipe,
        device=question.device,
        weights=question.weights,
        plugins=question.plugins,
        threads=question.threads,
    )
    request = replace(request, data=question.data or request.data, data_dir=question.data_dir or question.data_home)
    ready = prepare(request, on_fetch, judging=question.split)
    return _Subject(ready.graph, ready.model, ready.data, ready.recipe, ready.weights, PLAIN, ready.threads.count)


def _of_run(question: EvaluateOptions, path: Path, on_fetch: Callable[[str], None]) -> _Subject:
    """Return the network of a run with its best weights, or with those that are asked for instead."""
    from builder.runtime.compile import build

    if question.recipe is not None:
        raise ArchError(Diagnostic("usage", "a run has its own recipe: leave out `--recipe`"))
    opened = open_run(path, question.plugins)
    data, warnings = _images(question, opened)
    weights = None
    if question.weights is not None:
        model = build(opened.graph)
        weights = put_weights(question.weights, model, opened.graph, on_fetch)
    else:
        model = best_network(opened)
    precision, threads = answering_precision(opened), question.threads or _kept_threads(opened)
    unchecked = opened.checked.unchecked
    return _Subject(opened.graph, model, data, opened.recipe, weights, precision, threads, warnings, unchecked)


def _kept_threads(run: OpenRun) -> int | None:
    """Return in how many threads the run computes, so that its answers are those of its own test."""
    try:
        return run.execution.threads
    except RunError:
        return None  # a folder that has lost the file that says it


def _images(question: EvaluateOptions, run: OpenRun) -> tuple[DataSet, tuple[str, ...]]:
    """Return the images that are asked about, classes numbered as the run's, with what there is to be said of them.

    They are the run's own, wherever they lie now, unless others are named.
    """
    checked, channels = run.checked, run.graph.input.channels
    is_own = question.data is None or (question.data == checked.data.name and question.data_dir is None)
    warnings: tuple[str, ...] = ()
    if is_own:
        chosen = images_of(run, question.data_dir)
        data = _own_images(chosen, run, channels, question.data_dir)
        if checked.fingerprint not in (None, data.fingerprint):
            warnings = (
                f"the images of {chosen.name} in {chosen.folder} are not those that {run.folder.path} trained with",
            )
    else:
        place = question.data_dir or Path(images_of(run).folder or question.data_home)
        data = load_others(str(question.data), place, run.recipe, channels, question.split)
    known = classes_of(question.weights) if question.weights is not None else None
    if known is not None:
        data = data.with_classes(known, str(question.weights))
    elif checked.classes is not None:
        data = data.with_classes(checked.classes, str(run.folder.path))
    return data, warnings


def _own_images(chosen: RunData, run: OpenRun, channels: int, moved_to: Path | None) -> DataSet:
    """Return the images that a run was trained with; a folder that can't hold them may be one of others."""
    try:
        return load_images(chosen, run.recipe, channels)
    except RunError as error:
        if moved_to is None or chosen.name != FOLDER or not is_folder(moved_to):
            raise
        hint = f"for other images than the run's: --data {FOLDER} --data-dir {shlex.quote(str(moved_to))}"
        raise RunError(error.message, hint) from error
