"""What the page of results says of a study that has no report yet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from benchmarks.lab_studies import studies_of
from benchmarks.study_of_nothing import make_plan, result_of, write_study
from builder.study.plan.stages import Stages
from builder.study.results.folder import StudyFolder
from builder.study.results.result import write_result

if TYPE_CHECKING:
    from pathlib import Path


class TestUnanswered:
    """A study of which a part of the runs is made."""

    @pytest.fixture
    def section(self, tmp_path: Path) -> str:
        """Give what is said of one with one of its four runs."""
        study = StudyFolder(tmp_path / "results" / "studies" / "tiny" / "study")
        plan = make_plan()
        write_study(study, plan)
        cell = next(iter(Stages(study, plan).open_cells()))
        study.cell(cell.id).path.mkdir(parents=True)
        write_result(study.cell(cell.id).result, result_of(cell))
        (study.path.parent / "state.json").write_text(json.dumps({"commit": "abc1234"}))
        (section,) = studies_of(tmp_path / "results")
        return section

    def test_runs_are_counted_and_nothing_is_concluded(self, section: str) -> None:
        """A part of the planned runs is no answer."""
        assert "**1 of 4 runs are made. No conclusion is drawn before all 4 are there.**" in section

    def test_the_next_command_stands_there(self, section: str) -> None:
        """With the commit at which it goes on."""
        assert "`archcli study run docs/results/studies/tiny/study --data-dir DATA` makes the rest" in section
        assert "commit `abc1234`" in section

    def test_no_study_says_so(self, tmp_path: Path) -> None:
        """An empty folder is not an empty section."""
        assert studies_of(tmp_path) == ["No study has ended: not yet measured."]
