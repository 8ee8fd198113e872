"""``archcli bench``: how fast a network trains here, beside a plain loop and beside what the hardware allows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from builder.costs import graph_cost, numbers_moved
from builder.diagnostics import RunError
from builder.files import check_figures
from builder.runs.prepare import prepare
from builder.training.recipe.data_sets import RANDOM_DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from builder.runs.prepare import Prepared, TrainOptions
    from builder.training.speed.benchmark import Measured, Other, Ratio, Times

IMAGES = 4096  # of a real data set; more would only take longer to prepare
CLEARLY = 1.03  # times as fast, in three of four rounds, is worth a word


@dataclass(frozen=True)
class Rate:
    """Images a second of a part of the work, ours and the tutorial's, and the ratio of both in pairs of rounds."""

    what: str
    images_per_second: float
    tutorial: float
    ratio: Ratio


@dataclass(frozen=True)
class Alternative:
    """The step with another precision, or ``eager``, and how many times as fast that is as the chosen one.

    Where it could not be measured, ``failure`` says why.
    """

    precision: str
    images_per_second: float | None
    ratio: Ratio | None
    failure: str | None = None


@dataclass(frozen=True)
class Limit:
    """The least seconds that a step of a batch can take, and the part of the speed at that limit that is reached.

    The step must move ``bytes`` and multiply ``operations`` times; the device does as many a second as was measured
    just now with a copy and with a product of matrices. What takes longer ``binds``.
    """

    seconds: float
    binds: str
    bytes_per_second: float
    operations_per_second: float
    images_per_second: float
    step_reaches: float
    end_to_end_reaches: float


@dataclass(frozen=True)
class Benched:
    """What was measured and with what; ``faster`` is an alternative that was clearly faster than what was chosen."""

    page: str
    network: str
    input: tuple[int, ...]
    parameters: int
    macs: int
    data: str
    images: int
    recipe: str
    batch_size: int
    device: str
    precision: str
    precision_reason: str
    step: str
    workers: int
    rounds: int
    rates: tuple[Rate, ...]
    alternatives: tuple[Alternative, ...]
    faster: str | None
    limit: Limit
    figures: tuple[Path, ...]


def run(
    request: TrainOptions,
    seconds: float,
    workers: int | None,
    figures: Sequence[Path],
    on_round: Callable[[float], None],
) -> Benched:
    """Measure for about ``seconds`` after everything is ready, and draw the result into ``figures``.

    Raises ArchError and RunError as ``prepare`` does, ArchError for a suffix that no figure has, and RunError where
    there are fewer images than a batch.
    """
    from builder.training.figures.style import SUFFIXES

    check_figures(figures, SUFFIXES)
    ready = prepare(request if request.data == RANDOM_DATA else replace(request, subset=IMAGES))
    if ready.group.world_size > 1:
        raise RunError("a benchmark runs in one process", "start it without torchrun")
    from builder.training.device.devices import Hardware
    from builder.training.device.kinds import kind_of
    from builder.training.device.threads import computing_in
    from builder.training.speed.benchmark import Task, alternatives, measure

    size = ready.recipe.batch_size
    whole = len(ready.data.train) // size * size
    if whole == 0:
        raise RunError(f"a batch is {size:,} images, and {ready.data.name} has {len(ready.data.train):,}")
    task = Task(ready.model, ready.data.train[:whole], ready.recipe, ready.device)
    hands = (0 if kind_of(ready.device).is_host else 4) if workers is None else workers
    others = alternatives(Hardware.of(ready.device))
    execution = ready.execution
    with computing_in(execution.threads, ready.device):
        measured = measure(task, execution, others, seconds, hands, on_round)
        benched = _result(request, ready, measured, hands, whole)
    if figures:
        from builder.training.figures.benchmark import draw_benchmark

        draw_benchmark(_bars(benched), benched.limit.images_per_second, f"{benched.network}, batch {size}", figures)
    return replace(benched, figures=tuple(figures))


def _result(request: TrainOptions, ready: Prepared, measured: Measured, workers: int, images: int) -> Benched:
    from builder.training.device.devices import describe_device

    cost, times = graph_cost(ready.graph), measured.times
    alternatives = _alternatives(measured.others)
    return Benched(
        page=request.page,
        network=ready.graph.name,
        input=ready.graph.input.sizes,
        parameters=cost.parameters,
        macs=cost.macs,
        data=ready.data.name,
        images=images,
        recipe=ready.recipe.name,
        batch_size=ready.recipe.batch_size,
        device=ready.threads.told(describe_device(ready.device)),
        precision=str(ready.chosen.precision),
        precision_reason=ready.chosen.reason,
        step=str(measured.step),
        workers=workers,
        rounds=len(next(iter(times.values())).rounds),
        rates=_rates(times),
        alternatives=alternatives,
        faster=_faster(alternatives),
        limit=_limit(ready, times),
        figures=(),
    )


def _rates(times: Mapping[str, Times]) -> tuple[Rate, ...]:
    from builder.training.speed.benchmark import DATA, DATA_PLAIN, STEP, STEP_PLAIN, TRAIN, TRAIN_PLAIN

    pairs = ((TRAIN, TRAIN_PLAIN), (STEP, STEP_PLAIN), (DATA, DATA_PLAIN))
    return tuple(
        Rate(
            ours,
            times[ours].images_per_second,
            times[plain].images_per_second,
            times[ours].ratio_to(times[plain]),
        )
        for ours, plain in pairs
    )


def _alternatives(others: Mapping[str, Other]) -> tuple[Alternative, ...]:
    """Return the other steps, the fastest first, and last what could not be measured."""
    found = [
        Alternative(name, each.times.images_per_second if each.times else None, each.ratio, each.failure)
        for name, each in others.items()
    ]
    return tuple(sorted(found, key=lambda each: each.ratio.median if each.ratio else 0.0, reverse=True))


def _faster(alternatives: Sequence[Alternative]) -> str | None:
    return next((each.precision for each in alternatives if each.ratio and each.ratio.low > CLEARLY), None)


def _limit(ready: Prepared, times: Mapping[str, Times]) -> Limit:
    from builder.training.speed.benchmark import STEP, TRAIN
    from builder.training.speed.roofline import Load, floor, measure_ceilings

    cost = graph_cost(ready.graph)
    load = Load(cost.parameters, cost.macs, numbers_moved(ready.graph))
    ceilings = measure_ceilings(ready.device, ready.chosen.precision)
    least = floor(load, ready.recipe, ready.chosen.precision, ceilings)
    fastest = ready.recipe.batch_size / least.seconds
    return Limit(
        seconds=least.seconds,
        binds=least.binds,
        bytes_per_second=ceilings.bytes_per_second,
        operations_per_second=ceilings.flops,
        images_per_second=fastest,
        step_reaches=times[STEP].images_per_second / fastest,
        end_to_end_reaches=times[TRAIN].images_per_second / fastest,
    )


def _bars(benched: Benched) -> list[tuple[str, float]]:
    """Return what the figure shows, from above: the tutorial's loop, ours, and our step with each precision."""
    whole, step, _ = benched.rates
    return [
        ("tutorial, end to end", whole.tutorial),
        ("archcli, end to end", whole.images_per_second),
        (f"step: {benched.precision}", step.images_per_second),
        *(
            (f"step: {each.precision}", each.images_per_second)
            for each in benched.alternatives
            if each.images_per_second is not None
        ),
    ]
