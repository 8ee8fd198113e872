"""How many cells an hour: the engine, the same cells one after another, and Optuna around a plain loop.

``python -m benchmarks.studies [--seeds 6] [--rounds 2]`` trains the networks of the shipped digits study with that many
seeds. Every round runs all three ways one after another, so that what else the machine does meets each of them.
``in turn`` is one process with every core; Optuna's loop is the same process with a study in memory that hands out the
cells. The engine has a process with one thread for each core, and its time includes starting them.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import optuna

from builder.study.page.page import find_study, read_study
from builder.study.plan.stages import Stages
from builder.study.planning import PlanOptions, plan_study
from builder.study.results.result import write_result
from builder.study.workers.cluster import embedded
from builder.study.workers.context import context_for
from builder.study.workers.coordinator import Callbacks, coordinate
from builder.study.workers.limits import Limits
from builder.study.workers.note import alone
from builder.study.workers.place import prepare_cell
from builder.study.workers.task import prepare_trials
from builder.training.device.cores import usable_cores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from builder.study.plan.plan import Plan
    from builder.study.results.cells import Cell
    from builder.study.results.folder import StudyFolder
    from builder.study.workers.task import Perform


def planned(parent: Path, seeds: int) -> tuple[StudyFolder, Plan]:
    """Return a new folder of the digits study with ``seeds`` seeds."""
    study = replace(read_study(find_study("digits_placement")), confirm_seeds=seeds)
    folder, plan, _ = plan_study(study, PlanOptions(studies=parent, device="cpu"), None, anew=True)
    return folder, plan


def by_engine(folder: StudyFolder, plan: Plan) -> None:
    """Run all cells side by side."""
    context = context_for(folder, plan, Path("data"), "cpu", {}, is_remote=False)
    with alone(folder), embedded(folder.path / "workers", usable_cores()) as cluster:
        coordinate(Stages(folder, plan), cluster, prepare_trials, context, Limits(), None, Callbacks())


def in_turn(folder: StudyFolder, plan: Plan) -> None:
    """Run all cells one after another in this process."""
    for run in _runs(folder, plan):
        run()


def by_optuna(folder: StudyFolder, plan: Plan) -> None:
    """Let a study in memory worker out the cells to a plain loop."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize")
    runs = list(_runs(folder, plan))
    for number in range(len(runs)):
        study.enqueue_trial({"cell": number})

    def objective(trial: optuna.Trial) -> float:
        runs[trial.suggest_int("cell", 0, len(runs) - 1)]()
        return 0.0

    study.optimize(objective, n_trials=len(runs))


def _runs(folder: StudyFolder, plan: Plan) -> Iterator[Callable[[], None]]:
    train = prepare_trials(context_for(folder, plan, Path("data"), "cpu", {}, is_remote=False), (), 0)
    for cell in Stages(folder, plan).open_cells():
        yield partial(_run, folder, cell, train)


def _run(folder: StudyFolder, cell: Cell, train: Perform) -> None:
    place = folder.cell(cell.id)
    prepare_cell(place, cell, folder.network(cell.variant).read_text("utf-8"))
    write_result(place.result, train(cell, place.path, Unwatched()))
    place.tidy()


class Unwatched:
    """Nobody who wants to know how far a cell is."""

    def look(self, done: float) -> None:
        """Take note of nothing."""

    def goes_on(self, curve: Sequence[float]) -> bool:
        """Return that a trial goes on."""
        return bool(curve)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    ways = {"the engine": by_engine, "in turn": in_turn, "Optuna's loop": by_optuna}
    for number in range(1, options.rounds + 1):
        rates = {}
        for name, run in ways.items():
            with tempfile.TemporaryDirectory() as parent:
                folder, plan = planned(Path(parent), options.seeds)
                cells = len(plan.cells("confirm", plan.arms))
                began = perf_counter()
                run(folder, plan)
                rates[name] = 3600 * cells / (perf_counter() - began)
                assert len(folder.results().outcomes) == cells
        told = ", ".join(f"{name} {rate:.0f}" for name, rate in rates.items())
        ratio = rates["the engine"] / rates["in turn"]
        print(f"round {number}: cells an hour: {told}; the engine {ratio:.2f} times as many as in turn", flush=True)


if __name__ == "__main__":
    main()
