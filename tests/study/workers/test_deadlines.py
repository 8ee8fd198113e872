"""No cell begins that cannot end in time."""

from __future__ import annotations

from dataclasses import replace
from time import time
from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import RunError
from builder.study.workers.deadlines import Deadlines
from builder.study.workers.durations import Going
from builder.study.workers.limits import Limits
from builder.study.workers.note import StudyNote
from builder.study.workers.pending import PendingCells
from tests.study.conftest import make_plan

if TYPE_CHECKING:
    from builder.study.plan.plan import Plan
    from builder.study.results.folder import StudyFolder

PLAN = make_plan(1, 1)
(CELL,) = PLAN.cells("confirm", PLAN.arms)
PRICE = PLAN.seconds_of(CELL.variant, CELL.recipe, "confirm") or 0.0


def deadlines(folder: StudyFolder, seconds: float | None, plan: Plan = PLAN) -> Deadlines:
    """Return those of a study that may take so many seconds."""
    return Deadlines(folder, plan, StudyNote(folder), None if seconds is None else seconds / 3600)


def waiting() -> PendingCells:
    """Return the one cell that waits."""
    pending = PendingCells(lambda _: [CELL], Limits(), grows=False)
    pending.refill(1)
    return pending


class TestFits:
    """Whether a cell can end."""

    @pytest.mark.parametrize(("budget", "fits"), [(None, True), (1.5, True), (0.5, False), (0.0, False)])
    def test_before_the_budget_is_used_up(self, folder: StudyFolder, budget: float | None, fits: bool) -> None:
        """By what was planned for it."""
        assert deadlines(folder, None if budget is None else budget * PRICE).fits(CELL, None) is fits

    def test_by_what_cells_took(self, folder: StudyFolder) -> None:
        """On a machine that is slower than the one on which it was planned."""
        found = deadlines(folder, 1.5 * PRICE)
        found.durations.ended(CELL, 2 * PRICE)
        assert not found.fits(CELL, None)
        assert found.durations.factor == pytest.approx(2)

    def test_the_pace_is_known_before_a_cell_has_ended(self, folder: StudyFolder) -> None:
        """From the first epoch of a cell on, and together with those that have ended."""
        durations = deadlines(folder, None).durations
        epoch = PRICE / CELL.recipe.epochs
        assert durations.factor_with([Going(CELL, 0.9, 50 * epoch)]) == 1
        assert durations.factor_with([Going(CELL, 2.0, 6 * epoch)]) == pytest.approx(3)
        durations.ended(CELL, PRICE)
        assert durations.factor_with([Going(CELL, float(CELL.recipe.epochs), 3 * PRICE)]) == pytest.approx(2)

    def test_what_it_has_done_already_counts(self, folder: StudyFolder) -> None:
        """A cell with a checkpoint needs the rest of its time."""
        place = folder.cell(CELL.id)
        place.path.mkdir(parents=True)
        place.metrics.write_text("epoch\n" + "1\n" * (CELL.recipe.epochs // 2))
        assert deadlines(folder, 0.75 * PRICE).fits(CELL, None)

    @pytest.mark.parametrize(("left", "fits"), [(PRICE + 60, True), (PRICE, False)])
    def test_before_the_job_of_its_worker_ends(self, folder: StudyFolder, left: float, fits: bool) -> None:
        """With half a minute to leave."""
        assert deadlines(folder, None).fits(CELL, time() + left) is fits

    def test_before_the_job_of_the_coordinator_ends(self, folder: StudyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
        """Which Slurm tells to everything in it."""
        monkeypatch.setenv("SLURM_JOB_END_TIME", str(int(time() + PRICE / 2)))
        found = deadlines(folder, None)
        assert not found.fits(CELL, None)
        with pytest.raises(RunError, match="the time of this job") as raised:
            found.check(waiting())
        assert raised.value.hint == "submit it again: the study goes on"

    def test_where_nobody_knows_how_long_it_takes_it_is_begun(self, folder: StudyFolder) -> None:
        """As long as there is time at all; then the mean of those before is taken."""
        plan = replace(PLAN, networks=(replace(PLAN.networks[0], seconds=None),))
        found = deadlines(folder, 10, plan)
        assert found.fits(CELL, None)
        found.durations.ended(CELL, 3600)
        assert not found.fits(CELL, None)


class TestCheck:
    """What is said where nothing can end."""

    def test_that_the_budget_is_used_up(self, folder: StudyFolder) -> None:
        """With the way out."""
        with pytest.raises(RunError, match="the budget of 0 hours is used up, and the study is not finished") as raised:
            deadlines(folder, 0.0).check(waiting())
        assert raised.value.hint == "give it more: --budget HOURS, then run it again"

    def test_how_long_the_shortest_cell_takes(self, folder: StudyFolder) -> None:
        """And how much is left."""
        message = r"the budget of .* hours ends in .*, and the shortest cell that is left takes .*"
        with pytest.raises(RunError, match=message):
            deadlines(folder, PRICE / 2).check(waiting())

    def test_nothing_where_one_can(self, folder: StudyFolder) -> None:
        """A cell that fits will be begun when a worker is free."""
        deadlines(folder, 2 * PRICE).check(waiting())
