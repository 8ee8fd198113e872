"""What the judged runs show: every seed, the gaps to the base, and all comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.quantities import plural
from builder.study.report.sections.blocks import Drawings, Heading, Paragraph, ReportPart, Table
from builder.study.report.sections.words import accuracies, accuracy, amount, interval, points, probability, rate
from builder.study.report.svg import rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.study.report.sections.blocks import ReportBlock
    from builder.study.report.sections.content import Content, Entry, Section
    from builder.study.statistics import Comparison


def seeds(content: Content) -> ReportPart | None:
    """Return every seed as a dot, with means and intervals; None where nothing was judged yet."""
    blocks: list[ReportBlock] = []
    for number, section in enumerate(content.sections):
        if section.shown:
            blocks += [*_named(section), _seeds(content, section, f"seeds{number or ''}")]
    return ReportPart("seeds", "Every seed", "Seeds", tuple(blocks)) if blocks else None


def _named(section: Section) -> list[ReportBlock]:
    return [Heading(section.name)] if section.name else []


def _seeds(content: Content, section: Section, name: str) -> Drawings:
    error = content.findings.design.error_rate
    drawn = [_dots(entry, error) for entry in section.shown]
    said = "; ".join(f"{entry.name} {row.note}" for entry, row in zip(section.shown, drawn, strict=True))
    figure = rows.dots(name, "Test accuracy of every run", said, "test accuracy (%)", drawn)
    caption = (
        f"A dot is a run, the stroke the mean, the bar its {rate(1 - error)} interval over new seeds. "
        "Overlapping bars do not mean that two networks are the same: see the gaps below."
    )
    return Drawings((figure,), caption)


def _dots(entry: Entry, error: float) -> rows.Dots:
    arm = entry.arm
    ends = arm.interval(error)
    shown = f" ({accuracies(ends)})" if ends else ""
    lost = f", {len(arm.failed)} failed" if arm.failed else ""
    return rows.Dots(
        entry.short,
        f"{accuracy(arm.mean)}{shown}, n = {arm.n}{lost}",
        entry.ink,
        [100 * value for value in arm.accuracies],
        100 * (arm.mean or 0.0),
        None if ends is None else (100 * ends[0], 100 * ends[1]),
    )


def gaps(content: Content) -> ReportPart | None:
    """Return how far each variant is from the base, the best first; None where there is nothing to compare."""
    blocks: list[ReportBlock] = []
    for number, section in enumerate(content.sections):
        made = _to_base(content, section)
        if made and section.base is not None:
            blocks += [*_named(section), _gaps(content, section, section.base, made, f"gaps{number or ''}")]
    title = "Single variants: gaps to the base" if content.findings.effects is not None else "Gaps to the base"
    return ReportPart("gaps", title, "Gaps", tuple(blocks)) if blocks else None


def _to_base(content: Content, section: Section) -> list[Comparison]:
    """Return the tested comparisons with the base, the largest gap first."""
    made = [each for each in content.findings.to_base if each.group == section.name and each.interval is not None]
    return sorted(made, key=lambda each: -(each.difference or 0.0))


def _gaps(content: Content, section: Section, base: Entry, made: list[Comparison], name: str) -> Drawings:
    design = content.findings.design
    entries = {entry.name: entry for entry in section.entries}
    drawn = [_gap(entries[each.a], each) for each in made]
    said = "; ".join(f"{each.a} {row.note}" for each, row in zip(made, drawn, strict=True))
    axis = f"points of test accuracy more than {base.short}"
    figure = rows.gaps(name, f"Gaps to {base.name}", said, axis, drawn, design.smallest)
    caption = (
        f"Thick: the {rate(1 - design.error_rate)} interval of each gap by itself; thin: with all "
        f"{plural(len(content.findings.comparisons), 'comparison')} at once. Filled: clear after Holm’s adjustment, of "
        f"which p is written. Shaded: less than {amount(design.smallest)}, too small to matter."
    )
    return Drawings((figure,), caption)


def _gap(entry: Entry, made: Comparison) -> rows.GapRow:
    assert made.difference is not None, "it has an interval"
    assert made.interval is not None, "only tested comparisons are drawn"
    note = f"{points(made.difference)} ({interval(made.interval)}), p {equals(made.adjusted_p)}"
    return rows.GapRow(entry.short, note, entry.ink, made.difference, made.interval, made.joint_interval, made.can_tell)


def equals(p: float | None) -> str:
    """Return a probability as it stands behind a p."""
    text = probability(p)
    return text if text.startswith("<") else f"= {text}"


HEAD = (
    "comparison", "difference", "interval", "verdict", "p (Holm)", "p", "Welch", "Dunnett", "Games-Howell",
    "equivalent, p (Holm)", "P(first better)", "seeds to tell",
)  # fmt: skip


def comparisons(content: Content) -> ReportPart | None:
    """Return the table of all planned comparisons, those with the base first; None where there is none."""
    made = content.findings.comparisons
    if not made or not content.entries:
        return None
    design = content.findings.design
    called = {entry.name: entry.short for entry in content.entries}
    title = "All comparisons" if content.findings.effects is None else "Single variants: all comparisons"
    caption = (
        f"All {plural(len(made), 'planned comparison')}: first minus second, in points of test accuracy, with "
        f"{rate(1 - design.error_rate)} intervals"
    )
    table = Table(caption, HEAD, tuple(_row(each, called) for each in made), frozenset(range(1, len(HEAD))) - {3})
    return ReportPart("comparisons", title, "Comparisons", (*_remarks(content), table))


def _row(made: Comparison, called: Mapping[str, str]) -> tuple[str, ...]:
    a, b = called[made.a], called[made.b]
    return (
        f"{a} − {b}",
        points(made.difference),
        interval(made.interval),
        verdict(made, a, b),
        probability(made.adjusted_p),
        probability(made.p),
        probability(made.welch_p),
        probability(made.dunnett_p),
        probability(made.games_howell_p),
        probability(made.adjusted_equivalence_p),
        "–" if made.a_beats_b is None else f"{made.a_beats_b:.2f}",
        "" if made.seeds_that_would_tell is None else str(made.seeds_that_would_tell),
    )


def verdict(made: Comparison, a: str, b: str) -> str:
    """Return what the data say of the comparison of two variants, in words."""
    little = ", by less than matters" if made.equivalent else ""
    return {
        "better": f"{a} is better{little}",
        "worse": f"{b} is better{little}",
        "equivalent": "equivalent",
        "undecided": "cannot tell",
        "untested": "not tested: under two runs",
    }[made.verdict]


def _remarks(content: Content) -> Iterator[Paragraph]:
    if content.findings.effects is not None:
        yield Paragraph(
            "The study asks for effects, which every run speaks of. These comparisons come second: they are a family "
            "of their own, with an error rate of their own, and find less."
        )
    if not content.is_final:
        yield Paragraph("The study has not ended: this is where it stands, and none of it is a verdict.", "warning")
    yield Paragraph(
        "P(first better) is how often a run of the first is better than one of the second. Seeds to tell: how many for "
        "each network would probably decide, if the true difference equals the observed one."
    )
    if any(made.verdict == "untested" for made in content.findings.comparisons):
        yield Paragraph(
            "What cannot be tested still counts among the comparisons, so that failures make nothing easier.", "note"
        )
