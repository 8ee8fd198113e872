"""What there is to know of the trainings behind an answer: whether they had ended, and what equal cost would give."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING

from builder.study.report.sections.blocks import Heading, Paragraph, ReportPart, Table
from builder.study.report.sections.words import accuracy, amount, points

if TYPE_CHECKING:
    from builder.study.report.sections.blocks import ReportBlock
    from builder.study.report.sections.content import Content, Entry, Section

LAST_PART = 0.8
"""The part of the epochs after which little should change any more."""


def convergence(content: Content) -> ReportPart | None:
    """Return whether longer training would have changed something; None where that is not known."""
    shown = [entry for entry in content.entries if _has_epochs(entry)]
    if content.findings.compare is None or not shown:
        return None
    gains = [_late_gain(entry) for entry in shown]
    smallest, usual = content.findings.design.smallest, fmean(gains)
    still = (
        f"more than the smallest difference that matters ({amount(smallest)}): the answer is one for this length of "
        "training"
        if usual > smallest
        else f"less than the smallest difference that matters ({amount(smallest)})"
    )
    said = (
        f"In the last fifth of the epochs validation accuracy changed by {points(usual)} points on average, {still}. "
        "A learning rate that falls to the end of a training makes the last epochs the best ones however long it is."
    )
    rows = tuple(
        (
            entry.short,
            f"{sum(each.best_epoch == len(each.metrics) for each in entry.outcomes)} of {len(entry.outcomes)}",
            points(gain),
            accuracy(fmean(each.metrics[-1].train_accuracy for each in entry.outcomes)),
            accuracy(fmean(each.metrics[-1].val_accuracy for each in entry.outcomes)),
            f"{fmean(each.metrics[-1].val_loss for each in entry.outcomes):.3f}",
        )
        for entry, gain in zip(shown, gains, strict=True)
    )
    head = ("variant", "best in the last epoch", "gain in the last fifth", "training accuracy", "validation accuracy",
            "validation loss")  # fmt: skip
    caption = "At the end of the last epoch, means over the seeds; training accuracy while it learned"
    table = Table(caption, head, rows, frozenset(range(1, len(head))))
    return ReportPart("convergence", "Had training ended?", "Convergence", (Paragraph(said), table))


def _has_epochs(entry: Entry) -> bool:
    return bool(entry.outcomes) and all(len(each.metrics) > 1 for each in entry.outcomes)


def _late_gain(entry: Entry) -> float:
    """Return by how many points validation accuracy rose in the last fifth of the epochs, the mean over the seeds."""
    gained = []
    for each in entry.outcomes:
        before = min(len(each.metrics) - 2, max(0, round(LAST_PART * len(each.metrics)) - 1))
        gained.append(each.metrics[-1].val_accuracy - each.metrics[before].val_accuracy)
    return 100 * fmean(gained)


@dataclass(frozen=True)
class _Afforded:
    """How far a variant comes with what the cheapest one costs in all."""

    entry: Entry
    dearer: float
    epochs: int
    accuracy: float


def equal_cost(content: Content, section: Section) -> list[ReportBlock]:
    """Return what each variant has reached for the price of the cheapest; nothing where all cost the same."""
    entries = [entry for entry in section.shown if _has_epochs(entry)]
    if content.findings.compare is None or len(entries) < 2 or len(entries) < len(section.shown):
        return []
    timed = entries[0].is_timed
    costs = [entry.usual_seconds or 0.0 if timed else _macs(entry) for entry in entries]
    least = min(costs)
    if max(costs) < 1.005 * least:
        return []
    afforded = [_afforded(entry, cost, least) for entry, cost in zip(entries, costs, strict=True)]
    what = "processor time" if timed else "multiply-accumulates"
    cheapest = min(afforded, key=lambda each: each.dearer).entry.short
    said = (
        f"Measured by {what}, {cheapest} is the cheapest. The table says how accurate the others were, on validation "
        "images, when they had cost as much. A training that was planned to be shorter would do better than one that "
        "is cut off, so this is the least that they reach."
    )
    rows = tuple(
        (
            each.entry.short,
            f"{each.dearer:.2f} times",
            f"{each.epochs} of {len(each.entry.outcomes[0].metrics)}",
            accuracy(each.accuracy),
            accuracy(fmean(run.val_accuracy for run in each.entry.outcomes)),
        )
        for each in sorted(afforded, key=lambda each: -each.accuracy)
    )
    head = ("variant", "cost of a run", "epochs for the price", "validation accuracy then", "at its own end")
    heading = Heading("At equal cost" if not section.name else f"At equal cost: {section.name}")
    return [heading, Paragraph(said), Table("For the price of the cheapest", head, rows, frozenset({1, 2, 3, 4}))]


def _macs(entry: Entry) -> float:
    return float(entry.network.macs * median(len(each.metrics) for each in entry.outcomes))


def _afforded(entry: Entry, cost: float, budget: float) -> _Afforded:
    epochs = min(len(each.metrics) for each in entry.outcomes)
    until = max(1, int(epochs * budget / cost + 1e-9))
    reached = [max(row.val_accuracy for row in each.metrics[:until]) for each in entry.outcomes]
    return _Afforded(entry, cost / budget, until, fmean(reached))
