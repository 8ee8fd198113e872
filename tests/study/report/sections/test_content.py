"""What a report begins with: results that are those of the cells in whose folders they lie."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from builder.diagnostics import RunError
from builder.study.report.sections.blocks import Facts, Paragraph
from builder.study.report.sections.content import gather
from builder.study.report.sections.words import counts
from builder.study.results.folder import StudyFolder
from tests.study.report.conftest import Made, made
from tests.study.report.studies import PLAIN, three_factors

KEPT = Path(__file__).parents[3] / "kept" / "study"


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    """Return a study with its results."""
    return StudyFolder(Path(shutil.copytree(KEPT, tmp_path / "study")))


class TestDamage:
    """Results that do not fit are refused, with the file's name."""

    @pytest.mark.parametrize("changed", [{"stage": "screen"}, {"seed": 7}, {"variant": "tiny_se_block9"}])
    def test_a_result_of_another_run(self, study: StudyFolder, changed: dict[str, object]) -> None:
        """Though it names its cell."""
        path = _changed(study, changed)
        with pytest.raises(RunError, match="is of another run than that of its folder") as raised:
            gather(study)
        assert str(path) in raised.value.message
        assert raised.value.hint == "remove the file and run the study again"

    def test_a_result_without_answers(self, study: StudyFolder) -> None:
        """A cell that confirms has them."""
        path = _changed(study, {"test_accuracy": None, "test_predictions": None})
        with pytest.raises(RunError, match="has no answers to the test split") as raised:
            gather(study)
        assert str(path) in raised.value.message

    def test_lost_labels(self, study: StudyFolder) -> None:
        """Without them nobody knows which answers were right."""
        study.labels.unlink()
        with pytest.raises(RunError, match=r"labels\.json is missing; it should contain the labels of the test split"):
            gather(study)


def _changed(study: StudyFolder, fields: dict[str, object]) -> Path:
    """Change ``fields`` of the first cell's result, and return where it lies."""
    path = min(study.cells.iterdir()) / "result.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | fields), "utf-8")
    return path


class TestStuck:
    """Runs that have learned next to nothing."""

    def test_they_are_named_and_the_answer_without_their_seeds_is_said(self, tmp_path: Path) -> None:
        """None of them is left out, and never one network's alone."""
        study = made(tmp_path, three_factors(stuck=(("alexnet_tiny_se_block2", 1),)))
        assert [(each.variant, each.seed) for each in study.content.stuck] == [("alexnet_tiny_se_block2", 1)]
        other = study.content.without_stuck
        assert other is not None
        assert {arm.seeds for arm in other.arms} == {(0, 2, 3, 4, 5)}
        assert all(arm.n == 6 for arm in study.content.findings.arms)
        (said,) = (
            block.text
            for part in study.report.parts
            for block in part.blocks
            if isinstance(block, Paragraph) and block.kind == "warning"
        )
        assert said.startswith("alexnet_tiny_se_block2 with seed 1 (")
        assert "Without the seeds of such runs, in all networks, the answer would be: se at block2 gains " in said

    def test_where_all_learn_little_none_is_stuck(self, tmp_path: Path) -> None:
        """It may be too little training."""
        truth = replace(PLAIN, accuracy=dict.fromkeys(PLAIN.accuracy, 14.0))
        assert made(tmp_path, truth).content.stuck == ()

    def test_how_many_may_need_more_training_is_said(self, factors: Made) -> None:
        """Those that were best in their last epoch: here all of them."""
        facts = next(block.facts for block in factors.report.parts[0].blocks if isinstance(block, Facts))
        assert ("Best in the last epoch", "48 of 48 runs") in [(each.term, each.said) for each in facts]

    def test_numbers_that_differ_are_written_differently(self) -> None:
        """On an axis, with as many digits as that takes."""
        assert counts([1_946_700, 1_946_750, 1_946_780]) == ["1.94670 M", "1.94675 M", "1.94678 M"]
