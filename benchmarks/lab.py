"""The lab experiment repeated: seven networks, the recipe `lab`, real CIFAR-10; its results are docs/results.md.

    python -m benchmarks.lab --data-dir data --minutes 9    do what is missing, until the time is over
    python -m benchmarks.lab --page-only                    write the page from the results that there are

Each finished run, and each benchmark, is a small JSON file in docs/results/ (metrics and summary, no weights), and what
is there is not made again. A run that was stopped, by the end of the time, Ctrl-C or a kill, goes on where it stood, as
long as its folder is there. A network that ends more than half a point below the report is trained with seeds 1 and 2
too. Exit status: 0 all done, 1 something failed, 3 there is more to do: `until python -m benchmarks.lab …; do :; done`.

With `--networks`, `--epochs`, `--subset` or another recipe it is another experiment, and wants `--results` and `--page`
of its own.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from benchmarks.lab_page import BATCHES, REPORTED, page_of
from benchmarks.lab_results import Benchmark, Result, Results
from builder.commands import bench as benching
from builder.commands import resume
from builder.commands import train as training
from builder.commands.terminal.training_progress import TrainingProgress
from builder.diagnostics import ArchError, RunError, render
from builder.files import write_text
from builder.runs.prepare import TrainOptions
from builder.training.folder.record import read_record
from builder.training.interrupts import Interrupted
from builder.training.recipe.recipe import load_recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
RESULTS, PAGE = ROOT / "docs" / "results", ROOT / "docs" / "results.md"
TOLERATED = 0.005  # below the report's accuracy; further below, more seeds are trained
MORE_SEEDS = (1, 2)
SHORTEST = 20.0  # seconds; with less time left, nothing is begun
BENCH_SECONDS = 10.0
FAILED, MORE_TO_DO = 1, 3


@dataclass(frozen=True)
class Experiment:
    """What is trained and measured, on what and where."""

    networks: tuple[str, ...]
    batches: tuple[int, ...]
    recipe: str
    settings: tuple[str, ...]
    data: str
    data_dir: Path
    subset: int | None
    device: str
    runs: Path
    threads: int | None = None
    more_seeds: tuple[int, ...] = MORE_SEEDS

    def request(self, network: str, *settings: str, seed: int = 0) -> TrainOptions:
        """Return what the command line would ask for."""
        return TrainOptions(
            page=network,
            data=self.data,
            data_dir=self.data_dir,
            recipe=self.recipe,
            settings=(*self.settings, *settings),
            subset=self.subset,
            seed=seed,
            device=self.device,
            runs_dir=self.runs,
            threads=self.threads,
            name=f"{network}-seed{seed}",
        )


def seeds_of(network: str, results: Results, more: tuple[int, ...] = MORE_SEEDS) -> tuple[int, ...]:
    """Return the seeds that ``network`` is to be trained with: more where the first is too far below the report."""
    first, report = results.run(network, 0), REPORTED.get(network)
    if first is None or report is None or report.accuracy is None:
        return (0,)
    return (0, *more) if first.best_val_accuracy < report.accuracy - TOLERATED else (0,)


def missing(experiment: Experiment, results: Results) -> list[tuple[str, int | None, int]]:
    """Return what is still to do: (network, seed, 0) for a run and (network, None, batch) for a benchmark."""
    more = experiment.more_seeds
    runs = [(network, seed, 0) for seed in (0, *more) for network in experiment.networks
            if seed in seeds_of(network, results, more) and results.run(network, seed) is None]  # fmt: skip
    benchmarks = [(network, None, batch) for network in experiment.networks for batch in experiment.batches
                  if results.benchmark(network, batch) is None]  # fmt: skip
    return [*runs, *benchmarks]


def train(experiment: Experiment, network: str, seed: int) -> Result:
    """Train to the end, from where an earlier call was stopped; raise Interrupted when the time is over."""
    begun = _begun(experiment.runs, f"{network}-seed{seed}")
    with TrainingProgress() as watch:
        if begun is None:
            trained = training.run(experiment.request(network, seed=seed), watch.begin, watch)
            begun = trained.beginning.run
        else:
            resume.run(resume.ResumeOptions(run=begun, device=experiment.device), watch.begin, watch)
    assert begun is not None, "only a dry run has no folder"
    return Result.of(network, seed, read_record(begun))


def _begun(runs: Path, name: str) -> Path | None:
    """Return the newest run of that name that can be gone on with."""
    folders = [path for path in sorted(runs.glob(f"{name}-[0-9]*")) if (path / "recipe.yaml").is_file()]
    return folders[-1] if folders else None


def bench(experiment: Experiment, network: str, batch: int) -> Benchmark:
    """Measure images a second at one size of batches."""
    request = experiment.request(network, f"batch_size={batch}")
    return Benchmark.of(benching.run(request, BENCH_SECONDS, None, (), lambda _part: None))


@contextmanager
def stopped_after(seconds: float) -> Iterator[None]:
    """Let the process hear SIGTERM after ``seconds``, as if somebody had stopped it: a run then saves and ends."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGTERM))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def work(experiment: Experiment, results: Results, seconds: float) -> int:
    """Do what is missing until ``seconds`` are over; return the exit status."""
    end = monotonic() + seconds
    failed: set[tuple[str, int | None, int]] = set()
    with stopped_after(seconds):
        while todo := [each for each in missing(experiment, results) if each not in failed]:
            if end - monotonic() < SHORTEST:
                print(f"the time is over: {len(todo)} left")
                return MORE_TO_DO
            network, seed, batch = todo[0]
            try:
                if seed is None:
                    results.keep(bench(experiment, network, batch))
                else:
                    results.keep(train(experiment, network, seed))
            except Interrupted as stopped:
                print(stopped.message)
                return MORE_TO_DO
            except (ArchError, RunError) as error:
                failed.add(todo[0])
                print("\n".join(map(render, error.diagnostics)) if isinstance(error, ArchError) else error.message)
    return FAILED if failed else 0


def leave(*_: object) -> None:
    """End between two jobs, or while one is prepared: nothing has to be saved."""
    print("stopped: call again for the rest")
    sys.exit(MORE_TO_DO)


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks for, write the page, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="cifar10")
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    parser.add_argument("--runs-dir", type=Path, default=Path("runs/lab"))
    parser.add_argument("--minutes", type=float, default=9.5, help="after which this call ends")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--networks", nargs="+", default=list(REPORTED))
    parser.add_argument("--batches", nargs="*", type=int, default=list(BATCHES), help="sizes that are benchmarked")
    parser.add_argument("--recipe", default="lab")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--subset", type=int)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--page-only", action="store_true")
    asked = parser.parse_args(arguments)
    is_another = asked.epochs or asked.subset or asked.recipe != "lab" or asked.data != "cifar10"
    if (is_another or set(asked.networks) - set(REPORTED)) and asked.results.resolve() == RESULTS:
        parser.error("another experiment than the report's wants --results and --page of its own")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)
    results = Results(asked.results)
    settings = (f"epochs={asked.epochs}",) if asked.epochs else ()
    experiment = Experiment(
        tuple(asked.networks), tuple(asked.batches), asked.recipe, settings, asked.data, asked.data_dir, asked.subset,
        asked.device, asked.runs_dir,
    )  # fmt: skip
    try:
        return 0 if asked.page_only else work(experiment, results, 60 * asked.minutes)
    finally:
        recipe = load_recipe(asked.recipe)
        write_text(asked.page, page_of(results, experiment.networks, experiment.batches, recipe, asked.page.parent))


if __name__ == "__main__":
    sys.exit(main())
