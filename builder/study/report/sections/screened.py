"""How it was chosen who is judged: by a screening on the validation split, or by a search for hyperparameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from builder.quantities import plural
from builder.study.page.space import NumberRange, ValueList
from builder.study.report.sections.blocks import Drawings, Paragraph, ReportPart, Table
from builder.study.report.sections.words import NONE, accuracy
from builder.study.report.svg.scatter import ScatterPoint, scatter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from builder.study.page.space import SearchSpace
    from builder.study.plan.plan import Plan
    from builder.study.report.sections.blocks import ReportBlock
    from builder.study.report.sections.content import Content
    from builder.study.report.svg.figure import Figure
    from builder.study.results.cells import Cell
    from builder.study.statistics import Screened

_WAITS = "The finalists are not chosen yet: {} has not ended."


def screened(content: Content) -> ReportPart | None:
    """Return how finalists were chosen on the validation split, None in a study that judges all."""
    if not content.findings.screening:
        return None
    if content.plan.search is not None:
        return ReportPart("search", "What was tried", "SearchSpace", tuple(_searched(content, content.plan.search)))
    return ReportPart("screening", "Who was judged", "Screening", tuple(_screened(content)))


def _screened(content: Content) -> Iterator[ReportBlock]:
    found = content.findings.screening
    chosen = sum(each.chosen for each in found)
    said = (
        f"{len(found)} candidates were trained {_how(content.plan)}, without a look at the test split. {chosen} of "
        "them went on, to be judged with fresh seeds. Of what did not go on this report says nothing."
    )
    yield Paragraph(said if chosen else _WAITS.format("the screening"))
    rows = tuple(
        (
            each.name,
            str(len(each.val_accuracies)),
            accuracy(each.mean),
            str(each.failed or ""),
            "yes" if each.chosen else "",
        )
        for each in sorted(found, key=_by_accuracy)
    )
    head = ("candidate", "runs", "validation accuracy", "failed", "judged")
    yield Table("Candidates by mean validation accuracy", head, rows, frozenset({1, 2, 3}))


def _how(plan: Plan) -> str:
    """Return with how many seeds candidates were ranked."""
    if not plan.halving:
        return f"with {plural(plan.screen_seeds, 'seed')} each and ranked by their validation accuracy"
    rounds = ", then ".join(f"{each.arms} with {plural(each.last - each.first, 'seed')}" for each in plan.rounds)
    return (
        f"in rounds: {rounds}. Those with the higher mean validation accuracy over all their seeds went on to the next "
        "round, and the base did; they owe it to luck in part, so that their accuracies here are too high. They were "
        "chosen"
    )


class _TrialResult(NamedTuple):
    """A trial of a search, by the first of its cells, and what these came to."""

    cell: Cell
    result: Screened


def _searched(content: Content, search: SearchSpace) -> Iterator[ReportBlock]:
    results = {each.name: each for each in content.findings.screening}
    cells = {content.names[cell.id]: cell for cell in content.cells if cell.stage == "screen"}
    trials = sorted(
        (_TrialResult(cell, results[name]) for name, cell in cells.items()), key=lambda each: _by_accuracy(each.result)
    )
    chosen = sum(each.result.chosen for each in trials)
    many = f"{len(trials)} trials of {plural(len(content.plan.networks), 'network')}"
    said = (
        f"{many}, as many of each: the first with the recipe’s own hyperparameters, the others chosen by "
        f"{search.sampler}. They were ranked by their validation accuracy, without a look at the test split; {chosen} "
        "of them went on, to be judged with fresh seeds. Of the many trials the best owes something to luck: the "
        "accuracies here say which was chosen, not how good it is."
    )
    yield Paragraph(said if chosen else _WAITS.format("the search"))
    for each in trials:
        if each.result.chosen:
            yield from (Paragraph(said, "note") for said in at_the_edge(search, each.cell.variant, each.cell.settings))
    drawn = tuple(
        _figure(content, path, trials) for path, each in search.space.items() if isinstance(each, NumberRange)
    )
    if drawn:
        caption = "Upwards is validation accuracy; each point is a trial, and the gray ones were not judged."
        yield Drawings(drawn, caption, small=True)
    yield _table(search, trials)


def at_the_edge(search: SearchSpace, variant: str, settings: Mapping[str, object]) -> Iterator[str]:
    """Yield where the best lies at an end of what was allowed: beyond it there may be better ones."""
    for path, dimension in search.space.items():
        value = settings[path]
        if isinstance(dimension, NumberRange) and value in (
            dimension.low or None,
            dimension.high,
        ):  # below 0 is nothing
            end = "lowest" if value == dimension.low else "highest"
            yield f"{variant} did best with the {end} {_called(path)} allowed, {value}: widen the range."


def _figure(content: Content, path: str, trials: Sequence[_TrialResult]) -> Figure:
    entries = {each.name: each for each in content.entries}
    points = []
    for each in sorted(trials, key=lambda each: not each.result.chosen):
        entry, value = entries.get(each.result.name), each.cell.settings[path]
        if each.result.mean is not None and not each.result.diverged and isinstance(value, int | float):
            name, ink = (entry.network.name, entry.ink) if entry else ("", "rest")
            points.append(ScatterPoint(name, ink, value, 100 * each.result.mean, None))
    said = "; ".join(f"{_called(path)} {each.across:g}: {each.accuracy:.2f} %" for each in points)
    title = f"Validation accuracy by {_called(path)}"
    axes = (_called(path), "validation accuracy (%)")
    return scatter(f"tried-{path.replace('.', '-')}", title, said, axes, points, _numbers)


def _table(search: SearchSpace, trials: Sequence[_TrialResult]) -> Table:
    fields = [_called(path) for path in search.space]
    rows = tuple(
        (
            each.cell.variant,
            *(_said(each.cell.settings, path) for path in search.space),
            accuracy(None if each.result.diverged else each.result.mean),
            _end(each.result),
            "yes" if each.result.chosen else "",
        )
        for each in trials
    )
    numbers = {column for column, each in enumerate(search.space.values(), 1) if not isinstance(each, ValueList)}
    head = ("network", *fields, "validation accuracy", "ended", "judged")
    return Table("All trials by validation accuracy", head, rows, frozenset({*numbers, len(fields) + 1}))


def _end(result: Screened) -> str:
    if result.failed:
        return "failed"
    return "diverged" if result.diverged else "early" if result.pruned else "" if result.val_accuracies else "not yet"


def _by_accuracy(each: Screened) -> tuple[bool, bool, float]:
    return each.diverged, each.pruned, -(each.mean if each.mean is not None else -1.0)


def _called(path: str) -> str:
    return path.rpartition(".")[2]


def _said(settings: Mapping[str, object], path: str) -> str:
    value = settings[path]
    return NONE if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _numbers(values: Sequence[float]) -> list[str]:
    return [f"{each:g}" for each in values]
