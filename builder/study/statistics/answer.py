"""The answer to "which is best": a set of networks, and never the first of a list that happens to be sorted."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from builder.study.statistics.planning import LEAST_FOR_A_BEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from builder.study.statistics.arms import Arm, Group
    from builder.study.statistics.comparison import Comparison
    from builder.study.statistics.planning import Design

_LISTED = 6
"""Names that a sentence lists at most."""


@dataclass(frozen=True)
class Answer:
    """What the data say of the best network of a group.

    ``best`` holds one name, or none where the data can't name one; ``indistinguishable`` those of which each may be
    the best. Differences among them above ``ruled_out_above`` points are ruled out, all at once; ``more_seeds`` for
    each network would probably decide. ``refused_because`` says why no best is named where that is not what the data
    say: too few runs, runs that failed, a study that has not ended.
    """

    group: str
    sentence: str
    best: tuple[str, ...] = ()
    indistinguishable: tuple[str, ...] = ()
    ruled_out_above: float | None = None
    more_seeds: int | None = None
    refused_because: str | None = None


def answer(group: Group, comparisons: Sequence[Comparison], design: Design) -> Answer:
    """Return the answer for ``group`` from the comparisons of its arms; others are passed over."""
    made = [each for each in comparisons if each.group == group.name]
    judged = [arm for arm in group.arms if arm.n >= LEAST_FOR_A_BEST]
    reason = _refusal(group, judged, design)
    if reason is not None:
        return Answer(group.name, sentence(group, f"No best is named: {reason}", group.arms), refused_because=reason)
    order = _Order(made, [arm.name for arm in judged])
    leaders = order.unbeaten()
    if len(leaders) == 1:
        return _one(group, judged, order, leaders[0])
    return _several(group, judged, order, leaders, design)


def incomplete(group: Group) -> str | None:
    """Return why nothing can be said of a group yet, whatever is asked of it."""
    planned, missing = sum(arm.planned for arm in group.arms), sum(len(arm.missing) for arm in group.arms)
    if not group.arms:
        return "no network is judged yet"
    if missing:
        return f"the study has not ended, {planned - missing} of {planned} runs are there"
    return None if any(arm.n for arm in group.arms) else "every run failed"


def _refusal(group: Group, judged: Sequence[Arm], design: Design) -> str | None:
    """Return why nothing can be said of a best network at all."""
    if (reason := incomplete(group)) is not None:
        return reason
    if len(group.arms) == 1:
        return "there is one network, and nothing to compare it with"
    if design.seeds < LEAST_FOR_A_BEST:
        seeds = "one seed" if design.seeds == 1 else f"{design.seeds} seeds"
        return f"with {seeds} for each network chance can't be told from a difference, {LEAST_FOR_A_BEST} are the least"
    if len(judged) < 2:
        return f"fewer than two networks have {LEAST_FOR_A_BEST} runs that ended well"
    return None


def _one(group: Group, judged: Sequence[Arm], order: _Order, leader: str) -> Answer:
    """Return the answer where every other network is beaten."""
    arm = group.arm(leader)
    if arm.failed:
        reason = f"{leader} is better than what it was compared with, but {_failures(arm)}"
        return Answer(
            group.name,
            sentence(group, f"No best is named: {reason}", _others(group, leader)),
            indistinguishable=(leader,),
            refused_because=reason,
        )
    rest = sorted((each for each in judged if each.name != leader), key=lambda each: -(each.mean or 0.0))
    whom = rest[0].name if len(rest) == 1 else "all others"
    words = f"{leader} beats {whom}{_lead(order, leader, rest[0].name, alone=len(rest) == 1)}"
    return Answer(group.name, sentence(group, words, group.arms), best=(leader,))


def _lead(order: _Order, leader: str, second: str, *, alone: bool) -> str:
    """Return by how much, where the data tell the leader from the runner-up directly."""
    made = order.between(leader, second)
    if made is None or made.interval is None or made.difference is None or not made.can_tell:
        return ""
    low, high = sorted(abs(end) for end in made.interval)
    size = f"by {abs(made.difference):.2f} points (from {low:.2f} to {high:.2f})"
    little = ", which is less than what matters" if made.equivalent else ""
    return f" {size}{little}" if alone else f", the next best, {second}, {size}{little}"


def _several(group: Group, judged: Sequence[Arm], order: _Order, leaders: Sequence[str], design: Design) -> Answer:
    """Return the answer where more than one network may be the best."""
    among = [each for each in order.made if each.a in leaders and each.b in leaders]
    bound = max((abs(end) for each in among for end in each.joint_interval or ()), default=0.0)
    undecided = [each for each in among if not each.equivalent]
    if not undecided:
        bound = min(bound, design.smallest)
    ruled_out = ceil(bound * 100 - 1e-9) / 100
    more = more_needed([each.seeds_that_would_tell for each in undecided], design)
    words = f"{_apart(judged, leaders)}; differences above {ruled_out:.2f} points are ruled out"
    if not undecided:
        words += f", and {design.smallest:g} is the smallest that matters"
    elif more is None:
        words += "; more seeds would not decide, only more test images"
    else:
        words += f"; about {more:,} more {'seed' if more == 1 else 'seeds'} for each would decide"
    return Answer(
        group.name,
        sentence(group, words, group.arms),
        indistinguishable=tuple(leaders),
        ruled_out_above=ruled_out,
        more_seeds=more,
    )


def _apart(judged: Sequence[Arm], leaders: Sequence[str]) -> str:
    rest = [arm.name for arm in judged if arm.name not in leaders]
    if not rest and len(leaders) > _LISTED:
        return f"No two of the {len(leaders)} networks can be told apart"
    words = f"{listed(leaders)} cannot be told apart"
    if not rest:
        return words
    return f"{words}, and {listed(rest)} {'is' if len(rest) == 1 else 'are'} worse than the best of them"


def more_needed(needed: Sequence[int | None], design: Design) -> int | None:
    """Return how many more seeds would decide everything, None where nothing is open or no number would do."""
    most = max((each for each in needed if each is not None), default=None)
    return None if most is None or None in needed else max(1, most - design.seeds)


class _Order:
    """Which arm is better than which, as far as the data tell, also by way of a third."""

    def __init__(self, made: Sequence[Comparison], names: Sequence[str]) -> None:
        self.made = [each for each in made if each.a in names and each.b in names]
        self._names = names
        self._beaten = {each.b if each.verdict == "better" else each.a for each in self.made if each.can_tell}

    def unbeaten(self) -> list[str]:
        """Return the arms that no other is better than.

        A better arm has the higher mean, so there is no circle, and from each beaten arm a chain of better ones leads
        to an unbeaten one.
        """
        return [name for name in self._names if name not in self._beaten]

    def between(self, one: str, other: str) -> Comparison | None:
        """Return the comparison of two arms."""
        return next((each for each in self.made if {each.a, each.b} == {one, other}), None)


def sentence(group: Group, words: str, mentioned: Iterable[Arm]) -> str:
    """Return ``words`` as one sentence, with the group that it is about and what failed."""
    where = f"{group.name}: " if group.name else ""
    return f"{where}{words}{''.join(f'; {each}' for each in failures(mentioned))}."


def failures(arms: Iterable[Arm]) -> list[str]:
    """Return what is to be said of arms of which runs failed."""
    return [_failures(arm) for arm in arms if arm.failed]


def _failures(arm: Arm) -> str:
    if not arm.n:
        return f"{arm.name} has no result, all of its {arm.planned} runs failed"
    return f"{len(arm.failed)} of the {arm.planned} runs of {arm.name} failed"


def _others(group: Group, name: str) -> list[Arm]:
    return [arm for arm in group.arms if arm.name != name]


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence lists them, of many the first few.

    >>> listed(["A"]), listed(["A", "C"]), listed(["A", "C", "D"]), listed("ABCDEFGH")
    ('A', 'A and C', 'A, C and D', 'A, B, C, D and 4 others')
    """
    shown = list(names) if len(names) <= _LISTED else [*names[: _LISTED - 2], f"{len(names) - _LISTED + 2} others"]
    return " and ".join(part for part in (", ".join(shown[:-1]), *shown[-1:]) if part)
