"""What the trainer reports while it works: values, which whoever started it may show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from builder.choices import SplitName
    from builder.training.folder.metrics import EpochMetrics


@dataclass(frozen=True)
class Preparing:
    """The images of a split are being resized, which may take half a minute."""

    split: str
    images: int


@dataclass(frozen=True)
class ImagesInMainMemory:
    """The images of a split do not fit into the device's memory, and computing waits for each batch of them."""

    split: str
    images: int


@dataclass(frozen=True)
class GoingOn:
    """A run goes on after ``step`` steps of ``epoch``.

    ``damage`` says why the newest checkpoint was left for the one before it; ``changed`` names what the bits depend
    on and is not what it was, so that the rest will differ in its last bits.
    """

    epoch: int
    step: int
    damage: str | None
    changed: tuple[str, ...]


@dataclass(frozen=True)
class LookingBack:
    """A loss is not finite, and the ``steps`` since the last checkpoint are repeated to find where it began."""

    message: str
    steps: int


@dataclass(frozen=True)
class StepChosen:
    """All steps are replays of one ``CUDA graph``, recorded in so many ``seconds``, or ``eager``, and why.

    There is no reason where nobody would expect anything else.
    """

    kind: Literal["CUDA graph", "eager"]
    reason: str = ""
    seconds: float = 0.0

    @property
    def is_news(self) -> bool:
        """Whether somebody might have expected another."""
        return self.kind == "CUDA graph" or bool(self.reason)

    def __str__(self) -> str:
        """Return the choice as records show it: ``CUDA graph``, ``eager``, or ``eager: why``."""
        return f"{self.kind}: {self.reason}" if self.reason else self.kind


@dataclass(frozen=True)
class SizeChosen:
    """From ``epoch`` (from 1) on, training images that grow have ``side`` px."""

    epoch: int
    side: int


@dataclass(frozen=True)
class EpochStarted:
    """An epoch (from 1) of ``epochs`` begins, or goes on after ``done`` of its ``steps``.

    ``sides`` are those of its images and of each epoch's after it where they grow, else empty.
    """

    epoch: int
    epochs: int
    done: int
    steps: int
    sides: tuple[int, ...] = ()


@dataclass(frozen=True)
class BatchDone:
    """``done`` of ``steps`` batches of this phase have been given to the device."""

    phase: SplitName
    done: int
    steps: int


@dataclass(frozen=True)
class EpochDone:
    """An epoch has been trained and validated; ``best`` if it is the best so far."""

    metrics: EpochMetrics
    best: bool


Progress: TypeAlias = (
    Preparing
    | ImagesInMainMemory
    | GoingOn
    | LookingBack
    | StepChosen
    | SizeChosen
    | EpochStarted
    | BatchDone
    | EpochDone
)


def ignore(_event: Progress) -> None:
    """Report to nobody."""
