"""From what the command line asks for to everything that a training run needs."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from builder.costs import graph_cost, numbers_moved, weights_multiplied
from builder.diagnostics import ArchError, Diagnostic, RunError
from builder.lowering import find, load_page, lower
from builder.lowering.sizes import check_batch_of_one, lower_at
from builder.ops.plugins import with_plugins
from builder.runs import processes
from builder.runs.fresh import fresh_network
from builder.runs.images import load_images, load_others
from builder.runs.weights import classes_of, put_weights, quiet
from builder.training.folder.header import changed_in
from builder.training.folder.run_files import RunData
from builder.training.progress import ignore
from builder.training.recipe.data_sets import DEFAULT_DATA, has_folder, recipe_of
from builder.training.recipe.recipe import Recipe, check_edges, load_recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import nn

    from builder.choices import Format, KeepName, MemoryFormat, SplitName, StepName
    from builder.graph import Graph
    from builder.lowering.pages import Merged
    from builder.ops import Operations
    from builder.runs.open import OpenRun
    from builder.runs.weights import Weights
    from builder.training.data.dataset import DataSet
    from builder.training.device.distributed import ProcessGroup
    from builder.training.device.execution import Execution
    from builder.training.device.precision import ChosenPrecision
    from builder.training.device.threads import ChosenThreads
    from builder.training.folder.run_folder import RunFolder
    from builder.training.folder.summary import Summary
    from builder.training.progress import Progress
    from builder.training.recipe.data_sets import BenchData


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """What is asked of a run; None leaves a choice to the program, and a recipe may be given whole."""

    page: str
    data: BenchData = DEFAULT_DATA
    data_dir: Path = Path("data")
    recipe: str | Recipe | None = None
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
    keep: KeepName = "all"
    threads: int | None = None
    logs: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Shared:
    """What the runs of a study share: images that are loaded once, the device, and the operations of its plugins.

    Each run trains on ``subset`` of the images that are left beside those of validation; None takes all.
    """

    data: DataSet
    device: torch.device
    operations: Operations
    subset: int | None = None


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
    threads: ChosenThreads
    keep: KeepName = "all"

    @property
    def execution(self) -> Execution:
        """How it is executed."""
        from builder.training.device.execution import Execution

        return Execution(self.chosen.precision, self.step, self.keep, self.threads.count)


def prepare(
    request: TrainOptions,
    on_fetch: Callable[[str], None] = quiet,
    *,
    judging: SplitName | None = None,
    shared: Shared | None = None,
) -> Prepared:
    """Return what ``request`` asks for; mistakes of recipe and page come before anything is fetched or built.

    ``on_fetch`` is told before published weights are downloaded. ``judging`` is for a network that is not trained, and
    says on which split it is judged. What is ``shared`` stands for the data, the device and the plugins of ``request``.

    Raises ArchError for a wrong page, recipe or setting; RunError for a device, data or weights that can't be had.
    """
    processes.before_torch_starts()
    from builder.training.device.cores import CoreUse

    used = CoreUse.now()
    from builder.training.device.determinism import set_workspace
    from builder.training.device.distributed import join
    from builder.training.device.execution import check_step
    from builder.training.device.threads import ThreadDecision
    from builder.training.steps.optimizers import weight_groups
    from builder.training.steps.thread_trial import try_threads

    page = load_page(*find(request.page), with_plugins(request.plugins) if shared is None else shared.operations)
    own = lower(page)
    recipe = _with_size(_recipe(request, max(own.input.sizes[1:])), own)
    check_edges(recipe)
    if request.deterministic:
        set_workspace()
    device = _device(request.device, shared)
    check_step(request.step, device, processes.count())
    group = join(device)
    with group.rank0_first():
        data = _images(request, recipe, own.input.channels, judging, shared)
    assert recipe.side is not None, "it has been given the page's"
    sides = recipe.training_sides if judging is None else ()
    graph = lower_at(page, own.input.channels, recipe.side, sides, len(data.classes))
    smallest = (
        lower(page, input=(own.input.channels, min(sides), min(sides)), classes=graph.classes) if sides else graph
    )
    if min(recipe.batch_size, len(data.train)) // group.world_size < 2:
        check_batch_of_one(smallest, group.world_size)
    model = fresh_network(graph, recipe)
    weight_groups(recipe.optimizer, model)  # mistakes come before anything is trained
    weights = None
    if request.weights is not None:
        weights, recipe = _begin_with(request.weights, model, graph, recipe, on_fetch)
    chosen = group.broadcast_from_rank0(lambda: _chosen(request, graph, recipe, device, group.world_size))
    trial = partial(try_threads, model, graph.input.sizes, len(data.train), recipe, chosen.precision)
    is_tried = judging is None and not request.dry_run
    decision = ThreadDecision(request.threads, request.deterministic, group.world_size, trial if is_tried else None)
    return Prepared(
        page=page,
        graph=graph,
        page_classes=own.classes,
        model=model,
        data=data,
        recipe=recipe,
        recipe_is_default=request.recipe is None,
        device=device,
        weights=weights,
        group=group,
        chosen=chosen,
        step=request.step,
        threads=group.broadcast_from_rank0(lambda: decision.on(device, used)),
        keep=request.keep,
    )


def prepare_again(
    run: OpenRun,
    settings: tuple[str, ...] = (),
    device: str = "auto",
    data_dir: Path | None = None,
    step: StepName = "auto",
    threads: int | None = None,
    *,
    shared: Shared | None = None,
) -> Prepared:
    """Return what ``run`` needs to go on; ``data_dir`` is where its data lie now, if not where they did.

    Its steps are taken as they were, unless ``step`` or ``threads`` say how. What is ``shared`` stands for its data and
    the device. Raises ArchError for a setting that a run can't take back; RunError where its data are gone, or there
    can't be such steps.
    """
    processes.before_torch_starts()
    from builder.runtime.compile import build
    from builder.training.device.determinism import set_workspace
    from builder.training.device.distributed import join
    from builder.training.device.execution import check_step
    from builder.training.device.precision import ChosenPrecision
    from builder.training.device.threads import kept_threads

    page, graph = run.page, run.graph
    recipe = _lengthened(run.recipe, settings)
    execution = run.execution.taking(step, threads)
    going_on = ChosenPrecision(execution.precision, "as the run began")
    if going_on.precision.deterministic:
        set_workspace()
    found = _device(device, shared)
    check_step(step, found, processes.count())
    group = join(found)
    with group.rank0_first():
        channels = graph.input.channels
        if shared is None:
            data = load_images(images_of(run, data_dir), recipe, channels)
        else:
            data = _shared_images(shared, recipe, channels)
    built, how, kept = build(graph), execution.step, kept_threads(found, execution.threads, threads)
    return Prepared(page, graph, graph.classes, built, data, recipe, False, found, None, group, going_on, how, kept)


def train_prepared(ready: Prepared, folder: RunFolder, on_progress: Callable[[Progress], None] = ignore) -> Summary:
    """Train what is ``ready`` to its end in ``folder``, or go on with it, and return the result.

    Raises whatever ``builder.training.trainer.train`` raises.
    """
    from builder.training.trainer import train

    return train(ready.model, ready.data, ready.recipe, folder, ready.device, on_progress, ready.group, ready.execution)


def images_of(run: OpenRun, data_dir: Path | None = None) -> RunData:
    """Return the images of ``run``, which lie in ``data_dir`` now, or where they lay as seen from its folder.

    Raises RunError where nothing says which they are, and where they are no longer there: they are not downloaded once
    more to wherever a run has been moved.
    """
    data = run.checked.data
    if data.name is None or (data.folder is None and data_dir is None and has_folder(data.name)):
        message = f"{run.folder.data} does not say what the run was trained with"
        raise RunError(message, "name it: --data and --data-dir")
    if data_dir is not None:
        return replace(data, folder=str(data_dir))
    if has_folder(data.name) and not Path(data.folder or "").is_dir():
        message = f"the images of {run.folder.path}, {data.name}, were in {data.folder}, and there is no such folder"
        raise RunError(message, "say where they are now: --data-dir FOLDER")
    return data


def choose_for(
    graph: Graph,
    recipe: Recipe,
    device: torch.device,
    processes: int = 1,
    asked: tuple[Format | None, MemoryFormat | None] = (None, None),
) -> ChosenPrecision:
    """Return in which precision one of so many processes takes its part of each step; what is ``asked`` for is taken.

    Raises RunError for what the device can't do.
    """
    from builder.training.device.devices import Hardware
    from builder.training.device.precision import StepWork, choose_precision

    cost = graph_cost(graph)
    images = recipe.batch_size
    numbers, casts = numbers_moved(graph) * images // processes, 2 * weights_multiplied(graph)  # forward and back
    work = StepWork(cost.parameters, cost.macs * images // processes, numbers, casts)
    return choose_precision(Hardware.of(device), work, *asked)


def _chosen(
    request: TrainOptions, graph: Graph, recipe: Recipe, device: torch.device, processes: int
) -> ChosenPrecision:
    chosen = choose_for(graph, recipe, device, processes, (request.precision, request.layout))
    return replace(chosen, precision=replace(chosen.precision, deterministic=request.deterministic))


def _lengthened(recipe: Recipe, settings: tuple[str, ...]) -> Recipe:
    """Return ``recipe`` with more epochs; raise ArchError for any other change."""
    from builder.training.recipe.overrides import override

    if not settings:
        return recipe
    wanted = override(recipe, map(_setting, settings))
    refused = changed_in(recipe, wanted)
    if refused:
        named = ", ".join(f"`{name}`" for name in refused)
        hint = "only `epochs` can be changed; train again for anything else"
        raise ArchError(Diagnostic("usage", f"{named} can't be changed in a run that has started", None, hint))
    return wanted


def _recipe(request: TrainOptions, side: int) -> Recipe:
    from builder.training.recipe.overrides import override

    asked = request.recipe or recipe_of(request.data, side)
    recipe = asked if isinstance(asked, Recipe) else load_recipe(asked)
    settings = list(map(_setting, request.settings))
    if request.seed is not None:
        settings.append(("seed", str(request.seed)))
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


def _device(wanted: str, shared: Shared | None) -> torch.device:
    from builder.training.device.distributed import choose_own_device

    return choose_own_device(None if wanted == "auto" else wanted) if shared is None else shared.device


def _images(
    request: TrainOptions, recipe: Recipe, channels: int, judging: SplitName | None, shared: Shared | None
) -> DataSet:
    if shared is not None:
        return _shared_images(shared, recipe, channels)
    if judging is not None:
        data = load_others(request.data, request.data_dir, recipe, channels, judging)
        known = classes_of(request.weights) if request.weights is not None else None
        return data if known is None else data.with_classes(known, str(request.weights))
    chosen = RunData(request.data, str(request.data_dir), request.subset)
    return load_images(chosen, recipe, channels, download=not request.dry_run)


def _shared_images(shared: Shared, recipe: Recipe, channels: int) -> DataSet:
    """Return the shared images as a run takes them: which of them validate and train depends on its own seed."""
    data = shared.data.hold_out(recipe.validation, recipe.seed)
    if shared.subset is not None:
        data = data.subset(shared.subset, recipe.seed)
    return data.with_channels(channels)


def _begin_with(
    source: str, model: nn.Module, graph: Graph, recipe: Recipe, on_fetch: Callable[[str], None]
) -> tuple[Weights, Recipe]:
    """Begin as the recipe says, put the weights over it, and let nothing draw them anew."""
    from builder.training.weights.initialization import initialize

    initialize(model, recipe)
    return put_weights(source, model, graph, on_fetch), recipe.model_copy(update={"init": "page", "whiten": False})


def check_name(name: str) -> str:
    """Return the name of a run; raise ArchError unless it can be that of a folder."""
    if re.fullmatch(r"\w[\w.-]{0,99}", name):
        return name
    hint = "letters, digits, _ - and .; at most 100 of them, and the first a letter, digit or _"
    raise ArchError(Diagnostic("bad-name", f"`{name}` cannot be the name of a run's folder", None, hint))
