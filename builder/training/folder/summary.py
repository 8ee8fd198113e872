"""The result of a run, as its folder keeps it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from builder.diagnostics import RunError
from builder.files import reason_of
from builder.json_files import from_object, is_changed, read_object, with_checksum, without_checksum
from builder.training.folder.metrics import EpochMetrics  # noqa: TC001 - `from_object` asks for the types of the fields

if TYPE_CHECKING:
    from builder.training.folder.run_folder import RunFolder


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
    folder.write_json(folder.summary.name, with_checksum(asdict(summary)))


def read_summary(folder: RunFolder) -> Summary | None:
    """Return the result that lies in ``folder``, None where the run has not ended; RunError if it can't be read."""
    if not folder.summary.exists():
        return None
    try:
        return from_object(Summary, without_checksum(read_object(folder.summary)))
    except (OSError, ValueError) as error:
        raise RunError(f"{folder.summary} is not the result of a run: {reason_of(error)}") from error


def check_summary(folder: RunFolder) -> None:
    """Raise RunError if a value of the result was changed: what the test gave stands nowhere else."""
    try:
        found = read_object(folder.summary)
    except (OSError, ValueError):
        return  # said by who reads it
    if is_changed(found):
        message = f"{folder.summary} was changed: a value is not what was measured"
        raise RunError(message, "restore the file as the run wrote it")
