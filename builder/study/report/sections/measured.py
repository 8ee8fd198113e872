"""What else was measured: accuracy against prices, learning curves, the networks themselves, what is confused."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from builder.quantities import plural
from builder.study.report.sections.blocks import Drawings, Heading, Paragraph, Picture, ReportPart, Table
from builder.study.report.sections.diagrams import diagram
from builder.study.report.sections.measures import ahead, confusion, curve
from builder.study.report.sections.training import equal_cost
from builder.study.report.sections.words import NONE, accuracy, counts, points, settings, time_of, times
from builder.study.report.svg.confusion import MOST, matrix, swaps
from builder.study.report.svg.curves import curves
from builder.study.report.svg.scatter import ScatterPoint, scatter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from builder.study.report.sections.blocks import ReportBlock
    from builder.study.report.sections.content import Content, Entry, Section
    from builder.study.report.svg.figure import Figure
    from builder.study.results.result import TrueLabels
    from builder.training.folder.metrics import EpochMetrics

_SWAPS = 8
"""How many pairs of classes are listed."""

_CONFUSED = 2
"""How many variants are compared with the base class by class."""


def prices(content: Content) -> ReportPart | None:
    """Return accuracy against parameters, multiply-accumulates and time; None where nothing was judged yet."""
    blocks: list[ReportBlock] = []
    for number, section in enumerate(content.sections):
        if section.shown:
            blocks += [*_named(section), *_prices(content, section, str(number or ""))]
            blocks += equal_cost(content, section)
    return ReportPart("prices", "Accuracy and what it costs", "Costs", tuple(blocks)) if blocks else None


def _named(section: Section) -> list[ReportBlock]:
    return [Heading(section.name)] if section.name else []


class _Price(NamedTuple):
    """Something that a variant costs: what figures and tables call it, how much, and how that is written."""

    name: str
    title: str
    of: Callable[[Entry], float]
    written: Callable[[float], str]
    labels: Callable[[Sequence[float]], list[str]]


def _priced(section: Section) -> tuple[_Price, ...]:
    time = "Processor time of a run (median)" if section.entries[0].is_timed else "Time of a run (median)"
    return (
        _Price("parameters", "Parameters", lambda entry: entry.network.parameters, "{:,.0f}".format, counts),
        _Price("macs", "MACs of an image", lambda entry: entry.network.macs, "{:,.0f}".format, counts),
        _Price("time", time, lambda entry: entry.usual_seconds or 0.0, time_of, times),
    )


def _prices(content: Content, section: Section, number: str) -> list[ReportBlock]:
    """Return a figure for each price in which variants differ, a sentence on the others, and a table of all."""
    error, priced = content.findings.design.error_rate, _priced(section)
    entries = sorted(section.shown, key=lambda entry: entry.ink == "rest")
    differ = [price for price in priced if len({price.of(entry) for entry in entries}) > 1 or len(entries) == 1]
    same = [f"{each.title}: {each.written(each.of(entries[0]))}" for each in priced if each not in differ]
    drawn = []
    for price in differ:
        placed = [_point(entry, price.of(entry), error) for entry in entries]
        said = "; ".join(f"{each.name}: {price.written(price.of(each))}, {accuracy(each.arm.mean)}" for each in entries)
        axes = (price.title, "test accuracy (%)")
        drawn.append(scatter(f"{price.name}{number}", price.title, said, axes, placed, price.labels))
    caption = (
        "Upwards is test accuracy in percent: the mean, with its interval over new seeds. To the right is dearer. "
        "Colors are those of the rows above; the table names all."
    )
    equal = [Paragraph(f"The same for all: {'; '.join(same)}.")] if same else []
    return [Drawings(tuple(drawn), caption, small=True), *equal, _price_table(content, section, priced)]


def _point(entry: Entry, price: float, error: float) -> ScatterPoint:
    ends = entry.arm.interval(error)
    return ScatterPoint(
        entry.short,
        entry.ink,
        price,
        100 * (entry.arm.mean or 0.0),
        None if ends is None else (100 * ends[0], 100 * ends[1]),
    )


def _price_table(content: Content, section: Section, priced: Sequence[_Price]) -> Table:
    with_spread = content.findings.compare is not None  # reports of earlier versions stay as they were
    rows = tuple(
        (
            entry.name,
            accuracy(entry.arm.mean),
            *(_written(price, entry) for price in priced),
            *([_spread(entry)] if with_spread else []),
        )
        for entry in section.entries
    )
    head = ("variant", "test accuracy", *(price.title for price in priced), *(["lowest to highest"] * with_spread))
    caption = "What each variant reaches and costs, the highest accuracy first"
    return Table(caption, head, rows, frozenset(range(1, len(head))))


def _spread(entry: Entry) -> str:
    return f"{time_of(min(entry.times))} to {time_of(max(entry.times))}" if entry.outcomes else NONE


def _written(price: _Price, entry: Entry) -> str:
    return price.written(price.of(entry)) if entry.outcomes else NONE


def learning(content: Content) -> ReportPart | None:
    """Return validation accuracy and loss over the epochs, with their spread; None where nothing was judged yet."""
    blocks: list[ReportBlock] = []
    for number, section in enumerate(content.sections):
        found = [entry for entry in section.shown if all(each.metrics for each in entry.outcomes)]
        if found:
            blocks += [*_named(section), _learning(section, found, str(number or ""))]
    return ReportPart("learning", "How they learn", "Curves", tuple(blocks)) if blocks else None


def _learning(section: Section, entries: Sequence[Entry], number: str) -> Drawings:
    kinds: list[tuple[str, str, Callable[[EpochMetrics], float]]] = [
        ("accuracy", "Validation accuracy (%)", lambda row: 100 * row.val_accuracy),
        ("loss", "Validation loss (cross entropy)", lambda row: row.val_loss),
    ]
    drawn = []
    for name, title, value in kinds:
        found = [curve(entry.short, entry.ink, entry.outcomes, value) for entry in entries]
        said = "; ".join(f"{each.name} ends at {each.means()[-1]:.2f}" for each in found)
        drawn.append(curves(f"{name}{number}", title, f"Mean over the seeds: {said}", "epoch", found))
    if (lead := _lead(section, entries, number)) is not None:
        drawn.append(lead)
    caption = (
        "Lines are means over the seeds, bands reach from the lowest seed to the highest. These are validation images."
    )
    return Drawings(tuple(drawn), caption, small=True)


def _lead(section: Section, entries: Sequence[Entry], number: str) -> Figure | None:
    """Return how far each variant is ahead of the base, epoch by epoch."""
    base = section.base
    others = [entry for entry in entries if not entry.is_base]
    if base is None or base not in entries or not others:
        return None
    found = [curve(each.short, each.ink, each.outcomes, lambda row: 100 * row.val_accuracy) for each in (base, *others)]
    leads = [ahead(each, found[0]) for each in found]
    said = "; ".join(f"{each.name} ends {points(each.means()[-1])}" for each in leads[1:])
    return curves(f"lead{number}", f"Points ahead of {base.short}", f"Mean over the seeds: {said}", "epoch", leads)


def networks(content: Content) -> ReportPart | None:
    """Return the networks side by side and a table of what they are; None where their pages are not there."""
    if not content.graphs:
        return None
    drawn = diagram(content.graphs)
    left = f" {plural(drawn.left_out, 'more network')} would not fit." if drawn.left_out else ""
    caption = f"What differs is marked; the base comes first.{left}"
    planned = content.plan.networks
    rows = tuple(
        (
            each.name,
            ", ".join(part for part in (settings(each.settings), *each.places) if part) or "nothing",
            f"{each.parameters:,}",
            f"{each.macs:,}",
            ", ".join(each.same_as),
            each.id,
        )
        for each in planned
    )
    head = ("network", "what is changed", "parameters", "MACs", "the same as", "id")
    table = Table(f"All {plural(len(planned), 'network')} of the study", head, rows, frozenset({2, 3}))
    return ReportPart("networks", "The networks", "Networks", (Picture("networks", drawn, caption), table))


def confused(content: Content) -> ReportPart | None:
    """Return where the base and the leading variants answer differently; None where that is not known."""
    truth = content.results.truth
    blocks: list[ReportBlock] = []
    for number, section in enumerate(content.sections):
        if truth is not None and section.base is not None and section.base.outcomes:
            blocks += _confused(section, section.base, truth, number)
    if not blocks:
        return None
    remark = Paragraph(
        "Of a hundred images of a class, how many more or fewer are taken for each class than by the base; means over "
        "the seeds. None of this is tested: it says where to look, not what is sure.",
        "note",
    )
    return ReportPart("confusion", "Where they differ", "Confusion", (remark, *blocks))


def _confused(section: Section, base: Entry, truth: TrueLabels, number: int) -> list[ReportBlock]:
    own = confusion(base.outcomes, truth)
    others = [entry for entry in section.shown if not entry.is_base and entry.ink != "rest"][:_CONFUSED]
    found = [(entry, table) for entry in others if (table := confusion(entry.outcomes, truth)) is not None]
    if own is None or not found:
        return []
    blocks: list[ReportBlock] = [*_named(section)]
    if len(truth.classes) <= MOST:
        names = [f"confusion{number or ''}{place or ''}" for place in range(len(found))]
        drawn = [
            _matrix(name, entry, base, table - own, truth) for name, (entry, table) in zip(names, found, strict=True)
        ]
        caption = (
            "Rows are what is shown, columns what is answered. Blue is better, orange worse; a sign says more or fewer."
        )
        blocks.append(Drawings(tuple(drawn), caption, small=True))
    return [*blocks, *(_pairs(entry, base, own, table, truth) for entry, table in found)]


def _matrix(name: str, entry: Entry, base: Entry, differences: NDArray[np.float64], truth: TrueLabels) -> Figure:
    title = f"{entry.short} beside {base.short}"
    said = "The pairs of classes that differ most stand in the table below"
    return matrix(name, title, said, truth.classes, differences.tolist())


def _pairs(entry: Entry, base: Entry, own: NDArray[np.float64], other: NDArray[np.float64], truth: TrueLabels) -> Table:
    rows = tuple(
        (each.true, each.answer, f"{each.base:.1f}", f"{each.other:.1f}", points(each.difference))
        for each in swaps(truth.classes, own.tolist(), other.tolist())[:_SWAPS]
    )
    head = ("class", "taken for", f"{base.short} (%)", f"{entry.short} (%)", "difference")
    return Table(f"Where {entry.name} and {base.name} differ most", head, rows, frozenset({2, 3, 4}))
