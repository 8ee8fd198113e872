"""``archcli evaluate``: how good a run's best weights are on a split of a data set."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from builder.diagnostics import RunError
from builder.lowering import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from builder.commands.preparation import DataName
    from builder.graph import Graph
    from builder.training.data import Split
    from builder.training.progress import BatchDone
    from builder.training.run_folder import RunFolder

SplitName: TypeAlias = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Question:
    """A run and the images to ask it about; None means those that it was trained with."""

    run: Path
    split: SplitName = "test"
    data: DataName | None = None
    data_dir: Path | None = None
    device: str = "auto"


@dataclass(frozen=True)
class Evaluated:
    """Mean cross entropy and accuracies from 0 to 1; ``class_accuracy`` is None for a class without images.

    ``confusion[true][answer]`` counts images.
    """

    run: Path
    network: str
    data: str
    split: SplitName
    images: int
    loss: float
    accuracy: float
    class_accuracy: dict[str, float | None]
    confusion: tuple[tuple[int, ...], ...]


def run(question: Question, on_progress: Callable[[BatchDone], None]) -> Evaluated:
    """Return how good the run is; raise RunError where there is no such run, split, data set or device."""
    from builder.training.batches import Batches
    from builder.training.devices import choose_device
    from builder.training.evaluate import check_fit, evaluate_batches
    from builder.training.progress import BatchDone
    from builder.training.recipe import load_recipe
    from builder.training.run_folder import RunFolder

    folder = RunFolder.open(question.run)
    device = choose_device(None if question.device == "auto" else question.device)
    graph = load(folder.page)
    name, split, classes = _images(question, folder, graph.input.channels)
    batches = Batches(split, load_recipe(folder.recipe), device)
    model = _best(folder, graph).to(device)
    check_fit(model, batches)
    steps = batches.evaluation_steps
    found = evaluate_batches(model, batches, lambda done: on_progress(BatchDone("test", done, steps)))
    return Evaluated(
        run=question.run,
        network=graph.name,
        data=name,
        split=question.split,
        images=found.images,
        loss=found.loss,
        accuracy=found.accuracy,
        class_accuracy=dict(zip(classes, found.class_accuracy, strict=False)),
        confusion=found.confusion,
    )


def _best(folder: RunFolder, graph: Graph) -> nn.Module:
    """Return the network with the weights of its best epoch."""
    from builder.runtime.compile import build
    from builder.training.weights import load_weights, read_weights

    model = build(graph)
    if not load_weights(model, read_weights(folder.best)).complete:
        raise RunError(f"{folder.best} does not hold the weights of {folder.page}")
    return model


def _images(question: Question, folder: RunFolder, channels: int) -> tuple[str, Split, tuple[str, ...]]:
    """Return the name of the data set, the split, and the names of the classes."""
    from builder.training.datasets import load as load_data
    from builder.training.recipe import load_recipe

    recipe = load_recipe(folder.recipe)
    if question.data is not None and question.data_dir is not None:
        name, place = str(question.data), question.data_dir
    else:
        trained_with, lay_in = _trained_with(folder)
        name, place = question.data or trained_with, question.data_dir or lay_in
    data = load_data(name, place, recipe.resize).hold_out(recipe.validation, recipe.seed).with_channels(channels)
    if question.split not in data.splits:
        raise RunError(f"{name} has no {question.split} split", f"there are: {', '.join(data.splits)}")
    return name, data.splits[question.split], data.classes


def _trained_with(folder: RunFolder) -> tuple[str, Path]:
    """Return the data set of the run and where it lay."""
    path = folder.path / "data.json"
    try:
        found = json.loads(path.read_text("utf-8"))
        return str(found["name"]), Path(found["folder"])
    except (OSError, ValueError, KeyError, TypeError):
        raise RunError(f"{path} does not say what the run was trained with", "name it: --data and --data-dir") from None
