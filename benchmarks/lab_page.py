"""The page of `benchmarks.lab`: what the report gives, what was measured, and what was not yet."""

from __future__ import annotations

import os
from math import ceil
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.lab_studies import studies_of
from builder.commands.text.training import pixels
from builder.tables import markdown_table, text_table
from builder.training.figures.comparison_curves import RunCurve, draw_overlay
from builder.training.figures.curves import draw_curves

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.lab_results import Benchmark, Result, Results
    from builder.training.recipe.recipe import Recipe


class Report(NamedTuple):
    """What the report gives for a network: minutes of training, and the best validation accuracy from 0 to 1."""

    minutes: float | None = None
    accuracy: float | None = None


REPORTED = {
    "resnet18": Report(140 + 22 / 60, 0.8410),
    "alexresnet": Report(87 + 38 / 60, 0.8076),
    "alexse_block1": Report(161 + 34 / 60, 0.8211),
    "alexse_block2": Report(136 + 10 / 60, 0.8200),
    "alexse_both": Report(136 + 10 / 60, 0.8200),
    "alexse_cross": Report(),
    "alexnet": Report(),
}
"""The seven networks. The report's second SE model is read as that of block 2 or that of both blocks."""

TEMPLATE = Path(__file__).with_suffix(".txt")
BATCHES = (1, 4, 32, 128)
NOT_YET, NOTHING = "not yet measured", "–"
LATENCY_FLOOR = {"resnet18": 120.0}
"""Seconds that kernels which wait for each other take on a GPU in 25 epochs at batch 4; the roofline says less."""


def page_of(results: Results, networks: Sequence[str], batches: Sequence[int], recipe: Recipe, folder: Path) -> str:
    """Return the page, its curves drawn below ``folder`` where there are any.

    A row for each network and seed; what has not been measured says so.
    """
    runs = {network: results.runs(network) for network in networks}
    return TEMPLATE.read_text("utf-8").format(
        recipe=_described(recipe),
        machines=_machines([run.device for each in runs.values() for run in each]),
        training=markdown_table(text_table(*_training(runs, results), range(1, 10))),
        curves="\n\n".join(_curves(runs, folder)),
        studies="\n\n".join(studies_of(results.folder)),
        speeds=markdown_table(text_table(*_speeds(networks, batches, results), range(1, 8))),
    )


def _described(recipe: Recipe) -> str:
    size = pixels(recipe) if recipe.size else "the page's 224 pixels"
    return (
        f"`{recipe.name}`: {recipe.epochs} epochs, batches of {recipe.batch_size}, {recipe.optimizer.name} with a rate "
        f"of {recipe.optimizer.lr:g}, schedule `{recipe.schedule.name}`, images of {size}"
    )


def _machines(devices: Sequence[str]) -> str:
    if not devices:
        return "**Nothing has been trained yet**: every row waits for a GPU."
    return f"Trained on {' and '.join(dict.fromkeys(devices))}."


_TRAINING_HEAD = [
    "network", "seed", "report", "best validation", "epoch", "test", "report's minutes", "minutes", "floor",
    "part of the floor", "device",
]  # fmt: skip


def _training(runs: dict[str, list[Result]], results: Results) -> tuple[list[str], list[list[str]]]:
    rows = []
    for network, found in runs.items():
        report = REPORTED.get(network, Report())
        rows += [_trained(report, each, results) for each in found] or [_waiting(network, report)]
        if len(found) > 1:
            rows.append(_over_seeds(network, report, found))
    return _TRAINING_HEAD, rows


def _waiting(network: str, report: Report) -> list[str]:
    return [network, "0", _percent(report.accuracy), NOT_YET, "", "", _minutes(report.minutes), NOT_YET, NOT_YET,
            "", ""]  # fmt: skip


def _trained(report: Report, result: Result, results: Results) -> list[str]:
    summary = result.summary
    minutes = summary["seconds"] / 60
    floor = _floor(result, results)
    return [
        result.network,
        str(result.seed),
        _percent(report.accuracy),
        _percent(result.best_val_accuracy),
        str(summary["best_epoch"]),
        _percent(summary["test_accuracy"]),
        _minutes(report.minutes),
        _minutes(minutes),
        NOT_YET if floor is None else _minutes(floor / 60),
        NOT_YET if floor is None else f"{floor / summary['seconds']:.0%}",
        result.device,
    ]


def _over_seeds(network: str, report: Report, found: Sequence[Result]) -> list[str]:
    """Return a row with means and sample standard deviations."""
    best = [each.best_val_accuracy for each in found]
    tests = [each.summary["test_accuracy"] for each in found if each.summary["test_accuracy"] is not None]
    minutes = fmean(each.summary["seconds"] for each in found) / 60
    cells = [f"{network}, n = {len(found)}", "mean", _percent(report.accuracy), _spread(best), "", _spread(tests)]
    return [*cells, _minutes(report.minutes), _minutes(minutes), "", "", ""]


def _spread(values: Sequence[float]) -> str:
    return f"{fmean(values):.2%} ± {100 * stdev(values):.2f}" if len(values) > 1 else _percent(next(iter(values), None))


def _floor(result: Result, results: Results) -> float | None:
    """Return the least seconds of a run's steps, None where its batch was not benchmarked on its device."""
    batch = result.recipe["batch_size"]
    benchmark = results.benchmark(result.network, batch)
    if benchmark is None or benchmark.device != result.device:
        return None
    steps = ceil(result.data["images"]["train"] / batch) * len(result.epochs)
    on_gpu = result.device.startswith("cuda")
    return max(benchmark.floor * steps, LATENCY_FLOOR.get(result.network, 0.0) if on_gpu else 0.0)


_SPEED_HEAD = ["network", "batch", "images/s", "tutorial's", "ratio", "quartiles", "limit", "part of it", "device"]


def _speeds(networks: Sequence[str], batches: Sequence[int], results: Results) -> tuple[list[str], list[list[str]]]:
    found = [(network, batch, results.benchmark(network, batch)) for network in networks for batch in batches]
    return _SPEED_HEAD, [_speed(network, batch, benchmark) for network, batch, benchmark in found]


def _speed(network: str, batch: int, benchmark: Benchmark | None) -> list[str]:
    if benchmark is None:
        return [network, str(batch), NOT_YET, NOT_YET, "", "", NOT_YET, "", ""]
    whole, limit = benchmark.measured["rates"][0], benchmark.measured["limit"]
    ratio = whole["ratio"]
    return [
        network,
        str(batch),
        f"{whole['images_per_second']:,.0f}",
        f"{whole['tutorial']:,.0f}",
        f"{ratio['median']:.2f}",
        f"{ratio['low']:.2f} – {ratio['high']:.2f}",
        f"{limit['images_per_second']:,.0f}",
        f"{limit['end_to_end_reaches']:.0%}",
        benchmark.device,
    ]


def _curves(runs: dict[str, list[Result]], folder: Path) -> list[str]:
    """Draw the curves of all networks into one figure, and those of each as the report shows them; link to them."""
    drawn = {network: found for network, found in runs.items() if found}
    if not drawn:
        return [f"Accuracy and loss over the epochs, for each network: {NOT_YET}."]
    place = folder / "figures" / "results"
    place.mkdir(parents=True, exist_ok=True)
    curves = [RunCurve(network, tuple(run.epochs for run in found)) for network, found in drawn.items()]
    draw_overlay(curves, [place / "all.svg"])
    parts = [f"![All networks]({_link(place / 'all.svg', folder)})"]
    for network, found in drawn.items():
        own = place / network
        own.mkdir(exist_ok=True)
        draw_curves(found[0].epochs, own)
        pictures = " ".join(
            f"![{network}: {name}]({_link(own / f'{name}.svg', folder)})" for name in ("accuracy", "loss")
        )
        parts += [f"### {network}, seed {found[0].seed}", pictures]
    return parts


def _link(path: Path, folder: Path) -> str:
    return os.path.relpath(path, folder).replace(os.sep, "/")


def _percent(share: float | None) -> str:
    return NOTHING if share is None else f"{share:.2%}"


def _minutes(minutes: float | None) -> str:
    return NOTHING if minutes is None else f"{minutes:.1f}"
