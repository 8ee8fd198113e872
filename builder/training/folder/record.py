"""What the folder of a run tells of it, finished or not. Reads text files only, and needs no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from builder.diagnostics import RunError
from builder.training.folder.failure import read_failure
from builder.training.folder.metrics import read_metrics
from builder.training.folder.run_files import read_environment, read_json
from builder.training.folder.run_folder import RunFolder
from builder.training.folder.summary import read_summary
from builder.training.recipe.recipe import load_recipe

if TYPE_CHECKING:
    from pathlib import Path
    from types import UnionType

    from builder.training.folder.failure import RunFailure
    from builder.training.folder.metrics import EpochMetrics
    from builder.training.folder.summary import Summary
    from builder.training.recipe.recipe import Recipe

_DATA: dict[str, type | UnionType] = {
    "name": str, "folder": str | None, "subset": int | None, "sha256": str, "images": dict, "network": str,
}  # fmt: skip
"""Kinds of what is said of the data."""

RunState: TypeAlias = Literal["finished", "running", "stopped", "failed"]


@dataclass(frozen=True)
class Record:
    """A run: how it was trained, on what, where, and what came of it so far.

    ``data`` has ``name`` and ``subset``, and ``images`` by split once it has begun; ``summary`` is None until the run
    has ended, and again when it was given more epochs; ``failure`` is why it can't be gone on with.
    """

    folder: RunFolder
    recipe: Recipe
    data: dict[str, Any]
    environment: dict[str, Any]
    rows: tuple[EpochMetrics, ...]
    summary: Summary | None
    failure: RunFailure | None
    state: RunState

    @property
    def best(self) -> EpochMetrics | None:
        """The first epoch with the highest validation accuracy so far, None before the first has ended."""
        return max(self.rows, key=lambda row: row.val_accuracy, default=None)


def read_record(path: Path) -> Record:
    """Return what lies at ``path``; raise RunError where no run does, or one of its files is damaged."""
    folder = RunFolder.open(path)
    recipe = load_recipe(folder.recipe)
    environment = read_environment(folder)
    data = _data(folder.environment, environment.pop("data", {}))
    data |= _data(folder.data, read_json(folder.data))
    summary = read_summary(folder)
    if summary is not None and summary.epochs != recipe.epochs:
        summary = None
    failure = read_failure(folder)
    rows = tuple(read_metrics(folder.metrics))
    return Record(folder, recipe, data, environment, rows, summary, failure, _state(folder, summary, failure))


def _data(path: Path, found: Any) -> dict[str, Any]:
    """Return what ``path`` says of the data; raise RunError where it can't be that."""
    wrong = (
        "data"
        if not isinstance(found, dict)
        else next((n for n, k in _DATA.items() if n in found and not isinstance(found[n], k)), None)
    )
    if wrong is None and all(type(count) is int for count in found.get("images", {}).values()):
        return dict(found)
    raise RunError(f"{path} does not say what the run was trained with: `{wrong or 'images'}` is of another kind")


def _state(folder: RunFolder, summary: Summary | None, failure: RunFailure | None) -> RunState:
    if folder.is_running:
        return "running"
    if failure is not None:
        return "failed"
    return "stopped" if summary is None else "finished"
