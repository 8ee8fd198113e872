"""What each epoch measured, as the CSV file that a run keeps."""

from __future__ import annotations

import csv
import os
from dataclasses import astuple, dataclass, fields
from io import StringIO, TextIOWrapper
from typing import TYPE_CHECKING

from builder.diagnostics import RunError
from builder.files import cannot_write, open_regular

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class EpochMetrics:
    """One row: the epoch from 1, mean losses, accuracies from 0 to 1, its last learning rate, and its seconds.

    Training figures are means over the epoch, while the network learned; validation figures are from its end.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    lr: float
    seconds: float


COLUMNS = tuple(field.name for field in fields(EpochMetrics))


def append_metrics(path: Path, row: EpochMetrics) -> int:
    """Add ``row`` to the file, with the head line if it is new; return the file's length in bytes."""
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    try:
        with path.open("a", encoding="utf-8", newline="") as file:
            if file.tell() == 0:
                writer.writerow(COLUMNS)
            writer.writerow(astuple(row))
            file.write(text.getvalue())
            file.flush()
            os.fsync(file.fileno())
            return file.tell()
    except OSError as error:
        raise cannot_write(path, error) from error


def cut_metrics(path: Path, length: int) -> None:
    """Cut the file to ``length`` bytes: to the rows that were there when a checkpoint was taken.

    Raises RunError if it has fewer: a row is on the disk before a checkpoint tells of it, so somebody has removed some.
    """
    found = path.stat().st_size if path.exists() else 0
    if found < length:
        message = f"{path} has lost rows: it had {length} bytes when the run was last saved, and has {found}"
        raise RunError(message, "restore the file; a run cannot continue without its metrics")
    if found > length:
        try:
            os.truncate(path, length)
        except OSError as error:
            raise cannot_write(path, error) from error


def read_metrics(path: Path) -> list[EpochMetrics]:
    """Return the rows of the file, none if there is no file; raise RunError if it holds anything else."""
    if not path.exists():
        return []
    try:
        with TextIOWrapper(open_regular(path), "utf-8", newline="") as file:
            return [
                EpochMetrics(int(row.pop("epoch")), **{name: float(value) for name, value in row.items()})
                for row in csv.DictReader(file)
            ]
    except (OSError, ValueError, TypeError, KeyError, csv.Error) as error:
        raise RunError(f"{path} is not a valid file of metrics: {error}") from error
