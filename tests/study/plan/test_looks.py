"""Planned looks: what may be run until the next one, and the log of those that were made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from builder.commands import report
from builder.diagnostics import RunError
from builder.study.plan.looks import LookedAt, log_look, read_looks, seeds_until_next_look
from builder.study.plan.plan import read_plan, write_plan
from builder.study.plan.stages import Stages
from builder.study.status import study_status
from tests.study.report.studies import PLAIN, go_on, make_study

if TYPE_CHECKING:
    from pathlib import Path

    from builder.study.results.folder import StudyFolder

LOOKS = replace(PLAIN, compare="base", seeds=12, looks=(4, 8, 12), images=500)
OPEN = (LookedAt("A", "undecided", 0.2, 0.3),)
TOLD = (LookedAt("A", "better", 0.01, 1.0), LookedAt("B", "equivalent", 0.9, 0.02))


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    """Return a study whose runs until the first of three looks have ended."""
    return make_study(tmp_path, LOOKS)


class TestLog:
    """What was looked at."""

    def test_a_look_is_written_once(self, study: StudyFolder) -> None:
        """A second report of the same runs is no other look."""
        log_look(study, 4, OPEN)
        log_look(study, 4, TOLD)
        log_look(study, 8, TOLD)
        assert [(each.seeds, each.is_decided) for each in read_looks(study)] == [(4, False), (8, True)]
        assert read_looks(study)[0].claims == OPEN

    def test_a_damaged_log_is_said(self, study: StudyFolder) -> None:
        """By its name."""
        study.looks.write_text("[{}]")
        with pytest.raises(RunError, match=r"looks\.json is damaged"):
            read_looks(study)


class TestCells:
    """What may be run."""

    def test_runs_go_until_the_next_look(self, study: StudyFolder) -> None:
        """And further when it was made and left something open."""
        plan = read_plan(study.plan)
        assert {cell.seed for cell in Stages(study, plan).known_cells()} == {0, 1, 2, 3}
        assert Stages(study, plan).open_cells() == ()
        log_look(study, 4, OPEN)
        assert {cell.seed for cell in Stages(study, plan).open_cells()} == {4, 5, 6, 7}

    def test_a_look_that_decides_is_the_last(self, study: StudyFolder) -> None:
        """Nothing is run after it."""
        plan = read_plan(study.plan)
        log_look(study, 4, TOLD)
        assert seeds_until_next_look(study, plan) == 4
        assert (Stages(study, plan).open_cells(), Stages(study, plan).after_looks()) == ((), 0)

    def test_a_report_besides_the_planned_looks_ends_nothing(self, study: StudyFolder) -> None:
        """Only planned ones count."""
        log_look(study, 3, TOLD)
        assert seeds_until_next_look(study, read_plan(study.plan)) == 4

    def test_status_counts_what_may_follow(self, study: StudyFolder) -> None:
        """With the look that comes before."""
        now = study_status(study, read_plan(study.plan))
        assert (now.counts["done"], now.later, now.look, now.is_done) == (16, 32, 4, False)

    @pytest.mark.parametrize("looks", [(4, 4, 12), (4, 8), (8, 4, 12)])
    def test_a_plan_with_other_looks_is_none(self, study: StudyFolder, looks: tuple[int, ...]) -> None:
        """They rise up to all seeds."""
        write_plan(study.plan, replace(read_plan(study.plan), looks=looks))
        with pytest.raises(RunError, match="`looks` are not rising numbers of seeds"):
            read_plan(study.plan)


class TestReport:
    """A report is a look."""

    def test_it_is_logged_and_says_where_it_stands(self, study: StudyFolder) -> None:
        """Then the next runs can follow; and the last look names no next one."""
        first = report.run(str(study.path), study.path.parent, None)
        assert "This is look 1 of 3, at 4 of 12 seeds." in first.report.more
        assert first.report.more[-1] == "The next look is at 8 seeds: archcli study run study-runs/placement-001"
        assert [each.seeds for each in read_looks(study)] == [4]
        go_on(study, LOOKS)
        second = report.run(str(study.path), study.path.parent, None)
        part = next(each for each in second.report.parts if each.name == "looks")
        assert [row[0] for row in part.blocks[1].rows] == ["4"] * 3 + ["8"] * 3  # type: ignore[union-attr]  # the second block is a table
        go_on(study, LOOKS)
        last = report.run(str(study.path), study.path.parent, None)
        assert last.report.more == ("This is look 3 of 3, at 12 of 12 seeds.",)

    def test_the_same_report_has_the_same_bytes(self, study: StudyFolder) -> None:
        """Although the first has written the log."""
        pages = [report.run(str(study.path), study.path.parent, None).files[-1].read_bytes() for _ in range(2)]
        assert pages[0] == pages[1]

    def test_runs_beyond_a_look_do_not_count_yet(self, study: StudyFolder) -> None:
        """Only when the next look is complete."""
        report.run(str(study.path), study.path.parent, None)
        go_on(study, LOOKS)
        plan = read_plan(study.plan)
        lost = next(cell for cell in Stages(study, plan).known_cells() if cell.seed == 7)
        study.cell(lost.id).result.unlink()
        made = report.run(str(study.path), study.path.parent, None)
        assert made.content.findings.design.seeds == 4
        assert all(arm.n == 4 for arm in made.content.findings.arms)
        assert [each.seeds for each in read_looks(study)] == [4]

    def test_its_intervals_hold_at_all_looks(self, study: StudyFolder) -> None:
        """They are wider than those of a study that is judged once."""
        looked = report.run(str(study.path), study.path.parent, None).content.findings.comparisons[0]
        plan = replace(read_plan(study.plan), looks=(), confirm_seeds=4)
        write_plan(study.plan, plan)
        once = report.run(str(study.path), study.path.parent, None).content.findings.comparisons[0]
        assert looked.interval is not None
        assert once.interval is not None
        assert looked.difference == once.difference
        assert looked.interval[0] < once.interval[0] < once.interval[1] < looked.interval[1]
