"""What differs class by class, with one error rate for all classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.quantities import plural
from builder.study.report.sections.blocks import Paragraph, ReportPart, Table
from builder.study.report.sections.words import interval, points, probability, rate
from builder.study.statistics import by_class, change

if TYPE_CHECKING:
    from builder.study.report.sections.content import Content
    from builder.study.statistics import OfClass

MOST_ROWS = 30
"""Differences that are listed, the surest ones."""


def found_by_class(content: Content) -> tuple[OfClass, ...]:
    """Return every main effect, or every variant beside the base, on each class; nothing where that is not known.

    That is in a study of an earlier version, before the end, or without the labels of the test split.
    """
    findings, truth = content.findings, content.results.truth
    if findings.compare is None or truth is None or not content.is_final:
        return ()
    return by_class(findings.groups, findings.factorial, truth.labels, findings.design, content.plan.course)


def classes(content: Content) -> ReportPart | None:
    """Return the differences on each class; None where there is nothing to compare."""
    found, truth = found_by_class(content), content.results.truth
    if not found or truth is None:
        return None
    clear = sum(each.can_tell for each in found)
    rows = sorted(found, key=lambda each: (not each.can_tell, 2.0 if each.p is None else each.p))[:MOST_ROWS]
    called = {entry.name: entry.short for entry in content.entries}
    lines = tuple(
        (
            truth.classes[each.label],
            _named(each, called),
            points(each.difference),
            interval(each.interval),
            "clear" if each.can_tell else "cannot tell",
            probability(each.adjusted_p),
            probability(each.p),
        )
        for each in rows
    )
    what = "effect" if content.findings.effects is not None else "difference"
    error = content.findings.design.error_rate
    said = (
        f"{clear or 'None'} of {plural(len(found), what)} on single classes {'are' if clear > 1 else 'is'} clear. They "
        f"are one family of their own: if nothing differed on any class, something would be called clear in at most "
        f"{rate(error)} of studies. A class has few images, so that only large differences show."
    )
    left = f", the surest {len(rows)}" if len(rows) < len(found) else ""
    caption = f"In points of accuracy on the images of a class, with {rate(1 - error)} intervals{left}"
    head = ("class", what, "estimate", "interval", "verdict", "p (Holm)", "p")
    table = Table(caption, head, lines, frozenset({2, 3, 5, 6}))
    return ReportPart("classes", "Class by class", "Classes", (Paragraph(said), table))


def _named(found: OfClass, called: dict[str, str]) -> str:
    if found.contrast is None:
        return f"{called[found.a]} − {called[found.b]}"
    return change(found.contrast.factors[0], found.contrast.levels[0])
