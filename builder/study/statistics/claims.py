"""One family of claims: what may be said of each, at an error rate of all of them together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.study.statistics.multiplicity import holm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.study.statistics.estimate import Evidence


@dataclass(frozen=True)
class Claim:
    """What may be said of a difference, given all others that are asked about; p-values are Holm's.

    ``evidence`` is None where nothing could be tested.
    """

    evidence: Evidence | None
    p: float
    equivalence_p: float
    error_rate: float
    family: int

    @property
    def can_tell(self) -> bool:
        """Whether the data tell the sign of the difference."""
        return self.p <= self.error_rate

    @property
    def equivalent(self) -> bool:
        """Whether a difference of the smallest size that matters is ruled out."""
        return self.equivalence_p <= self.error_rate

    @property
    def joint_interval(self) -> tuple[float, float] | None:
        """The differences, in points, that hold together with those of all other claims (Bonferroni)."""
        return None if self.evidence is None else self.evidence.interval(self.error_rate / self.family)


def claims(evidence: Sequence[Evidence | None], smallest: float, error_rate: float) -> tuple[Claim, ...]:
    """Return what may be said of each; one that can't be tested counts, so that the rest gets no easier."""
    different = [1.0 if each is None else each.p for each in evidence]
    equivalent = [1.0 if each is None else each.equivalence_p(smallest) for each in evidence]
    return adjusted(evidence, different, equivalent, error_rate)


def adjusted(
    evidence: Sequence[Evidence | None], different: Sequence[float], equivalent: Sequence[float], error_rate: float
) -> tuple[Claim, ...]:
    """Return the claims that p-values of no difference, and of one that matters, allow after Holm's procedure."""
    return tuple(
        Claim(each, p, equivalence_p, error_rate, len(evidence))
        for each, p, equivalence_p in zip(evidence, holm(different), holm(equivalent), strict=True)
    )
