"""How far a study is: read from its folder, by whoever wants to know and at any time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import fmean
from time import time
from typing import TYPE_CHECKING, Literal, TypeAlias

from builder.study.plan.looks import seeds_until_next_look
from builder.study.plan.stages import Stages
from builder.study.results.result import read_failure
from builder.study.workers.note import GONE_AFTER, read_note

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from builder.study.plan.plan import Plan
    from builder.study.results.cells import Cell
    from builder.study.results.folder import StudyFolder
    from builder.study.results.result import CellFailure

CellState: TypeAlias = Literal["done", "running", "waiting", "failed"]
STATES: tuple[CellState, ...] = ("done", "running", "waiting", "failed")


@dataclass(frozen=True)
class Running:
    """A cell that is being run: which, by which worker, and how many of its epochs are done."""

    variant: str
    settings: Mapping[str, object]
    seed: int
    worker: int
    epoch: int
    epochs: int


@dataclass(frozen=True)
class ArmStatus:
    """How many cells of one arm, or of all trials of one network, are in which state."""

    variant: str
    settings: Mapping[str, object]
    stage: str
    counts: Mapping[CellState, int]


@dataclass(frozen=True)
class StudyStatus:
    """How far a study is.

    ``later`` are cells of a confirmation whose arms are not chosen yet, or those after ``look`` seeds, at which a look
    is planned; ``untried`` those of trials that a search has
    yet to choose. ``seconds_left`` is None before anything is known; ``is_running`` says whether an engine is at work.
    """

    folder: Path
    name: str
    stage: str
    is_running: bool
    counts: Mapping[CellState, int]
    later: int
    untried: int
    rows: tuple[ArmStatus, ...]
    running: tuple[Running, ...]
    failures: tuple[CellFailure, ...]
    seconds_spent: float
    seconds_left: float | None
    look: int | None = None

    @property
    def cells(self) -> int:
        """All cells, also those whose arms are not chosen yet."""
        return sum(self.counts.values()) + self.later + self.untried

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to run."""
        return self.later == self.untried == 0 and self.counts["waiting"] == self.counts["running"] == 0


def study_status(folder: StudyFolder, plan: Plan) -> StudyStatus:
    """Return how far the study in ``folder`` is; raise RunError where something in it is damaged."""
    stages = Stages(folder, plan)
    cells = stages.known_cells()
    note = read_note(folder)
    at, spent = note.get("at"), note.get("spent")
    alive = isinstance(at, int | float) and time() - at < GONE_AFTER and note.get("ended") is not True
    going = note.get("running")
    known = going.items() if alive and isinstance(going, dict) else ()
    busy = {name: each for name, each in known if isinstance(each, dict)}
    states = {each.id: _state(folder, each, busy) for each in cells}
    counts = Counter(states.values())
    later = 0 if not plan.screen_seeds or stages.finalists() is not None else plan.confirmed_arms * plan.confirm_seeds
    later += stages.after_looks()
    untried = stages.untried()
    failed = (folder.cell(each.id).failure for each in cells if states[each.id] == "failed")
    stage = "confirm" if stages.finalists() is not None else plan.first_stage
    return StudyStatus(
        folder=folder.path,
        name=plan.name,
        stage=stage,
        is_running=alive,
        counts={state: counts[state] for state in STATES},
        later=later,
        untried=untried,
        rows=tuple(_rows(cells, states, tried=plan.search is not None)),
        running=tuple(_running(each, busy[each.id]) for each in cells if states[each.id] == "running"),
        failures=tuple(read_failure(path) for path in failed),
        seconds_spent=float(spent) if isinstance(spent, int | float) else 0.0,
        seconds_left=_left(plan, cells, states, (later, untried), note, busy),
        look=seeds_until_next_look(folder, plan) if plan.looks else None,
    )


def _state(folder: StudyFolder, cell: Cell, busy: Mapping[str, object]) -> CellState:
    place = folder.cell(cell.id)
    if place.result.exists():
        return "done"
    if place.failure.exists():
        return "failed"
    return "running" if cell.id in busy else "waiting"


def _rows(cells: Iterable[Cell], states: Mapping[str, CellState], *, tried: bool) -> list[ArmStatus]:
    """Return a row for each arm; where a search has ``tried`` many, one for those of each network."""
    grouped: dict[tuple[str, str, str], list[Cell]] = {}
    for each in cells:
        alike = "" if tried and each.stage == "screen" else repr(each.settings)
        grouped.setdefault((each.stage, each.variant, alike), []).append(each)
    found = []
    for (stage, variant, alike), members in grouped.items():
        counts = Counter(states[each.id] for each in members)
        settings = members[0].settings if alike else {}
        found.append(ArmStatus(variant, settings, stage, {state: counts[state] for state in STATES}))
    return found


def _share_left(cell: Cell, state: CellState, details: Mapping[str, object]) -> float:
    """Return which part of a cell is still to be done, by whole epochs."""
    if state == "waiting":
        return 1.0
    return max(0.0, 1 - _running(cell, details).epoch / cell.recipe.epochs) if state == "running" else 0.0


def _running(cell: Cell, details: Mapping[str, object]) -> Running:
    epoch, worker = details.get("epoch"), details.get("worker")
    return Running(
        cell.variant,
        cell.settings,
        cell.seed,
        worker if isinstance(worker, int) else 0,
        epoch if isinstance(epoch, int) else 0,
        cell.recipe.epochs,
    )


def _left(
    plan: Plan,
    cells: Iterable[Cell],
    states: Mapping[str, CellState],
    unknown: tuple[int, int],
    note: Mapping[str, object],
    busy: Mapping[str, Mapping[str, object]],
) -> float | None:
    """Return the seconds left: what was planned for open cells, times how much longer cells take than that."""
    workers = note.get("workers")
    side_by_side = workers if isinstance(workers, int) and workers > 0 else plan.workers
    priced = [(each, plan.seconds_of(each.variant, each.recipe, each.stage)) for each in cells]
    if not priced or any(price is None for _, price in priced):
        return None
    prices = {each.id: price for each, price in priced if price is not None}
    pace = note.get("pace")
    factor = pace if isinstance(pace, int | float) and pace > 0 else 1.0
    still = sum(prices[each.id] * _share_left(each, states[each.id], busy.get(each.id, {})) for each, _ in priced)
    later, untried = unknown
    confirm = [plan.seconds_of(each.variant, each.recipe, "confirm") or 0.0 for each in plan.arms]
    screen = [plan.seconds_of(each.variant, each.recipe, "screen") or 0.0 for each in plan.arms]
    return factor * (still + later * max(confirm) + untried * fmean(screen)) / side_by_side
