"""``archcli compare``: several runs side by side, with what differs between them; those that differ in seed as one."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from builder.diagnostics import RunError
from builder.files import check_figures
from builder.json_output import SAID
from builder.runs.facts import facts_of, plainly
from builder.runs.open import open_record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from builder.runs.facts import RunFacts
    from builder.training.figures.comparison_curves import RunCurve
    from builder.training.folder.record import Record, RunState


@dataclass(frozen=True)
class RunRow:
    """One run: what came of it, and by ``differs`` how it was trained where others were trained in another way.

    Accuracies go from 0 to 1; of a run that has not ended they are the best so far, and what only the end tells is
    None. ``seconds`` are those of all its epochs, or of the whole run once it has ended.
    """

    run: Path
    state: RunState
    epoch: int
    epochs: int
    differs: Mapping[str, object]
    best_val_accuracy: float | None
    best_epoch: int | None
    test_accuracy: float | None
    parameters: int | None
    seconds: float
    images_per_second: float | None
    device: str | None


@dataclass(frozen=True)
class Spread:
    """What several seeds gave; ``deviation`` is the sample's standard deviation, None for a single seed."""

    mean: float
    deviation: float | None
    lowest: float
    highest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread | None:
        """Return the spread of ``values``, None if there are none."""
        if not values:
            return None
        return cls(fmean(values), stdev(values) if len(values) > 1 else None, min(values), max(values))


@dataclass(frozen=True)
class SeedGroup:
    """Runs that differ in nothing but seed and machine.

    ``seeds`` are those of the ``n`` runs that count: what has not ended is left out, and a seed's second run.
    """

    name: str
    runs: tuple[Path, ...]
    n: int
    seeds: tuple[int, ...]
    best_val_accuracy: Spread | None
    test_accuracy: Spread | None


@dataclass(frozen=True)
class Compared:
    """Several runs: what is ``equal`` in all, by kind, without what has its default everywhere; then each run.

    ``warnings`` say what makes a comparison doubtful, ``notes`` what it can't tell, and ``unchecked`` what can't be
    checked of a run.
    """

    equal: Mapping[str, Mapping[str, object]]
    runs: tuple[RunRow, ...]
    groups: tuple[SeedGroup, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    figures: tuple[Path, ...]
    unchecked: tuple[str, ...] = field(default=(), metadata=SAID)


@dataclass(frozen=True, eq=False)
class _ReadRun:
    path: Path
    record: Record
    facts: RunFacts
    unchecked: tuple[str, ...]


def run(paths: Sequence[Path], figures: Sequence[Path] = ()) -> Compared:
    """Return what there is to compare about the runs at ``paths``, and draw their curves into ``figures``.

    Raises RunError with every folder that holds no run, for files that can't be read or written, and where there is
    no epoch to draw; ArchError for a suffix that no figure has.
    """
    from builder.training.figures.style import SUFFIXES

    check_figures(figures, SUFFIXES)
    runs = _read(list(dict.fromkeys(paths)))
    differing = _differing(runs)
    members = _grouped(runs)
    groups = tuple(_group(each, differing) for each in members)
    compared = Compared(
        equal=_equal(runs, differing),
        runs=tuple(_row(each, differing) for each in runs),
        groups=groups,
        notes=(*_failures(runs), *_notes(groups)),
        warnings=tuple(_warnings(runs)),
        figures=tuple(figures),
        unchecked=tuple(line for each in runs for line in each.unchecked),
    )
    if figures:
        _draw([_curve(each, group) for each, group in zip(members, groups, strict=True)], figures)
    return compared


def _read(paths: Sequence[Path]) -> list[_ReadRun]:
    """Return all runs; raise RunError with all that can't be read."""
    found: list[_ReadRun] = []
    wrong: list[RunError] = []
    for path in paths:
        try:
            found.append(_read_one(path))
        except RunError as error:
            wrong.append(error)
    if wrong:
        raise RunError("\nerror: ".join(error.message for error in wrong), wrong[0].hint)
    return found


def _read_one(path: Path) -> _ReadRun:
    found = open_record(path)
    return _ReadRun(path, found.record, facts_of(found.record, found.graph), found.checked.unchecked)


def _differing(runs: Sequence[_ReadRun]) -> list[str]:
    """Return the names of the facts that are not the same in all runs, in the order in which they come up."""
    names = dict.fromkeys(name for each in runs for name in each.facts.values)
    values = {name: {repr(each.facts.values.get(name)) for each in runs} for name in names}
    differing = [name for name in names if len(values[name]) > 1]
    pairs = {(each.facts.values["network"], each.facts.values["network id"]) for each in runs}
    if len(pairs) == len({name for name, _ in pairs}) == len({identity for _, identity in pairs}):
        return [name for name in differing if name != "network id"]  # the names tell them apart
    return differing


def _equal(runs: Sequence[_ReadRun], differing: Sequence[str]) -> dict[str, dict[str, object]]:
    """Return what all runs share, by kind, without what none of them says because it is the default."""
    said = {name for each in runs for name in each.facts.said}
    shared: dict[str, dict[str, object]] = {}
    for name, value in runs[0].facts.values.items():
        if name not in differing and name in said:
            shared.setdefault(runs[0].facts.kinds[name], {})[name] = value
    return shared


def _row(each: _ReadRun, differing: Sequence[str]) -> RunRow:
    record, ended, best = each.record, each.record.summary, each.record.best
    device = record.environment.get("device")
    return RunRow(
        run=each.path,
        state=record.state,
        epoch=len(record.rows),
        epochs=record.recipe.epochs,
        differs={name: each.facts.values.get(name) for name in differing},
        best_val_accuracy=best.val_accuracy if best else None,
        best_epoch=best.epoch if best else None,
        test_accuracy=ended.test_accuracy if ended else None,
        parameters=ended.parameters if ended else each.facts.parameters,
        seconds=ended.seconds if ended else sum(row.seconds for row in record.rows),
        images_per_second=ended.images_per_second if ended else None,
        device=str(device) if device else None,
    )


def _grouped(runs: Sequence[_ReadRun]) -> list[list[_ReadRun]]:
    """Return the runs that differ in seed and machine only as lists, in the order of their first."""
    groups: dict[tuple[tuple[str, str], ...], list[_ReadRun]] = {}
    for each in runs:
        groups.setdefault(each.facts.identity, []).append(each)
    return list(groups.values())


def _counted(members: Sequence[_ReadRun]) -> list[_ReadRun]:
    """Return the runs that count: those that have ended, each seed once."""
    ended = [each for each in members if each.record.summary is not None]
    return list({each.record.recipe.seed: each for each in reversed(ended)}.values())[::-1]


def _group(members: Sequence[_ReadRun], differing: Sequence[str]) -> SeedGroup:
    counted = _counted(members)
    summaries = [each.record.summary for each in counted if each.record.summary is not None]
    tests = [summary.test_accuracy for summary in summaries if summary.test_accuracy is not None]
    return SeedGroup(
        name=_name(members, differing),
        runs=tuple(each.path for each in members),
        n=len(counted),
        seeds=tuple(each.record.recipe.seed for each in counted),
        best_val_accuracy=Spread.of([summary.best_val_accuracy for summary in summaries]),
        test_accuracy=Spread.of(tests),
    )


_FEW = 2  # facts that a name may hold; a folder's name is shorter than more of them


def _name(members: Sequence[_ReadRun], differing: Sequence[str]) -> str:
    """Return what tells a group from the others: its network, and few of its settings, or else its folder."""
    facts = members[0].facts
    network = str(facts.values["network"])
    settings = [name for name in differing if name in dict(facts.identity) and name not in {"network", "network id"}]
    if len(settings) > _FEW or "network id" in differing:
        return members[0].path.name
    parts = [f"{name} {plainly(facts.values.get(name))}" for name in settings]
    return ", ".join([network, *parts] if "network" in differing or not parts else parts)


def _failures(runs: Sequence[_ReadRun]) -> Iterator[str]:
    for each in runs:
        if each.record.failure is not None:
            yield f"{each.path.name} has failed: {each.record.failure.message}"


def _notes(groups: Sequence[SeedGroup]) -> list[str]:
    """Return what the numbers can't tell."""
    notes = [
        f"{group.name}: {group.n} of {len(group.runs)} runs count, those that have ended, each seed once"
        for group in groups
        if group.n < len(group.runs) > 1
    ]
    single = [group.name for group in groups if group.n <= 1]
    if len(groups) > 1 and single:
        which = "one seed each" if len(single) == len(groups) else f"one seed of {', '.join(single)}"
        notes.append(f"{which}: a difference can't be told from chance; `--seed N` trains another")
    return notes


def _warnings(runs: Sequence[_ReadRun]) -> list[str]:
    """Return why accuracies of these runs may not be compared."""
    checks = (
        ("data", "different data"),
        ("subset", "different numbers of images"),
        ("validation", "a different number of images held out"),
    )
    found: list[str] = []
    for name, what in checks:
        values = list(dict.fromkeys(plainly(each.facts.values.get(name)) for each in runs))
        if len(values) > 1 and not found:  # the first explains the others
            found.append(f"{what} ({name}: {', '.join(values)}): their accuracies are not comparable")
    by_name: dict[tuple[str, ...], set[str]] = {}
    for each in runs:
        if "sha256" in each.record.data:
            alike = tuple(plainly(each.facts.values.get(name)) for name in ("data", "subset", "validation", "seed"))
            by_name.setdefault(alike, set()).add(each.record.data["sha256"])
    if any(len(sums) > 1 for sums in by_name.values()):
        found.append("different images under one name: their accuracies are not comparable")
    return found


def _curve(members: Sequence[_ReadRun], group: SeedGroup) -> RunCurve:
    """Return a group's curve: of what has ended, and of what runs where nothing has."""
    from builder.training.figures.comparison_curves import RunCurve

    drawn = _counted(members) or list({each.record.recipe.seed: each for each in members}.values())
    name = f"{group.name}, {len(drawn)} seeds" if len(drawn) > 1 else group.name
    return RunCurve(name, tuple(each.record.rows for each in drawn))


def _draw(curves: Sequence[RunCurve], figures: Sequence[Path]) -> None:
    from builder.training.figures.comparison_curves import draw_overlay

    if not any(curve.epochs for curve in curves):
        raise RunError("none of these runs has finished an epoch, so there is nothing to draw")
    draw_overlay(curves, figures)
