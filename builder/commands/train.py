"""``archcli train``: a network, a data set and a recipe become a run in a folder of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from builder.costs import graph_cost, windows_on_one_pixel
from builder.diagnostics import RunError
from builder.identity import graph_id
from builder.json_output import SAID, encode
from builder.lowering.resolved import resolved_page
from builder.runs import processes
from builder.runs.logs.choice import choose_logs
from builder.runs.logs.hook import LoggedRun, settings_of
from builder.runs.logs.logs import Logs, load_logs
from builder.runs.plugins import keep_plugins
from builder.runs.prepare import check_name, prepare, train_prepared
from builder.runs.weights import quiet, without_place
from builder.training.folder.run_files import RunData, write_data
from builder.training.recipe.data_sets import has_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from builder.graph import Graph
    from builder.runs.logs.choice import LogChoice
    from builder.runs.logs.logs import LoadedLog
    from builder.runs.prepare import Prepared, TrainOptions
    from builder.runs.weights import Weights
    from builder.training.folder.run_folder import RunFolder
    from builder.training.folder.summary import Summary
    from builder.training.progress import Progress
    from builder.training.recipe.recipe import Recipe


@dataclass(frozen=True)
class Beginning:
    """What is about to happen and why it was chosen so; ``run`` is None where nothing is to be trained.

    ``unchecked`` are what can't be checked of a run that goes on, ``logs`` the loggers that it is reported to,
    ``notes`` what is hardly meant so.
    """

    page: str
    network: str
    parameters: int
    macs: int
    input: tuple[int, ...]
    classes: int
    page_classes: int
    data: str
    images: Mapping[str, int]
    recipe: Recipe
    recipe_is_default: bool
    device: str
    precision: str
    precision_reason: str
    processes: int
    weights: Weights | None
    run: Path | None
    unchecked: tuple[str, ...] = field(default=(), metadata=SAID)
    logs: tuple[LogChoice, ...] = field(default=(), metadata=SAID)
    notes: tuple[str, ...] = field(default=(), metadata=SAID)


@dataclass(frozen=True)
class Trained:
    """A run from its beginning to its result, which is None where nothing was to be trained."""

    beginning: Beginning
    summary: Summary | None


def run(
    request: TrainOptions,
    on_beginning: Callable[[Beginning], None],
    on_progress: Callable[[Progress], None],
    on_fetch: Callable[[str], None] = quiet,
) -> Trained:
    """Train as ``request`` says and return the result; with ``dry_run`` stop before anything is written or downloaded.

    ``on_beginning`` is told once what was chosen, ``on_progress`` how it goes, ``on_fetch`` what is downloaded, and
    which logger has failed. Raises ArchError and RunError as ``prepare`` does and as loggers can't be had, and whatever
    ``builder.training.trainer.train`` raises.
    """
    check_name(request.name or "default")
    logs = choose_logs(request.logs)
    loaded = () if request.dry_run or not processes.is_first() else load_logs(logs)
    ready = prepare(request, _refuse_to_fetch if request.dry_run else on_fetch)
    with ready.group as group:
        folder = None if request.dry_run else group.broadcast_from_rank0(lambda: _folder(request, ready))
        beginning = describe(request.page, ready, folder, logs=logs)
        on_beginning(beginning)
        if folder is None:
            return Trained(beginning, None)
        with open_logs(loaded, folder, ready, on_fetch) as log:
            return Trained(beginning, train_in(folder, ready, on_progress, log))


def _refuse_to_fetch(told: str) -> None:
    message = f"the weights are not in torch.hub's cache ({told}), and a dry run downloads nothing"
    raise RunError(message, "train without --dry-run to download them")


def open_logs(loaded: Sequence[LoadedLog], folder: RunFolder, ready: Prepared, on_note: Callable[[str], None]) -> Logs:
    """Return the loggers of the run in ``folder``, opened; raise RunError where one can't be."""
    settings = settings_of(ready.recipe, network=ready.graph.name, data=ready.data.name)
    run = LoggedRun(name=folder.path.name, folder=folder.path, logs=folder.path, group=None, settings=settings)
    return Logs(loaded, run, on_note)


def train_in(folder: RunFolder, ready: Prepared, on_progress: Callable[[Progress], None], log: Logs) -> Summary:
    """Train what is ``ready`` to its end, or go on with it, and return the result; ``log`` is told what is shown."""

    def report(event: Progress) -> None:
        on_progress(event)
        log.tell(event)

    summary = train_prepared(ready, folder, report)
    log.end(summary)
    return summary


def describe(
    page: str,
    ready: Prepared,
    folder: RunFolder | None,
    unchecked: tuple[str, ...] = (),
    logs: tuple[LogChoice, ...] = (),
) -> Beginning:
    """Return what was chosen for a run of ``page``, with ``unchecked`` of what was found in its folder."""
    from builder.training.device.devices import describe_device

    cost = graph_cost(ready.graph)
    return Beginning(
        page=page,
        network=ready.graph.name,
        parameters=cost.parameters,
        macs=cost.macs,
        input=ready.graph.input.sizes,
        classes=ready.graph.classes,
        page_classes=ready.page_classes,
        data=ready.data.name,
        images={name: len(split) for name, split in ready.data.splits.items()},
        recipe=ready.recipe,
        recipe_is_default=ready.recipe_is_default,
        device=ready.threads.told(describe_device(ready.device)),
        precision=str(ready.chosen.precision),
        precision_reason=ready.chosen.reason,
        processes=ready.group.world_size,
        weights=ready.weights,
        run=folder.path if folder else None,
        unchecked=unchecked,
        logs=logs,
        notes=tuple(_notes(ready.graph)),
    )


def _notes(graph: Graph) -> Iterator[str]:
    """Return what is allowed and hardly meant: a network for large images on small ones."""
    blind = windows_on_one_pixel(graph)
    if blind:
        layers = f"{blind[0].path} and {len(blind) - 1} more convolutions" if len(blind) > 1 else blind[0].path
        yield (
            f"{layers} see a single pixel, and all but the center of their kernels sees padding: "
            f"images of {graph.input} are small for this network; larger ones: --set size={2 * graph.input.sizes[1]}"
        )


def _folder(request: TrainOptions, ready: Prepared) -> RunFolder:
    """Return a new folder with what describes the network: resolved page, source, figure, and where the data lie."""
    from builder.emit.python import source
    from builder.training.folder.run_folder import RunFolder

    folder = RunFolder.create(request.runs_dir, request.name or ready.graph.name)
    folder.write(folder.page.name, resolved_page(ready.page, ready.graph))
    folder.write("model.py", source(ready.graph))
    place = str(request.data_dir) if has_folder(request.data) else None
    write_data(folder, RunData(request.data, place, request.subset, graph_id(ready.graph)))
    keep_plugins(folder, request.plugins)
    if ready.weights is not None:
        folder.write("weights.json", encode(without_place(ready.weights)) + "\n")
    _draw(ready.graph, folder)
    return folder


def _draw(graph: Graph, folder: RunFolder) -> None:
    """Draw the network into the run's folder; a machine that cannot draw trains all the same."""
    from builder.emit.diagram import draw

    try:
        figure = draw([graph])
    except RunError:
        return
    for suffix in ("svg", "png"):
        figure.write(folder.path / f"diagram.{suffix}")
