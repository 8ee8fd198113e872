"""The planned comparisons as one family: which of them the data can tell, at an error rate of them all together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from builder.study.statistics.gap import gap
from builder.study.statistics.multiplicity import holm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.study.statistics.arms import Arm, Group
    from builder.study.statistics.gap import Gap
    from builder.study.statistics.planning import Design

Verdict: TypeAlias = Literal["better", "worse", "equivalent", "undecided", "untested"]


@dataclass(frozen=True, eq=False)
class Decision:
    """What the family says of ``a`` beside ``b``; ``gap`` is None where either has under two runs.

    The p-values are Holm's, of no difference and of one that matters.
    """

    group: str
    a: Arm
    b: Arm
    gap: Gap | None
    p: float
    equivalence_p: float
    comparisons: int
    design: Design

    @property
    def can_tell(self) -> bool:
        """Whether the data tell which of the two is better."""
        return self.p <= self.design.error_rate

    @property
    def equivalent(self) -> bool:
        """Whether a difference of the smallest size that matters is ruled out."""
        return self.equivalence_p <= self.design.error_rate

    @property
    def verdict(self) -> Verdict:
        """What is said of ``a``; a difference that is told is told also where it is smaller than what matters."""
        if self.gap is None:
            return "untested"
        if self.can_tell:
            return "better" if self.gap.difference > 0 else "worse"
        return "equivalent" if self.equivalent else "undecided"


def pairs(group: Group) -> list[tuple[str, str]]:
    """Return what is compared in a group: every pair once, a variant before the base, else in order."""
    names = [arm.name for arm in group.arms]
    base = [name for name in names if name == group.base]
    others = [name for name in names if name != group.base]
    between = [(one, other) for index, one in enumerate(others) for other in others[index + 1 :]]
    return [(name, each) for each in base for name in others] + between


def family_size(arms: int, groups: int = 1) -> int:
    """Return how many comparisons there are: every pair of ``arms``, in each of so many groups.

    >>> family_size(5), family_size(3, groups=4)
    (10, 12)
    """
    return groups * arms * (arms - 1) // 2


def decide(groups: Sequence[Group], design: Design) -> tuple[Decision, ...]:
    """Return what can be said of every pair of every group; the error rate is that of all claims together.

    A pair that can't be tested counts all the same: what failed does not make the rest easier.
    """
    planned = [(group.name, group.arm(a), group.arm(b)) for group in groups for a, b in pairs(group)]
    gaps = [gap(a, b) if min(a.n, b.n) > 1 else None for _, a, b in planned]
    different = holm([1.0 if each is None else each.p for each in gaps])
    equivalent = holm([1.0 if each is None else each.equivalence_p(design.smallest) for each in gaps])
    return tuple(
        Decision(name, a, b, found, p, equivalence_p, len(planned), design)
        for (name, a, b), found, p, equivalence_p in zip(planned, gaps, different, equivalent, strict=True)
    )
