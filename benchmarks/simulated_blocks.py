"""Simulated studies whose seeds are blocks, of each kind that a study may have, in worlds where nothing is different.

``python -m benchmarks.simulated_studies effects 10000 --world unequal`` and the like; :data:`KINDS`, :data:`WORLDS`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.simulated_world import usual_world
from builder.study.statistics import (
    Arm,
    Course,
    Design,
    Factor,
    Group,
    by_class,
    claims,
    compared,
    decide,
    effect_of,
    effects,
    effects_of,
    full_product,
    image_error,
    seeds_needed,
)
from builder.study.statistics.planning import Layout, seeds_that_decide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.simulated_world import World
    from builder.study.statistics.estimate import Estimate, Evidence
    from builder.study.statistics.family import Against

FACTORS = tuple(Factor(name, ("off", "on")) for name in ("one", "two", "three"))
FACTORIAL = full_product(FACTORS)
CLASSES = 10
ARMS = {"effects": 8, "base": 5, "pairs": 5, "looks": 4, "added": 4, "classes": 8}
"""Networks of a study of each kind."""


@dataclass(frozen=True)
class Setting:
    """A world, and how many seeds a study has; a study with looks has them four times, if nothing is found before."""

    world: World
    seeds: int = 6
    spread: float = 1.0

    def of(self, arms: int) -> World:
        """Return the world of so many networks, the last quarter of which have another spread than the rest."""
        few = max(1, arms // 4)
        spreads = (1.0,) * (arms - few) + (self.spread,) * few
        return replace(self.world, spreads=spreads if self.spread != 1 else ())


@lru_cache(maxsize=1)
def settings() -> dict[str, Setting]:
    """Return the worlds that are asked for: 90 % of 2,000 images, a deviation of one point, 8 points at an image.

    What is common to all networks moves a run as much as what is its own, except where nothing is common.
    """
    apart = usual_world(90.0, 1.0, 8.0, 2_000, 0.5)
    world = replace(apart, common=apart.run)
    return {
        "equal": Setting(world),
        "unequal": Setting(world, spread=2.0),
        "nothing-common": Setting(apart),
        "three-seeds": Setting(world, seeds=3),
        "unequal-apart": Setting(apart, spread=2.0),
        "unequal-ten": Setting(world, seeds=10, spread=2.0),
        "unequal-three": Setting(world, seeds=3, spread=2.0),
        "threefold": Setting(world, spread=3.0),
        "heavy-tails": Setting(replace(world, tails=3.0)),
        "stuck": Setting(replace(world, stuck=0.03)),
        "duplicates": Setting(replace(world, alike=5)),
        "groups": Setting(replace(world, alike=5, told=True)),
    }


WORLDS = tuple(settings())
REQUIRED = ("equal", "unequal", "nothing-common", "three-seeds")
"""Worlds in which claims and intervals have to be right; the others are reported as they are."""


def is_false(evidence: Iterable[Evidence | None], design: Design) -> bool:
    """Return whether a difference is claimed, of networks that are equally good."""
    return any(each.can_tell for each in claims(list(evidence), design.smallest, design.error_rate))


def intervals(evidence: Iterable[Evidence | None], design: Design) -> Counter[str]:
    """Return how many intervals there are, and how many hold the true difference, which is 0."""
    found: Counter[str] = Counter()
    for each in evidence:
        assert each is not None, "every run has a result"
        low, high = each.interval(design.error_rate)
        found["intervals"] += 1
        found["held"] += low <= 0 <= high
    return found


def of_effects(arms: tuple[Arm, ...], design: Design) -> Counter[str]:
    """Judge main effects and interactions of three factors."""
    made = effects(arms, FACTORIAL, design)
    found = Counter(false=any(each.can_tell for each in made.effects), apart=made.blocked.unequal)
    for each in made.effects:
        assert each.interval is not None, "every run has a result"
        found["intervals"] += 1
        found["held"] += each.interval[0] <= 0 <= each.interval[1]
    return found


def of_classes(arms: tuple[Arm, ...], design: Design) -> Counter[str]:
    """Judge main effects of three factors on each of ten classes, which have easy and hard images alike."""
    labels = (np.arange(arms[0].images) % CLASSES).astype(np.uint16)
    made = by_class([Group("", arms, "0")], FACTORIAL, labels, design)
    found = Counter(false=any(each.can_tell for each in made))
    for each in made:
        assert each.interval is not None, "every run has a result"
        found["intervals"] += 1
        found["held"] += each.interval[0] <= 0 <= each.interval[1]
    return found


def of_comparisons(arms: tuple[Arm, ...], design: Design, against: Against) -> Counter[str]:
    """Judge all pairs, or all variants against the base."""
    made = decide([Group("", arms, "0")], design, analysis="blocked", against=against)
    gaps = [each.gap for each in made]
    found = intervals(gaps, design)
    found["false"] = any(each.can_tell for each in made)
    found["apart"] = any(each is not None and each.basis in {"welch", "own", "separate"} for each in gaps)
    return found


def at(group: Group, seeds: range) -> list[Estimate | None]:
    """Return the estimates of all pairs from these seeds."""
    return [each for *_, each in compared([group.only(seeds)], "blocked")]


def of_looks(arms: tuple[Arm, ...], design: Design) -> Counter[str]:
    """Judge all pairs at four looks with as many new seeds each; who finds something stops."""
    group = Group("", arms, "0")
    course = Course(looks=tuple(design.seeds * (look + 1) for look in range(4)))
    for look in range(4):
        made = decide([group.only(range(design.seeds * (look + 1)))], design, analysis="blocked", course=course)
        claimed = any(each.can_tell for each in made)
        if claimed:
            break
    return intervals([each.evidence for each in made], design) + Counter(false=claimed, looks=look + 1)


def of_added(arms: tuple[Arm, ...], design: Design) -> Counter[str]:
    """Judge all pairs, then add the seeds that would decide (2 at least, as many as there were at most), and join.

    "false" are claims of the joined analysis, whether the first one found something or not; "first" those of the first
    one; "extended" joined ones where the first had found nothing; "together" what judging all seeds at once claims.
    """
    group = Group("", arms, "0")
    old = at(group, range(design.seeds))
    layout = Layout(pooled=len(arms))
    asked = [seeds_that_decide(each, layout, len(old), design) for each in old if each is not None]
    more = min(max([2, *(each - design.seeds for each in asked if each is not None)]), design.seeds)
    course = Course(stages=(design.seeds, more))
    made = decide([group.only(range(design.seeds + more))], design, analysis="blocked", course=course)
    found = intervals([each.evidence for each in made], design)
    found["false"] = any(each.can_tell for each in made)
    found["first"] = is_false(old, design)
    found["extended"] = found["false"] and not found["first"]
    every = at(group, range(design.seeds + more))
    found["together"] = is_false(every, design)
    found["more"] = more
    return found


KINDS: dict[str, Callable[[tuple[Arm, ...], Design], Counter[str]]] = {
    "effects": of_effects,
    "base": lambda arms, design: of_comparisons(arms, design, "base"),
    "pairs": lambda arms, design: of_comparisons(arms, design, "pairs"),
    "looks": of_looks,
    "added": of_added,
    "classes": of_classes,
}
ROUNDS = {"looks": 4, "added": 2}
"""How many times its seeds a study may need at most."""


def blocked(kind: str, setting: str, which: range, seed: int) -> Counter[str]:
    """Return what counts of the studies ``which`` of equally good networks; study i depends on ``seed`` and i alone."""
    here = settings()[setting]
    world, found = here.of(ARMS[kind]), Counter[str]()
    shifts, design = world.fair(ARMS[kind]), Design(1.0, here.seeds, 1.0)
    for index in which:
        chance = np.random.default_rng([seed, index])
        arms = world.study(shifts, here.seeds * ROUNDS.get(kind, 1), chance)
        found += KINDS[kind](arms, design)
        found["studies"] += 1
    return found


def effects_found(which: range, seed: int, deviation: float = 0.25, smallest: float = 0.3) -> tuple[int, Counter[str]]:
    """Return the seeds that 2^3 networks need for one main effect on 10,000 images, and how often they find it.

    The effect is that of the first factor, the others have none; ``deviation`` is a run's own.
    """
    layout, family = effect_of(len(FACTORIAL.settings)), effects_of([2, 2, 2])
    seeds = seeds_needed(smallest, deviation, family, fixed_error=image_error(10_000, layout=layout), layout=layout)
    assert seeds is not None, "there are images enough"
    apart = usual_world(deviation=deviation)
    world = replace(apart, common=apart.run)
    better = world.shift_for(smallest)
    shifts = np.array([better * levels[0] for levels in FACTORIAL.settings])
    found: Counter[str] = Counter(studies=len(which))
    for index in which:
        made = effects(
            world.study(shifts, seeds, np.random.default_rng([seed, index])), FACTORIAL, Design(smallest, seeds)
        )
        found["found"] += made.effects[0].verdict == "positive"
        found["false"] += any(each.can_tell for each in made.effects[1:])
    return seeds, found
