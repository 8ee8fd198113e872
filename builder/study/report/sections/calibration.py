"""Whether the networks' probabilities can be trusted: log loss and calibration error on the test images."""

from __future__ import annotations

from statistics import fmean, stdev
from typing import TYPE_CHECKING

from scipy.special import stdtrit

from builder.study.report.sections.blocks import Heading, Paragraph, ReportPart, Table
from builder.study.report.sections.words import NONE, rate

if TYPE_CHECKING:
    from builder.study.report.sections.blocks import ReportBlock
    from builder.study.report.sections.content import Content, Entry, Section

HEAD = ("variant", "log loss", "deviation", "beside the base", "interval", "calibration error")


def calibration(content: Content) -> ReportPart | None:
    """Return log loss and calibration error of each variant; None where its runs have not measured them."""
    blocks: list[ReportBlock] = []
    for section in content.sections:
        if section.shown and all(entry.losses for entry in section.shown):
            blocks += [*([Heading(section.name)] if section.name else []), _table(content, section)]
    if not blocks:
        return None
    said = Paragraph(
        "Log loss is the mean of −ln of the probability that the right class was given, in nats: lower is better, and "
        "sure mistakes cost most. Calibration error (ECE, 15 bins) is how far the probability of the answer is from "
        "how often the answer is right: 0 % could be taken at their word. Intervals are over new seeds on these "
        "images, each by itself; no claim of the answer depends on them."
    )
    return ReportPart("calibration", "Can the probabilities be trusted?", "Calibration", (said, *blocks))


def _table(content: Content, section: Section) -> Table:
    error = content.findings.design.error_rate
    rows = tuple(_row(entry, section.base, error) for entry in section.shown)
    caption = f"On the test images, means over the seeds, with {rate(1 - error)} intervals"
    return Table(caption, HEAD, rows, frozenset(range(1, len(HEAD))))


def _row(entry: Entry, base: Entry | None, error: float) -> tuple[str, ...]:
    losses, errors = entry.losses, [each.test_calibration_error or 0.0 for each in entry.outcomes]
    beside = _beside(losses, base.losses, error) if base is not None and not entry.is_base else (NONE, NONE)
    return (
        entry.short,
        f"{fmean(losses.values()):.3f}",
        f"{stdev(losses.values()):.3f}" if len(losses) > 1 else NONE,
        *beside,
        f"{100 * fmean(errors):.1f} %",
    )


def _beside(own: dict[int, float], base: dict[int, float], error: float) -> tuple[str, str]:
    """Return the mean difference of two variants' losses, and its interval: a paired t-test over their seeds."""
    values = [own[seed] - base[seed] for seed in own if seed in base]
    if len(values) < 2:
        return NONE, NONE
    half = -float(stdtrit(len(values) - 1, error / 2)) * stdev(values) / len(values) ** 0.5
    middle = fmean(values)
    return _signed(middle), f"{_signed(middle - half)} to {_signed(middle + half)}"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")
