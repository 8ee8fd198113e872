"""The trials of a search: which there are, what they have come to, and the next one, in a study's folder.

A trial is written down before its cells are begun, one file each, whole or not at all. What it has come to is read from
its cells.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING, Any

from builder.diagnostics import RunError
from builder.files import make_folder, reason_of, write_text
from builder.json_files import from_object, read_unchanged, with_checksum
from builder.study.plan.plan import PlannedArm, arm_from_json, arm_to_json
from builder.study.plan.sampler import PastTrial, is_hopeless, propose
from builder.study.results.result import read_result
from builder.training.folder.metrics import read_metrics

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from builder.study.page.space import SearchSpace
    from builder.study.plan.plan import Plan
    from builder.study.results.cells import Cell
    from builder.study.results.folder import CellFolder, StudyFolder


@dataclass(frozen=True)
class Trial:
    """One choice of hyperparameters for one network; ``number`` counts its trials from 1."""

    number: int
    arm: PlannedArm

    @property
    def name(self) -> str:
        """What tells it from the others of its study."""
        return f"{self.arm.variant}-{self.number:04}"


@dataclass(frozen=True)
class Trials:
    """The trials of one study's ``search``."""

    folder: StudyFolder
    plan: Plan
    search: SearchSpace

    def known(self) -> tuple[Trial, ...]:
        """Return those that are written down, every network's first first; RunError for a file that is damaged.

        That is also one whose network is not in the plan.
        """
        first = [Trial(1, arm) for arm in self.plan.arms]
        paths = sorted(self.folder.trials.glob("*.json")) if self.folder.trials.is_dir() else []
        order = {each.name: number for number, each in enumerate(self.plan.networks)}
        found = [*first, *(read_trial(path, self.plan) for path in paths)]
        return tuple(sorted(found, key=lambda each: (each.number, order[each.arm.variant])))

    def keep(self, new: Trial) -> None:
        """Write a trial down; raise RunError if that can't be done."""
        make_folder(self.folder.trials)
        content = with_checksum({"number": new.number} | arm_to_json(new.arm))
        write_text(self.folder.trials / f"{new.name}.json", json.dumps(content, indent=1) + "\n")

    def add(self) -> Trial | None:
        """Write down the next try, of the network that has fewest; return None where none is left to make."""
        known = self.known()
        counts = Counter(each.arm.variant for each in known)
        for first in sorted(self.plan.arms, key=lambda arm: counts[arm.variant]):
            if counts[first.variant] < self.search.trials:
                tried = self._tried(first.variant, known)
                found = propose(self.search, self.plan.name, tried, first.recipe)
                if found is not None:
                    new = Trial(counts[first.variant] + 1, PlannedArm(first.variant, *found))
                    self.keep(new)
                    return new
        return None

    def is_hopeless(self, cell: Cell, curve: tuple[float, ...]) -> bool:
        """Return whether ``cell``, a trial whose validation accuracies are those of ``curve``, is to be ended now.

        It is judged by the trials of its network of which this folder knows.
        """
        known = self.known()
        own = [each for each in known if each.arm.variant == cell.variant]
        number = next(index for index, each in enumerate(own) if each.arm.settings == cell.settings)
        tried = list(self._tried(cell.variant, known))
        tried[number] = replace(tried[number], curve=curve)
        longest = max(each.arm.recipe.epochs for each in own)
        return is_hopeless(self.search, self.plan.name, tried, number, longest)

    def _tried(self, variant: str, known: tuple[Trial, ...]) -> tuple[PastTrial, ...]:
        return tuple(self._result(each.arm) for each in known if each.arm.variant == variant)

    def _result(self, arm: PlannedArm) -> PastTrial:
        """Return what the cells of an arm have come to; of several seeds the first one has the curve."""
        places = [self.folder.cell(each.id) for each in self.plan.cells("screen", [arm])]
        outcomes = [read_result(each.result, None) for each in places if each.result.exists()]
        if len(outcomes) == len(places):
            curve = tuple(each.val_accuracy for each in outcomes[0].metrics)
            if outcomes[0].is_pruned:
                return PastTrial(arm.settings, "pruned", curve)
            return PastTrial(arm.settings, "done", curve, fmean(each.val_accuracy for each in outcomes))
        if any(each.failure.exists() and not each.result.exists() for each in places):
            return PastTrial(arm.settings, "failed")
        return PastTrial(arm.settings, "running", _so_far(places[0]))


def _trial(found: Mapping[str, Any]) -> Trial:
    arm = arm_from_json(found)
    return from_object(Trial, {"number": found["number"]}, {"arm": arm})


def read_trial(path: Path, plan: Plan) -> Trial:
    """Return the trial of ``plan`` that ``path`` defines; raise RunError for anything else."""
    try:
        trial = _trial(read_unchanged(path))
        plan.check_arm(trial.arm)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path} is damaged; it should describe a trial: {reason_of(error)}") from error
    return trial


def _so_far(place: CellFolder) -> tuple[float, ...]:
    """Return the validation accuracies of a cell that is being run; none where its last row is half there."""
    try:
        return tuple(each.val_accuracy for each in read_metrics(place.metrics))
    except RunError:
        return ()
