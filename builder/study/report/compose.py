"""The parts of a report, in the order in which a reader asks: what, how sure, what was seen, at what price, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.study.report.sections.blocks import Report
from builder.study.report.sections.calibration import calibration
from builder.study.report.sections.classes import classes
from builder.study.report.sections.history import history
from builder.study.report.sections.judged import comparisons, gaps, seeds
from builder.study.report.sections.main_effects import effects, interactions
from builder.study.report.sections.measured import confused, learning, networks, prices
from builder.study.report.sections.repeat import failed, repeat
from builder.study.report.sections.screened import screened
from builder.study.report.sections.training import convergence
from builder.study.report.sections.verdict import headline, sure, warning

if TYPE_CHECKING:
    from builder.study.report.sections.content import Content


def compose(content: Content) -> Report:
    """Return the report of ``content``; a part for which there is nothing yet is left away."""
    parts = (
        sure(content),
        history(content),
        screened(content),
        effects(content),
        interactions(content),
        seeds(content),
        gaps(content),
        comparisons(content),
        prices(content),
        learning(content),
        convergence(content),
        calibration(content),
        networks(content),
        classes(content),
        confused(content),
        failed(content),
        repeat(content),
    )
    first, more = headline(content)
    return Report(
        name=content.plan.name,
        question=content.plan.question.text,
        answers=first,
        more=more,
        warning=warning(content),
        parts=tuple(part for part in parts if part is not None),
        remark="Written by archcli from the study’s folder; the same results give the same file, byte for byte.",
    )
