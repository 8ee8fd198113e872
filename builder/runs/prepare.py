"""From what the command line asks for to everything that a training run needs."""

from __future__ import annotations

import json
import os
import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from builder.costs import graph_cost
from builder.diagnostics import ArchError, Diagnostic, RunError
from builder.identity import graph_id
from builder.lowering import find, load_page, lower
from builder.ops.normalization import BatchNorm
from builder.ops.plugins import with_plugins
from builder.runs import processes
from builder.runs.plugins import operations_of_run
from builder.runs.weights import put_weights, quiet
from builder.training.recipe.data_sets import DEFAULT_DATA, RANDOM_DATA, recipe_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import nn

    from builder.choices import Format, MemoryFormat, StepName
    from builder.graph import Graph
    from builder.lowering.pages import Merged
    from builder.runs.weights import Weights
    from builder.training.data.dataset import DataSet
    from builder.training.device.distributed import ProcessGroup
    from builder.training.device.precision import ChosenPrecision
    from builder.training.folder.run_folder import RunFolder
    from builder.training.recipe.data_sets import BenchData
    from builder.training.recipe.recipe import Recipe

RANDOM = 2048  # random images, or four batches of them


@dataclass(frozen=True)
class TrainOptions:
    """What the command line asks for; None leaves a choice to the program."""

    page: str
    data: BenchData = DEFAULT_DATA
    data_dir: Path = Path("data")
    recipe: str | None = None
    settings: tuple[str, ...] = ()
    subset: int | None = None
    seed: int | None = None
    device: str = "auto"
    weights: str | None = None
    runs_dir: Path = Path("runs")
    name: str | None = None
    dry_run: bool = False
    plugins: tuple[Path, ...] = ()
    precision: Format | None = None
    layout: MemoryFormat | None = None
    deterministic: bool = False
    step: StepName = "auto"


@dataclass(frozen=True, eq=False)
class Prepared:
    """Everything that a run needs; ``page_classes`` is what the page said before the data set was known."""

    page: Merged
    graph: Graph
    page_classes: int
    model: nn.Module
    data: DataSet
    recipe: Recipe
    recipe_is_default: bool
    device: torch.device
    weights: Weights | None
    group: ProcessGroup
    chosen: ChosenPrecision
    step: StepName


def prepare(request: TrainOptions, on_fetch: Callable[[str], None] = quiet) -> Prepared:
    """Return what ``request`` asks for; mistakes of recipe and page come before anything is fetched or built.

    ``on_fetch`` is told before published weights are downloaded.

    Raises ArchError for a wrong page, recipe or setting; RunError for a device, data or weights that can't be had.
    """
    _before_torch_starts()
    from builder.runtime.compile import build
    from builder.training.device.determinism import set_workspace
    from builder.training.device.distributed import choose_own_device, join
    from builder.training.device.execution import check_step
    from builder.training.randomness import seed_globally

    recipe = _recipe(request)
    page = load_page(*find(request.page), with_plugins(request.plugins))
    own = lower(page)
    recipe = _with_size(recipe, own)
    if request.deterministic:
        set_workspace()
    device = choose_own_device(None if request.device == "auto" else request.device)
    check_step(request.step, device, processes.count())
    group = join(device)
    with group.rank0_first():
        data = _data(request, recipe, own.input.channels)
    assert recipe.size is not None, "it has been given the page's"
    graph = lower(page, input=(own.input.channels, recipe.size, recipe.size), classes=len(data.classes))
    _check_batch(graph, group.world_size, min(recipe.batch_size, len(data.train)))
    seed_globally(recipe.seed)
    model = build(graph)
    weights = None
    if request.weights is not None:
        weights, recipe = _begin_with(request.weights, model, graph, recipe, on_fetch)
    chosen = group.broadcast_from_rank0(lambda: _chosen(request, graph, recipe, device, group))
    is_default, step = request.recipe is None, request.step
    return Prepared(page, graph, own.classes, model, data, recipe, is_default, device, weights, group, chosen, step)


def prepare_again(
    folder: RunFolder,
    settings: tuple[str, ...],
    device: str,
    data_dir: Path | None,
    plugins: tuple[Path, ...] = (),
    step: StepName = "auto",
) -> Prepared:
    """Return what the run in ``folder`` needs to go on; ``data_dir`` is where its data lie now, if not where they did.

    Its steps are taken as they were, unless ``step`` says how. Raises ArchError for a setting that a run can't take
    back; RunError where no run lies there, its data are gone, or there can't be such steps.
    """
    _before_torch_starts()
    from builder.runtime.compile import build
    from builder.training.device.determinism import set_workspace
    from builder.training.device.distributed import choose_own_device, join
    from builder.training.device.execution import Execution, check_step
    from builder.training.device.precision import ChosenPrecision
    from builder.training.recipe.recipe import load_recipe

    operations = operations_of_run(folder, plugins)
    recipe = _lengthened(load_recipe(folder.recipe), settings)
    page = load_page(folder.page, operations=operations)
    graph = lower(page)
    _check_network(folder, graph)
    execution = Execution.of_run(folder).taking(step)
    going_on = ChosenPrecision(execution.precision, "as the run began")
    if going_on.precision.deterministic:
        set_workspace()
    found = choose_own_device(None if device == "auto" else device)
    check_step(step, found, processes.count())
    group = join(found)
    request = _trained_on(folder)
    with group.rank0_first():
        data = _data(replace(request, data_dir=data_dir or request.data_dir), recipe, graph.input.channels)
    built, how = build(graph), execution.step
    return Prepared(page, graph, graph.classes, built, data, recipe, False, found, None, group, going_on, how)


def _chosen(
    request: TrainOptions, graph: Graph, recipe: Recipe, device: torch.device, group: ProcessGroup
) -> ChosenPrecision:
    """Return in which precision one of a group's processes takes its part of each step."""
    from builder.training.device.devices import Hardware
    from builder.training.device.precision import StepWork, choose_precision

    cost = graph_cost(graph)
    work = StepWork(cost.parameters, cost.macs * recipe.batch_size // group.world_size)
    chosen = choose_precision(Hardware.of(device), work, request.precision, request.layout)
    return replace(chosen, precision=replace(chosen.precision, deterministic=request.deterministic))


def _before_torch_starts() -> None:
    """Set what torch reads when it starts; what the user has set stays."""
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # huge pages: a step is 1.1 to 1.5 times faster
    if processes.count() > 1:
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # else it warns of what distributed.py does on purpose


def _check_network(folder: RunFolder, graph: Graph) -> None:
    """Raise RunError if somebody has changed the page of a run into another network."""
    from builder.training.folder.record import read_json

    before = read_json(folder.path / "data.json").get("network")
    if before is not None and before != graph_id(graph):
        message = f"{folder.page} is no longer the network that this run has trained"
        raise RunError(
            message, f"undo the change, or train it as a new run: archcli train {shlex.quote(str(folder.page))} …"
        )


def _lengthened(recipe: Recipe, settings: tuple[str, ...]) -> Recipe:
    """Return ``recipe`` with more epochs; raise ArchError for any other change."""
    from builder.training.recipe.overrides import override
    from builder.training.recipe.recipe import changed_fields
    from builder.training.snapshot import CHANGEABLE

    if not settings:
        return recipe
    wanted = override(recipe, dict(_setting(text) for text in settings))
    refused = [name for name in changed_fields(recipe, wanted) if name not in CHANGEABLE]
    if refused:
        named = ", ".join(f"`{name}`" for name in refused)
        hint = "only `epochs` can be changed; train again for anything else"
        raise ArchError(Diagnostic("usage", f"{named} can't be changed in a run that has started", None, hint))
    return wanted


def _trained_on(folder: RunFolder) -> TrainOptions:
    """Return a request for the data set of a run."""
    path = folder.path / "data.json"
    try:
        found = json.loads(path.read_text("utf-8"))
        return TrainOptions("", data=found["name"], data_dir=Path(found["folder"]), subset=found["subset"])
    except (OSError, ValueError, KeyError, TypeError):
        raise RunError(f"{path} does not say what the run was trained with") from None


def _recipe(request: TrainOptions) -> Recipe:
    from builder.training.recipe.overrides import override
    from builder.training.recipe.recipe import load_recipe

    recipe = load_recipe(request.recipe or recipe_of(request.data))
    settings = dict(_setting(text) for text in request.settings)
    if request.seed is not None:
        settings["seed"] = str(request.seed)
    return override(recipe, settings) if settings else recipe


def _setting(text: str) -> tuple[str, str]:
    path, equals, value = text.partition("=")
    if not (equals and path.strip() and value.strip()):
        hint = "a path of the recipe, =, a value: --set lr=0.01"
        raise ArchError(Diagnostic("usage", f"`--set {text}` sets nothing", None, hint))
    return path.strip(), value.strip()


def _with_size(recipe: Recipe, graph: Graph) -> Recipe:
    """Return ``recipe`` with the side of the images, which is the page's unless the recipe has its own."""
    _, height, width = graph.input.sizes
    if recipe.size is None and height != width:
        message = f"training needs square images, and the page's input is {graph.input}"
        raise ArchError(Diagnostic("not-square", message, None, f"set their size: --set size={height}"))
    return recipe.at(height)


def _check_batch(graph: Graph, processes: int, batch_size: int) -> None:
    """Report a batch norm that would see one value a channel, which has no spread to normalize by."""
    if batch_size // processes > 1:
        return
    for node in graph.nodes:
        if isinstance(node.operation, BatchNorm) and node.shape.elements == node.shape.channels:
            each = " in each process" if processes > 1 else ""
            message = f"{node.path}: {node.shape} in a batch of one image{each} has one value per channel"
            hint = f"train with a larger one: --set batch_size={2 * processes}"
            raise ArchError(Diagnostic("batch-of-one", message, node.mark, hint))


def _data(request: TrainOptions, recipe: Recipe, channels: int) -> DataSet:
    """Return the data set, its validation split held out before a subset of each split is drawn."""
    from builder.training.data.named import load

    if request.data == RANDOM_DATA:
        from builder.training.speed.benchmark import random_images

        return random_images(max(RANDOM, 4 * recipe.batch_size), channels)
    data = load(request.data, request.data_dir, recipe.resize).hold_out(recipe.validation, recipe.seed)
    if request.subset is not None:
        data = data.subset(request.subset, recipe.seed)
    return data.with_channels(channels)


def _begin_with(
    source: str, model: nn.Module, graph: Graph, recipe: Recipe, on_fetch: Callable[[str], None]
) -> tuple[Weights, Recipe]:
    """Begin as the recipe says, put the weights over it, and let nothing draw them anew."""
    from builder.training.weights.initialization import initialize

    initialize(model, recipe)
    return put_weights(source, model, graph, on_fetch), recipe.model_copy(update={"init": "page"})


def check_name(name: str) -> str:
    """Return the name of a run; raise ArchError unless it can be that of a folder."""
    if re.fullmatch(r"\w[\w.-]{0,99}", name):
        return name
    hint = "letters, digits, _ - and ."
    raise ArchError(Diagnostic("bad-name", f"`{name}` cannot be the name of a run's folder", None, hint))
