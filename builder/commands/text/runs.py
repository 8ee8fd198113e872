"""A folder of runs as a person reads it: what lies there, and what is or was removed."""

from __future__ import annotations

from dataclasses import astuple, fields
from typing import TYPE_CHECKING

from builder.quantities import bytes_of, duration, plural
from builder.runs.listing import ListedRun
from builder.tables import csv_lines, one_line, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.commands.runs import Listing, Prunable, RemovedRuns

_NOTHING = "–"
_DAY = 86_400


def listed(value: Listing) -> str:
    """Return a line for each run, then why some of them can't be gone on with, and the size of all."""
    if not value.runs:
        return f"no runs in {value.folder}"
    head = ["run", "state", "network", "data", "best", "epoch", "size", "age"]
    rows = [_row(each, each.bytes) for each in value.runs]
    notes = [one_line(f"note: {each.run}: {each.reason}") for each in value.runs if each.reason is not None]
    parts = [table(head, rows, right=range(4, 8)), "\n".join(notes), _what(len(rows), value.bytes)]
    return "\n\n".join(part for part in parts if part)


def as_csv(value: Listing) -> str:
    """Return a line for each run, its numbers unrounded."""
    names = [field.name for field in fields(ListedRun)]
    return csv_lines(names, (astuple(each) for each in value.runs))


def prunable(value: Prunable) -> str:
    """Return what would be removed, and how much that is."""
    if not value.runs:
        return f"nothing to remove in {value.folder}"
    head = ["run", "state", "network", "data", "best", "epoch", "frees", "age"]
    rows = [_row(each, count) for each, count in zip(value.runs, value.freed, strict=True)]
    return f"{table(head, rows, right=range(4, 8))}\n\n{_what(len(value.runs), sum(value.freed), slim=value.slim)}"


def question(value: Prunable) -> str:
    """Return what a person is asked before anything is removed."""
    return "remove these checkpoints?" if value.slim else "remove these runs with all their files?"


def pruned(value: RemovedRuns) -> str:
    """Return what was removed, and what was kept after all."""
    lines = [one_line(f"kept {each.run}: {each.reason}") for each in value.kept]
    if value.removed or not lines:
        lines.append(f"removed {_what(len(value.removed), value.bytes, slim=value.slim)}")
    return "\n".join(lines)


def _what(runs: int, size: int, *, slim: bool = False) -> str:
    counted = plural(runs, "run")
    return f"{'the checkpoints of ' if slim else ''}{counted}, {bytes_of(size)}"


def _row(run: ListedRun, size: int) -> Sequence[str]:
    best = _NOTHING if run.best_val_accuracy is None else f"{run.best_val_accuracy:.2%}"
    epoch = _NOTHING if run.epochs is None else f"{run.epoch}/{run.epochs}"
    said = [run.network or _NOTHING, run.data or _NOTHING]
    return [str(run.run), run.state, *said, best, epoch, bytes_of(size), _age(run.age)]


def _age(seconds: int) -> str:
    return f"{seconds // _DAY} d" if seconds >= 2 * _DAY else duration(float(seconds))
