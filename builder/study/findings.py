"""What a study found: its runs put side by side, compared as planned, and the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from builder.study.statistics import (
    AT_ONCE,
    Arm,
    Blocks,
    Group,
    Screened,
    answer,
    base_answer,
    compare,
    effects,
    effects_answer,
    seeds_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from builder.study.page.fields import Compare
    from builder.study.results.folder import Results
    from builder.study.results.result import CellFailure, CellResult, Stage
    from builder.study.statistics import Answer, Blocked, Comparison, Course, Design, Effects, Factorial
    from builder.study.statistics.family import Against, Analysis


class PlannedCell(Protocol):
    """A run that is planned: a cell of the study."""

    @property
    def id(self) -> str:
        """The name of the folder of the result."""

    @property
    def variant(self) -> str:
        """The network."""

    @property
    def settings(self) -> Mapping[str, object]:
        """Its hyperparameters, as far as they vary in the study."""

    @property
    def seed(self) -> int:
        """Its seed."""

    @property
    def stage(self) -> Stage:
        """What it is for."""


@dataclass(frozen=True, eq=False)
class Findings:
    """What a study found, and the numbers that were fixed before its first run.

    ``groups`` hold the arms that are compared with each other: all of them, or, where several networks meet several
    settings, those with the same settings. ``base`` is the arm that others are compared with first. ``screening`` is
    what the choice of finalists was made from, empty without one. ``failures`` are runs of any stage without a result.

    ``compare`` is what was planned to be compared, None in a study of an earlier version, whose pairs are judged by
    Welch's test. Of ``effects`` the ``factorial`` says which arms they are of; the comparisons, all with the base, are
    then a second family. ``blocked`` says of each group what its seeds have in common.
    """

    design: Design
    groups: tuple[Group, ...]
    comparisons: tuple[Comparison, ...]
    answers: tuple[Answer, ...]
    screening: tuple[Screened, ...]
    failures: tuple[CellFailure, ...]
    compare: Compare | None = None
    factorial: Factorial | None = None
    effects: Effects | None = None
    blocked: tuple[Blocked, ...] = ()

    @property
    def claims(self) -> int:
        """How many claims the error rate is of: effects, or else comparisons."""
        return len(self.comparisons if self.effects is None else self.effects.effects)

    @property
    def arms(self) -> tuple[Arm, ...]:
        """Every arm, in the order of the plan."""
        return tuple(arm for group in self.groups for arm in group.arms)

    @property
    def to_base(self) -> tuple[Comparison, ...]:
        """The comparisons with a base."""
        bases = {(group.name, group.base) for group in self.groups}
        return tuple(each for each in self.comparisons if (each.group, each.b) in bases)

    @property
    def sentence(self) -> str:
        """The answer in a sentence, one for each group."""
        return " ".join(each.sentence for each in self.answers)

    @property
    def missing(self) -> int:
        """How many planned runs of those that are judged are not there yet."""
        return sum(len(arm.missing) for arm in self.arms)


def find(
    cells: Sequence[PlannedCell],
    results: Results,
    base: str,
    design: Design,
    asked: Compare | None = None,
    factorial: Factorial | None = None,
    course: Course = AT_ONCE,
) -> Findings:
    """Return what the ``results`` of ``cells`` say; ``base`` is the variant that the others are compared with.

    ``asked``, ``factorial`` and ``course`` are those of the plan. With looks, the runs until the last look that is
    complete are judged; before the first one, and before seeds that were added have all run, everything that is there
    is shown, and nothing is concluded from it.

    Only runs that confirm are judged, on the test split; screening runs only say who was chosen. Results of cells that
    are not among ``cells`` are passed over. Raises ValueError where a run that confirms has a seed with which its arm
    was screened: it would be chosen and judged by the same luck.
    """
    planned = {cell.id: cell for cell in cells}
    ended = {each.cell: each for each in results.outcomes if each.cell in planned}
    failed = {each.cell: each for each in results.failures if each.cell in planned and each.cell not in ended}
    judged = _by_arm(cells, "confirm")
    screened = _by_arm(cells, "screen")
    _check_fresh(judged, screened)
    names = arm_names(cells)
    together = None if results.truth is None else results.truth.groups
    arms = {key: _arm(names[runs[0].id], runs, ended, failed, together) for key, runs in judged.items()}
    groups = _groups(arms, base, apart=not screened and factorial is None)
    groups, course, design = _until_look(groups, course, design)
    said = _Judged(groups, design, asked, factorial, course)
    return Findings(
        design=design,
        groups=groups,
        comparisons=said.comparisons,
        answers=tuple(map(said.answer, groups)),
        screening=tuple(
            _screened(names[runs[0].id], runs, ended, failed, key in judged) for key, runs in screened.items()
        ),
        failures=tuple(failed.values()),
        compare=asked,
        factorial=factorial,
        effects=said.effects,
        blocked=() if asked is None else tuple(Blocks(group.arms).found for group in groups),
    )


def _until_look(groups: tuple[Group, ...], course: Course, design: Design) -> tuple[tuple[Group, ...], Course, Design]:
    """Return what is judged now, and by which evidence."""
    arms = [arm for group in groups for arm in group.arms]
    seeds, missing = seeds_of(arms), {seed for arm in arms for seed in arm.missing}
    complete = [look for look in course.looks if look <= len(seeds) and missing.isdisjoint(seeds[:look])]
    if complete:
        until = seeds[: complete[-1]]
        return tuple(group.only(until) for group in groups), course, replace(design, seeds=len(until))
    return groups, AT_ONCE if missing or course.looks else course, design


class _Judged:
    """What the groups of a study are judged by."""

    def __init__(
        self,
        groups: Sequence[Group],
        design: Design,
        asked: Compare | None,
        factorial: Factorial | None,
        course: Course,
    ) -> None:
        self._design, self._asked = design, asked
        analysis: Analysis = "welch" if asked is None else "blocked"
        against: Against = "pairs" if asked in (None, "pairs") else "base"
        self.comparisons = compare(groups, design, analysis=analysis, against=against, course=course)
        self.effects = effects(groups[0].arms, factorial, design, course) if factorial is not None else None

    def answer(self, group: Group) -> Answer:
        if self.effects is not None:
            return effects_answer(group, self.effects, self._design)
        if self._asked == "base":
            return base_answer(group, [each for each in self.comparisons if each.group == group.name], self._design)
        return answer(group, self.comparisons, self._design)


def arm_names(cells: Sequence[PlannedCell]) -> dict[str, str]:
    """Return the name of the arm of which each cell is a run, by the cell's id."""
    names = _names(list(dict.fromkeys(_key(cell) for cell in cells)))
    return {cell.id: names[_key(cell)] for cell in cells}


_Key = tuple[str, tuple[tuple[str, object], ...]]
"""A variant and its settings."""


def _key(cell: PlannedCell) -> _Key:
    return cell.variant, tuple((path, _frozen(value)) for path, value in cell.settings.items())


def _frozen(value: object) -> object:
    if isinstance(value, Mapping):
        return tuple((name, _frozen(each)) for name, each in value.items())
    return tuple(_frozen(each) for each in value) if isinstance(value, list | tuple) else value


def _by_arm(cells: Iterable[PlannedCell], stage: Stage) -> dict[_Key, list[PlannedCell]]:
    found: dict[_Key, list[PlannedCell]] = {}
    for cell in cells:
        if cell.stage == stage:
            found.setdefault(_key(cell), []).append(cell)
    return found


def _check_fresh(judged: Mapping[_Key, Sequence[PlannedCell]], screened: Mapping[_Key, Sequence[PlannedCell]]) -> None:
    for key, runs in judged.items():
        used = {cell.seed for cell in runs} & {cell.seed for cell in screened.get(key, ())}
        if used:
            raise ValueError(f"{key[0]} is to be judged with seed {min(used)}, which also selected it")


def _names(keys: Sequence[_Key]) -> dict[_Key, str]:
    """Return a name for each arm: the variant's, the settings', or both, as far as they vary."""
    variants = {variant for variant, _ in keys}
    settings = {values for _, values in keys}
    if len(settings) == 1:
        return {key: key[0] for key in keys}
    if len(variants) == 1:
        return {key: _settings_name(key) for key in keys}
    return {key: f"{key[0]} ({_settings_name(key)})" for key in keys}


def _settings_name(key: _Key) -> str:
    return ", ".join(f"{path.rpartition('.')[2]}={value}" for path, value in key[1])


def _arm(
    name: str,
    runs: Sequence[PlannedCell],
    ended: Mapping[str, CellResult],
    failed: Mapping[str, CellFailure],
    together: NDArray[np.intp] | None,
) -> Arm:
    results = [ended[cell.id] for cell in runs if cell.id in ended]
    answers = [each.test_correct for each in results if each.test_correct is not None]
    assert len(answers) == len(results), "a run that confirms has answered the test split"
    return Arm(
        name=name,
        seeds=tuple(each.seed for each in results),
        correct=np.stack(answers) if answers else np.zeros((0, 0), bool),
        val_accuracies=tuple(each.val_accuracy for each in results),
        failed=tuple(cell.seed for cell in runs if cell.id in failed),
        missing=tuple(cell.seed for cell in runs if cell.id not in failed and cell.id not in ended),
        groups=together,
    )


def _groups(arms: Mapping[_Key, Arm], base: str, *, apart: bool) -> tuple[Group, ...]:
    """Return one group, or, ``apart``, one for each choice of settings where several networks meet several of them."""
    variants, settings = {variant for variant, _ in arms}, list(dict.fromkeys(values for _, values in arms))
    if not apart or len(variants) == 1 or len(settings) == 1:
        first = next((arm.name for (variant, _), arm in arms.items() if variant == base), None)
        return (Group("", tuple(arms.values()), first),)
    return tuple(
        Group(
            _settings_name(("", values)),
            tuple(arm for key, arm in arms.items() if key[1] == values),
            next((arm.name for key, arm in arms.items() if key == (base, values)), None),
        )
        for values in settings
    )


def _screened(
    name: str,
    runs: Sequence[PlannedCell],
    ended: Mapping[str, CellResult],
    failed: Mapping[str, CellFailure],
    chosen: bool,
) -> Screened:
    results = [ended[cell.id] for cell in runs if cell.id in ended]
    return Screened(
        name,
        tuple(each.val_accuracy for each in results),
        sum(cell.id in failed for cell in runs),
        chosen,
        any(each.is_pruned for each in results),
        any(each.is_diverged for each in results),
    )
