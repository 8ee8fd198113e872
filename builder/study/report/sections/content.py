"""Everything that a report says, gathered from a study's folder; what renders it reads nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from builder.diagnostics import ArchError, RunError
from builder.lowering import load
from builder.ops import OPERATIONS
from builder.study.findings import arm_names, find
from builder.study.plan.looks import read_looks
from builder.study.plan.plan import read_plan
from builder.study.plan.stages import Stages
from builder.study.report.sections.names import inks, short
from builder.study.report.sections.surroundings import surroundings
from builder.study.results.cells import read_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from builder.graph import Graph
    from builder.ops import Operations
    from builder.study.findings import Findings
    from builder.study.plan.looks import Look
    from builder.study.plan.plan import Plan, PlannedNetwork
    from builder.study.report.sections.surroundings import Said
    from builder.study.results.cells import Cell
    from builder.study.results.folder import Results, StudyFolder
    from builder.study.results.result import CellResult
    from builder.study.statistics import Arm, Group

LEAST_LEARNED = 0.1
"""Where the median run is above chance by less than this, none is called stuck."""


@dataclass(frozen=True, eq=False)
class Entry:
    """An arm of the study as the report shows it: what figures call it, its color, its network, its judged runs.

    ``is_timed`` is whether the processor time of the study's runs is known, which says more than that of the clock.
    """

    short: str
    ink: str
    is_base: bool
    arm: Arm
    network: PlannedNetwork
    settings: Mapping[str, object]
    outcomes: tuple[CellResult, ...]
    is_timed: bool = False

    @property
    def name(self) -> str:
        """The arm's own name."""
        return self.arm.name

    @property
    def seconds(self) -> float | None:
        """The mean time of a run, None without a result."""
        return sum(each.seconds for each in self.outcomes) / len(self.outcomes) if self.outcomes else None

    @property
    def times(self) -> tuple[float, ...]:
        """What each run took, in seconds: of the processor, except of runs that were interrupted; else of the clock."""
        if not self.is_timed:
            return tuple(each.seconds for each in self.outcomes)
        return tuple(each.processor_seconds for each in self.outcomes if each.processor_seconds is not None)

    @property
    def usual_seconds(self) -> float | None:
        """The median time of a run: on a shared machine the mean is that of the slowest."""
        return median(self.times) if self.outcomes else None

    @property
    def losses(self) -> dict[int, float]:
        """The log loss of each run on the test images by its seed; empty where one has none."""
        found = {each.seed: each.test_log_loss for each in self.outcomes if each.test_log_loss is not None}
        return found if len(found) == len(self.outcomes) else {}


@dataclass(frozen=True, eq=False)
class Section:
    """A group of arms that are compared with one another, those with the highest accuracy first; often the only one."""

    name: str
    entries: tuple[Entry, ...]

    @property
    def base(self) -> Entry | None:
        """What the others are compared with."""
        return next((each for each in self.entries if each.is_base), None)

    @property
    def shown(self) -> tuple[Entry, ...]:
        """Those of which there is a result."""
        return tuple(each for each in self.entries if each.outcomes)


@dataclass(frozen=True, eq=False)
class Content:
    """The whole of a report.

    ``cells`` are all that are known by now, ``later`` how many more follow once the finalists are chosen. ``names`` has
    each cell's arm. ``graphs`` are those of the judged networks, the base's first, then the best first. ``looks`` are
    the reports that were made before. ``stuck`` runs have learned next to nothing; ``without_stuck`` is what would be
    found without their seeds, of all networks.
    """

    folder: str
    plan: Plan
    page: str
    cells: tuple[Cell, ...]
    later: int
    names: Mapping[str, str]
    results: Results
    findings: Findings
    sections: tuple[Section, ...]
    graphs: tuple[Graph, ...]
    said: tuple[Said, ...]
    looks: tuple[Look, ...] = ()
    stuck: tuple[CellResult, ...] = ()
    without_stuck: Findings | None = None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every judged arm."""
        return tuple(entry for section in self.sections for entry in section.entries)

    @property
    def open(self) -> int:
        """How many cells have neither a result nor failed."""
        return len(self.cells) + self.later - len(self.results.outcomes) - len(self.results.failures)

    @property
    def is_final(self) -> bool:
        """Whether nothing is left to run."""
        return self.open == 0


def gather(folder: StudyFolder, operations: Operations = OPERATIONS) -> Content:
    """Return what there is to report of the study in ``folder``; networks that call other ``operations`` are not drawn.

    Raises RunError where there is no study, nothing of it has a result, or a file of it is damaged.
    """
    plan = read_plan(folder.plan)
    stages = Stages(folder, plan)
    cells = _as_defined(folder, stages.known_cells())
    results = folder.results(tuple(cell.id for cell in cells))
    if plan.looks:
        cells, results = _until_look(plan, cells, results)
    if not results.outcomes:
        raise _nothing(folder, results)
    _check_results(folder, cells, results.outcomes)
    findings = find(cells, results, plan.base.variant, plan.design, plan.compare, plan.factorial, plan.course)
    stuck = stuck_runs(results)
    names = arm_names(cells)
    sections = tuple(_section(group, plan, cells, names, results.outcomes, findings) for group in findings.groups)
    waits = bool(plan.screen_seeds) and stages.finalists() is None
    return Content(
        folder=folder.path.name,
        plan=plan,
        page=folder.page.read_text("utf-8", errors="replace") if folder.page.is_file() else "",
        cells=cells,
        later=plan.confirmed_arms * plan.confirm_seeds + stages.untried() if waits else 0,
        names=names,
        results=results,
        findings=findings,
        sections=sections,
        graphs=_graphs(folder, _networks(plan, sections), operations),
        said=surroundings(folder.cell(each.cell).path for each in results.outcomes),
        looks=read_looks(folder),
        stuck=stuck,
        without_stuck=_without(plan, cells, results, {each.seed for each in stuck}),
    )


def _until_look(plan: Plan, cells: tuple[Cell, ...], results: Results) -> tuple[tuple[Cell, ...], Results]:
    """Return the cells until the last planned look that is complete, all where none is: later ones do not count yet."""
    ended = {each.cell for each in results.outcomes} | {each.cell for each in results.failures}
    open_seeds = [cell.seed for cell in cells if cell.id not in ended]
    until = min(open_seeds, default=1 + max(cell.seed for cell in cells))
    complete = max((look for look in plan.looks if look <= until), default=None)
    if complete is None:
        return cells, results
    judged = tuple(cell for cell in cells if cell.seed < complete)
    names = {cell.id for cell in judged}
    outcomes = tuple(each for each in results.outcomes if each.cell in names)
    failures = tuple(each for each in results.failures if each.cell in names)
    return judged, replace(results, outcomes=outcomes, failures=failures)


def stuck_runs(results: Results) -> tuple[CellResult, ...]:
    """Return the judged runs that have learned next to nothing where most of the others have.

    They are above the share of the most frequent class by less than a quarter of what the median run is.
    """
    judged = [each for each in results.outcomes if each.test_accuracy is not None]
    if results.truth is None or not judged:
        return ()
    chance = float(np.bincount(results.truth.labels).max()) / len(results.truth.labels)
    gained = [(each.test_accuracy or 0.0) - chance for each in judged]
    usual = median(gained)
    if usual < LEAST_LEARNED:
        return ()
    return tuple(each for each, gain in zip(judged, gained, strict=True) if gain < usual / 4)


def _without(plan: Plan, cells: Sequence[Cell], results: Results, seeds: set[int]) -> Findings | None:
    """Return what would be found without these seeds; None without any, or where runs come in looks or stages."""
    kept = tuple(cell for cell in cells if cell.seed not in seeds)
    if not seeds or not plan.course.is_single or not any(cell.stage == "confirm" for cell in kept):
        return None
    design = replace(plan.design, seeds=max(1, plan.judged_seeds - len(seeds)))
    asked = (plan.base.variant, design, plan.compare, plan.factorial)
    return find(kept, results, *asked)


def _as_defined(folder: StudyFolder, cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """Return the cells as their folders define them.

    A newer version may give a cell another id, as when recipes have a field more; what was found stays what it is.
    """
    places = sorted(folder.cells.iterdir()) if folder.cells.is_dir() else []
    paths = [path for each in places if (path := folder.cell(each.name).definition).is_file()]
    found = [(path, read_cell(path)) for path in paths]
    strange = next((path for path, cell in found if cell.id != path.parent.name), None)
    if strange is not None:
        raise RunError(f"{strange} defines another cell than that of its folder", "remove the folder and run it again")
    defined = {_run_of(cell): cell for _, cell in found}
    return tuple(defined.get(_run_of(cell), cell) for cell in cells)


def _check_results(folder: StudyFolder, cells: Sequence[Cell], outcomes: Sequence[CellResult]) -> None:
    """Raise RunError where a result is of another run than its cell's, or lacks the answers to the test split."""
    runs = {cell.id: (cell.variant, cell.seed, cell.stage) for cell in cells}
    for each in outcomes:
        path = folder.cell(each.cell).result
        if (each.variant, each.seed, each.stage) != runs[each.cell]:
            raise RunError(
                f"{path} is of another run than that of its folder", "remove the file and run the study again"
            )
        if each.stage == "confirm" and each.test_predictions is None:
            raise RunError(f"{path} has no answers to the test split", "remove the file and run the study again")
        if each.stage == "confirm" and each.test_correct is None:
            hint = "bring it back from a copy, or plan the study again in another folder"
            raise RunError(f"{folder.labels} is missing; it should contain the labels of the test split", hint)


def _run_of(cell: Cell) -> str:
    """Return what tells the runs of one study apart."""
    return json.dumps([cell.variant, cell.graph, dict(cell.settings), cell.seed, cell.stage], sort_keys=True)


def _nothing(folder: StudyFolder, results: Results) -> RunError:
    """Return the answer to a study of which nothing has a result."""
    if results.failures:
        first = results.failures[0]
        message = f"{len(results.failures)} cells of {folder.path} failed, and none has a result"
        return RunError(message, f"the first says: {first.message.strip() or 'nothing'}")
    return RunError(f"no cell of {folder.path} has a result yet", f"archcli study run {folder.path}")


def _section(
    group: Group,
    plan: Plan,
    cells: Sequence[Cell],
    names: Mapping[str, str],
    outcomes: Iterable[CellResult],
    findings: Findings,
) -> Section:
    """Return a group's arms with all that is shown of them, the highest accuracy first, those without a result last."""
    judged = {names[cell.id]: cell for cell in cells if cell.stage == "confirm"}
    runs = [each for each in outcomes if each.stage == "confirm"]
    ranked = sorted(group.arms, key=lambda arm: -(arm.mean if arm.mean is not None else -1.0))
    colors = inks(_by_importance(group, ranked, findings), group.base or "")
    called = short([arm.name for arm in group.arms], group.base or "")
    is_timed = plan.device == "cpu" and all(
        any(each.processor_seconds is not None for each in runs if names[each.cell] == arm.name)
        for arm in group.arms
        if arm.n
    )
    return Section(
        group.name,
        tuple(
            Entry(
                short=called[arm.name],
                ink=colors[arm.name],
                is_base=arm.name == group.base,
                arm=arm,
                network=plan.network(judged[arm.name].variant),
                settings=judged[arm.name].settings,
                outcomes=tuple(each for each in runs if names[each.cell] == arm.name),
                is_timed=is_timed,
            )
            for arm in ranked
        ),
    )


def _by_importance(group: Group, ranked: Sequence[Arm], findings: Findings) -> list[str]:
    """Return the names of arms, those first that the answer names."""
    answer = next(each for each in findings.answers if each.group == group.name)
    named = {*answer.best, *answer.indistinguishable}
    return [arm.name for arm in sorted(ranked, key=lambda arm: arm.name not in named)]


def _networks(plan: Plan, sections: Sequence[Section]) -> list[str]:
    """Return the names of all networks that were judged, or else planned: the base first, then the best first."""
    judged = [entry.network.name for section in sections for entry in section.entries]
    return list(dict.fromkeys([plan.base.variant, *(judged or (each.name for each in plan.networks))]))


def _graphs(folder: StudyFolder, names: Iterable[str], operations: Operations) -> tuple[Graph, ...]:
    """Return the networks of the pages that the study keeps; one that can't be read any more is left out."""
    found = []
    for name in names:
        try:
            found.append(load(folder.network(name), operations=operations))
        except (ArchError, OSError):
            continue
    return tuple(found)
