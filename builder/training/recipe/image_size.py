"""Images that grow while a network is trained: small ones first, which cost less, and the full size at the end."""

from __future__ import annotations

from math import floor
from typing import Annotated, TypeAlias

from pydantic import ConfigDict, Field, model_validator

from builder.validation import Strict

Side = Annotated[int, Field(ge=1, le=4096)]


class Growth(Strict):
    """Training images that grow from epoch to epoch; validation, test and prediction always see the final size.

    Progressive resizing, as in MosaicML's Composer: the size rises along a straight line to the nearest multiple of
    `step` above the first size. https://docs.mosaicml.com/projects/composer/en/latest/method_cards/progressive_resizing.html
    """

    model_config = ConfigDict(serialize_by_alias=True)

    start: Side = Field(alias="from", description="side of the training images in the first epoch, in pixels")
    to: Side = Field(description="the final side, in pixels; the last epoch always has it")
    until: float = Field(gt=0, le=1, description="part of the epochs after which the images have the final size")
    step: int = Field(8, ge=1, le=4096, description="pixels between two sizes, which change between epochs only")

    @model_validator(mode="after")
    def _grows(self) -> Growth:
        if self.start > self.to:
            raise ValueError(f"`size` grows, and {self.start} is more than {self.to}")
        return self

    def side(self, epoch: int, epochs: int) -> int:
        """Return the side of the training images in ``epoch`` (from 1) of ``epochs``."""
        part = (epoch - 1) / (self.until * epochs)
        if part >= 1 or epoch >= epochs:
            return self.to
        steps = floor((self.to - self.start) * part / self.step + 0.5)
        return min(self.start + self.step * steps, self.to)


ImageSize: TypeAlias = Side | Growth
"""One side for all epochs, or one that grows."""
