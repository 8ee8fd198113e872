"""What a cell of a study ends in: its result with the answer to every test image, or why there is none.

Nothing here knows of torch: whoever judges results needs numpy alone.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping  # noqa: TC003 - `from_object` asks for the types of the fields
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - `from_object` asks for the types of the fields

from builder.diagnostics import RunError
from builder.files import reason_of, write_text
from builder.json_files import from_object, read_unchanged, with_checksum
from builder.training.folder.metrics import EpochMetrics  # noqa: TC001 - `from_object` asks for the types of the fields

if TYPE_CHECKING:
    from pathlib import Path

Stage: TypeAlias = Literal["screen", "confirm"]
"""Whether a cell helps to choose on the validation split, or to judge on the test split."""

_LITTLE = np.dtype("<u2")
_GROUP = np.dtype("<u4")
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class TrueLabels:
    """The test images that every cell of a study answers: names of the classes, and a label (images,) for each.

    ``groups`` has the number of each image's group (images,), from 0, where images of one group are one observation.
    """

    classes: tuple[str, ...]
    labels: NDArray[np.uint16]
    groups: NDArray[np.intp] | None = None


@dataclass(frozen=True, eq=False)
class CellResult:
    """The result of one cell; accuracies go from 0 to 1.

    ``settings`` are the hyperparameters that vary, by their path in the recipe. The best epoch was chosen on the
    validation split. Of the test split, in the same order for every cell, there is the class that was answered
    (images,) and whether it was right (images,); a screen does not read it, and has None. A trial of
    a search that ``is_pruned`` was ended before its last epoch, because it promised nothing; one that ``is_diverged``
    has lost its way, and its accuracy is 0.

    ``seconds`` are of the clock, ``processor_seconds`` what all cores computed for it, None for a cell that was
    interrupted. Log loss and calibration error are of the test split. Results of earlier versions have none of these.
    """

    cell: str
    variant: str
    settings: Mapping[str, object]
    seed: int
    stage: Stage
    best_epoch: int
    val_accuracy: float
    test_accuracy: float | None
    test_predictions: NDArray[np.uint16] | None
    test_correct: NDArray[np.bool_] | None
    metrics: tuple[EpochMetrics, ...]
    seconds: float
    is_pruned: bool = False
    is_diverged: bool = False
    processor_seconds: float | None = None
    test_log_loss: float | None = None
    test_calibration_error: float | None = None


@dataclass(frozen=True)
class CellFailure:
    """A cell that has no result, however often it was tried; ``message`` is what the last attempt ended in."""

    cell: str
    variant: str
    settings: Mapping[str, object]
    seed: int
    stage: Stage
    message: str
    attempts: int


def write_result(path: Path, outcome: CellResult) -> None:
    """Write ``outcome`` to ``path``, whole or not at all; raise RunError if it can't be written."""
    predictions = outcome.test_predictions
    content = {
        "cell": outcome.cell,
        "variant": outcome.variant,
        "settings": dict(outcome.settings),
        "seed": outcome.seed,
        "stage": outcome.stage,
        "best_epoch": outcome.best_epoch,
        "val_accuracy": outcome.val_accuracy,
        "test_accuracy": outcome.test_accuracy,
        "test_predictions": None if predictions is None else packed(predictions),
        "metrics": [asdict(each) for each in outcome.metrics],
        "seconds": outcome.seconds,
        "is_pruned": outcome.is_pruned,
        "is_diverged": outcome.is_diverged,
        "processor_seconds": outcome.processor_seconds,
        "test_log_loss": outcome.test_log_loss,
        "test_calibration_error": outcome.test_calibration_error,
    }
    write_text(path, json.dumps(with_checksum(content), indent=1) + "\n")


def read_result(path: Path, truth: TrueLabels | None) -> CellResult:
    """Return the result at ``path``; ``truth`` says which answers were right, and None leaves that open.

    Raises RunError for what is no result, was changed, or answers other images than those of ``truth``.
    """
    try:
        found = read_unchanged(path)
        packed_answers = found["test_predictions"]
        predictions = None if packed_answers is None else unpacked(packed_answers)
        correct = None if predictions is None or truth is None else _correct(predictions, truth)
        result = from_object(CellResult, found, {"test_predictions": predictions, "test_correct": correct})
        _check_accuracy(result)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{path} is not the result of a cell: {reason_of(error)}", "remove the file and run the study again"
        ) from error
    return result


def write_failure(path: Path, failure: CellFailure) -> None:
    """Write ``failure`` to ``path``, whole or not at all; raise RunError if it can't be written."""
    write_text(path, json.dumps(with_checksum(asdict(failure)), indent=1) + "\n")


def read_failure(path: Path) -> CellFailure:
    """Return the failure at ``path``; raise RunError for anything else."""
    try:
        return from_object(CellFailure, read_unchanged(path))
    except (OSError, ValueError) as error:
        raise RunError(
            f"{path} is damaged; it should say why a cell failed: {reason_of(error)}",
            "remove it and run the study again",
        ) from error


def write_true_labels(path: Path, truth: TrueLabels) -> None:
    """Write the labels that all cells of a study share, whole or not at all."""
    content = {"classes": list(truth.classes), "labels": packed(truth.labels)}
    if truth.groups is not None:
        content["groups"] = _packed(truth.groups, _GROUP)
    write_text(path, json.dumps(with_checksum(content)) + "\n")


def read_true_labels(path: Path) -> TrueLabels:
    """Return what ``write_true_labels`` wrote; raise RunError for anything else."""
    try:
        found = read_unchanged(path)
        labels = unpacked(found["labels"])
        groups = _groups(found["groups"], len(labels)) if "groups" in found else None
        truth = from_object(TrueLabels, found, {"labels": labels, "groups": groups})
        _check_classes(labels, truth.classes)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{path} is damaged; it should contain the labels of the test split: {reason_of(error)}"
        ) from error
    return truth


def packed(classes: NDArray[np.uint16]) -> str:
    """Return class indices (images,) as a text: base64 of two bytes each, the lower first."""
    return _packed(classes, _LITTLE)


def _packed(numbers: NDArray[np.integer[Any]], kind: np.dtype[Any]) -> str:
    return base64.b64encode(numbers.astype(kind).tobytes()).decode("ascii")


def unpacked(text: str) -> NDArray[np.uint16]:
    """Return the class indices (images,) of ``packed``; raise ValueError for any other text."""
    return np.frombuffer(base64.b64decode(text, validate=True), dtype=_LITTLE).astype(np.uint16)


def _groups(text: str, images: int) -> NDArray[np.intp]:
    """Return the number of each image's group; ValueError where they are not those of so many images, from 0 on."""
    found = np.frombuffer(base64.b64decode(text, validate=True), dtype=_GROUP).astype(np.intp)
    if len(found) != images:
        raise ValueError(f"it has groups for {len(found):,} images, and labels for {images:,}")
    if len(np.unique(found)) != (found.max() + 1 if images else 0):
        raise ValueError("numbers of groups are left out")
    return found


def _check_accuracy(result: CellResult) -> None:
    """Raise ValueError where the answers are not right as often as the result says: one of two files was changed."""
    if result.test_correct is None or result.test_accuracy is None or not result.test_correct.size:
        return
    share = float(np.mean(result.test_correct))
    if abs(share - result.test_accuracy) > _ROUNDING:
        raise ValueError(
            f"it says that {result.test_accuracy:.2%} of its answers are right, and by labels.json {share:.2%} are"
        )


def _correct(predictions: NDArray[np.uint16], truth: TrueLabels) -> NDArray[np.bool_]:
    if predictions.shape != truth.labels.shape:
        raise ValueError(f"it answers {len(predictions):,} images, and the test split has {len(truth.labels):,}")
    _check_classes(predictions, truth.classes)
    return np.equal(predictions, truth.labels)


def _check_classes(answers: NDArray[np.uint16], classes: tuple[str, ...]) -> None:
    if answers.size and answers.max() >= len(classes):
        raise ValueError(f"it names class {answers.max()}, and there are {len(classes)} classes")
