"""``archcli runs``: what lies in a folder of runs, and which of them are to go."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from builder.choices import EndedState
from builder.diagnostics import ArchError, Diagnostic, RunError, suggest
from builder.runs.listing import list_runs
from builder.runs.removal import checkpoint_bytes, erase_leftovers, remove_run, slim_run

if TYPE_CHECKING:
    from pathlib import Path

    from builder.runs.listing import ListedRun

_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGE = re.compile(rf"([0-9]{{1,9}}(?:\.[0-9]{{1,9}})?)([{''.join(_UNITS)}])")


@dataclass(frozen=True)
class Listing:
    """The runs of a folder, the newest first, and the bytes of all."""

    folder: Path
    runs: tuple[ListedRun, ...]
    bytes: int


@dataclass(frozen=True, kw_only=True)
class PruneOptions:
    """Which runs are to go: those that every option speaks of, but for the ``keep_newest`` of them.

    ``older_than`` is a number with a unit, as in 30d. ``slim`` keeps the runs, and removes of the finished ones what
    only training longer needs.
    """

    folder: Path
    states: tuple[str, ...] = ()
    older_than: str | None = None
    keep_newest: int | None = None
    slim: bool = False


@dataclass(frozen=True)
class Prunable:
    """What is to be removed, with the bytes of each run that this frees; nothing has been done yet."""

    folder: Path
    slim: bool
    runs: tuple[ListedRun, ...]
    freed: tuple[int, ...]


@dataclass(frozen=True)
class KeptRun:
    """A run that was to go and is still there, and why."""

    run: Path
    reason: str


@dataclass(frozen=True)
class RemovedRuns:
    """What was removed (or slimmed), the bytes that this freed, and what was kept after all."""

    folder: Path
    slim: bool
    removed: tuple[Path, ...]
    bytes: int
    kept: tuple[KeptRun, ...]


def run(folder: Path) -> Listing:
    """Return the runs that lie in ``folder``; raise RunError where there is no such folder, or it is that of a run."""
    runs = list_runs(folder)
    return Listing(folder, runs, sum(each.bytes for each in runs))


def choose(asked: PruneOptions) -> Prunable:
    """Return what ``asked`` speaks of, without what is being trained.

    Raises ArchError where it speaks of nothing, or of what can't be slimmed; RunError as ``run`` does.
    """
    seconds = _check(asked)
    states = asked.states or (("finished",) if asked.slim else ())
    found = [
        each
        for each in list_runs(asked.folder)
        if each.state != "running" and (not states or each.state in states) and each.age >= seconds
    ]
    chosen = found[asked.keep_newest or 0 :]
    freed = [checkpoint_bytes(each) if asked.slim else each.bytes for each in chosen]
    pairs = [(each, count) for each, count in zip(chosen, freed, strict=True) if count or not asked.slim]
    return Prunable(asked.folder, asked.slim, tuple(each for each, _ in pairs), tuple(count for _, count in pairs))


def prune(chosen: Prunable) -> RemovedRuns:
    """Remove what was chosen; a run that is being trained by now, or can't be removed, is kept and said."""
    removed, kept, freed = [], [], 0
    if not chosen.slim:
        erase_leftovers(chosen.folder)
    for each, count in zip(chosen.runs, chosen.freed, strict=True):
        try:
            (slim_run if chosen.slim else remove_run)(each)
        except RunError as error:
            kept.append(KeptRun(each.run, error.message))
        else:
            removed.append(each.run)
            freed += count
    return RemovedRuns(chosen.folder, chosen.slim, tuple(removed), freed, tuple(kept))


def _check(asked: PruneOptions) -> float:
    """Return the least age in seconds; raise ArchError for options that make no sense."""
    for state in asked.states:
        if state not in get_args(EndedState):
            hint = suggest(state, get_args(EndedState), "it takes")
            raise ArchError(Diagnostic("usage", f"`{state}` is not a value of `--state`", None, hint))
    if asked.slim and set(asked.states) - {"finished"}:
        message = "only finished runs can be slimmed: others need their checkpoints to continue"
        raise ArchError(Diagnostic("usage", message, None, "leave out `--state`"))
    if not (asked.slim or asked.states or asked.older_than is not None or asked.keep_newest is not None):
        hint = "`--state`, `--older-than` or `--keep-newest`; `--slim` keeps all runs and drops checkpoints"
        raise ArchError(Diagnostic("usage", "`archcli runs prune` needs to know which runs", None, hint))
    return 0.0 if asked.older_than is None else _seconds(asked.older_than)


def _seconds(text: str) -> float:
    found = _AGE.fullmatch(text.strip())
    if found is None:
        hint = "a number and a unit: 45m, 12h, 30d or 2w"
        raise ArchError(Diagnostic("usage", f"`{text}` is not a value of `--older-than`", None, hint))
    return float(found[1]) * _UNITS[found[2]]
