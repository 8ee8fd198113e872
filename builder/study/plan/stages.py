"""What is to be run next: first all arms, or a screen or search; then the base and the finalists with fresh seeds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from builder.diagnostics import RunError
from builder.files import reason_of, write_text
from builder.json_files import read_unchanged_list, with_checksum
from builder.study.plan.looks import read_looks, seeds_until_next_look
from builder.study.plan.plan import arm_from_json, arm_to_json
from builder.study.plan.trials import Trials

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from builder.study.plan.plan import Plan, PlannedArm
    from builder.study.results.cells import Cell
    from builder.study.results.folder import StudyFolder
    from builder.study.results.result import CellResult


@dataclass(frozen=True)
class Stages:
    """The stages of one study, by what lies in its folder."""

    folder: StudyFolder
    plan: Plan

    @property
    def trials(self) -> Trials | None:
        """The trials of its search, None where nothing is searched."""
        return Trials(self.folder, self.plan, self.plan.search) if self.plan.search is not None else None

    def arms(self) -> tuple[PlannedArm, ...]:
        """Return the arms that are known by now: all of them, or those that a search has tried or tries."""
        trials = self.trials
        return self.plan.arms if trials is None else tuple(each.arm for each in trials.known())

    def known_cells(self) -> tuple[Cell, ...]:
        """Return all cells that are known by now.

        Those of a confirmation only once its finalists are chosen, those after a planned look once it was made.
        """
        until = seeds_until_next_look(self.folder, self.plan) if self.plan.looks else None
        if not self.plan.screen_seeds:
            return self.plan.cells("confirm", self.arms(), until)
        by_round = zip((self.arms(), *self.survivors()), self.plan.rounds, strict=False)  # later ones are not known yet
        first = tuple(
            cell
            for arms, each in by_round
            for cell in self.plan.cells("screen", arms, each.last)
            if cell.seed >= each.first
        )
        chosen = self.finalists()
        return first if chosen is None else (*first, *self.plan.cells("confirm", chosen))

    def open_cells(self, wanted: int = 1) -> tuple[Cell, ...]:
        """Return the cells that can be run now; a screen, or a round of one, that has ended chooses who goes on first.

        A search adds trials while fewer than ``wanted`` cells are open, and no more: what it chooses later, it chooses
        by more results.
        """
        found = self._open(self.known_cells())
        while len(found) < wanted and self._tries_more():
            found = self._open(self.known_cells())
        while not found and self.plan.screen_seeds and self.finalists() is None:
            self._choose()
            found = self._open(self.known_cells())
        return found

    def untried(self) -> int:
        """Return how many cells of the screening are not chosen yet: trials of a search, or rounds of a halving."""
        if self.finalists() is not None:
            return 0
        if self.plan.halving:
            return sum(each.cells for each in self.plan.rounds[1 + len(self.survivors()) :])
        if self.trials is None:
            return 0
        return (self.plan.tried_arms - len(self.arms())) * self.plan.screen_seeds

    def after_looks(self) -> int:
        """Return how many cells come after the next look, if it leaves something open."""
        if not self.plan.looks:
            return 0
        until = seeds_until_next_look(self.folder, self.plan)
        done = [each for each in read_looks(self.folder) if each.seeds == until and each.is_decided]
        return 0 if done else (self.plan.judged_seeds - until) * len(self.plan.arms)

    def finalists(self) -> tuple[PlannedArm, ...] | None:
        """Return the base and the arms that the screen has chosen, None before it has ended."""
        if not self.folder.finalists.exists():
            return None
        try:
            return self._arms_of(read_unchanged_list(self.folder.finalists, "finalists"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            reason = reason_of(error)
            raise RunError(f"{self.folder.finalists} is damaged; it should list the finalists: {reason}") from error

    def survivors(self) -> tuple[tuple[PlannedArm, ...], ...]:
        """Return the arms that went on after each round of a halving that has ended, but the last one."""
        if not self.plan.halving or not self.folder.rounds.exists():
            return ()
        try:
            found = tuple(map(self._arms_of, read_unchanged_list(self.folder.rounds, "rounds")))
        except (OSError, ValueError, KeyError, TypeError) as error:
            reason = reason_of(error)
            raise RunError(f"{self.folder.rounds} is damaged; it should list who went on: {reason}") from error
        return found[: len(self.plan.rounds) - 1]

    def _arms_of(self, found: Iterable[Mapping[str, Any]]) -> tuple[PlannedArm, ...]:
        arms = tuple(map(arm_from_json, found))
        for arm in arms:
            self.plan.check_arm(arm)
        return arms

    def _tries_more(self) -> bool:
        """Add a trial; return False where nothing is searched, or nothing is left to try."""
        trials = self.trials
        return trials is not None and self.finalists() is None and trials.add() is not None

    def _open(self, cells: Iterable[Cell]) -> tuple[Cell, ...]:
        places = ((each, self.folder.cell(each.id)) for each in cells)
        return tuple(cell for cell, place in places if not (place.result.exists() or place.failure.exists()))

    def _choose(self) -> None:
        """Write down, once and for all, who goes on after this round, or the finalists after the last."""
        outcomes = self.folder.results(tuple(each.id for each in self.known_cells())).outcomes
        rounds, before = self.plan.rounds, self.survivors()
        arms = before[-1] if before else self.arms()
        if len(before) + 1 < len(rounds):
            now, after = rounds[len(before) : len(before) + 2]
            path, chosen = self.folder.rounds, choose_survivors(self.plan, arms, outcomes, now.last, after.arms)
            content: dict[str, object] = {"rounds": [[arm_to_json(arm) for arm in each] for each in (*before, chosen)]}
        else:
            path, chosen = self.folder.finalists, choose_finalists(self.plan, arms, outcomes)
            content = {"finalists": [arm_to_json(each) for each in chosen]}
        write_text(path, json.dumps(with_checksum(content), indent=1) + "\n")


def choose_finalists(plan: Plan, arms: Sequence[PlannedArm], screened: Iterable[CellResult]) -> tuple[PlannedArm, ...]:
    """Return the base and up to ``plan.finalists`` arms, by their mean accuracy on the validation split.

    Every network, the base too, comes with the hyperparameters that suit it best, for each had as many trials. Where
    there is one network alone, the base is it with the recipe's own hyperparameters, and its rivals are others. An arm
    with failed cells, or that was ended early, stands behind all others, since the cells that are left may be the easy
    ones; one without results is not chosen.
    Raises RunError where the base itself has no results.
    """
    ranked = _ranked(arms, screened, plan.rounds[-1].last)
    if len({arm.variant for arm in arms}) > 1:
        best: dict[str, PlannedArm] = {}
        for arm in ranked:
            best.setdefault(arm.variant, arm)
        base, others = best.get(plan.base.variant), list(best.values())
    else:
        base, others = next((arm for arm in ranked if arm is arms[0]), None), ranked
    if base is None:
        message = "the base has failed in the screening, so there is nothing to compare with"
        raise RunError(message, "`archcli study status` says why; then run it again with --retry-failed")
    return (base, *[arm for arm in others if arm is not base][: plan.finalists])


def choose_survivors(
    plan: Plan, arms: Sequence[PlannedArm], screened: Iterable[CellResult], seeds: int, count: int
) -> tuple[PlannedArm, ...]:
    """Return the ``count`` arms with the highest mean accuracy on the validation split, after so many ``seeds`` each.

    The base is one of them, or of several arms of its network the best. Arms keep their order. Raises RunError where
    the base has no results.
    """
    ranked = _ranked(arms, screened, seeds)
    several = len({arm.variant for arm in arms}) > 1
    of_base = [arm for arm in ranked if (arm.variant == plan.base.variant if several else arm == plan.base)]
    if not of_base:
        message = "the base has failed in the screening, so there is nothing to compare with"
        raise RunError(message, "`archcli study status` says why; then run it again with --retry-failed")
    kept = [of_base[0], *[arm for arm in ranked if arm is not of_base[0]][: count - 1]]
    return tuple(arm for arm in arms if any(arm is each for each in kept))


def _ranked(arms: Sequence[PlannedArm], screened: Iterable[CellResult], seeds: int) -> list[PlannedArm]:
    """Return the arms that have results, the best first."""
    found: dict[str, list[CellResult]] = {}
    for outcome in screened:
        found.setdefault(_key(outcome.variant, outcome.settings), []).append(outcome)
    scored = [(arm, found.get(_key(arm.variant, arm.settings), [])) for arm in arms]
    ranked = sorted((each for each in scored if each[1]), key=lambda each: _rank(each[1], seeds))
    return [arm for arm, _ in ranked]


def _rank(outcomes: Sequence[CellResult], seeds: int) -> tuple[bool, bool, float]:
    ended_early = any(each.is_pruned or each.is_diverged for each in outcomes)
    return len(outcomes) < seeds, ended_early, -fmean(each.val_accuracy for each in outcomes)


def _key(variant: str, settings: object) -> str:
    return json.dumps([variant, settings], sort_keys=True, default=dict)
