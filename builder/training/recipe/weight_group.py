"""Weights that learn otherwise than the others: at another rate, with another decay, or not in all epochs."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, field_validator

from builder.validation import Strict

if TYPE_CHECKING:
    from collections.abc import Sequence


class WeightGroup(Strict):
    """Weights that learn otherwise than the others, chosen by name; of several groups the last that matches applies.

    What PyTorch calls parameter groups. https://docs.pytorch.org/docs/stable/optim.html#per-parameter-options
    Weights that stop learning: https://arxiv.org/abs/1706.04983.
    """

    weights: str = Field(
        max_length=200,
        description="their names in the `state_dict`, with the wildcards of the language: `*` within a part of a name, "
        "`**` for any number of parts, as in `**.norm*.bias`",
    )
    lr_factor: float = Field(1.0, gt=0, le=1000, description="their learning rate as a multiple of `lr`")
    weight_decay: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="their weight decay, if it is not that of the other weights"
    )
    epochs: int | None = Field(
        None, ge=0, le=100_000, description="epochs in which they learn, from the first on; 0 leaves them as they begin"
    )

    @field_validator("weights")
    @classmethod
    def _at_most_one_gap(cls, weights: str) -> str:
        if weights.split(".").count("**") > 1:
            raise ValueError(f"`**` can be used once in a name, and `{weights}` has more")
        return weights

    def matches(self, name: str) -> bool:
        """Return whether the weight of that ``name``, as ``features.0.bias``, is one of them."""
        wanted, parts = self.weights.split("."), name.split(".")
        if "**" not in wanted:
            return _match(wanted, parts)
        gap = wanted.index("**")
        first, last = wanted[:gap], wanted[gap + 1 :]
        is_long_enough = len(parts) >= len(first) + len(last)
        return is_long_enough and _match(first, parts[:gap]) and _match(last, parts[len(parts) - len(last) :])


def _match(wanted: Sequence[str], parts: Sequence[str]) -> bool:
    return len(wanted) == len(parts) and all(map(fnmatchcase, parts, wanted))
