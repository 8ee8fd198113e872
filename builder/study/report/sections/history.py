"""The looks at a study: which were planned, which were made, and what was said at each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.quantities import plural
from builder.study.plan.looks import LookedAt
from builder.study.report.sections.blocks import Paragraph, ReportPart, Table
from builder.study.report.sections.main_effects import name_of
from builder.study.report.sections.words import probability

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.study.report.sections.content import Content

_TOLD = {"positive": "gains", "negative": "loses"}


def claims(content: Content) -> tuple[LookedAt, ...]:
    """Return what the report says of each claim of its family: what the log of looks keeps."""
    findings = content.findings
    if findings.effects is not None:
        return tuple(
            LookedAt(name_of(each), each.verdict, each.adjusted_p, each.adjusted_equivalence_p)
            for each in findings.effects.effects
        )
    return tuple(
        LookedAt(f"{each.a} − {each.b}", each.verdict, each.adjusted_p, each.adjusted_equivalence_p)
        for each in findings.comparisons
    )


def standing(content: Content) -> Iterator[str]:
    """Yield where a study with looks or added seeds stands, a sentence each, and what can be done next."""
    plan, now = content.plan, content.findings.design.seeds
    if content.later or content.findings.compare is None:
        return
    more = max((each.more_seeds or 0 for each in content.findings.answers), default=0)
    if plan.looks and not content.findings.missing:
        place = plan.looks.index(now) + 1
        yield f"This is look {place} of {len(plan.looks)}, at {now} of {plan.judged_seeds} seeds."
        if now < plan.judged_seeds and any(each.verdict in {"undecided", "untested"} for each in claims(content)):
            yield f"The next look is at {plan.looks[place]} seeds: archcli study run study-runs/{content.folder}"
    elif more and content.is_final and not plan.looks:
        yield f"To add them: archcli study run study-runs/{content.folder} --more-seeds {more}"


def history(content: Content) -> ReportPart | None:
    """Return the looks until now; None in a study that is looked at once, at its end."""
    plan, now = content.plan, content.findings.design.seeds
    if content.findings.compare is None or not (plan.looks or len(plan.stages) > 1):
        return None
    told = {each.seeds: each.claims for each in content.looks}
    if not content.findings.missing:
        told[now] = claims(content)
    rows = tuple(
        (f"{seeds}", each.claim, _TOLD.get(each.verdict, each.verdict), probability(each.p),
         probability(each.equivalence_p))
        for seeds in sorted(told)
        for each in told[seeds]
    )  # fmt: skip
    head = ("seeds", "claim", "verdict", "p (Holm)", "equivalent, p (Holm)")
    table = Table(f"What was said at {plural(len(told), 'look')}", head, rows, frozenset({0, 3, 4}))
    return ReportPart("looks", "The looks until now", "Looks", (Paragraph(_how(content)), table))


def _how(content: Content) -> str:
    plan = content.plan
    if plan.looks:
        listed = ", ".join(map(str, plan.looks))
        return (
            f"Looks were planned at {listed} seeds. They share the error rate, as O’Brien and Fleming’s boundary does: "
            "little is spent at first. Intervals hold at all looks together, and a study ends at the first look that "
            "leaves nothing open."
        )
    first, *added = plan.stages
    return (
        f"The study had {plural(first, 'seed')}, and {' and then '.join(map(str, added))} were added after a report. "
        "Old and new runs are judged by themselves and joined, with weights that were fixed when the seeds were added: "
        "this analysis keeps its error rate, whatever the first report said. That one of several reports is wrong is "
        "more frequent; only planned looks prevent it."
    )
