"""What differs class by class: the same estimates on the test images of one class, all classes as one family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from builder.study.statistics.arms import Group
from builder.study.statistics.blocks import Blocks
from builder.study.statistics.claims import claims
from builder.study.statistics.effects import estimates
from builder.study.statistics.family import compared, pairs
from builder.study.statistics.stages import AT_ONCE, seeds_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from builder.study.statistics.estimate import Estimate
    from builder.study.statistics.factorial import Contrast, Factorial
    from builder.study.statistics.planning import Design
    from builder.study.statistics.stages import Course


@dataclass(frozen=True, eq=False)
class OfClass:
    """A difference on the test images of the class of number ``label``, in points of their accuracy.

    It is that of ``contrast``, a main effect, or of a variant ``a`` beside the base ``b`` of a ``group``.
    ``adjusted_p`` is Holm's over all classes and all differences of the study together.
    """

    label: int
    images: int
    difference: float | None
    interval: tuple[float, float] | None
    p: float | None
    adjusted_p: float
    can_tell: bool
    contrast: Contrast | None = None
    group: str = ""
    a: str = ""
    b: str = ""


def by_class(
    groups: Sequence[Group],
    factorial: Factorial | None,
    labels: NDArray[np.uint16],
    design: Design,
    course: Course = AT_ONCE,
) -> tuple[OfClass, ...]:
    """Return all main effects of ``factorial`` on each class, or, without one, every variant beside its base.

    ``labels`` (images,) are those of the test images. One family, with an error rate of its own beside that of the
    study's other claims. Images of a class are fewer, so that small differences do not show.
    """
    present = [int(each) for each in np.unique(labels)]
    seeds = seeds_of([arm for group in groups for arm in group.arms])
    named = [_named(groups, factorial)] * len(present)

    def at(some: Collection[int]) -> Sequence[Estimate | None]:
        only = groups if len(some) == len(seeds) else [group.only(some) for group in groups]
        return [found for label in present for found in _estimates(only, factorial, labels == label)]

    found = at(seeds) if course.is_single else course.evidence(seeds, at)
    said = claims(found, design.smallest, design.error_rate)
    what = [(label, each) for label, names in zip(present, named, strict=True) for each in names]
    return tuple(
        OfClass(
            label=label,
            images=int((labels == label).sum()),
            difference=None if claim.evidence is None else claim.evidence.difference,
            interval=None if claim.evidence is None else claim.evidence.interval(design.error_rate),
            p=None if claim.evidence is None else claim.evidence.p,
            adjusted_p=claim.p,
            can_tell=claim.can_tell,
            contrast=contrast,
            group=group,
            a=a,
            b=b,
        )
        for (label, (contrast, group, a, b)), claim in zip(what, said, strict=True)
    )


def _named(groups: Sequence[Group], factorial: Factorial | None) -> list[tuple[Contrast | None, str, str, str]]:
    """Return what is asked of each class, in the order of ``_estimates``."""
    if factorial is not None:
        return [(each, groups[0].name, "", "") for each in _main(factorial)]
    return [(None, group.name, a, b) for group in groups for a, b in pairs(group, "base")]


def _estimates(groups: Sequence[Group], factorial: Factorial | None, among: NDArray[np.bool_]) -> list[Estimate | None]:
    few = [Group(each.name, tuple(arm.among(among) for arm in each.arms), each.base) for each in groups]
    if factorial is not None:
        return estimates(Blocks(few[0].arms), _main(factorial), len(few[0].arms))
    return [found for *_, found in compared(few, "blocked", "base")]


def _main(factorial: Factorial) -> list[Contrast]:
    return [each for each in factorial.contrasts() if each.kind == "main"]
