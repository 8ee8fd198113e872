"""The result of a run, as its folder keeps it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from builder.diagnostics import RunError
from builder.files import reason_of
from builder.json_files import from_object, read_object
from builder.training.folder.metrics import EpochMetrics  # noqa: TC001 - `from_object` asks for the types of the fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.training.folder.run_folder import RunFolder

_CHECKSUM = "checksum"


@dataclass(frozen=True)
class Summary:
    """The result of a run; accuracies go from 0 to 1.

    The best epoch is the first with the highest validation accuracy; the test split, where there is one, was read
    once, with that epoch's weights, or the last one's where the recipe selects those. ``seconds`` are the run's, with
    validation and saving; images a second are those of training alone, None where nothing was left to train; so is
    ``step``, how the steps of the last session were taken.
    """

    recipe: str
    data: str
    device: str
    precision: str
    parameters: int
    epochs: int
    best_epoch: int
    best_val_accuracy: float
    test_accuracy: float | None
    test_loss: float | None
    final: EpochMetrics
    seconds: float
    images_per_second: float | None
    step: str | None = None


def write_summary(folder: RunFolder, summary: Summary) -> None:
    """Write ``summary`` into ``folder``, whole or not at all; raise RunError if it can't be written."""
    values = asdict(summary)
    folder.write_json(folder.summary.name, values | {_CHECKSUM: _checksum(values)})


def read_summary(folder: RunFolder) -> Summary | None:
    """Return the result that lies in ``folder``, None where the run has not ended; RunError if it can't be read."""
    if not folder.summary.exists():
        return None
    try:
        return from_object(Summary, _values(folder)[0])
    except (OSError, ValueError) as error:
        raise RunError(f"{folder.summary} is not the result of a run: {reason_of(error)}") from error


def check_summary(folder: RunFolder) -> None:
    """Raise RunError if a value of the result was changed: what the test gave stands nowhere else."""
    try:
        values, checksum = _values(folder)
    except (OSError, ValueError):
        return  # said by who reads it
    if checksum is not None and checksum != _checksum(values):
        message = f"{folder.summary} was changed: a value is not what was measured"
        raise RunError(message, "restore the file as the run wrote it")


def _values(folder: RunFolder) -> tuple[dict[str, Any], object]:
    """Return the fields of the file, and the checksum of them, None where an earlier version wrote it."""
    found = read_object(folder.summary)
    return {name: value for name, value in found.items() if name != _CHECKSUM}, found.get(_CHECKSUM)


def _checksum(values: Mapping[str, object]) -> str:
    return sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]
