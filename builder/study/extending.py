"""More seeds for a study that has ended, and finished cells of other studies that are cells of a new one too."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from builder.diagnostics import RunError
from builder.files import make_folder
from builder.study.plan.looks import read_looks
from builder.study.plan.plan import MOST_SEEDS, write_plan
from builder.study.plan.stages import Stages
from builder.study.results.folder import StudyFolder
from builder.study.results.result import read_result
from builder.study.statistics import seeds_for_effects

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from builder.study.plan.plan import Plan


def add_seeds(folder: StudyFolder, plan: Plan, more: int) -> Plan:
    """Return the plan with ``more`` fresh seeds of every judged arm, which it has written down.

    They are a stage of their own, which is judged by itself and joined with what is there, with weights that are fixed
    now. Raises RunError where the study has not ended, has planned looks, or these are too few to be judged.
    """
    if plan.looks:
        hint = f"archcli study run {folder.path} goes on to the next look; a new study can plan more"
        raise RunError(f"{folder.path} has planned looks, and no seeds are added beside them", hint)
    left = len(Stages(folder, plan).open_cells())
    if left:
        hint = f"archcli study run {folder.path}"
        raise RunError(f"{folder.path} has not ended, {left} cells are open: no seeds are added before", hint)
    least = fewest_seeds(plan)
    if more < least or plan.judged_seeds + more > MOST_SEEDS:
        raise RunError(f"{more} more seeds cannot be judged", f"add {least} or more, up to {MOST_SEEDS:,} in all")
    longer = replace(plan, stages=(*(plan.stages or (plan.judged_seeds,)), more))
    write_plan(folder.plan, longer)
    return longer


def fewest_seeds(plan: Plan) -> int:
    """Return with how many seeds a stage can be judged by itself."""
    return seeds_for_effects(plan.layout) if plan.factorial is not None else 2


def reuse(folder: StudyFolder, plan: Plan) -> Plan:
    """Take finished cells from the studies beside ``folder``, and return the plan with how many there are.

    A cell is known by its id, which stands for all that decides its result. Seeds that somebody has already seen the
    report of are a stage, and those that are new are another. Raises RunError where the new ones are too few for that.
    """
    wanted = {cell.id: cell.seed for cell in plan.cells(plan.first_stage, plan.arms)}
    seen, found = 0, 0
    for other in _others(folder):
        taken = [identity for identity in wanted if _take(other, folder, identity)]
        found += len(taken)
        looked_at = [each.seeds for each in read_looks(other)] if taken else []
        seen = max([seen, *(min(1 + max(wanted[each] for each in taken), most) for most in looked_at)])
    planned = replace(plan, reused=found)
    if not seen or seen >= plan.judged_seeds or plan.looks or plan.first_stage != "confirm":
        return planned
    least = fewest_seeds(plan)
    if min(seen, plan.judged_seeds - seen) < least:
        message = (
            f"the first {seen} of {plan.judged_seeds} seeds were reported already, and {least} new ones are needed"
        )
        raise RunError(message, f"plan {seen + least} seeds or more, or as many as before")
    return replace(planned, stages=(seen, plan.judged_seeds - seen))


def _others(folder: StudyFolder) -> Iterator[StudyFolder]:
    """Yield the planned studies that lie beside a folder."""
    for path in sorted(folder.path.parent.iterdir()):
        if path != folder.path and (path / "plan.json").is_file():
            yield StudyFolder(path)


def _take(other: StudyFolder, folder: StudyFolder, identity: str) -> bool:
    """Copy a finished cell, the result last; return whether there was one that is not there yet.

    One whose result is damaged, or was changed by hand, is none.
    """
    there, here = other.cell(identity), folder.cell(identity)
    if not there.result.is_file() or here.result.exists():
        return False
    try:
        read_result(there.result, None)
    except RunError:
        return False
    make_folder(here.path)
    for file in sorted(there.path.iterdir(), key=lambda path: path == there.result):
        if file.is_file():
            _link(file, here.path / file.name)
    return True


def _link(file: Path, place: Path) -> None:
    """Let a second name point to a file that nobody changes any more, or copy it."""
    try:
        os.link(file, place)
    except OSError:
        shutil.copyfile(file, place)
