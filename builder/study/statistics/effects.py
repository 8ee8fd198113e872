"""Main effects and interactions of a study's factors: every run says something about every factor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from builder.study.statistics.blocks import Blocks
from builder.study.statistics.claims import claims
from builder.study.statistics.planning import LEAST_FREEDOM, Layout, seeds_that_decide
from builder.study.statistics.stages import AT_ONCE, seeds_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from builder.study.statistics.arms import Arm
    from builder.study.statistics.blocks import Blocked
    from builder.study.statistics.claims import Claim
    from builder.study.statistics.estimate import Basis, Estimate, Evidence
    from builder.study.statistics.factorial import Contrast, Factorial
    from builder.study.statistics.planning import Design
    from builder.study.statistics.stages import Course

EffectVerdict: TypeAlias = Literal["positive", "negative", "equivalent", "undecided", "untested"]


@dataclass(frozen=True)
class Effect:
    """A main effect or an interaction of two factors, in points.

    ``estimate`` is the mean over all other factors: of the level beside the first one, or half of what the one factor's
    difference gains by the other. ``interval`` and ``joint_interval``, ``adjusted_p`` and the equivalence are those of
    a comparison, over all effects of both kinds as one family. ``own_p`` is a check: the t-test of this effect's own
    differences, seed by seed, which takes nothing from other effects. ``basis`` says where the variance comes from.
    """

    kind: Literal["main", "interaction"]
    factors: tuple[str, ...]
    levels: tuple[str, ...]
    verdict: EffectVerdict
    estimate: float | None = None
    can_tell: bool = False
    equivalent: bool = False
    interval: tuple[float, float] | None = None
    joint_interval: tuple[float, float] | None = None
    standard_error: float | None = None
    p: float | None = None
    adjusted_p: float | None = None
    own_p: float | None = None
    equivalence_p: float | None = None
    adjusted_equivalence_p: float | None = None
    basis: Basis | None = None
    seeds_that_would_tell: int | None = None


@dataclass(frozen=True)
class Effects:
    """All effects, main effects first, and what was found of the seeds as blocks."""

    effects: tuple[Effect, ...]
    blocked: Blocked


def effects(arms: Sequence[Arm], factorial: Factorial, design: Design, course: Course = AT_ONCE) -> Effects:
    """Return the effects of ``factorial``, whose rows are ``arms`` in the same order.

    An arm without two runs, or too few degrees of freedom, leaves all of them untested.
    """
    blocks = Blocks(arms)
    contrasts = factorial.contrasts()
    found = estimates(blocks, contrasts, len(arms))

    def at(seeds: Collection[int]) -> Sequence[Estimate | None]:
        return estimates(Blocks([arm.only(seeds) for arm in arms]), contrasts, len(arms))

    evidence = found if course.is_single else course.evidence(seeds_of(arms), at)
    said = claims(evidence, design.smallest, design.error_rate)
    return Effects(
        tuple(
            _described(contrast, estimate, claim, blocks, design)
            for contrast, estimate, claim in zip(contrasts, found, said, strict=True)
        ),
        blocks.found,
    )


def estimates(blocks: Blocks, contrasts: Sequence[Contrast], arms: int) -> list[Estimate | None]:
    """Return the estimate of each contrast of so many ``arms``, None where it can't be tested."""
    enough = len(blocks.arms) == arms and min(arm.n for arm in blocks.arms) > 1
    if not enough or blocks.table.freedom < LEAST_FREEDOM:
        return [None] * len(contrasts)
    return [blocks.estimate(each.coefficients) for each in contrasts]


def _described(contrast: Contrast, found: Estimate | None, claim: Claim, blocks: Blocks, design: Design) -> Effect:
    effect, evidence = Effect(contrast.kind, contrast.factors, contrast.levels, verdict="untested"), claim.evidence
    if found is None or evidence is None:
        return effect
    return replace(
        effect,
        verdict=_verdict(evidence, claim),
        estimate=evidence.difference,
        can_tell=claim.can_tell,
        equivalent=claim.equivalent,
        interval=evidence.interval(design.error_rate),
        joint_interval=claim.joint_interval,
        standard_error=found.variance**0.5,
        p=evidence.p,
        adjusted_p=claim.p,
        own_p=blocks.own_p(contrast.coefficients),
        equivalence_p=evidence.equivalence_p(design.smallest),
        adjusted_equivalence_p=claim.equivalence_p,
        basis=found.basis,
        seeds_that_would_tell=None
        if claim.can_tell or claim.equivalent
        else seeds_that_decide(
            found,
            Layout(contrast.weight, 2 if found.basis in {"own", "separate"} else len(blocks.arms)),
            claim.family,
            design,
        ),
    )


def _verdict(found: Evidence, claim: Claim) -> EffectVerdict:
    if claim.can_tell:
        return "positive" if found.difference > 0 else "negative"
    return "equivalent" if claim.equivalent else "undecided"
