"""The schedules of the learning rate that a recipe may choose by name."""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from math import cos, pi
from typing import Annotated, ClassVar, Literal, TypeAlias, get_args

from pydantic import Field, field_validator

from builder.validation import Strict

Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True)
class StepOfRun:
    """One training step of all: ``number`` of ``count``, from 0 on, the first ``warmup`` of which are warm-up."""

    number: int
    count: int
    per_epoch: int
    warmup: int

    @property
    def epoch(self) -> int:
        """The epochs that are done."""
        return self.number // self.per_epoch

    @property
    def done(self) -> float:
        """The part of the steps after warm-up that is done."""
        return (self.number - self.warmup) / (self.count - self.warmup)


class _Schedule(Strict):
    """What each says besides its fields: the part of the full rate that it leaves a step after warm-up."""

    looks_at_end: ClassVar[bool] = False
    """Whether the rate of a step depends on how many epochs there are."""

    @abstractmethod
    def part(self, step: StepOfRun) -> float:
        """Return the part of the full rate that is left at ``step``."""


class _WarmedUp(_Schedule):
    """What most share: a rise before they begin."""

    name: str
    warmup: float = Field(0.0, ge=0, description="epochs of linear warm-up to the full rate")


class Constant(_WarmedUp):
    """The learning rate stays as it is."""

    name: Literal["constant"] = "constant"

    def part(self, step: StepOfRun) -> float:  # noqa: ARG002 - others look at it
        """All of it."""
        return 1.0


class Step(_WarmedUp):
    """The learning rate is multiplied by ``factor`` after every ``every`` epochs."""

    name: Literal["step"]
    every: int = Field(ge=1, description="epochs between two changes")
    factor: float = Field(gt=0, lt=1, description="factor of the rate at each change")

    def part(self, step: StepOfRun) -> float:
        """Return one factor for each time that ``every`` epochs are done."""
        return self.factor ** (step.epoch // self.every)


class MultiStep(_WarmedUp):
    """The learning rate is multiplied by ``factor`` after each of some epochs: ``at: [81, 122]`` of ResNet's 164."""

    name: Literal["multistep"]
    at: tuple[Annotated[int, Field(ge=1)], ...] = Field(description="epochs after which the rate changes")
    factor: float = Field(0.1, gt=0, lt=1, description="factor of the rate at each change")

    @field_validator("at")
    @classmethod
    def _rising(cls, at: tuple[int, ...]) -> tuple[int, ...]:
        wrong = next((pair for pair in pairwise(at) if pair[1] <= pair[0]), ())
        if wrong or not at:
            said = f"{wrong[1]} after {wrong[0]}" if wrong else "none"
            raise ValueError(f"`at` names epochs in rising order, each once, not {said}")
        return at

    def part(self, step: StepOfRun) -> float:
        """Return one factor for each of the epochs that is done."""
        return self.factor ** bisect_right(self.at, step.epoch)


class Cosine(_WarmedUp):
    """The learning rate falls along half a cosine until the end. https://arxiv.org/abs/1608.03983, equation 5."""

    looks_at_end: ClassVar[bool] = True

    name: Literal["cosine"]
    final_factor: Share = Field(0.0, description="the rate at the end, as a fraction of the full rate")

    def part(self, step: StepOfRun) -> float:
        """Return what is left after as much of half a cosine."""
        return _along_cosine(1.0, self.final_factor, step.done)


class Linear(_WarmedUp):
    """The learning rate falls in equal steps until the end."""

    looks_at_end: ClassVar[bool] = True

    name: Literal["linear"]
    final_factor: Share = Field(0.0, description="the rate at the end, as a fraction of the full rate")

    def part(self, step: StepOfRun) -> float:
        """Return what is left after as much of a straight line."""
        return 1.0 + (self.final_factor - 1.0) * (step.number - step.warmup) / (step.count - step.warmup)


class OneCycle(_Schedule):
    """The learning rate rises to ``lr`` and falls, each along half a cosine or a line. https://arxiv.org/abs/1708.07120.

    Torch's OneCycleLR without its change of the momentum; with lines it is a triangle. Its rise is its warm-up, so it
    has no other.
    """

    looks_at_end: ClassVar[bool] = True
    warmup: ClassVar[float] = 0.0

    name: Literal["one_cycle"]
    peak: float = Field(0.3, gt=0, lt=1, description="fraction of the training in which the rate rises")
    start_factor: float = Field(0.04, gt=0, le=1, description="the rate at the start, as a fraction of the full rate")
    final_factor: Share = Field(4e-6, description="the rate at the end, as a fraction of the full rate")
    anneal: Literal["cos", "linear"] = Field("cos", description="along half a cosine each, or along straight lines")

    def part(self, step: StepOfRun) -> float:
        """Return the part as OneCycleLR counts: the last step has the last rate, the top is reached once.

        https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html
        """
        top = max(0.0, self.peak * step.count - 1)
        along = _along_cosine if self.anneal == "cos" else _along_line
        if step.number <= top:
            return along(self.start_factor, 1.0, step.number / top if top else 1.0)
        return along(1.0, self.final_factor, (step.number - top) / (step.count - 1 - top))


def _along_cosine(first: float, last: float, part: float) -> float:
    """Return what lies at ``part`` of the way from ``first`` to ``last`` along half a cosine."""
    return last + (first - last) * (1 + cos(pi * part)) / 2


def _along_line(first: float, last: float, part: float) -> float:
    """Return what lies at ``part`` of the way from ``first`` to ``last`` along a straight line."""
    return first + (last - first) * part


Schedule: TypeAlias = Constant | Step | MultiStep | Cosine | Linear | OneCycle
"""Each of them; a recipe's ``schedule.name`` says which."""


def open_ended() -> list[str]:
    """Return the names of the schedules under which a run can be lengthened: the past would have been the same."""
    kinds: tuple[type[Schedule], ...] = get_args(Schedule)
    return [get_args(kind.model_fields["name"].annotation)[0] for kind in kinds if not kind.looks_at_end]
