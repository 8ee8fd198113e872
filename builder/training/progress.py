"""What the trainer reports while it works: values, which whoever started it may show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from builder.training.metrics import EpochMetrics


@dataclass(frozen=True)
class Preparing:
    """The images of a split are being resized, which may take half a minute."""

    split: str
    images: int


@dataclass(frozen=True)
class EpochStarted:
    """An epoch (from 1) of ``epochs`` begins, or goes on after ``done`` of its ``steps``."""

    epoch: int
    epochs: int
    done: int
    steps: int


@dataclass(frozen=True)
class BatchDone:
    """``done`` of ``steps`` batches of this phase have been given to the device."""

    phase: Literal["train", "validation", "test"]
    done: int
    steps: int


@dataclass(frozen=True)
class EpochDone:
    """An epoch has been trained and validated; ``best`` if it is the best so far."""

    metrics: EpochMetrics
    best: bool


Progress: TypeAlias = Preparing | EpochStarted | BatchDone | EpochDone


def ignore(_event: Progress) -> None:
    """Report to nobody."""
