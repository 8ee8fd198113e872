"""``archcli predict``: the classes that a network gives image files, with their probabilities, batch by batch."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from builder.choices import IMAGE_SUFFIXES
from builder.diagnostics import ArchError, Diagnostic
from builder.files import is_folder
from builder.json_output import SAID
from builder.lowering import find, load_page, lower
from builder.lowering.sizes import lower_at
from builder.ops.plugins import with_plugins
from builder.runs import processes
from builder.runs.best import answering_precision, best_network
from builder.runs.open import open_run
from builder.runs.weights import classes_of, need_complete, put_weights, quiet
from builder.training.recipe.data_sets import DEFAULT_DATA, is_gray, recipe_of
from builder.training.recipe.recipe import Normalize, load_recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import nn

    from builder.graph import Graph
    from builder.runs.weights import Weights
    from builder.training.device.precision import Precision
    from builder.training.evaluation.prediction import Answer, Predictor, Unreadable
    from builder.training.progress import BatchDone
    from builder.training.recipe.recipe import Recipe
    from builder.training.weights.published import PublishedFor


@dataclass(frozen=True, kw_only=True)
class PredictOptions:
    """A run, or a page with ``weights``, and image files or folders of them.

    ``recipe`` says how images are prepared for a page, ``classes`` how many a page's network tells apart;
    ``batch_size`` is how many images are computed at a time, None as many as in an evaluation.
    """

    what: str
    images: tuple[Path, ...]
    weights: str | None = None
    recipe: str | None = None
    classes: int | None = None
    batch_size: int | None = None
    device: str = "auto"
    plugins: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Prediction:
    """The class of an image file, its probability, and those of all classes in the order of ``Predicted.classes``."""

    file: Path
    class_: str
    probability: float
    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class Predicted:
    """What a network answers to all image files, and which of them could not be read."""

    run: Path | None
    network: str
    weights: Weights | None
    classes: tuple[str, ...]
    images: tuple[Prediction, ...]
    unreadable: tuple[Unreadable, ...]
    warnings: tuple[str, ...] = field(default=(), metadata=SAID)
    unchecked: tuple[str, ...] = field(default=(), metadata=SAID)


@dataclass(frozen=True, eq=False)
class Predicting:
    """The same while it is computed: ``images`` are read and answered as one goes through them, which is once.

    ``files`` are all that were found; ``unreadable`` fills up on the way.
    """

    run: Path | None
    network: str
    weights: Weights | None
    classes: tuple[str, ...]
    files: tuple[Path, ...]
    images: Iterator[Prediction]
    unreadable: list[Unreadable]
    warnings: tuple[str, ...]
    unchecked: tuple[str, ...]

    def finished(self, images: Sequence[Prediction] | None = None) -> Predicted:
        """Return the result: with all images, or with those that are given where they were passed on already."""
        found = tuple(self.images if images is None else images)
        return Predicted(
            self.run, self.network, self.weights, self.classes, found, tuple(self.unreadable),
            self.warnings, self.unchecked,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Subject:
    """A network with the weights in question, its classes by name, the recipe that prepares images, and the rest."""

    graph: Graph
    model: nn.Module
    recipe: Recipe
    classes: tuple[str, ...] | None
    weights: Weights | None
    precision: Precision
    gray: bool = False
    warnings: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()


def run(
    question: PredictOptions, on_progress: Callable[[BatchDone], None], on_fetch: Callable[[str], None] = quiet
) -> Predicting:
    """Return the answers to image files, computed as one goes through them; ``on_fetch`` is told of downloads.

    Images are read as image folders are and prepared as the validation images of a run are, in float32. Raises
    ArchError for a wrong page or recipe, and where there is no image; RunError where there is no such run or device,
    weights do not fill the network, or a folder can't be read.
    """
    processes.before_torch_starts()
    from builder.training.data.batches import EVALUATION_BATCH
    from builder.training.device.devices import choose_device
    from builder.training.evaluation.prediction import Predictor

    device = choose_device(None if question.device == "auto" else question.device)
    folder = Path(question.what) if is_folder(Path(question.what)) else None
    files, empty = _files(question.images)
    subject = _of_page(question, on_fetch) if folder is None else _of_run(question, folder, on_fetch)
    if subject.weights is not None:
        need_complete(subject.weights, subject.graph)
    predictor = Predictor(
        subject.model, subject.recipe, subject.graph.input.channels, device, subject.precision, gray=subject.gray
    )
    classes = _names(subject)
    unreadable: list[Unreadable] = []
    size = question.batch_size or EVALUATION_BATCH
    found = _predictions(predictor, files, size, classes, unreadable, on_progress)
    return Predicting(
        run=folder,
        network=subject.graph.name,
        weights=subject.weights,
        classes=classes,
        files=files,
        images=found,
        unreadable=unreadable,
        warnings=(*subject.warnings, *(f"there is no image in {each}" for each in empty)),
        unchecked=subject.unchecked,
    )


def _files(places: Sequence[Path]) -> tuple[tuple[Path, ...], list[Path]]:
    """Return the files that are named, with those below folders in their order, and the folders without an image."""
    from builder.training.data.image_folder import images_below

    found = [(place, images_below(place) if os.path.isdir(place) else [place]) for place in places]  # noqa: PTH112 - Path.is_dir raises for names that are too long
    files = tuple(file for _, below in found for file in below)
    empty = [place for place, below in found if not below]
    if not files:
        where = ", ".join(map(str, empty))
        hint = f"name image files or folders of them; in a folder, names of images end in {', '.join(IMAGE_SUFFIXES)}"
        raise ArchError(
            Diagnostic("usage", f"there is no image in {where}" if where else "no image is named", None, hint)
        )
    return files, empty


def _predictions(
    predictor: Predictor,
    files: Sequence[Path],
    batch_size: int,
    classes: Sequence[str],
    unreadable: list[Unreadable],
    on_progress: Callable[[BatchDone], None],
) -> Iterator[Prediction]:
    """Yield a prediction for every file that can be read, and put the others into ``unreadable``."""
    from builder.training.evaluation.prediction import Unreadable
    from builder.training.progress import BatchDone

    steps = -(-len(files) // batch_size)
    for step, batch in enumerate(predictor.answers(files, batch_size), 1):
        on_progress(BatchDone("test", step, steps))
        for each in batch:
            if isinstance(each, Unreadable):
                unreadable.append(each)
            else:
                yield _named(each, classes)


def _named(found: Answer, classes: Sequence[str]) -> Prediction:
    probability = found.probabilities[found.answer]
    return Prediction(found.file, classes[found.answer], probability, found.probabilities)


def _names(subject: _Subject) -> tuple[str, ...]:
    """Return a name for each class: what the run's images or the weights call it, else its number."""
    known = subject.classes
    if known is not None and len(known) == subject.graph.classes:
        return known
    return tuple(map(str, range(subject.graph.classes)))


def _of_run(question: PredictOptions, path: Path, on_fetch: Callable[[str], None]) -> _Subject:
    """Return the network of a run with its best weights, or with those that are asked for instead."""
    from builder.runtime.compile import build

    given = [name for name, value in (("--recipe", question.recipe), ("--classes", question.classes)) if value]
    if given:
        raise ArchError(Diagnostic("usage", f"a run has its own recipe and classes: leave out `{given[0]}`"))
    opened = open_run(path, question.plugins)
    weights = None
    if question.weights is not None:
        model = build(opened.graph)
        weights = put_weights(question.weights, model, opened.graph, on_fetch)
    else:
        model = best_network(opened)
    checked = opened.checked
    return _Subject(
        graph=opened.graph,
        model=model,
        recipe=opened.recipe.at(opened.graph.input.sizes[-1]),
        classes=(classes_of(question.weights) if question.weights is not None else None) or checked.classes,
        weights=weights,
        precision=answering_precision(opened),
        gray=is_gray(checked.data.name),
        unchecked=checked.unchecked,
    )


def _of_page(question: PredictOptions, on_fetch: Callable[[str], None]) -> _Subject:
    """Return the network of a page with the weights that are named, and images as a recipe or torchvision says."""
    from builder.runtime.compile import build
    from builder.training.device.precision import PLAIN
    from builder.training.weights.published import PREFIX, published_for

    place = find(question.what)
    if question.weights is None:
        hint = "name them: --weights FILE or --weights torchvision:NAME; or name the folder of a run"
        raise ArchError(Diagnostic("usage", f"`{question.what}` is a page and has no weights", None, hint))
    is_published = question.weights.startswith(PREFIX)
    published = published_for(question.weights.removeprefix(PREFIX)) if is_published else None
    recipe, warnings = _preparation(question, published)
    page = load_page(*place, with_plugins(question.plugins))
    own = lower(page, classes=question.classes)
    recipe = _with_size(recipe, own)
    assert recipe.side is not None, "it has been given the page's"
    graph = lower_at(page, own.input.channels, recipe.side, classes=own.classes)
    model = build(graph)
    weights = put_weights(question.weights, model, graph, on_fetch)
    if weights.note is not None and (question.recipe is not None or graph.params.get("transform_input") is False):
        warnings = (*warnings, f"the weights of {weights.source} were {weights.note}")
    names = published.classes if published else classes_of(question.weights)
    return _Subject(graph, model, recipe, names, weights, PLAIN, warnings=warnings)


def _preparation(question: PredictOptions, published: PublishedFor | None) -> tuple[Recipe, tuple[str, ...]]:
    """Return the recipe that prepares the images of a page, with a warning where it is not quite as published."""
    if question.recipe is not None:
        return load_recipe(question.recipe), ()
    if published is None:
        hint = "name the recipe that the weights were trained with: --recipe FILE, or the name of a shipped one"
        raise ArchError(Diagnostic("usage", "nothing says how the images are prepared for these weights", None, hint))
    prepared = {
        "size": published.size,
        "crop_pct": published.size / (published.resize + 0.5),  # rounded down, `resize` is what it gives
        "normalize": Normalize(mean=published.mean, std=published.std),
    }
    warnings: tuple[str, ...] = ()
    if published.interpolation != "bilinear":
        how = f"resized with {published.interpolation} interpolation, and here it is bilinear"
        warnings = (f"the images of {question.weights} were {how}: probabilities differ a little",)
    return load_recipe(recipe_of(DEFAULT_DATA)).model_copy(update=prepared), warnings


def _with_size(recipe: Recipe, graph: Graph) -> Recipe:
    """Return ``recipe`` with the side of the images, which is the page's unless the recipe has its own."""
    _, height, width = graph.input.sizes
    if recipe.size is None and height != width:
        message = f"images are made squares, and the page's input is {graph.input}"
        raise ArchError(Diagnostic("not-square", message, None, f"name a recipe with a size, such as `size: {height}`"))
    return recipe.at(height)
