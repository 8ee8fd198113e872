"""Opening a run: the one way to read a folder, checked against what its checkpoints say that was trained."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, RunError
from builder.identity import graph_id
from builder.lowering import load, load_page, lower
from builder.runs.plugins import operations_of_run, plugins_of_run
from builder.training.folder.header import RunHeader, changed_in, header_of, read_checkpoint_record
from builder.training.folder.metrics import check_metrics, read_metrics
from builder.training.folder.record import read_record
from builder.training.folder.run_files import read_data, read_environment
from builder.training.folder.run_folder import RunFolder
from builder.training.folder.summary import check_summary, read_summary
from builder.training.recipe.recipe import load_recipe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from builder.graph import Graph
    from builder.lowering.pages import Merged
    from builder.ops import Operations
    from builder.training.device.execution import Execution
    from builder.training.folder.record import Record
    from builder.training.folder.run_files import RunData
    from builder.training.recipe.recipe import Recipe

_RESTORE = "restore the file as the run wrote it"


@dataclass(frozen=True)
class Checked:
    """The images of a run, the names of its classes and the checksum of both, None where no checkpoint says them.

    ``unchecked`` say in one line what can't be checked of a run of an earlier version.
    """

    data: RunData
    classes: tuple[str, ...] | None
    fingerprint: str | None
    unchecked: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class OpenRun:
    """A run that is still what was trained: its network and recipe, and what its checkpoints say besides."""

    folder: RunFolder
    page: Merged
    graph: Graph
    recipe: Recipe
    checked: Checked

    @property
    def execution(self) -> Execution:
        """How it computes and takes its steps; raises RunError where it does not say."""
        from builder.training.device.execution import Execution

        return Execution.of_run(self.folder)


@dataclass(frozen=True, eq=False)
class OpenRecord:
    """What the files of a run tell of it, as far as they are still those that were trained.

    ``graph`` is its network, None where the page can't be read without the run's plugins.
    """

    record: Record
    graph: Graph | None
    checked: Checked


@dataclass(frozen=True)
class _Checkpoints:
    """The headers of a run's checkpoints: that of the newest, by which metrics are judged, and of all there are.

    ``best`` may know of rows that were cut since: it is written before ``last``, and a kill may come between.
    """

    newest: RunHeader
    every: tuple[RunHeader, ...]
    best_found: tuple[int, float] | None
    precision: str | None


def open_run(path: Path, plugins: Sequence[Path] = ()) -> OpenRun:
    """Return the run that lies at ``path``, read with the ``plugins`` that it was trained with.

    Raises ArchError for a page or recipe that is wrong; RunError where no run lies there, other plugins are named, a
    file is damaged, or page, recipe, data or metrics are no longer those that were trained, by name.
    """
    folder = RunFolder.open(path)
    operations = operations_of_run(folder, plugins)
    return open_with(folder, load_recipe(folder.recipe), operations)


def open_with(folder: RunFolder, recipe: Recipe, operations: Operations) -> OpenRun:
    """Return the run in ``folder``, whose recipe and operations are known from elsewhere: those of a study's cell are.

    Raises what ``open_run`` raises, where what the checkpoints say differs.
    """
    page = load_page(folder.page, operations=operations)
    graph = lower(page)
    return OpenRun(folder, page, graph, recipe, _check(folder, recipe, graph_id(graph)))


def open_record(path: Path) -> OpenRecord:
    """Return what the run at ``path`` tells of itself, with or without its plugins; no code of it is run.

    Raises RunError where no run lies there, a file is damaged, or what ``open_run`` compares differs, by name.
    """
    record = read_record(path)
    graph = _graph_without_plugins(record.folder)
    network = None if graph is None else graph_id(graph)
    return OpenRecord(record, graph, _check(record.folder, record.recipe, network))


def _graph_without_plugins(folder: RunFolder) -> Graph | None:
    try:
        return load(folder.page)
    except ArchError as error:
        if plugins_of_run(folder):
            return None
        message = f"{folder.page} can't be read: {error.diagnostics[0].message}"
        raise RunError(message, "`archcli check` says more") from None


def _check(folder: RunFolder, recipe: Recipe, network: str | None) -> Checked:
    """Return what the checkpoints of a run say, where its files are those that were trained. Needs no torch.

    ``network`` is the id of its page, None where that can't be read without plugins. Raises RunError, with the name of
    what differs, where one of them is not.
    """
    found = _checkpoints(folder)
    data = read_data(folder)
    trained = next((each.network for each in found.every if each.network is not None), data.network)
    _check_network(folder, network, trained)
    recipes = [each.recipe for each in found.every if each.recipe is not None]
    for before in recipes:
        _check_recipe(folder, before, recipe)
    for header in found.every:
        _check_data(folder, header.data, data)
    _check_precision(folder, found.precision)
    if found.newest.metrics is not None:
        check_metrics(folder.metrics, found.newest.metrics)
    else:
        _check_best(folder, found.best_found)
    _check_summary(folder, recipe)
    names = [
        name
        for name, known in (
            ("page.yaml", trained is not None),
            ("recipe.yaml", recipes),
            ("metrics.csv", found.newest.metrics is not None),
            ("class names", any(each.classes is not None for each in found.every)),
        )
        if not known
    ]
    return Checked(
        data=data,
        classes=next((each.classes for each in found.every if each.classes is not None), None),
        fingerprint=next((each.fingerprint for each in found.every if each.fingerprint is not None), None),
        unchecked=tuple(_unchecked(folder, names, network)),
    )


def _unchecked(folder: RunFolder, names: Sequence[str], network: str | None) -> Iterator[str]:
    if network is None and "page.yaml" not in names:
        yield f"{folder.path}: page.yaml can't be checked: it is read only with the run's plugins"
    if names:
        listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
        yield f"{folder.path}: {listed} can't be checked: its checkpoints do not record them, as in earlier versions"


def _checkpoints(folder: RunFolder) -> _Checkpoints:
    """Return what can be read of the headers; what is damaged is reported by whoever needs its tensors."""
    records = {path: read_checkpoint_record(path) for path in (folder.last, folder.previous, folder.best)}
    headers = {path: header for path, record in records.items() if (header := header_of(record)) is not None}
    best = records[folder.best] or {}
    epoch, accuracy = best.get("epoch"), best.get("val_accuracy")
    found = (epoch, accuracy) if isinstance(epoch, int) and isinstance(accuracy, float) else None
    newest = next((headers[path] for path in (folder.last, folder.previous, folder.best) if path in headers), None)
    for path, header in headers.items():
        if newest is not None and not header.is_same_run(newest):
            message = f"{path} is of another run than the other checkpoints in {folder.path}"
            raise RunError(message, "restore the file as the run wrote it")
    said = next((each for record in records.values() if (each := _precision(record)) is not None), None)
    return _Checkpoints(newest or RunHeader(), tuple(headers.values()), found, said)


def _precision(record: Mapping[str, Any] | None) -> str | None:
    """Return what a checkpoint was computed in, None where it does not say."""
    try:
        found = (record or {})["origin"]["arithmetic"]["precision"]
    except (KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


def _check_network(folder: RunFolder, now: str | None, trained: str | None) -> None:
    if now is None or trained is None or now == trained:
        return
    hint = f"undo the change, or train it as a new run: archcli train {shlex.quote(str(folder.page))} …"
    raise RunError(f"{folder.page} is no longer the network that this run trained", hint)


def _check_recipe(folder: RunFolder, before: Recipe, now: Recipe) -> None:
    changed = changed_in(before, now)
    if changed:
        named = ", ".join(f"`{name}`" for name in changed)
        verb = "differs" if len(changed) == 1 else "differ"
        hint = "undo the change; a run keeps the recipe that it began with, but for `epochs`"
        raise RunError(f"{folder.recipe}: {named} {verb} from what this run was trained with", hint)


def _check_data(folder: RunFolder, before: RunData | None, now: RunData) -> None:
    if before is None or now.name is None:
        return
    was, is_now = before.choice, now.choice
    changed = [name for name in dict.fromkeys([*was, *is_now]) if was.get(name) != is_now.get(name)]
    if changed:
        message = f"{folder.data}: `{changed[0]}` differs from what this run was trained with"
        raise RunError(message, "undo the change; other images are named: --data and --data-dir")


def _check_precision(folder: RunFolder, before: str | None) -> None:
    try:
        now = read_environment(folder).get("precision")
    except RunError:
        return  # said by who needs it
    if before is not None and now is not None and now != before:
        message = f"{folder.environment}: `precision` differs from what this run was trained with"
        raise RunError(message, "undo the change; a run keeps the precision that it began with")


def _check_best(folder: RunFolder, found: tuple[int, float] | None) -> None:
    """Check the one row that the checkpoints of earlier versions tell of."""
    rows = read_metrics(folder.metrics)
    if found is None or found[0] > len(rows):
        return
    epoch, accuracy = found
    if rows[epoch - 1].val_accuracy != accuracy:
        message = f"{folder.metrics} was changed: epoch {epoch} does not have the validation accuracy of the best one"
        raise RunError(message, _RESTORE)


def _check_summary(folder: RunFolder, recipe: Recipe) -> None:
    """Check that the result is that of the metrics, which the checkpoints know; its own checksum says the rest."""
    summary = read_summary(folder)
    if summary is None or summary.epochs != recipe.epochs:  # else rows may be half written: it goes on
        return
    rows = read_metrics(folder.metrics)
    if not 1 <= summary.final.epoch <= len(rows):
        raise RunError(f"{folder.summary} was changed: `final` is not what {folder.metrics.name} says", _RESTORE)
    best = max(rows[: summary.final.epoch], key=lambda row: row.val_accuracy)
    measured = {"final": rows[summary.final.epoch - 1], "best_epoch": best.epoch,
                "best_val_accuracy": best.val_accuracy}  # fmt: skip
    changed = next((name for name, value in measured.items() if getattr(summary, name) != value), None)
    if changed is not None:
        raise RunError(f"{folder.summary} was changed: `{changed}` is not what {folder.metrics.name} says", _RESTORE)
    check_summary(folder)
