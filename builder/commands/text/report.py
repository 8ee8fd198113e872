"""A study's report as a person reads it on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.quantities import plural
from builder.study.report.sections.main_effects import name_of, verdict
from builder.study.report.sections.words import NONE, accuracy, amount, interval, points, probability, rate
from builder.tables import latex_table, terminal_table, text_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.commands.report import Reported
    from builder.study.report.sections.content import Content, Entry, Section
    from builder.study.statistics import Comparison, Effects
    from builder.tables import Table


def reported(value: Reported) -> str:
    """Return the answer, how sure it is, a table of the variants, what failed, and last the page's path."""
    content = value.content
    lines = [
        *value.report.answers,
        *value.report.more,
        *([value.report.warning] if value.report.warning else []),
        *_certainty(content),
    ]
    if content.findings.effects is not None:
        lines += ["", terminal_table(_effects(content, content.findings.effects))]
    for section in content.sections:
        if section.entries:
            lines += ["", *([section.name] if section.name else []), terminal_table(_variants(content, section))]
    lines += ["", *_failures(content)] if content.findings.failures else []
    return "\n".join([*lines, "", str(value.files[-1])])


def latex(value: Reported) -> str:
    """Return the tables for a paper: that of the effects, then one of the variants for each part of the study."""
    content, effects = value.content, value.content.findings.effects
    shown = [] if effects is None else [_effects(content, effects)]
    shown += [_variants(content, each) for each in content.sections if each.entries]
    return "\n\n".join(latex_table(each) for each in shown)


def _certainty(content: Content) -> Iterator[str]:
    design, count = content.findings.design, content.findings.claims
    what = "comparison" if content.findings.effects is None else "effect"
    if count:
        yield (
            f"{plural(design.seeds, 'seed')} each; error rate {rate(design.error_rate)} over "
            f"{plural(count, what)}; smallest difference that matters: {amount(design.smallest)}"
        )


def _effects(content: Content, found: Effects) -> Table:
    rows = [
        [
            name_of(each),
            points(each.estimate),
            interval(each.interval),
            probability(each.adjusted_p),
            verdict(each) if content.is_final else "so far",
        ]
        for each in found.effects
    ]
    return text_table(("effect", "estimate", "interval", "p (Holm)", "verdict"), rows, [1, 2, 3])


def _variants(content: Content, section: Section) -> Table:
    made = {each.a: each for each in content.findings.to_base if each.group == section.name}
    rows = [_row(entry, made.get(entry.name)) for entry in section.entries]
    verdict = "against the base" if content.is_final else "so far"
    head = ("variant", "runs", "test accuracy", "gap", "interval", "p (Holm)", verdict)
    return text_table(head, rows, [1, 2, 3, 4, 5])


def _row(entry: Entry, made: Comparison | None) -> list[str]:
    runs = f"{entry.arm.n}" if entry.arm.n == entry.arm.planned else f"{entry.arm.n} of {entry.arm.planned}"
    row = [entry.name, runs, accuracy(entry.arm.mean)]
    if made is None:
        return [*row, "", "", "", "base" if entry.is_base else ""]
    shown = {"undecided": "cannot tell", "untested": "not tested"}.get(made.verdict, made.verdict)
    little = ", by less than matters" if made.equivalent and made.can_tell else ""
    gap = points(made.difference) if made.difference is not None else NONE
    return [*row, gap, interval(made.interval), probability(made.adjusted_p), f"{shown}{little}"]


def _failures(content: Content) -> Iterator[str]:
    failures = content.findings.failures
    yield f"{plural(len(failures), 'run')} failed:"
    for each in failures[:_MOST]:
        yield f"  {content.names[each.cell]}, seed {each.seed}: {_last_line(each.message)}"
    if len(failures) > _MOST:
        yield f"  and {len(failures) - _MOST} more"


_MOST = 5
"""How many failures are named one by one; the page has all."""


def _last_line(message: str) -> str:
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"
