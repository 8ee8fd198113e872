"""Compile one YAML page into a plain ``nn.Module``; see ``docs/architecture.md`` for the rooms.

Nothing is imported here but names that need no torch: ``builder.build`` fetches torch when it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Sequence

    import torch
    from torch import nn

    from builder.choices import Format, KeepName, MemoryFormat, SplitName, StepName
    from builder.commands.evaluate import Evaluated
    from builder.commands.predict import Predicted
    from builder.commands.train import Trained
    from builder.expressions import Result
    from builder.graph import Graph
    from builder.importing.convert import Imported
    from builder.training.progress import Progress
    from builder.training.recipe.data_sets import DataName

__all__ = ["build", "evaluate", "import_module", "load", "predict", "train"]


def load(
    page: str | os.PathLike[str],
    *,
    member: str | None = None,
    input: tuple[int, int, int] | None = None,  # noqa: A002 - the page's own word
    classes: int | None = None,
    plugins: Sequence[str | os.PathLike[str]] = (),
    **params: Result,
) -> Graph:
    """Return the graph of a page, without torch.

    ``page`` is a file, a file and a member (``mine.yaml:small``) or the name of a shipped architecture; ``input`` is
    (channels, height, width), ``plugins`` are files of operations, which are run, and ``params`` are parameters of the
    page. Raises ArchError with every mistake.
    """
    from builder.lowering import load as lowered  # noqa: PLC0415 - whoever imports one room pays for no other
    from builder.ops.plugins import with_plugins  # noqa: PLC0415 - the same

    operations = with_plugins(plugins)
    return lowered(page, member=member, input=input, classes=classes, params=params, operations=operations)


def build(
    page: str | os.PathLike[str],
    *,
    member: str | None = None,
    input: tuple[int, int, int] | None = None,  # noqa: A002 - the page's own word
    classes: int | None = None,
    plugins: Sequence[str | os.PathLike[str]] = (),
    **params: Result,
) -> nn.Module:
    """Return the network of a page as a plain module with fresh weights; the arguments are those of ``load``.

    It maps a batch (images, channels, height, width) to logits (images, classes). The next one of the same page costs
    its weights only. Raises ArchError with every mistake.
    """
    from builder.runtime.again import build_page

    def lowered() -> Graph:
        return load(page, member=member, input=input, classes=classes, plugins=plugins, **params)

    return build_page(page, lowered, None if plugins else repr((member, input, classes, params)))


def import_module(net: nn.Module, input: Sequence[int] | None = None) -> Imported:  # noqa: A002 - the page's own word
    """Return the page of a network for images of ``input``, (channels, height, width), proven equal on the spot.

    Without ``input`` the first usual size that the network takes. ``text`` is the page, ``is_equal`` whether the
    outputs have the same bits, ``holes`` what a page cannot say. The network is left in evaluation mode. Raises
    ArchError where it does not take such images.
    """
    from builder.importing.network import import_module as imported  # noqa: PLC0415 - needs torch

    return imported(net, input)


def train(  # noqa: PLR0913 - an option of the command is an argument here
    page: str | os.PathLike[str],
    *,
    data: DataName = "cifar10",
    data_dir: str | os.PathLike[str] = "data",
    recipe: str | os.PathLike[str] | None = None,
    subset: int | None = None,
    device: str | torch.device = "auto",
    weights: str | os.PathLike[str] | None = None,
    runs_dir: str | os.PathLike[str] = "runs",
    name: str | None = None,
    plugins: Sequence[str | os.PathLike[str]] = (),
    precision: Format | None = None,
    layout: MemoryFormat | None = None,
    deterministic: bool = False,
    step: StepName = "auto",
    keep: KeepName = "all",
    threads: int | None = None,
    log: Sequence[str | os.PathLike[str]] = (),
    on_progress: Callable[[Progress], None] | None = None,
    **settings: object,
) -> Trained:
    """Train a page's network as ``archcli train`` does, and return what that prints: its beginning and its summary.

    ``settings`` change fields of the recipe by their names: ``lr=0.01``, ``optimizer={"name": "sgd"}``. Everything is
    kept in a folder of its own, ``beginning.run``. Raises ArchError for a wrong page, recipe or setting, RunError for
    what can't be had or trained.
    """
    from builder import arguments, choices  # noqa: PLC0415 - whoever builds a network pays for no training
    from builder.commands.train import run  # noqa: PLC0415 - the same
    from builder.runs.prepare import TrainOptions  # noqa: PLC0415 - the same
    from builder.runs.settings import as_texts  # noqa: PLC0415 - the same

    if on_progress is not None and not callable(on_progress):
        raise arguments.refused("on_progress", "a function", on_progress)
    request = TrainOptions(
        page=str(arguments.path("page", page)),
        data=arguments.text("data", data),
        data_dir=arguments.path("data_dir", data_dir),
        recipe=None if recipe is None else str(arguments.path("recipe", recipe)),
        settings=as_texts(settings),
        subset=arguments.count("subset", subset),
        device=arguments.device(device),
        weights=None if weights is None else str(arguments.path("weights", weights)),
        runs_dir=arguments.path("runs_dir", runs_dir),
        name=arguments.text("name", name),
        plugins=arguments.paths("plugins", plugins),
        precision=None if precision is None else arguments.one_of("precision", precision, choices.Format),
        layout=None if layout is None else arguments.one_of("layout", layout, choices.MemoryFormat),
        deterministic=arguments.truth("deterministic", deterministic),
        step=arguments.one_of("step", step, choices.StepName),
        keep=arguments.one_of("keep", keep, choices.KeepName),
        threads=arguments.count("threads", threads, choices.MOST_THREADS),
        logs=tuple(map(str, arguments.paths("log", log))),
    )
    return run(request, lambda _: None, on_progress or (lambda _: None))


def evaluate(  # noqa: PLR0913 - an option of the command is an argument here
    run: str | os.PathLike[str],
    *,
    split: SplitName = "test",
    data: DataName | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    weights: str | os.PathLike[str] | None = None,
    recipe: str | os.PathLike[str] | None = None,
    device: str | torch.device = "auto",
    plugins: Sequence[str | os.PathLike[str]] = (),
    output: str | os.PathLike[str] | None = None,
    threads: int | None = None,
) -> Evaluated:
    """Return how good a run's best weights are, as ``archcli evaluate`` says it; or a page's, with ``weights``.

    Without ``data`` the images are the run's own. Pictures go to ``output``, else into the run's folder. Raises
    ArchError for a wrong page, RunError where the run is no longer what was trained, or images can't be had.
    """
    from builder import arguments, choices  # noqa: PLC0415 - whoever builds a network pays for no evaluation
    from builder.commands.evaluate import EvaluateOptions  # noqa: PLC0415 - the same
    from builder.commands.evaluate import run as evaluated  # noqa: PLC0415 - the same

    question = EvaluateOptions(
        what=str(arguments.path("run", run)),
        split=arguments.one_of("split", split, choices.SplitName),
        data=arguments.text("data", data),
        data_dir=None if data_dir is None else arguments.path("data_dir", data_dir),
        device=arguments.device(device),
        weights=None if weights is None else str(arguments.path("weights", weights)),
        recipe=None if recipe is None else str(arguments.path("recipe", recipe)),
        plugins=arguments.paths("plugins", plugins),
        output=None if output is None else arguments.path("output", output),
        threads=arguments.count("threads", threads, choices.MOST_THREADS),
    )
    return evaluated(question, lambda _: None)


def predict(
    run: str | os.PathLike[str],
    images: Iterable[str | os.PathLike[str]],
    *,
    weights: str | os.PathLike[str] | None = None,
    recipe: str | os.PathLike[str] | None = None,
    classes: int | None = None,
    device: str | torch.device = "auto",
    plugins: Sequence[str | os.PathLike[str]] = (),
) -> Predicted:
    """Return what a run's best weights answer to image files, as ``archcli predict`` says it; or a page's ``weights``.

    ``images`` are files and folders of them; those that can't be read are ``unreadable`` in what is returned. Raises
    ArchError where there is no image or a page is wrong, RunError where the run is no longer what was trained.
    """
    from builder import arguments  # noqa: PLC0415 - whoever builds a network pays for no prediction
    from builder.commands.predict import PredictOptions  # noqa: PLC0415 - the same
    from builder.commands.predict import run as predicting  # noqa: PLC0415 - the same

    question = PredictOptions(
        what=str(arguments.path("run", run)),
        images=arguments.paths("images", images),
        weights=None if weights is None else str(arguments.path("weights", weights)),
        recipe=None if recipe is None else str(arguments.path("recipe", recipe)),
        classes=arguments.count("classes", classes),
        device=arguments.device(device),
        plugins=arguments.paths("plugins", plugins),
    )
    return predicting(question, lambda _: None).finished()
