"""Every planned comparison of a study: the difference, its interval, and whether the data can tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from builder.study.statistics.crosschecks import dunnett, games_howell, superiority
from builder.study.statistics.gap import gap
from builder.study.statistics.multiplicity import holm
from builder.study.statistics.planning import seeds_needed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.study.statistics.arms import Arm, Group
    from builder.study.statistics.gap import Gap
    from builder.study.statistics.planning import Design

Interval: TypeAlias = tuple[float, float]
Verdict: TypeAlias = Literal["better", "worse", "equivalent", "undecided", "untested"]


@dataclass(frozen=True)
class Comparison:
    """Two arms, ``a`` beside ``b``; differences are in points, ``a`` minus ``b``.

    ``interval`` holds the difference with the study's confidence (95 % at an error rate of 0.05) when looked at alone;
    ``joint_interval`` when all comparisons of the study are to hold at once. ``adjusted_p`` is Holm's over all of them,
    and ``can_tell`` that it is at most the error rate. ``equivalent`` means that a difference of the smallest size
    that matters is ruled out, again over all comparisons. ``seeds_that_would_tell`` is how many seeds for each network
    would probably show either, were the difference what it looks like; None where none are needed or none would do.
    ``a_beats_b`` is how often a run of ``a`` is better than one of ``b``. Numbers that need two runs of each are None
    where there are fewer.
    """

    group: str
    a: str
    b: str
    verdict: Verdict
    can_tell: bool
    equivalent: bool
    difference: float | None
    interval: Interval | None
    joint_interval: Interval | None
    standard_error: float | None
    p: float | None
    adjusted_p: float | None
    welch_p: float | None
    dunnett_p: float | None
    games_howell_p: float | None
    equivalence_p: float | None
    adjusted_equivalence_p: float | None
    seeds_that_would_tell: int | None
    a_beats_b: float | None


def pairs(group: Group) -> list[tuple[str, str]]:
    """Return what is compared in a group: every pair once, a variant before the base, else in order."""
    names = [arm.name for arm in group.arms]
    base = [name for name in names if name == group.base]
    others = [name for name in names if name != group.base]
    between = [(one, other) for index, one in enumerate(others) for other in others[index + 1 :]]
    return [(name, each) for each in base for name in others] + between


def compare(groups: Sequence[Group], design: Design) -> tuple[Comparison, ...]:
    """Return the comparisons of all groups, which together are one family: the error rate is that of all claims.

    A pair without two runs of each arm can't be tested, and yet counts: what failed does not make the rest easier.
    """
    planned = [(group, group.arm(a), group.arm(b)) for group in groups for a, b in pairs(group)]
    gaps = [gap(a, b) if min(a.n, b.n) > 1 else None for _, a, b in planned]
    adjusted = holm([1.0 if each is None else each.p for each in gaps])
    equivalent = holm([1.0 if each is None else each.equivalence_p(design.smallest) for each in gaps])
    checks = {group.name: _Checks(group) for group in groups}
    return tuple(
        _untested(group.name, a, b)
        if found is None
        else _tested(group.name, (a, b), found, _Decided(p, other_p, len(planned), design), checks[group.name])
        for (group, a, b), found, p, other_p in zip(planned, gaps, adjusted, equivalent, strict=True)
    )


class _Checks:
    """The field's tests within a group, each done once for all of its pairs."""

    def __init__(self, group: Group) -> None:
        self.base = group.base
        self.pairwise = games_howell(group.arms)
        base = next((arm for arm in group.arms if arm.name == group.base), None)
        self.to_base = dunnett(base, [arm for arm in group.arms if arm is not base]) if base is not None else {}

    def dunnett(self, a: str, b: str) -> float | None:
        return self.to_base.get(a) if b == self.base else None


@dataclass(frozen=True)
class _Decided:
    """What the family says of one of its comparisons."""

    p: float
    equivalence_p: float
    comparisons: int
    design: Design

    @property
    def can_tell(self) -> bool:
        return self.p <= self.design.error_rate

    @property
    def equivalent(self) -> bool:
        return self.equivalence_p <= self.design.error_rate

    def verdict(self, difference: float) -> Verdict:
        if self.can_tell:
            return "better" if difference > 0 else "worse"
        return "equivalent" if self.equivalent else "undecided"


def _tested(group: str, arms: tuple[Arm, Arm], found: Gap, decided: _Decided, checks: _Checks) -> Comparison:
    a, b = arms
    design = decided.design
    return Comparison(
        group=group,
        a=a.name,
        b=b.name,
        verdict=decided.verdict(found.difference),
        can_tell=decided.can_tell,
        equivalent=decided.equivalent,
        difference=found.difference,
        interval=found.interval(design.error_rate),
        joint_interval=found.interval(design.error_rate / decided.comparisons),
        standard_error=found.variance**0.5,
        p=found.p,
        adjusted_p=decided.p,
        welch_p=found.welch_p,
        dunnett_p=checks.dunnett(a.name, b.name),
        games_howell_p=checks.pairwise.get((a.name, b.name)),
        equivalence_p=found.equivalence_p(design.smallest),
        adjusted_equivalence_p=decided.equivalence_p,
        seeds_that_would_tell=_seeds_that_would_tell(found, decided),
        a_beats_b=superiority(a, b),
    )


def _seeds_that_would_tell(found: Gap, decided: _Decided) -> int | None:
    """Return the seeds after which the interval holds no longer both 0 and a difference that matters.

    What has to be narrower than the interval is the way from the difference to the farther of the two: either it is
    far from 0, or the smallest difference that matters is far from it.
    """
    if decided.can_tell or decided.equivalent:
        return None
    design = decided.design
    seen = abs(found.difference)
    return seeds_needed(
        max(seen, design.smallest - seen),
        found.deviation,
        decided.comparisons,
        design.error_rate,
        design.power,
        fixed_error=found.irreducible**0.5,
    )


def _untested(group: str, a: Arm, b: Arm) -> Comparison:
    difference = (a.mean - b.mean) * 100 if a.mean is not None and b.mean is not None else None
    return Comparison(
        group=group,
        a=a.name,
        b=b.name,
        verdict="untested",
        can_tell=False,
        equivalent=False,
        difference=difference,
        interval=None,
        joint_interval=None,
        standard_error=None,
        p=None,
        adjusted_p=None,
        welch_p=None,
        dunnett_p=None,
        games_howell_p=None,
        equivalence_p=None,
        adjusted_equivalence_p=None,
        seeds_that_would_tell=None,
        a_beats_b=superiority(a, b),
    )
