"""``archcli evaluate``: how good weights are on a split of a data set: a run's best, or others."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from builder.commands.answers import KEPT, draw_answers, named
from builder.diagnostics import ArchError, Diagnostic, RunError
from builder.lowering import find, load
from builder.runs.plugins import operations_of_run
from builder.runs.prepare import TrainOptions, prepare
from builder.runs.weights import need_complete, put_weights, quiet

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from builder.choices import SplitName
    from builder.commands.answers import MistakeRow
    from builder.graph import Graph
    from builder.runs.weights import Weights
    from builder.training.data.dataset import DataSet
    from builder.training.evaluation.evaluate import Evaluation
    from builder.training.folder.run_folder import RunFolder
    from builder.training.progress import BatchDone
    from builder.training.recipe.data_sets import DataName
    from builder.training.recipe.recipe import Recipe


@dataclass(frozen=True)
class EvaluateOptions:
    """A run or a page, and the images to ask about; None means those that the run was trained with.

    ``weights`` stand for a run's best ones, and a page needs them; ``recipe`` says how images are prepared for a page.
    ``output`` is the folder for pictures; None leaves those of a run's own weights and data in the run's folder.
    """

    what: str
    split: SplitName = "test"
    data: DataName | None = None
    data_dir: Path | None = None
    device: str = "auto"
    weights: str | None = None
    recipe: str | None = None
    plugins: tuple[Path, ...] = ()
    output: Path | None = None


@dataclass(frozen=True, eq=False)
class _Subject:
    """A network with the weights in question, and the data with the recipe that prepares them."""

    graph: Graph
    model: nn.Module
    data: DataSet
    recipe: Recipe
    weights: Weights | None


@dataclass(frozen=True)
class Evaluated:
    """Mean cross entropy and accuracies from 0 to 1; ``class_accuracy`` is None for a class without images.

    ``confusion[true][answer]`` counts images; ``mistakes`` are the most confident ones.
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


def run(
    question: EvaluateOptions, on_progress: Callable[[BatchDone], None], on_fetch: Callable[[str], None] = quiet
) -> Evaluated:
    """Return how good the weights are, and draw their answers; ``on_fetch`` is told what is downloaded.

    Raises RunError where there is no such run, split, data set or device, weights do not fill the network, or the
    folder for pictures can't be written; ArchError for a page that is wrong or comes without weights.
    """
    from builder.training.data.batches import Batches
    from builder.training.device.devices import choose_device
    from builder.training.evaluation.evaluate import check_fit, evaluate_batches
    from builder.training.evaluation.mistakes import Mistakes
    from builder.training.progress import BatchDone

    device = choose_device(None if question.device == "auto" else question.device)
    folder = Path(question.what) if Path(question.what).is_dir() else None
    subject = _of_page(question, on_fetch) if folder is None else _of_run(question, folder, on_fetch)
    if subject.weights is not None:
        need_complete(subject.weights, subject.graph)
    data = subject.data
    if question.split not in data.splits:
        raise RunError(f"{data.name} has no {question.split} split", f"there are: {', '.join(data.splits)}")
    batches = Batches(data.splits[question.split], subject.recipe, device)
    model = subject.model.to(device)
    check_fit(model, batches)
    steps = batches.evaluation_steps
    wrong = Mistakes(KEPT)
    found = evaluate_batches(model, batches, lambda done: on_progress(BatchDone("test", done, steps)), wrong)
    mistakes = tuple(named(each, data.classes) for each in wrong.found())
    pictures, warnings = _draw(question, folder, subject, found, mistakes)
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
        warnings=warnings,
    )


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
    find(question.what)
    if question.weights is None:
        hint = "name them: --weights FILE or --weights torchvision:NAME; or name the folder of a run"
        raise ArchError(Diagnostic("usage", f"`{question.what}` is a page and has no weights", None, hint))
    request = TrainOptions(
        question.what,
        recipe=question.recipe,
        device=question.device,
        weights=question.weights,
        plugins=question.plugins,
    )
    request = replace(request, data=question.data or request.data, data_dir=question.data_dir or request.data_dir)
    ready = prepare(request, on_fetch)
    return _Subject(ready.graph, ready.model, ready.data, ready.recipe, ready.weights)


def _of_run(question: EvaluateOptions, path: Path, on_fetch: Callable[[str], None]) -> _Subject:
    """Return the network of a run with its best weights, or with those that are asked for instead."""
    from builder.runtime.compile import build
    from builder.training.folder.run_folder import RunFolder
    from builder.training.recipe.recipe import load_recipe

    if question.recipe is not None:
        raise ArchError(Diagnostic("usage", "a run has its own recipe: leave out `--recipe`"))
    folder = RunFolder.open(path)
    graph, recipe = (
        load(folder.page, operations=operations_of_run(folder, question.plugins)),
        load_recipe(folder.recipe),
    )
    data = _data(question, folder, recipe, graph.input.channels)
    model = build(graph)
    if question.weights is not None:
        return _Subject(graph, model, data, recipe, put_weights(question.weights, model, graph, on_fetch))
    _put_best(folder, model)
    return _Subject(graph, model, data, recipe, None)


def _put_best(folder: RunFolder, model: nn.Module) -> None:
    """Give the network the weights of its best epoch."""
    from builder.training.weights.files import load_weights, read_weights

    if not load_weights(model, read_weights(folder.best)).complete:
        raise RunError(f"{folder.best} does not contain the weights of {folder.page}")


def _data(question: EvaluateOptions, folder: RunFolder, recipe: Recipe, channels: int) -> DataSet:
    """Return the data set, its validation split held out as the run did."""
    from builder.training.data.named import load as load_data

    if question.data is not None and question.data_dir is not None:
        name, place = str(question.data), question.data_dir
    else:
        trained_with, lay_in = _trained_with(folder)
        name, place = question.data or trained_with, question.data_dir or lay_in
    data = load_data(name, place, recipe.resize)
    return data.hold_out(recipe.validation, recipe.seed).with_channels(channels)


def _trained_with(folder: RunFolder) -> tuple[str, Path]:
    """Return the data set of the run and where it lay."""
    path = folder.path / "data.json"
    try:
        found = json.loads(path.read_text("utf-8"))
        return str(found["name"]), Path(found["folder"])
    except (OSError, ValueError, KeyError, TypeError):
        raise RunError(f"{path} does not say what the run was trained with", "name it: --data and --data-dir") from None
