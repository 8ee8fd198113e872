"""How many seeds a question needs, and which differences a number of seeds can find."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isnan, sqrt
from typing import TYPE_CHECKING

from scipy.optimize import brentq
from scipy.special import stdtrit
from scipy.stats import nct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from builder.study.statistics.estimate import Estimate

MOST_SEEDS = 10_000
LEAST_FOR_A_BEST = 3
LEAST_ADVISED = 5

LEAST_FREEDOM = 4
"""Below so many degrees of freedom of the runs' variance nothing is said of effects; 3 seeds of 3 arms have as many."""

IMAGE_DEVIATION = 5.0
"""Points by which two networks' chances of being right about one image are taken to differ, before there are data."""


@dataclass(frozen=True)
class Design:
    """What a study wants to know: numbers that are fixed before its first run.

    ``smallest`` is the smallest difference that matters and ``deviation`` how much one run is expected to differ from
    another of the same network, both in points. ``seeds`` are the runs of each network that are judged.
    """

    smallest: float
    seeds: int
    deviation: float = 0.2
    error_rate: float = 0.05
    power: float = 0.8


@dataclass(frozen=True)
class Layout:
    """What is asked of the runs: a contrast whose squared coefficients sum to ``weight``, 2 for two networks.

    With ``pooled`` arms the seeds are blocks and the variance is estimated from the residuals of that many; without,
    from the two networks' own runs.
    """

    weight: float = 2.0
    pooled: int | None = None

    def freedom(self, seeds: int) -> float:
        """Return the degrees of freedom of the variance over seeds, where each network has so many."""
        return float((2 if self.pooled is None else self.pooled - 1) * (seeds - 1))


PAIR = Layout()
"""Two networks, each with its own variance."""


def effect_of(arms: int, pairs: bool = False) -> Layout:
    """Return the layout of a main effect or interaction of factors with two levels, or of a pair, all pooled.

    >>> effect_of(8)
    Layout(weight=0.5, pooled=8)
    """
    return Layout(2.0 if pairs else 4 / arms, arms)


def image_error(images: int, deviation: float = IMAGE_DEVIATION, layout: Layout = PAIR) -> float:
    """Return the standard error, in points, that the number of ``images`` leaves, however many seeds there are.

    ``deviation`` is that of two networks; that of another contrast follows from it.
    """
    return sqrt(layout.weight / 2) * sqrt(deviation**2 / images + (100 / images) ** 2)


def power_of(
    difference: float,
    deviation: float,
    seeds: int,
    error_rate: float,
    fixed_error: float = 0.0,
    layout: Layout = PAIR,
) -> float:
    """Return how often a true ``difference`` (points) is found with ``seeds`` runs of each network, from 0 to 1.

    Exact for the t-test of normal samples with the same ``deviation`` (noncentral t); where seeds are blocks, of a run
    beside what its seed explains. ``fixed_error`` is a standard error in points that does not shrink with more seeds,
    with Satterthwaite's degrees of freedom for both.
    """
    if seeds < 2 or not layout.freedom(seeds):
        return 0.0
    of_seeds = layout.weight * deviation**2 / seeds
    variance = of_seeds + fixed_error**2
    if not variance:
        return 1.0 if difference else error_rate
    freedom = variance**2 / (of_seeds**2 / layout.freedom(seeds)) if of_seeds else 1e9
    shift, limit = abs(difference) / sqrt(variance), -float(stdtrit(freedom, error_rate / 2))
    if shift - limit > 30:
        return 1.0
    wrong_side = float(nct.cdf(-limit, freedom, shift))
    return float(nct.sf(limit, freedom, shift)) + (0.0 if isnan(wrong_side) else wrong_side)  # NaN: under 1e-10


def seeds_needed(
    smallest: float,
    deviation: float,
    comparisons: int = 1,
    error_rate: float = 0.05,
    power: float = 0.8,
    fixed_error: float = 0.0,
    layout: Layout = PAIR,
) -> int | None:
    """Return the fewest seeds for each network with which a difference of ``smallest`` points is found.

    As often as ``power`` says, also at the hardest step of Holm's procedure over ``comparisons``. None where
    ``fixed_error``, which stands for the number of test images, hides such a difference from any number of seeds.
    """
    each = error_rate / max(comparisons, 1)

    def enough(seeds: int) -> bool:
        return power_of(smallest, deviation, seeds, each, fixed_error, layout) >= power

    return _first(enough)


def _first(enough: Callable[[int], bool]) -> int | None:
    low, high = 1, 2
    while not enough(high):
        if high >= MOST_SEEDS:
            return None
        low, high = high, min(2 * high, MOST_SEEDS)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def detectable(
    seeds: int,
    deviation: float,
    comparisons: int = 1,
    error_rate: float = 0.05,
    power: float = 0.8,
    fixed_error: float = 0.0,
    layout: Layout = PAIR,
) -> float:
    """Return the smallest difference, in points, that ``seeds`` runs of each network find as often as ``power``."""
    each = error_rate / max(comparisons, 1)

    def missing(difference: float) -> float:
        return power_of(difference, deviation, seeds, each, fixed_error, layout) - power

    if seeds < 2 or not layout.freedom(seeds):
        return inf
    high = max(deviation, fixed_error, 1e-6)
    while missing(high) < 0:
        high *= 2
    return float(brentq(missing, 0.0, high, xtol=1e-6))


def seeds_that_decide(found: Estimate, layout: Layout, comparisons: int, design: Design) -> int | None:
    """Return the seeds after which the interval holds no longer both 0 and a difference that matters.

    If the true difference equals the one that was found. What has to be narrower than the interval is the way from
    the difference to the farther of the two: either it is far from 0, or the smallest difference that matters is far
    from it. None where no number of seeds would do.
    """
    seen = abs(found.difference)
    needed = seeds_needed(
        max(seen, design.smallest - seen),
        found.deviation,
        comparisons,
        design.error_rate,
        design.power,
        found.irreducible**0.5,
        layout,
    )
    return None if needed is None else max(needed, 1 + found.runs)


def seeds_for_effects(layout: Layout) -> int:
    """Return the fewest seeds of each network with which something is said of effects at all.

    >>> seeds_for_effects(effect_of(4)), seeds_for_effects(effect_of(8))
    (3, 2)
    """
    seeds = 2
    while layout.freedom(seeds) < LEAST_FREEDOM:
        seeds += 1
    return seeds


def cautions(
    design: Design,
    comparisons: int,
    images: int,
    layout: Layout = PAIR,
    *,
    of_effects: bool = False,
    are_groups: bool = False,
) -> Iterator[str]:
    """Yield what has to be said of a plan before anything is run, a sentence each; ``images`` may be groups of them."""
    if not comparisons:
        yield "there is one network, and nothing to compare it with"
        return
    if of_effects:
        if design.seeds < (least := seeds_for_effects(layout)):
            yield f"below {least} seeds for each network nothing is said of effects, whatever comes out"
    elif design.seeds < LEAST_FOR_A_BEST:
        yield f"below {LEAST_FOR_A_BEST} seeds for each network no best is named, whatever comes out"
    elif design.seeds < LEAST_ADVISED:
        yield f"below {LEAST_ADVISED} seeds the spread of the runs is hardly known, and only large differences show"
    fixed = image_error(images, layout=layout)
    asked = (comparisons, design.error_rate, design.power, fixed, layout)
    needed = seeds_needed(design.smallest, design.deviation, *asked)
    found = detectable(design.seeds, design.deviation, *asked)
    sought = "effects" if of_effects else "differences"
    shown = f"{design.seeds} show {sought} from {found:.2f} points" if found < inf else "one seed shows nothing"
    if needed is None:
        what = "groups of test images" if are_groups else "test images"
        yield f"{images:,} {what} are too few for {points(design.smallest)}, whatever the seeds; {shown}"
    elif needed > design.seeds:
        yield f"for {points(design.smallest)} the question needs {needed} seeds for each network; {shown}"


def points(difference: float) -> str:
    """Return a difference in words.

    >>> points(0.3), points(1.0)
    ('0.3 points', '1 point')
    """
    return f"{difference:g} {'point' if difference == 1 else 'points'}"
