"""What each epoch measured, as the CSV file that a run keeps."""

from __future__ import annotations

import csv
import os
import re
from dataclasses import astuple, dataclass, fields
from hashlib import sha256
from io import BytesIO, StringIO, TextIOWrapper
from math import isfinite
from typing import TYPE_CHECKING, Any

from builder.diagnostics import RunError
from builder.files import cannot_write, read_regular, reason_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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


MAX_EPOCHS = 100_000
_MAX_BYTES = 16_000_000  # so many rows, with all digits
_MAX_LINE = 1_000
COLUMNS = tuple(field.name for field in fields(EpochMetrics))


@dataclass(frozen=True)
class MetricsSeen:
    """The beginning of the file that a checkpoint knows: so many bytes, and a checksum of each line, the head's too."""

    size: int = 0
    lines: tuple[str, ...] = ()

    @property
    def record(self) -> dict[str, object]:
        """The same as JSON values."""
        return {"bytes": self.size, "lines": list(self.lines)}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> MetricsSeen:
        """Return what ``record`` says; raise KeyError, TypeError or ValueError if it is none."""
        return cls(int(record["bytes"]), tuple(map(str, record["lines"])))

    @classmethod
    def in_file(cls, path: Path) -> MetricsSeen:
        """Return the whole of the file as it is now."""
        return cls().after(_content(path))

    def after(self, text: bytes) -> MetricsSeen:
        """Return this with the lines of ``text`` behind it."""
        more = tuple(_checksum(line) for line in text.splitlines(keepends=True))
        return MetricsSeen(self.size + len(text), self.lines + more)


def append_metrics(path: Path, row: EpochMetrics, seen: MetricsSeen = MetricsSeen()) -> MetricsSeen:
    """Add ``row`` to the file, with the head line if it is new; return what was ``seen`` of it, and this row.

    What was written counts, not what lies there: a row that somebody changes meanwhile is found when it is read.
    """
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
            return seen.after(text.getvalue().encode())
    except OSError as error:
        raise cannot_write(path, error) from error


def check_metrics(path: Path, seen: MetricsSeen) -> None:
    """Raise RunError, with the epoch, unless the file begins with the rows that were ``seen``; it may be longer."""
    content = _content(path)
    lines = content.splitlines(keepends=True)
    for number, (line, checksum) in enumerate(zip(lines, seen.lines, strict=False)):
        if _checksum(line) != checksum:
            raise _changed(path, _difference(number, line))
    if len(lines) < len(seen.lines):
        raise _lost(path, seen.size, len(content))


def cut_metrics(path: Path, length: int) -> None:
    """Cut the file to ``length`` bytes: to the rows that were there when a checkpoint was taken.

    Raises RunError if it has fewer: a row is on the disk before a checkpoint tells of it, so somebody has removed some.
    """
    found = path.stat().st_size if path.exists() else 0
    if found < length:
        raise _lost(path, length, found)
    if found > length:
        try:
            os.truncate(path, length)
        except OSError as error:
            raise cannot_write(path, error) from error


def read_metrics(path: Path) -> list[EpochMetrics]:
    """Return the rows of the file, none if there is no file; raise RunError if it holds anything else.

    A run measures each epoch once, one after another, and no number that is not finite.
    """
    if not path.exists():
        return []
    try:
        with TextIOWrapper(BytesIO(_content(path)), "utf-8", newline="") as file:
            rows = [
                EpochMetrics(int(row.pop("epoch")), **{name: float(value) for name, value in row.items()})
                for row in csv.DictReader(file)
            ]
    except (OSError, ValueError, TypeError, KeyError, csv.Error) as error:
        raise RunError(f"{path} is not a valid file of metrics: {reason_of(error)}") from error
    _check_rows(path, rows)
    return rows


def _content(path: Path) -> bytes:
    """Return what the file holds, nothing where there is none; raise RunError if it can't be read or no run writes it.

    That is seen before a row is made of each of sixteen million commas or line ends.
    """
    try:
        content = read_regular(path, _MAX_BYTES) if path.exists() else b""
    except OSError as error:
        raise RunError(f"cannot read {path}: {reason_of(error)}") from error
    if content.count(b"\n") + content.count(b"\r") > 2 * (MAX_EPOCHS + 1):
        raise RunError(f"{path} is not a valid file of metrics: it has more rows than a run has epochs")
    if len(max(content.splitlines(), key=len, default=b"")) > _MAX_LINE:
        raise RunError(f"{path} is not a valid file of metrics: a line has more than {_MAX_LINE:,} letters")
    return content


def _check_rows(path: Path, rows: Sequence[EpochMetrics]) -> None:
    for number, row in enumerate(rows, 1):
        if row.epoch != number:
            raise _changed(path, _misplaced(row.epoch, number))
        for name, value in zip(COLUMNS, astuple(row), strict=True):
            if not isfinite(value):
                raise _changed(path, f"epoch {number} has {value} as its {name}")


def _difference(number: int, line: bytes) -> str:
    """Return what is wrong with line ``number`` (from 0), which is not what was written there."""
    if number == 0:
        return "its first line names other columns"
    epoch, *values = line.decode("utf-8", "replace").strip().split(",")
    if re.fullmatch(r"[0-9]{1,9}", epoch) and int(epoch) != number:
        return _misplaced(int(epoch), number)
    lost = [value for value in values if value.lower() in {"nan", "inf", "-inf"}]
    return f"epoch {number} has {lost[0]}" if lost else f"epoch {number} is not what was measured"


def _misplaced(epoch: int, number: int) -> str:
    return f"epoch {epoch} stands there twice" if epoch < number else f"epoch {number} is gone"


def _changed(path: Path, what: str) -> RunError:
    return RunError(f"{path} was changed: {what}", "restore the file as the run wrote it")


def _lost(path: Path, length: int, found: int) -> RunError:
    message = f"{path} has lost rows: it had {length} bytes when the run was last saved, and has {found}"
    return RunError(message, "restore the file; a run cannot continue without its metrics")


def _checksum(line: bytes) -> str:
    return sha256(line).hexdigest()[:16]
