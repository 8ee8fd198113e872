"""What a cell ends in, on disk."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from builder.diagnostics import RunError
from builder.study.page.page import MAX_EPOCHS
from builder.study.results.folder import StudyFolder
from builder.study.results.result import (
    CellFailure,
    CellResult,
    TrueLabels,
    packed,
    read_failure,
    read_result,
    read_true_labels,
    unpacked,
    write_failure,
    write_result,
    write_true_labels,
)
from builder.training.folder.metrics import EpochMetrics

if TYPE_CHECKING:
    from pathlib import Path

TRUTH = TrueLabels(("cat", "dog"), np.array([0, 1, 1, 0], dtype=np.uint16))
OUTCOME = CellResult(
    cell="a1",
    variant="alexnet_se",
    settings={"optimizer.lr": 0.01},
    seed=3,
    stage="confirm",
    best_epoch=1,
    val_accuracy=0.5,
    test_accuracy=0.75,
    test_predictions=np.array([0, 1, 1, 1], dtype=np.uint16),
    test_correct=None,
    metrics=(EpochMetrics(1, 2.3, 0.1, 2.2, 0.5, 0.01, 1.5),),
    seconds=2.5,
)
FAILURE = CellFailure("b2", "alexnet", {}, 0, "screen", "the training loss is nan", 3)


class TestOutcome:
    """The result of a cell."""

    def test_it_comes_back_as_it_was_written(self, tmp_path: Path) -> None:
        """Field by field, the answers as the same numbers of the same type."""
        write_result(tmp_path / "result.json", OUTCOME)
        found = read_result(tmp_path / "result.json", None)
        assert found.test_predictions is not None
        assert found.test_predictions.dtype == np.uint16
        assert found.test_predictions.tolist() == [0, 1, 1, 1]
        plain = replace(found, test_predictions=None)
        assert asdict(plain) == asdict(replace(OUTCOME, test_predictions=None))

    def test_the_longest_cell_is_read_back(self, tmp_path: Path) -> None:
        """With all digits of every number, and the answers to more images than any data set has."""
        row = EpochMetrics(MAX_EPOCHS, *[-1.2345678901234567e-300] * 5, 1234567.891)
        images = np.zeros(100_000, dtype=np.uint16)
        long = replace(OUTCOME, metrics=(row,) * MAX_EPOCHS, test_predictions=images)
        write_result(tmp_path / "result.json", long)
        assert len(read_result(tmp_path / "result.json", None).metrics) == MAX_EPOCHS

    def test_what_an_earlier_version_did_not_measure_is_none(self, tmp_path: Path) -> None:
        """Its results are read all the same."""
        path = tmp_path / "result.json"
        measured = replace(OUTCOME, processor_seconds=2.0, test_log_loss=0.7, test_calibration_error=0.1)
        write_result(path, measured)
        assert read_result(path, None).test_log_loss == 0.7
        found = json.loads(path.read_text("utf-8"))
        for name in ("processor_seconds", "test_log_loss", "test_calibration_error", "checksum"):
            del found[name]
        path.write_text(json.dumps(found), "utf-8")
        earlier = read_result(path, None)
        assert (earlier.processor_seconds, earlier.test_log_loss, earlier.test_calibration_error) == (None, None, None)

    def test_the_labels_say_which_answers_were_right(self, tmp_path: Path) -> None:
        """They are kept once for all cells."""
        write_result(tmp_path / "result.json", OUTCOME)
        correct = read_result(tmp_path / "result.json", TRUTH).test_correct
        assert correct is not None
        assert correct.tolist() == [True, True, True, False]

    def test_a_screen_has_no_answers(self, tmp_path: Path) -> None:
        """For it does not read the test split."""
        screened = replace(OUTCOME, stage="screen", test_accuracy=None, test_predictions=None)
        write_result(tmp_path / "result.json", screened)
        found = read_result(tmp_path / "result.json", TRUTH)
        assert (found.test_accuracy, found.test_predictions, found.test_correct) == (None, None, None)

    def test_answers_to_other_images_are_refused(self, tmp_path: Path) -> None:
        """A result that was copied from another study says nothing here."""
        write_result(tmp_path / "result.json", OUTCOME)
        fewer = TrueLabels(("cat", "dog"), TRUTH.labels[:3])
        with pytest.raises(RunError, match="it answers 4 images, and the test split has 3"):
            read_result(tmp_path / "result.json", fewer)

    @pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"cell": "a1"}', json.dumps({"test_predictions": "???"})])
    def test_anything_else_is_refused_by_name(self, tmp_path: Path, text: str) -> None:
        """A file that somebody edited ends in a sentence, not in a traceback."""
        (tmp_path / "result.json").write_text(text)
        with pytest.raises(RunError, match=r"result\.json is not the result of a cell") as raised:
            read_result(tmp_path / "result.json", TRUTH)
        assert "remove the file" in str(raised.value.hint)


EDITS: dict[str, object] = {
    "val_accuracy": 0.99, "test_accuracy": 0.99, "test_predictions": packed(np.array([0, 1, 1, 0], dtype=np.uint16)),
    "best_epoch": 7, "seconds": 0.1, "seed": 4, "variant": "alexnet", "is_diverged": True, "test_log_loss": 0.1,
    "metrics": [], "settings": {},
}  # fmt: skip


class TestEdited:
    """What somebody wrote into a result by hand is no result."""

    @pytest.mark.parametrize("name", EDITS)
    def test_every_field_of_a_result(self, tmp_path: Path, name: str) -> None:
        """By the checksum of all of them."""
        path = tmp_path / "result.json"
        write_result(path, OUTCOME)
        path.write_text(json.dumps(json.loads(path.read_text()) | {name: EDITS[name]}))
        with pytest.raises(RunError, match=r"result\.json is not the result of a cell: a value in it was changed"):
            read_result(path, TRUTH)

    def test_of_an_earlier_version_the_answers_say_it(self, tmp_path: Path) -> None:
        """Which wrote no checksum; so do labels that were exchanged."""
        path = tmp_path / "result.json"
        write_result(path, OUTCOME)
        earlier = json.loads(path.read_text()) | {"test_accuracy": 0.99}
        del earlier["checksum"]
        path.write_text(json.dumps(earlier))
        with pytest.raises(RunError, match=r"it says that 99\.00% .* are right, and by labels\.json 75\.00% are"):
            read_result(path, TRUTH)
        write_result(path, OUTCOME)
        with pytest.raises(RunError, match=r"by labels\.json 50\.00% are"):
            read_result(path, TrueLabels(TRUTH.classes, np.array([0, 1, 0, 0], dtype=np.uint16)))

    @pytest.mark.parametrize(("name", "value"), [("classes", ["dog", "cat"]), ("labels", packed(TRUTH.labels[::-1]))])
    def test_the_labels(self, tmp_path: Path, name: str, value: object) -> None:
        """By their own checksum: names that were exchanged change no accuracy."""
        path = tmp_path / "labels.json"
        write_true_labels(path, replace(TRUTH, labels=np.array([0, 1, 1, 1], dtype=np.uint16)))
        path.write_text(json.dumps(json.loads(path.read_text()) | {name: value}))
        with pytest.raises(RunError, match=r"labels\.json is damaged; .*: a value in it was changed"):
            read_true_labels(path)


class TestOtherFiles:
    """Failures and labels."""

    def test_a_failure_comes_back(self, tmp_path: Path) -> None:
        """With its message and how often it was tried."""
        write_failure(tmp_path / "failure.json", FAILURE)
        assert read_failure(tmp_path / "failure.json") == FAILURE
        (tmp_path / "failure.json").write_text("{}")
        with pytest.raises(RunError, match="is damaged; it should say why a cell failed"):
            read_failure(tmp_path / "failure.json")

    def test_labels_come_back(self, tmp_path: Path) -> None:
        """With the names of the classes."""
        write_true_labels(tmp_path / "labels.json", TRUTH)
        found = read_true_labels(tmp_path / "labels.json")
        assert (found.classes, found.labels.tolist()) == (TRUTH.classes, TRUTH.labels.tolist())
        (tmp_path / "labels.json").write_text("{}")
        with pytest.raises(RunError, match="is damaged; it should contain the labels"):
            read_true_labels(tmp_path / "labels.json")

    @pytest.mark.parametrize(
        ("groups", "message"),
        [
            ([0, 0, 1, 70_000], "left out"),
            ([0, 1, 1], "it has groups for 3 images, and labels for 4"),
            ([0, 2, 2, 2], "left"),
        ],
    )
    def test_groups_come_back_with_the_labels(self, tmp_path: Path, groups: list[int], message: str) -> None:
        """And are refused where they are not those of the images, numbered from 0."""
        path = tmp_path / "labels.json"
        write_true_labels(path, replace(TRUTH, groups=np.array([0, 2, 1, 0])))
        found = read_true_labels(path)
        assert found.groups is not None
        assert found.groups.tolist() == [0, 2, 1, 0]
        write_true_labels(path, replace(TRUTH, groups=np.array(groups)))
        with pytest.raises(RunError, match=message):
            read_true_labels(path)

    def test_numbers_up_to_two_bytes_are_packed(self) -> None:
        """ImageNet has 1,000 classes."""
        numbers = np.array([0, 255, 256, 65_535], dtype=np.uint16)
        assert unpacked(packed(numbers)).tolist() == numbers.tolist()


class TestStudyFolder:
    """All results of a study."""

    def test_it_gives_what_its_cells_ended_in(self, tmp_path: Path) -> None:
        """A cell without a result or failure is not there yet; one that was mended has a result."""
        folder = StudyFolder(tmp_path)
        for name in ("a1", "b2", "c3", "d4"):
            folder.cell(name).path.mkdir(parents=True)
        write_result(folder.cell("a1").result, OUTCOME)
        write_failure(folder.cell("b2").failure, FAILURE)
        write_result(folder.cell("d4").result, replace(OUTCOME, cell="d4"))
        write_failure(folder.cell("d4").failure, replace(FAILURE, cell="d4"))
        found = folder.results()
        assert [each.cell for each in found.outcomes] == ["a1", "d4"]
        assert found.failures == (FAILURE,)
        assert [each.cell for each in folder.results(("d4",)).outcomes] == ["d4"]

    def test_a_new_one_has_nothing(self, tmp_path: Path) -> None:
        """And that is no mistake."""
        found = StudyFolder(tmp_path / "new").results()
        assert (found.outcomes, found.failures, found.truth) == ((), (), None)
