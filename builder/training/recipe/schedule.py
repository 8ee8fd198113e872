"""The schedules of the learning rate that a recipe may choose by name."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field, field_validator

from builder.validation import Strict

Share = Annotated[float, Field(ge=0, le=1)]


class _Schedule(Strict):
    """What schedules share: a rise before they begin."""

    name: str
    warmup: float = Field(
        0.0, ge=0, description="epochs in which the rate first rises in equal steps to its full value"
    )


class Constant(_Schedule):
    """The learning rate stays as it is."""

    name: Literal["constant"] = "constant"


class Step(_Schedule):
    """The learning rate is multiplied by ``factor`` after every ``every`` epochs."""

    name: Literal["step"]
    every: int = Field(ge=1, description="epochs between two changes")
    factor: float = Field(gt=0, lt=1, description="what the rate is multiplied by")


class MultiStep(_Schedule):
    """The learning rate is multiplied by ``factor`` after each of some epochs: ``at: [81, 122]`` of ResNet's 164."""

    name: Literal["multistep"]
    at: tuple[Annotated[int, Field(ge=1)], ...] = Field(description="epochs after which it changes")
    factor: float = Field(0.1, gt=0, lt=1, description="what the rate is multiplied by")

    @field_validator("at")
    @classmethod
    def _rising(cls, at: tuple[int, ...]) -> tuple[int, ...]:
        if not at or any(later <= earlier for earlier, later in pairwise(at)):
            raise ValueError(f"`at` names epochs in rising order, each once, not {list(at)}")
        return at


class Cosine(_Schedule):
    """The learning rate falls along half a cosine until the end. https://arxiv.org/abs/1608.03983, equation 5."""

    name: Literal["cosine"]
    final_factor: Share = Field(0.0, description="part of the full rate that it falls to")


class Linear(_Schedule):
    """The learning rate falls in equal steps until the end."""

    name: Literal["linear"]
    final_factor: Share = Field(0.0, description="part of the full rate that it falls to")


class OneCycle(Strict):
    """The learning rate rises to ``lr`` along half a cosine and falls along another. https://arxiv.org/abs/1708.07120.

    Torch's OneCycleLR without its change of the momentum. Its rise is its warm-up, so it has no other.
    """

    name: Literal["one_cycle"]
    peak: float = Field(0.3, gt=0, lt=1, description="part of the training in which the rate rises")
    start_factor: float = Field(0.04, gt=0, le=1, description="part of the full rate that it begins with")
    final_factor: Share = Field(4e-6, description="part of the full rate that it ends with")

    warmup: ClassVar[float] = 0.0


Schedule: TypeAlias = Constant | Step | MultiStep | Cosine | Linear | OneCycle
