"""The planned comparisons as one family: which of them the data can tell, at an error rate of them all together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from builder.study.statistics.blocks import Blocks
from builder.study.statistics.claims import claims
from builder.study.statistics.gap import gap
from builder.study.statistics.stages import AT_ONCE, seeds_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from builder.study.statistics.arms import Arm, Group
    from builder.study.statistics.estimate import Estimate, Evidence
    from builder.study.statistics.planning import Design
    from builder.study.statistics.stages import Course

Verdict: TypeAlias = Literal["better", "worse", "equivalent", "undecided", "untested"]
Analysis: TypeAlias = Literal["welch", "blocked"]
"""Whether each arm has its own variance over seeds, or seeds are blocks (:mod:`builder.study.statistics.blocks`)."""
Against: TypeAlias = Literal["pairs", "base"]
"""Whether every pair is compared, or variants with the base only."""

Planned: TypeAlias = "tuple[Group, Arm, Arm, Estimate | None]"


@dataclass(frozen=True, eq=False)
class Decision:
    """What the family says of ``a`` beside ``b``; ``gap`` is None where either has under two runs.

    ``evidence`` is what counts: the gap itself, unless runs came in several looks or stages. The p-values are Holm's,
    of no difference and of one that matters.
    """

    group: str
    a: Arm
    b: Arm
    gap: Estimate | None
    evidence: Evidence | None
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
        if self.gap is None or self.evidence is None:
            return "untested"
        if self.can_tell:
            return "better" if self.evidence.difference > 0 else "worse"
        return "equivalent" if self.equivalent else "undecided"


def pairs(group: Group, against: Against = "pairs") -> list[tuple[str, str]]:
    """Return what is compared in a group: every pair once, a variant before the base, else in order.

    ``against="base"`` leaves out the variants among themselves; a group without a base then has nothing to compare.
    """
    names = [arm.name for arm in group.arms]
    base = [name for name in names if name == group.base]
    others = [name for name in names if name != group.base]
    to_base = [(name, each) for each in base for name in others]
    if against == "base":
        return to_base
    return to_base + [(one, other) for index, one in enumerate(others) for other in others[index + 1 :]]


def family_size(arms: int, groups: int = 1, against: Against = "pairs") -> int:
    """Return how many comparisons there are: every pair of ``arms``, or all with one base, in each of so many groups.

    >>> family_size(5), family_size(3, groups=4), family_size(5, against="base")
    (10, 12, 4)
    """
    return groups * max(arms - 1, 0) if against == "base" else groups * arms * (arms - 1) // 2


def compared(groups: Sequence[Group], analysis: Analysis = "welch", against: Against = "pairs") -> tuple[Planned, ...]:
    """Return every planned comparison with its estimate, None where either arm has under two runs."""
    found: list[Planned] = []
    for group in groups:
        between = _blocked(group) if analysis == "blocked" else gap
        for names in pairs(group, against):
            a, b = (group.arm(name) for name in names)
            found.append((group, a, b, between(a, b) if min(a.n, b.n) > 1 else None))
    return tuple(found)


def _blocked(group: Group) -> Callable[[Arm, Arm], Estimate]:
    blocks = Blocks(group.arms)

    def between(a: Arm, b: Arm) -> Estimate:
        return blocks.estimate([float(arm is a) - float(arm is b) for arm in blocks.arms])

    return between


def decide(
    groups: Sequence[Group],
    design: Design,
    *,
    analysis: Analysis = "welch",
    against: Against = "pairs",
    course: Course = AT_ONCE,
) -> tuple[Decision, ...]:
    """Return what can be said of every comparison of every group; the error rate is that of all claims together.

    A pair that can't be tested counts all the same: what failed does not make the rest easier.
    """
    planned = compared(groups, analysis, against)
    seeds = seeds_of([arm for group in groups for arm in group.arms])

    def at(some: Collection[int]) -> Sequence[Estimate | None]:
        among = planned if len(some) == len(seeds) else compared([g.only(some) for g in groups], analysis, against)
        return [each for *_, each in among]

    evidence = [each for *_, each in planned] if course.is_single else course.evidence(seeds, at)
    said = claims(evidence, design.smallest, design.error_rate)
    return tuple(
        Decision(group.name, a, b, found, claim.evidence, claim.p, claim.equivalence_p, len(planned), design)
        for (group, a, b, found), claim in zip(planned, said, strict=True)
    )
