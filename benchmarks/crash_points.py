"""Moments at which a training process is made to end, and saboteurs: each a function that prepares a process for it."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from builder import files as durable
from builder.training import snapshot, trainer
from builder.training.evaluation import evaluate
from builder.training.folder import checkpoints, metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DIED = 9  # exit status of a process that ends at a named moment


def in_first(prepare: Callable[[], None]) -> Callable[[], None]:
    """Return what prepares the first of several processes and no other."""
    return lambda: prepare() if os.environ["RANK"] == "0" else None


def _die() -> None:
    os._exit(DIED)


def _at(holder: object, name: str, nth: int, *, after: bool = False, only: str = "") -> Callable[[], None]:
    """Return what makes a process end before or after the nth call of a function, those on paths with ``only``."""

    def prepare() -> None:
        original = getattr(holder, name)
        calls = iter(range(1, 1_000_000))

        def dying(*arguments: object, **keywords: object) -> object:
            hit = only in str(arguments[0]) and next(calls) == nth
            if hit and not after:
                _die()
            result = original(*arguments, **keywords)
            if hit:
                _die()
            return result

        setattr(holder, name, dying)

    return prepare


def _half_written(nth: int, only: str) -> Callable[[], None]:
    """Return what makes a process end when half of the nth file was written."""

    def prepare() -> None:
        original = Path.write_bytes
        calls = iter(range(1, 1_000_000))

        def dying(path: Path, content: bytes) -> int:
            if only in path.name and next(calls) == nth:
                original(path, content[: len(content) // 2])
                _die()
            return original(path, content)

        Path.write_bytes = dying  # type: ignore[method-assign,assignment]  # this process only, and it is about to die

    return prepare


def _half_a_row() -> None:
    """Let the process end when half of the second epoch's row was written."""
    original = trainer.append_metrics

    def dying(path: Path, row: metrics.EpochMetrics, seen: metrics.MetricsSeen) -> metrics.MetricsSeen:
        now = original(path, row, seen)
        if row.epoch == 2:
            os.truncate(path, now.size - 20)
            _die()
        return now

    trainer.append_metrics = dying


POINTS: dict[str, Callable[[], None]] = {
    "before anything was saved": _at(trainer, "write_checkpoint", 1),
    "when the first checkpoint was saved, and the recipe was not": _at(trainer, "write_checkpoint", 1, after=True),
    "before a temporary file": _at(checkpoints, "replacing", 5),
    "when half of a temporary file was written": _half_written(5, "last"),
    "when it was written and not forced to the disk": _at(durable, "_force_to_disk", 9, only="last"),
    "when it was forced to the disk and not moved": _at(durable, "_force_to_disk", 9, after=True, only="last"),
    "when the former file was moved away": _at(Path, "replace", 7, after=True, only="last"),
    "when it was moved": _at(Path, "replace", 8, after=True, only="last"),
    "when the folder was forced to the disk": _at(checkpoints, "replacing", 6),
    "between best and last": _at(trainer, "write_checkpoint", 1, after=True, only="best"),
    "when half of a row was written": _half_a_row,
    "between a row and the next checkpoint": _at(trainer, "append_metrics", 2, after=True),
    "in validation": _at(evaluate, "cross_entropy", 2),
    "at the edge of an epoch": _at(trainer, "train_epoch", 2),
    "after an epoch's last step": _at(trainer, "train_epoch", 2, after=True),
    "in the test": _at(trainer, "load_weights", 1),
    "before the summary": _at(trainer, "write_summary", 1),
    "after the summary": _at(trainer, "write_summary", 1, after=True),
}
"""Every named moment, with what makes a process end there."""


def written_in_place() -> None:
    """Sabotage: write checkpoints straight to their place, slowly, as ``torch.save`` to a path would."""

    @contextmanager
    def in_place(path: Path, _former: Path | None = None) -> Iterator[Path]:
        yield path

    def slowly(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            for start in range(0, len(content), 4096):
                file.write(content[start : start + 4096])
                file.flush()
                time.sleep(0.001)
        return len(content)

    checkpoints.replacing = in_place
    Path.write_bytes = slowly  # type: ignore[method-assign,assignment]  # this process only, which a kill ends


def random_states_forgotten() -> None:
    """Sabotage: go on without the states of the random generators, as others have done."""
    snapshot._restore_random_states = lambda *_: None  # noqa: SLF001 - a saboteur knows where to strike


def position_forgotten() -> None:
    """Sabotage: begin the epoch again, as programs do that know of epochs alone."""
    original = trainer.restore_snapshot

    def restore(*arguments: object) -> object:
        position, tally = original(*arguments)  # type: ignore[arg-type]  # handed on as it came
        position.step = 0
        return position, tally

    trainer.restore_snapshot = restore  # type: ignore[assignment]  # this process only


def one_random_state_for_all() -> None:
    """Sabotage: let every process go on with the random states of the first."""
    original = snapshot._restore_random_states  # noqa: SLF001 - the same

    def restore(checkpoint: object, device: object, _number: int) -> None:
        original(checkpoint, device, 0)  # type: ignore[arg-type]  # handed on as it came

    snapshot._restore_random_states = restore  # type: ignore[assignment]  # noqa: SLF001 - this process only


CONTROLS = {
    "checkpoints written in place": written_in_place,
    "random states forgotten": random_states_forgotten,
    "position in the epoch forgotten": position_forgotten,
}
"""What has to be caught in any run."""

CONTROLS_OF_SEVERAL = {"one random state for all": one_random_state_for_all}
"""What has to be caught where several processes train."""
