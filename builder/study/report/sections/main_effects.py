"""What factors do: main effects and interactions with their intervals, as a figure, as a table, and as lines."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from builder.quantities import plural
from builder.study.report.sections.blocks import Drawings, Paragraph, ReportPart, Table
from builder.study.report.sections.judged import equals
from builder.study.report.sections.words import NONE, amount, interval, points, probability, rate
from builder.study.report.svg import rows
from builder.study.report.svg.interaction import BOTTOM, TOP, LevelLine, interaction
from builder.study.report.svg.scales import spanning
from builder.study.statistics import change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.study.report.sections.blocks import ReportBlock
    from builder.study.report.sections.content import Content
    from builder.study.report.svg.figure import Figure
    from builder.study.report.svg.scales import Axis
    from builder.study.statistics import Effect, Effects, Factorial

MOST_PLOTS = 12
"""Pairs of factors that are drawn, those that change each other most; the table has all."""

_INKS = ("base", "one", "two", "three", "four")

HEAD = (
    "effect", "beside", "estimate", "interval", "verdict", "p (Holm)", "with all at once", "p", "by itself",
    "equivalent, p (Holm)", "seeds to tell",
)  # fmt: skip


def name_of(effect: Effect) -> str:
    """Return what an effect is called: a level, or two that meet."""
    return " × ".join(change(factor, level) for factor, level in zip(effect.factors, effect.levels, strict=True))


def effects(content: Content) -> ReportPart | None:
    """Return all effects with their intervals; None in a study without factors, or where nothing was judged yet."""
    found = content.findings.effects
    if found is None or content.findings.factorial is None or not any(each.outcomes for each in content.entries):
        return None
    blocks: list[ReportBlock] = [Paragraph(_meaning(content.findings.factorial))]
    if not content.is_final:
        text = "The study has not ended: this is where it stands, and none of it is a verdict."
        blocks.append(Paragraph(text, "warning"))
    tested = [each for each in found.effects if each.interval is not None]
    if tested:
        blocks.append(_figure(content, tested))
    blocks.append(_table(content, found))
    return ReportPart("effects", "What each factor does", "Effects", tuple(blocks))


def _meaning(factorial: Factorial) -> str:
    named = "; ".join(f"{each.name} ({', '.join(each.levels)})" for each in factorial.factors)
    return (
        f"The factors are {named}. A main effect is what a level gains beside the first one, on average over the "
        "levels of all other factors. An interaction is half of what one’s effect gains by the other: at 0 they add up."
    )


def _figure(content: Content, tested: list[Effect]) -> Drawings:
    design = content.findings.design
    drawn = [_row(each) for each in tested]
    said = "; ".join(f"{row.name} {row.note}" for row in drawn)
    axis = "points of test accuracy"
    figure = rows.gaps("effects", "Main effects and interactions", said, axis, drawn, design.smallest)
    caption = (
        f"Thick: the {rate(1 - design.error_rate)} interval of each effect by itself; thin: with all "
        f"{plural(content.findings.claims, 'effect')} at once. Filled: clear after Holm’s adjustment, of which p is "
        f"written. Shaded: less than {amount(design.smallest)}, too small to matter. Interactions are gray."
    )
    return Drawings((figure,), caption)


def _row(effect: Effect) -> rows.GapRow:
    assert effect.estimate is not None, "it has an interval"
    assert effect.interval is not None, "only tested effects are drawn"
    note = f"{points(effect.estimate)} ({interval(effect.interval)}), p {equals(effect.adjusted_p)}"
    ink = "one" if effect.kind == "main" else "rest"
    name = name_of(effect)
    return rows.GapRow(name, note, ink, effect.estimate, effect.interval, effect.joint_interval, effect.can_tell)


def _table(content: Content, found: Effects) -> Table:
    design, factorial = content.findings.design, content.findings.factorial
    assert factorial is not None, "there are effects"
    first = {each.name: each.levels[0] for each in factorial.factors}
    caption = (
        f"All {plural(len(found.effects), 'effect')}, in points of test accuracy, with "
        f"{rate(1 - design.error_rate)} intervals; “by itself” is the p-value of its own values, seed by seed"
    )
    lines = tuple(
        (
            name_of(each),
            ", ".join(first[factor] for factor in each.factors),
            points(each.estimate),
            interval(each.interval),
            verdict(each),
            probability(each.adjusted_p),
            interval(each.joint_interval),
            probability(each.p),
            probability(each.own_p),
            probability(each.adjusted_equivalence_p),
            "" if each.seeds_that_would_tell is None else str(each.seeds_that_would_tell),
        )
        for each in found.effects
    )
    return Table(caption, HEAD, lines, frozenset(range(2, len(HEAD))) - {4})


def verdict(effect: Effect) -> str:
    """Return what the data say of an effect, in words."""
    little = ", by less than matters" if effect.equivalent else ""
    of_pair = effect.kind == "interaction"
    return {
        "positive": ("more together" if of_pair else "gains") + little,
        "negative": ("less together" if of_pair else "loses") + little,
        "equivalent": "they add up" if of_pair else "no effect that matters",
        "undecided": "cannot tell",
        "untested": "not tested",
    }[effect.verdict]


def interactions(content: Content) -> ReportPart | None:
    """Return lines for each pair of factors; None where an arm has no result yet."""
    factorial, arms = content.findings.factorial, content.findings.arms
    if factorial is None or content.findings.effects is None or any(arm.mean is None for arm in arms):
        return None
    pairs = _pairs(content.findings.effects, factorial)
    shown = sorted(pairs[:MOST_PLOTS])
    accuracies = [100 * (arm.mean or 0.0) for arm in arms]
    tables = [_means(factorial, pair, accuracies) for pair in shown]
    up = spanning([mean for table in tables for line in table for mean in line], BOTTOM - 6, TOP + 6, least=1e-2)
    drawn = tuple(_plot(factorial, pair, table, up) for pair, table in zip(shown, tables, strict=True))
    left = len(pairs) - len(shown)
    more = f" {plural(left, 'pair')} with weaker interactions are not drawn." if left else ""
    caption = (
        "Upwards is test accuracy in percent, the mean over seeds and over the levels of all other factors. Parallel "
        f"lines add up; whether lines that are not parallel say something stands in the table above.{more}"
    )
    return ReportPart("interactions", "What meets what", "Interactions", (Drawings(drawn, caption, small=True),))


def _pairs(found: Effects, factorial: Factorial) -> list[tuple[int, int]]:
    """Return all pairs of factors, those first whose interaction is surest."""
    names = [each.name for each in factorial.factors]
    surest: dict[tuple[int, int], float] = {}
    for each in found.effects:
        if each.kind == "interaction":
            pair = (names.index(each.factors[0]), names.index(each.factors[1]))
            surest[pair] = min(surest.get(pair, 2.0), 2.0 if each.p is None else each.p)
    return sorted(combinations(range(len(names)), 2), key=lambda pair: surest.get(pair, 2.0))


def _means(factorial: Factorial, pair: tuple[int, int], accuracies: list[float]) -> list[list[float]]:
    """Return the mean accuracy at both levels: a list for each level of the second factor."""
    first, second = pair

    def mean(one: int, other: int) -> float:
        found = [
            accuracy
            for accuracy, levels in zip(accuracies, factorial.settings, strict=True)
            if (levels[first], levels[second]) == (one, other)
        ]
        return sum(found) / len(found)

    return [
        [mean(one, other) for one in range(len(factorial.factors[first].levels))]
        for other in range(len(factorial.factors[second].levels))
    ]


def _plot(factorial: Factorial, pair: tuple[int, int], table: list[list[float]], up: Axis) -> Figure:
    first, second = (factorial.factors[place] for place in pair)
    named = [f"{second.name} {level}" if level in {"with", "without"} else change(second.name, level)
             for level in second.levels]  # fmt: skip
    inks = [*_INKS, *["rest"] * len(named)]
    lines = [LevelLine(level, ink, means) for level, ink, means in zip(second.levels, inks, table, strict=False)]
    said = "; ".join(
        f"{name}: " + ", ".join(f"{level} {mean:.2f} %" for level, mean in zip(first.levels, means, strict=True))
        for name, means in zip(named, table, strict=True)
    )
    title = f"{first.name} × {second.name}"
    lines = [each._replace(name=_line_name(second.name, each.name)) for each in lines]
    return interaction(f"interaction{pair[0]}{pair[1]}", title, said, (first.name, first.levels), lines, up)


def _line_name(factor: str, level: str) -> str:
    """Return what a line is called: its level, with the factor where the level alone says nothing.

    >>> _line_name("se at block2", "with"), _line_name("lr", "0.01")
    ('with se at block2', 'lr = 0.01')
    """
    return f"{level} {factor}" if level in {"with", "without"} else change(factor, level)


def shared(content: Content) -> Iterator[tuple[str, str, str]]:
    """Yield what was found of the seeds as blocks: a term, what is said in short, and what is to be added.

    Nothing in a study of an earlier version, where seeds are none.
    """
    for group, found in zip(content.findings.groups, content.findings.blocked, strict=False):
        where = f" ({group.name})" if group.name else ""
        if found.refused is not None:
            yield f"Seeds as blocks{where}", "no", f"{found.refused}; each network has its own variance"
            continue
        common = NONE if found.common is None else rate(round(max(found.common, 0.0), 2))
        p = f", p {equals(found.common_p)}" if found.common_p is not None else ""
        yield f"Shared by a seed{where}", common, f"of the variance of a run is common to all networks{p}"
        if found.unequal_p is not None:
            yield f"Equal variances{where}", _equality(found.unequal), f"p {equals(found.unequal_p)}; {_basis(content)}"
        if found.missing:
            yield f"Missing runs{where}", str(found.missing), "made up for by least squares"


def _equality(unequal: bool) -> str:
    return "no" if unequal else "not refuted"


def _basis(content: Content) -> str:
    """Return which variance the claims go by, said also where it is not the one that was planned."""
    effects_found = content.findings.effects
    bases = {each.basis for each in effects_found.effects} if effects_found is not None else set()
    if "reduced" in bases:
        return "one variance with fewer degrees of freedom"
    if bases & {"own", "separate", "welch"} or any(each.unequal for each in content.findings.blocked):
        return "each network has its own variance"
    return f"one variance with {max(each.freedom for each in content.findings.blocked)} degrees of freedom"
