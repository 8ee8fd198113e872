"""A recipe for CPUs that reaches the report's accuracy: settings tried on one network, then the best on all seven.

    nice -n 19 python -m benchmarks.cpu_recipes search --data-dir DATA            what is missing of TRIED, seed 0
    nice -n 19 python -m benchmarks.cpu_recipes networks --setting grow --data-dir DATA
                                       the report's seven; seeds 1 and 2 too where one falls short by over 0.5 points
    python -m benchmarks.cpu_recipes times --data-dir DATA
                     seconds of a step and of validation, on quiet cores; with --setting, of the report's seven networks
    python -m benchmarks.cpu_recipes page                                         the page from what there is

Trainings compute in one thread, so that other work shares the cores; each may be stopped at any moment and goes on
where it stood. Exit status: 0 all done, 1 something failed, 3 there is more to do. Results are JSON files in
docs/results/cpu_recipes/SETTING/ as those of ``benchmarks.lab``, and are committed as they come.

Minutes are not those of these trainings, which wait for others: they are computed from the seconds of a step and of a
validation batch at each size of images, measured in as many threads as there are cores while nothing else runs.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median, quantiles
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks import lab
from benchmarks.lab_page import NOT_YET, REPORTED
from benchmarks.lab_results import Results
from builder.commands import train as training
from builder.files import write_text
from builder.tables import markdown_table, text_table
from builder.training.device.cores import usable_cores
from builder.training.figures.style import save, styled
from builder.training.progress import BatchDone, EpochStarted
from builder.training.recipe.overrides import override
from builder.training.recipe.recipe import Recipe, load_recipe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.lab_results import Result
    from builder.training.progress import Progress

RESULTS = lab.ROOT / "docs" / "results" / "cpu_recipes"
PAGE = lab.ROOT / "docs" / "cpu-recipes.md"
NETWORK = "alexse_both"  # on which settings are tried
RECIPE = "fast"
LIMIT, WANTED = 45, 30  # minutes at most, and wanted
TARGETS = {name: each.accuracy for name, each in REPORTED.items() if each.accuracy is not None} | {"alexse_cross": 0.82}
"""What each network is to reach: the report's best validation accuracy, and for the gate across blocks AlexSE's."""
ROUNDS, STEPS, FIRST = 3, 12, 4  # of a measurement: rounds, steps of a round, and those that are not timed
QUIET = 0.3  # processes that want to run, the mean of the last minute: more is no quiet machine

_GROW = "size={from: 64, to: 96, until: 0.7}"
_CROPS = "augment={flip: true, crop_padding: 4}"
TRIED: dict[str, tuple[str, ...]] = {
    "fast96": ("size=96",),
    "crops96": ("size=96", _CROPS, "ema_decay=0.999"),
    "grow": (_GROW, _CROPS),
    "grow_average": (_GROW, _CROPS, "ema_decay=0.999"),
    "grow_batch256": (_GROW, _CROPS, "ema_decay=0.998", "batch_size=256", "lr=0.08"),
    "grow_cutout": (_GROW, "augment={flip: true, crop_padding: 4, cutout: 24}", "ema_decay=0.999"),
    "grow_20": (_GROW, _CROPS, "ema_decay=0.999", "epochs=20"),
    "grow_128": ("size={from: 64, to: 128, until: 0.8, step: 16}", _CROPS, "ema_decay=0.999", "epochs=12"),
}
"""At most eight settings of RECIPE; one that reaches no more than the report after all of them is a miss."""


@dataclass(frozen=True)
class Times:
    """Seconds of a training step and of a validation batch of 128 images, each the median over rounds."""

    step: float
    validation: float
    quartiles: tuple[float, float]
    load: float

    def __post_init__(self) -> None:
        """Take a list from JSON as a pair."""
        object.__setattr__(self, "quartiles", tuple(self.quartiles))


def recipe_of(settings: Sequence[str], name: str = RECIPE) -> Recipe:
    """Return the recipe with ``settings`` as ``--set`` takes them."""
    pairs = (each.partition("=") for each in settings)
    return override(load_recipe(name), [(path, value) for path, _, value in pairs])


def shapes_of(recipe: Recipe) -> list[tuple[int, int]]:
    """Return each (side of the images, batch size) that a recipe trains with; it is judged at the last side."""
    assert recipe.side is not None, "the settings give one"
    return [(side, recipe.batch_size) for side in (*recipe.training_sides, recipe.side)]


def epoch_seconds(recipe: Recipe, times: dict[tuple[int, int], Times], images: tuple[int, int]) -> list[float] | None:
    """Return the quiet seconds of each epoch, validation included, None where a size was not measured.

    ``images`` are those of training and of validation.
    """
    if any(shape not in times for shape in shapes_of(recipe)):
        return None
    assert recipe.side is not None, "the settings give one"
    steps, batches = -(-images[0] // recipe.batch_size), -(-images[1] // 128)
    judged = batches * times[recipe.side, recipe.batch_size].validation
    sides = recipe.sides or (recipe.side,) * recipe.epochs
    return [steps * times[side, recipe.batch_size].step + judged for side in sides]


class _Stopwatch:
    """Hears when batches are done, as they are on a CPU when it says so, and keeps the seconds between two of them."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {"train": [], "validation": []}
        self._last, self._phase = perf_counter(), ""

    def __call__(self, event: Progress) -> None:
        now = perf_counter()
        if isinstance(event, EpochStarted):
            self._phase = ""
        if isinstance(event, BatchDone):
            if event.phase == self._phase and event.done > FIRST:
                self.seconds[event.phase].append(now - self._last)
            self._phase = event.phase
        self._last = now


def measure(network: str, shape: tuple[int, int], asked: argparse.Namespace) -> tuple[list[float], list[float]]:
    """Return seconds of steps and of validation batches of a short training, in as many threads as there are cores."""
    side, batch = shape
    with tempfile.TemporaryDirectory() as folder:
        watch = _Stopwatch()
        held = 128 * (FIRST + 4)
        settings = (f"size={side}", f"batch_size={batch}", "epochs=1", f"validation={held}", "schedule.warmup=0")
        experiment = lab.Experiment(
            (network,), (), RECIPE, settings, asked.data, asked.data_dir, batch * (FIRST + STEPS), "cpu", Path(folder),
            threads=usable_cores(),
        )  # fmt: skip
        training.run(experiment.request(network), lambda _beginning: None, watch)
    return watch.seconds["train"], [each for each in watch.seconds["validation"] if each]


def measure_all(asked: argparse.Namespace) -> int:
    """Measure what TRIED needs, sizes in turns, and write it; return the exit status."""
    load = os.getloadavg()[0]
    if load > QUIET and not asked.busy:
        print(f"the load is {load:.2f}, more than {QUIET}: not quiet; wait, or use --busy for a try that is marked")
        return lab.FAILED
    networks = [asked.network] if asked.network else list(REPORTED) if asked.setting else [NETWORK]
    wanted = dict.fromkeys(shape for each in chosen(asked).values() for shape in shapes_of(recipe_of(each)))
    for network in networks:
        steps: dict[tuple[int, int], list[float]] = {shape: [] for shape in wanted}
        judged: dict[tuple[int, int], list[float]] = {shape: [] for shape in wanted}
        for number in range(ROUNDS):
            for shape in wanted if number % 2 else reversed(wanted):
                trained, validated = measure(network, shape, asked)
                steps[shape] += trained
                judged[shape] += validated
        found = {}
        for shape in wanted:
            low, _, high = quantiles(steps[shape], n=4)
            found[f"{shape[0]} px, batch {shape[1]}"] = {
                "shape": shape, "step": median(steps[shape]), "validation": median(judged[shape]),
                "quartiles": [low, high], "load": load,
            }  # fmt: skip
        (asked.results / "times").mkdir(parents=True, exist_ok=True)
        kept = {"network": network, "threads": usable_cores(), "times": found}
        write_text(asked.results / "times" / f"{network}.json", json.dumps(kept, indent=1) + "\n")
        print(f"{network}: measured at {len(found)} sizes")
    return 0


def read_times(results: Path, network: str) -> dict[tuple[int, int], Times]:
    """Return what was measured of ``network``, by side and batch size."""
    path = results / "times" / f"{network}.json"
    if not path.exists():
        return {}
    found = json.loads(path.read_text("utf-8"))["times"].values()
    return {
        (each["shape"][0], each["shape"][1]): Times(**{name: each[name] for name in Times.__dataclass_fields__})
        for each in found
    }


def chosen(asked: argparse.Namespace) -> dict[str, tuple[str, ...]]:
    """Return the settings that are asked for, by name; what the command line sets stands in the place of theirs."""
    names = [asked.setting] if asked.setting else list(TRIED)
    return {
        name: tuple({each.partition("=")[0]: each for each in (*TRIED[name], *asked.set)}.values()) for name in names
    }


def train(asked: argparse.Namespace) -> int:
    """Train what is missing, one after the other; return the exit status."""
    is_search = asked.what == "search"
    networks = (asked.network,) if asked.network else (NETWORK,) if is_search else tuple(REPORTED)
    status = 0
    for name, settings in chosen(asked).items():
        experiment = lab.Experiment(
            networks, (), RECIPE, settings, asked.data, asked.data_dir, asked.subset, "cpu", asked.runs_dir / name,
            threads=1, more_seeds=() if is_search else lab.MORE_SEEDS,
        )  # fmt: skip
        found = lab.work(experiment, Results(asked.results / name), 60 * asked.minutes)
        write_page(asked)
        if found == lab.MORE_TO_DO:
            return found
        status = max(status, found)
    return status


def write_page(asked: argparse.Namespace) -> None:
    """Write the page and its figure from what there is."""
    asked.page.parent.mkdir(parents=True, exist_ok=True)
    write_text(asked.page, page_of(asked.results, asked.page.parent))


@dataclass(frozen=True)
class Outcome:
    """A setting on a network: its runs by seed, and the quiet seconds of its epochs where those were measured."""

    setting: str
    network: str
    runs: tuple[Result, ...]
    seconds: tuple[float, ...] | None

    @property
    def accuracy(self) -> float:
        """The best validation accuracy, the mean over seeds."""
        return fmean(run.best_val_accuracy for run in self.runs)

    @property
    def row(self) -> list[str]:
        """The line of the table."""
        report = TARGETS.get(self.network)
        minutes = NOT_YET if self.seconds is None else f"{sum(self.seconds) / 60:.1f}"
        last = [run.epochs[-1].train_accuracy for run in self.runs]
        tests = [run.summary["test_accuracy"] for run in self.runs if run.summary["test_accuracy"] is not None]
        seeds = ", ".join(str(run.seed) for run in self.runs)
        mine = ", ".join(f"{run.best_val_accuracy:.2%}" for run in self.runs)
        return [
            self.setting, self.network, seeds, "–" if report is None else f"{report:.2%}", mine, f"{self.accuracy:.2%}",
            f"{fmean(tests):.2%}" if tests else "–", f"{fmean(last):.2%}", str(len(self.runs[0].epochs)), minutes,
        ]  # fmt: skip


_HEAD = ["setting", "network", "seeds", "to reach", "best validation", "mean", "test", "training images, last epoch",
         "epochs", "quiet minutes"]  # fmt: skip


def outcomes(results: Path) -> list[Outcome]:
    """Return what has been trained, settings in the order of TRIED, networks in that of the report."""
    found = []
    for setting in TRIED:
        kept = Results(results / setting)
        for network in dict.fromkeys([NETWORK, *REPORTED, *_networks_in(results / setting)]):
            runs = tuple(kept.runs(network))
            if not runs:
                continue
            recipe = Recipe.model_validate_json(json.dumps(runs[0].recipe))
            images = runs[0].data["images"]
            seconds = epoch_seconds(recipe, read_times(results, network), (images["train"], images["validation"]))
            found.append(Outcome(setting, network, runs, None if seconds is None else tuple(seconds)))
    return found


def _networks_in(folder: Path) -> Iterable[str]:
    return sorted({path.name.rpartition("-seed")[0] for path in folder.glob("*-seed*.json")})


_ABOUT = f"""\
Settings of the recipe `{RECIPE}` on one network of the lab report, on all of CIFAR-10: 40,000 training images, 10,000 for validation, 10,000 test images.
`python -m benchmarks.cpu_recipes` trains them, measures the times and writes this page; each run is a JSON file in `docs/results/cpu_recipes/`.

Wanted: each network of the report at or above its best validation accuracy, in {WANTED} minutes, at most {LIMIT}.
Minutes are the seconds of a step and of validation at each size of images, measured on quiet cores, times the steps of all epochs; the trainings themselves ran beside other work.

`nice -n 19 python -m benchmarks.cpu_recipes search --data-dir DATA` trains what is missing, in one thread, and may be stopped and started again at any time.
`networks --setting NAME` trains the report's seven networks with one of the settings, and `times`, on a machine that does nothing else, measures the seconds."""  # noqa: E501 - a paragraph is a line


def page_of(results: Path, folder: Path) -> str:
    """Return the page, its figure drawn below ``folder`` where something was trained and timed."""
    found = outcomes(results)
    tried = [
        f"- {name}: `{RECIPE}` with {', '.join(f'`{each}`' for each in settings)}" for name, settings in TRIED.items()
    ]
    missing = [name for name in TRIED if not any(each.setting == name and each.network == NETWORK for each in found)]
    parts = [
        "# A recipe for CPUs",
        _ABOUT,
        "## What is tried",
        "\n".join(tried),
        "## What it reached",
        markdown_table(text_table(_HEAD, [each.row for each in found], range(3, 10)))
        if found
        else f"Nothing has been trained: {NOT_YET}.",
    ]
    if missing:
        parts.append(f"{NOT_YET.capitalize()} on {NETWORK}: {', '.join(missing)}.")
    timed = [each for each in found if each.seconds is not None and each.network == NETWORK]
    if timed:
        path = folder / "figures" / "results" / "cpu-recipes.svg"
        path.parent.mkdir(parents=True, exist_ok=True)
        draw(timed, path)
        parts.append(f"![Validation accuracy against quiet minutes]({path.relative_to(folder)})")
    else:
        parts.append(f"Accuracy against minutes: {NOT_YET}.")
    machines = dict.fromkeys(_machine(run) for each in found for run in each.runs)
    if machines:
        parts.append(f"Trained on {'; '.join(machines)}.")
    return "\n\n".join(parts) + "\n"


def _machine(run: Result) -> str:
    packages = run.environment.get("packages", {})
    return f"{run.device}, {run.environment.get('precision', '')}, torch {packages.get('torch', '?')}"


def draw(timed: Sequence[Outcome], path: Path) -> None:
    """Draw validation accuracy of each setting over quiet minutes, the report's accuracy as a line."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - takes a second, and most calls draw nothing

    from builder.training.figures.comparison_curves import COLORS, DASHES, MARKERS  # noqa: PLC0415 - as above

    with styled():
        figure = Figure(figsize=(7, 4.2), layout="constrained")
        axes = figure.subplots()
        axes.set(xlabel="Quiet minutes, validation included", ylabel="Validation accuracy (%)")
        for number, each in enumerate(timed):
            assert each.seconds is not None, "those without are not drawn"
            minutes = [sum(each.seconds[: epoch + 1]) / 60 for epoch in range(len(each.runs[0].epochs))]
            rows = zip(*(run.epochs for run in each.runs), strict=True)
            means = [100 * fmean(row.val_accuracy for row in rows_of) for rows_of in rows]
            axes.plot(minutes, means, label=each.setting, color=COLORS[number % len(COLORS)], linewidth=1.4,
                      marker=MARKERS[number % len(MARKERS)], markersize=3.5,
                      dashes=DASHES[number // len(COLORS) % len(DASHES)] or (None, None))  # fmt: skip
        axes.axhline(100 * TARGETS[NETWORK], color="#555555", linewidth=0.8, linestyle=":", label="the report")
        axes.legend(loc="lower right", frameon=False, fontsize=8)
        save(figure, [path])


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks for and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["search", "networks", "times", "page"])
    parser.add_argument("--setting", choices=list(TRIED), help="one alone; `networks` needs it")
    parser.add_argument("--network", help="one alone, also another than the report's")
    parser.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", help="for a try: another experiment"
    )
    parser.add_argument("--subset", type=int, help="for a try: so many training images")
    parser.add_argument("--data", default="cifar10")
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    parser.add_argument("--runs-dir", type=Path, default=Path("runs/cpu_recipes"))
    parser.add_argument(
        "--minutes", type=float, default=100_000, help="after which a setting is left for the next call"
    )
    parser.add_argument("--busy", action="store_true", help="measure times although other programs run")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=PAGE)
    asked = parser.parse_args(arguments)
    if asked.what == "networks" and asked.setting is None:
        parser.error("`networks` wants the name of a setting: --setting NAME")
    is_another = asked.set or asked.subset or asked.data != "cifar10" or asked.busy
    if is_another and (asked.results.resolve() == RESULTS or asked.page.resolve() == PAGE):
        parser.error("a try wants --results and --page of its own")
    if asked.what == "times":
        status = measure_all(asked)
        write_page(asked)
        return status
    if asked.what == "page":
        write_page(asked)
        return 0
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lab.leave)
    return train(asked)


if __name__ == "__main__":
    sys.exit(main())
