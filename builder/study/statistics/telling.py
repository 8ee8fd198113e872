"""The answer of a study of factors, or of variants beside a base, in words: what gains, what does not, what is open."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from builder.study.statistics.answer import Answer, failures, incomplete, listed, more_needed, sentence
from builder.study.statistics.factorial import change

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.study.statistics.arms import Group
    from builder.study.statistics.comparison import Comparison
    from builder.study.statistics.effects import Effect, Effects
    from builder.study.statistics.planning import Design

_FIRST = ("about", "more", "whether", "all")
"""Words, and no names, with which a sentence may begin."""

_PAIRS = 2
"""Pairs of factors that a sentence names one by one where nothing can be told of them."""


class _Told(NamedTuple):
    """One claim, what it is about, and its estimate in points."""

    name: str
    size: float
    found: Effect | Comparison

    @property
    def bound(self) -> float:
        """The largest size that is not ruled out, over all claims at once."""
        return max(map(abs, self.found.joint_interval or (0.0,)))


def effects_answer(group: Group, found: Effects, design: Design) -> Answer:
    """Return the answer of a study of factors."""
    words = " ".join(effects_sentences(group, found, design))
    if (reason := _untold(group, found)) is not None:
        return Answer(group.name, words, refused_because=reason)
    return _answer(group, words, _told(found.effects), design)


def effects_sentences(group: Group, found: Effects, design: Design) -> tuple[str, ...]:
    """Return that answer in sentences: main effects, what factors change of each other, what would decide the rest."""
    if (reason := _untold(group, found)) is not None:
        return (sentence(group, f"No effect is named: {reason}", group.arms),)
    main = _told([each for each in found.effects if each.kind == "main"])
    others = [each for each in found.effects if each.kind == "interaction"]
    parts = [_changes(main, design), _interactions(others, design), _more(_told(found.effects), design)]
    parts += [iter(failures(group.arms))]
    said = ("; ".join(part) for part in parts)
    first, *rest = (each for each in said if each)
    return (f"{first}.", *(_begun(each) for each in rest))


def _begun(words: str) -> str:
    """Return a sentence that begins with a capital, unless with a name."""
    first = words.partition(" ")[0]
    return f"{words[0].upper() if first in _FIRST else words[0]}{words[1:]}."


def _untold(group: Group, found: Effects) -> str | None:
    """Return why no effect is named, None where some may be."""
    reason = incomplete(group)
    if reason is None and all(each.verdict == "untested" for each in found.effects):
        return "too few runs ended well to tell effects from chance"
    return reason


def base_answer(group: Group, made: Sequence[Comparison], design: Design) -> Answer:
    """Return the answer of a study that compares variants with its base."""
    reason = incomplete(group)
    if reason is None and not made:
        reason = "there is nothing to compare with the base"
    if reason is None and all(each.verdict == "untested" for each in made):
        reason = "fewer than two runs of the variants or of the base ended well"
    if reason is not None:
        words = sentence(group, f"No difference is named: {reason}", group.arms)
        return Answer(group.name, words, refused_because=reason)
    told = [_Told(each.a, each.difference or 0.0, each) for each in made]
    words = "; ".join([*_changes(told, design), *_more(told, design)])
    return _answer(group, sentence(group, words, group.arms), told, design)


def _told(effects: Sequence[Effect]) -> list[_Told]:
    """Return effects with what they are about: a level, or two that meet."""
    return [_Told(" and ".join(_changed(each)), each.estimate or 0.0, each) for each in effects]


def _changed(effect: Effect) -> list[str]:
    return [change(factor, level) for factor, level in zip(effect.factors, effect.levels, strict=True)]


def _answer(group: Group, words: str, told: Sequence[_Told], design: Design) -> Answer:
    undecided = _undecided(told)
    bound = max((each.bound for each in undecided), default=None)
    more = more_needed([each.found.seeds_that_would_tell for each in undecided], design)
    return Answer(group.name, words, ruled_out_above=None if bound is None else _up(bound), more_seeds=more)


def _undecided(told: Sequence[_Told]) -> list[_Told]:
    return [each for each in told if each.found.verdict == "undecided"]


def _more(told: Sequence[_Told], design: Design) -> Iterator[str]:
    """Yield what would decide what is open."""
    undecided = _undecided(told)
    more = more_needed([each.found.seeds_that_would_tell for each in undecided], design)
    if more is not None:
        yield f"about {more:,} more {'seed' if more == 1 else 'seeds'} for each network would decide"
    elif undecided:
        yield "more seeds would not decide, only more test images"


def _changes(told: Sequence[_Told], design: Design) -> Iterator[str]:
    """Yield what has an effect, the largest first, then what has none that matters, then what is open."""
    for each in sorted(told, key=lambda each: -abs(each.size)):
        if each.found.can_tell:
            yield f"{each.name} {'gains' if each.size > 0 else 'loses'} {_sized(each, 1)}"
    equal = [each for each in told if each.found.verdict == "equivalent"]
    if equal:
        bound = min(max(each.bound for each in equal), design.smallest)
        yield f"{_names(equal)} {'makes' if len(equal) == 1 else 'make'} no difference above {_up(bound):.2f} points"
    if undecided := _undecided(told):
        bound = max(each.bound for each in undecided)
        yield f"{_names(undecided)} cannot be told from no effect, and more than {_up(bound):.2f} points is ruled out"
    if untested := [each for each in told if each.found.verdict == "untested"]:
        yield f"{_names(untested)} could not be tested"


def _interactions(found: Sequence[Effect], design: Design) -> Iterator[str]:
    """Yield which factors change what others are worth, by how much, and which ones add up."""
    for each in sorted(_told(found), key=lambda each: -abs(each.size)):
        if each.found.can_tell:
            more = "more" if each.size > 0 else "less"
            yield f"{each.name} do not add up: with the second, the first is worth {_sized(each, 2, more)}"
    equal = [each for each in _told(found) if each.found.verdict == "equivalent"]
    if equal:
        bound = 2 * min(max(each.bound for each in equal), design.smallest)
        yield f"{_pairs(equal, found)} add up, to within {_up(bound):.2f} points"
    if undecided := _undecided(_told(found)):
        yield f"whether {_pairs(undecided, found)} add up cannot be told"


def _pairs(some: Sequence[_Told], among: Sequence[Effect]) -> str:
    """Return pairs of factors in words."""
    if len(some) == len(among):
        return "all factors" if len(among) > 1 else some[0].name
    return ", and ".join(each.name for each in some) if len(some) <= _PAIRS else f"{len(some)} of {len(among)} pairs"


def _names(told: Sequence[_Told]) -> str:
    return listed([each.name for each in told])


def _sized(told: _Told, times: int, more: str = "") -> str:
    """Return a size with its interval in points, ``times`` what was estimated, and whether it matters."""
    low, high = sorted(times * abs(end) for end in told.found.interval or (0.0, 0.0))
    words = f"{times * abs(told.size):.2f} points {more}".rstrip()
    little = ", which is less than what matters" if told.found.equivalent else ""
    return f"{words} ({low:.2f} to {high:.2f}){little}"


def _up(bound: float) -> float:
    return ceil(bound * 100 - 1e-9) / 100
