"""Lookahead: slow weights that follow the trained ones, and to which these return every few steps."""

from __future__ import annotations

from pydantic import Field

from builder.validation import Strict


class Lookahead(Strict):
    """Every few steps slow weights move toward the trained ones, which go on from there; the last step ends on them.

    https://arxiv.org/abs/1907.08610, where `1 - decay` is called alpha; with a decay that grows in
    https://arxiv.org/abs/2404.00498, section 3.4. Running statistics of norms are weights here.
    """

    every: int = Field(5, ge=1, le=100_000, description="steps from one look to the next")
    decay: float = Field(0.5, ge=0, lt=1, description="part of the slow weights that stays at each look")
    power: float = Field(
        0.0,
        ge=0,
        le=100,
        description="the decay grows from 0 with this power of the part of the steps that is done; 0: it is constant",
    )

    def kept(self, steps: int, total: int) -> float | None:
        """Return which part of the slow weights stays after ``steps`` of ``total`` steps, None where there is no look.

        After the last step it is all of them, unless there is a look anyway.
        """
        if steps % self.every == 0:
            return self.decay * float((steps / total) ** self.power)
        return 1.0 if steps == total else None
