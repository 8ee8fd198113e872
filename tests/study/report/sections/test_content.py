"""What a report begins with: results that are those of the cells in whose folders they lie."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from builder.diagnostics import RunError
from builder.study.report.sections.content import gather
from builder.study.results.folder import StudyFolder

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
