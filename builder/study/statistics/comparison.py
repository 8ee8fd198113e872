"""Every planned comparison of a study: the difference, its interval, and whether the data can tell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from builder.study.statistics.arms import POINTS
from builder.study.statistics.crosschecks import dunnett, games_howell, superiority
from builder.study.statistics.family import decide
from builder.study.statistics.gap import gap
from builder.study.statistics.planning import PAIR, Layout, seeds_that_decide
from builder.study.statistics.stages import AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.study.statistics.arms import Arm, Group
    from builder.study.statistics.family import Against, Analysis, Decision, Verdict
    from builder.study.statistics.planning import Design
    from builder.study.statistics.stages import Course

Interval: TypeAlias = tuple[float, float]

MOST_CHECKED = 20
"""Arms of a group up to which the field's tests stand beside ours; nothing is decided by them, and they take long."""


@dataclass(frozen=True)
class Comparison:
    """Two arms, ``a`` beside ``b``; differences are in points, ``a`` minus ``b``.

    ``interval`` holds the difference with the study's confidence (95 % at an error rate of 0.05) when looked at alone;
    ``joint_interval`` when all comparisons of the study are to hold at once. ``adjusted_p`` is Holm's over all of them,
    and ``can_tell`` that it is at most the error rate. ``equivalent`` means that a difference of the smallest size
    that matters is ruled out, again over all comparisons. ``seeds_that_would_tell`` is how many seeds for each network
    would probably show either, if the true difference equals the observed one; None if none are needed or none would
    do.
    ``a_beats_b`` is how often a run of ``a`` is better than one of ``b``. Numbers that need two runs of each are None
    where there are fewer.
    """

    group: str
    a: str
    b: str
    verdict: Verdict
    difference: float | None
    a_beats_b: float | None
    can_tell: bool = False
    equivalent: bool = False
    interval: Interval | None = None
    joint_interval: Interval | None = None
    standard_error: float | None = None
    p: float | None = None
    adjusted_p: float | None = None
    welch_p: float | None = None
    dunnett_p: float | None = None
    games_howell_p: float | None = None
    equivalence_p: float | None = None
    adjusted_equivalence_p: float | None = None
    seeds_that_would_tell: int | None = None


def compare(
    groups: Sequence[Group],
    design: Design,
    *,
    analysis: Analysis = "welch",
    against: Against = "pairs",
    course: Course = AT_ONCE,
) -> tuple[Comparison, ...]:
    """Return the comparisons of all groups, which together are one family, with the field's tests beside ours."""
    checks = {group.name: _Checks(group) for group in groups}
    decided = decide(groups, design, analysis=analysis, against=against, course=course)
    return tuple(_described(each, checks[each.group]) for each in decided)


class _Checks:
    """The field's tests within a group, each done once for all of its pairs."""

    def __init__(self, group: Group) -> None:
        self.base = group.base
        self.arms = sum(arm.n > 0 for arm in group.arms)
        few = len(group.arms) <= MOST_CHECKED
        self.pairwise = games_howell(group.arms) if few else {}
        base = next((arm for arm in group.arms if arm.name == group.base), None) if few else None
        self.to_base = dunnett(base, [arm for arm in group.arms if arm is not base]) if base is not None else {}

    def dunnett(self, a: str, b: str) -> float | None:
        return self.to_base.get(a) if b == self.base else None


def _described(decision: Decision, checks: _Checks) -> Comparison:
    a, b, found, design = decision.a, decision.b, decision.gap, decision.design
    evidence = decision.evidence
    layout = (
        PAIR
        if found is None or found.basis == "welch"
        else Layout(pooled=2 if found.basis in {"own", "separate"} else checks.arms)
    )
    comparison = Comparison(
        group=decision.group,
        a=a.name,
        b=b.name,
        verdict=decision.verdict,
        difference=_difference(a, b),
        a_beats_b=superiority(a, b),
    )
    if found is None or evidence is None:
        return comparison
    return replace(
        comparison,
        can_tell=decision.can_tell,
        equivalent=decision.equivalent,
        interval=evidence.interval(design.error_rate),
        joint_interval=evidence.interval(design.error_rate / decision.comparisons),
        standard_error=found.variance**0.5,
        p=evidence.p,
        adjusted_p=decision.p,
        welch_p=gap(a, b).seeds_p,
        dunnett_p=checks.dunnett(a.name, b.name),
        games_howell_p=checks.pairwise.get((a.name, b.name)),
        equivalence_p=evidence.equivalence_p(design.smallest),
        adjusted_equivalence_p=decision.equivalence_p,
        seeds_that_would_tell=None
        if decision.can_tell or decision.equivalent
        else seeds_that_decide(found, layout, decision.comparisons, design),
    )


def _difference(a: Arm, b: Arm) -> float | None:
    return (a.mean - b.mean) * POINTS if a.mean is not None and b.mean is not None else None
