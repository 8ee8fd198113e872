"""Studies whose cells train nothing, for whoever measures or tests what runs them: the engine alone.

``python -m benchmarks.study_of_nothing kills --cells 200 --kills 40 --seed 0`` runs a study on a scheduler and workers
of its own, sends SIGKILL at random moments to workers, their nannies, the scheduler and the coordinator, starts again
whatever has ended, and counts results. ``… many --cells 5000`` says what a cell costs and how memory grows.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import psutil

from builder.diagnostics import RunError
from builder.study.plan.plan import Plan, PlannedArm, PlannedData, PlannedNetwork, StudyQuestion, read_plan, write_plan
from builder.study.plan.stages import Stages
from builder.study.results.folder import StudyFolder
from builder.study.results.result import CellResult
from builder.study.status import study_status
from builder.study.workers.cluster import connected, embedded
from builder.study.workers.context import context_for
from builder.study.workers.coordinator import Callbacks, coordinate
from builder.study.workers.limits import Limits
from builder.study.workers.note import alone
from builder.training.recipe.recipe import load_recipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.study.results.cells import Cell
    from builder.study.workers.context import StudyContext
    from builder.study.workers.task import Perform
    from builder.study.workers.trial import Watcher

ROOT = Path(__file__).parents[1]
START = ROOT / "builder" / "study" / "workers" / "start.py"
SCHEDULER = "from distributed.cli.dask_scheduler import main; main()"
COORDINATOR = "import sys; from benchmarks.study_of_nothing import coordinator; coordinator(*sys.argv[1:])"
PATIENT = Limits(deaths=1000, looking=0.1, busy=0.2, stopping=10)


def make_plan(networks: int = 2, seeds: int = 2, **changes: object) -> Plan:
    """Return a plan of ``networks`` networks with ``seeds`` seeds each."""
    recipe = load_recipe("digits").at(64)
    names = [f"net{number}" for number in range(networks)]
    data = PlannedData("digits", None, None, None, 64, ("0", "1"), {"train": 1500, "test": 297}, "f1")
    plan = Plan(
        name="tiny",
        question=StudyQuestion(None, 1.0, 1.0, 0.05, 0.8),
        data=data,
        networks=tuple(PlannedNetwork(name, f"id-{name}", 10, 20, 30, (), {}, (), 0.001) for name in names),
        arms=tuple(PlannedArm(name, {}, recipe) for name in names),
        screen_seeds=0,
        confirm_seeds=seeds,
        finalists=1,
        hours=None,
        asked={},
        code={},
        world="w",
        device="cpu",
        workers=2,
        seconds=10.0,
    )
    return replace(plan, **changes)  # type: ignore[arg-type]  # a caller's own fields


def write_study(folder: StudyFolder, plan: Plan) -> None:
    """Write what a planned study has."""
    folder.networks.mkdir(parents=True, exist_ok=True)
    for each in plan.networks:
        folder.network(each.name).write_text(f"name: {each.name}\n")
    write_plan(folder.plan, plan)


def result_of(cell: Cell) -> CellResult:
    """Return a result that depends on nothing but the cell."""
    accuracy = random.Random(cell.id).random()
    return CellResult(
        cell.id, cell.variant, cell.settings, cell.seed, cell.stage, 1, accuracy, None, None, None, (), 0.01
    )


def nothing(_context: StudyContext, _plugins: Sequence[Path], _number: int) -> Perform:
    """Make a worker ready for cells that end at once."""
    return _at_once


def steps(_context: StudyContext, _plugins: Sequence[Path], _number: int) -> Perform:
    """Make a worker ready for cells that take a tenth of a second, and look in between."""
    return _in_steps


def _at_once(cell: Cell, _place: Path, _watch: Watcher) -> CellResult:
    return result_of(cell)


def _in_steps(cell: Cell, place: Path, watch: Watcher) -> CellResult:
    for number in range(20):
        time.sleep(0.005)
        watch.look(number / 20)
    with (place / "ended.txt").open("a") as file:
        file.write(f"{os.getpid()}\n")
    return result_of(cell)


def context_of_nothing(folder: StudyFolder, plan: Plan, word: str = "cpu", *, is_remote: bool = False) -> StudyContext:
    """Return what workers are told; ``word`` stands where the device is named."""
    return context_for(folder, plan, Path("data"), word, {}, is_remote=is_remote)


def coordinator(folder: str, address: str) -> None:
    """Run a study of ``steps`` on the cluster at ``address``."""
    study = StudyFolder(Path(folder))
    plan = read_plan(study.plan)
    with alone(study), connected(study.path / "workers", address, None) as cluster:
        context = context_of_nothing(study, plan, is_remote=True)
        coordinate(Stages(study, plan), cluster, steps, context, PATIENT, None, Callbacks())


@dataclass
class Victims:
    """The processes of a study on a cluster of its own: each is started again when it has ended."""

    folder: Path
    port: int
    workers: int

    def __post_init__(self) -> None:
        """Start all."""
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.killed: Counter[str] = Counter()
        self.log = (self.folder.parent / "log.txt").open("ab")
        self.tend()

    def commands(self) -> dict[str, list[str]]:
        """Return how each of them is started."""
        address, scratch = f"tcp://127.0.0.1:{self.port}", str(self.folder.parent)
        run = [str(self.folder), address]
        scheduler = ["--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard"]
        scheduler += ["--dashboard-address", "127.0.0.1:0"]
        worker = [sys.executable, "-P", str(START), address, "--nthreads", "1", "--memory-limit", "0"]
        worker += ["--no-dashboard", "--local-directory", scratch, "--death-timeout", "20"]
        nannies = {f"nanny {number}": worker for number in range(self.workers)}
        return {
            "scheduler": [sys.executable, "-c", SCHEDULER, *scheduler],
            **nannies,
            "coordinator": [sys.executable, "-c", COORDINATOR, *run],
        }

    def tend(self) -> None:
        """Start again what has ended."""
        for name, command in self.commands().items():
            process = self.processes.get(name)
            if process is None or process.poll() is not None:
                environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
                self.processes[name] = subprocess.Popen(
                    command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                    start_new_session=True,
                )  # fmt: skip

    def kill(self, dice: random.Random) -> bool:
        """Send SIGKILL to one process of one kind; return whether there was one."""
        kind = dice.choice(["worker", "worker", "nanny", "scheduler", "coordinator"])
        if kind in ("worker", "nanny"):
            parent = self.processes[f"nanny {dice.randrange(self.workers)}"].pid
            found = [each for each in children(parent) if is_python(each)] if kind == "worker" else [parent]
        else:
            found = [self.processes[kind].pid]
        if not found:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(dice.choice(found), signal.SIGKILL)
            self.killed[kind] += 1
        return True

    def close(self) -> None:
        """End all."""
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.log.close()


def kill_while_running(folder: StudyFolder, kills: int, seed: int, seconds: float = 3600) -> Counter[str]:
    """Run the study in ``folder`` to its end while its processes are killed so many times; return how often which."""
    dice = random.Random(seed)
    victims = Victims(folder.path, _free_port(), 2)
    cells, until = len(Stages(folder, read_plan(folder.plan)).known_cells()), time.monotonic() + seconds
    try:
        while sum(victims.killed.values()) < kills or len(results(folder)) < cells:
            if time.monotonic() > until:
                raise RunError(f"{len(results(folder))} of {cells} cells are done after {seconds:g} seconds")
            share = len(results(folder)) / cells  # kills are spread over the study, however slow the machine is
            if sum(victims.killed.values()) < min(kills, round(kills * share) + 1):
                time.sleep(dice.uniform(0.5, 3))
                victims.kill(dice)
            time.sleep(0.1)
            victims.tend()
    finally:
        victims.close()
    return victims.killed


def results(folder: StudyFolder) -> list[Path]:
    """Return the results that are there."""
    return list(folder.path.glob("cells/*/result.json"))


def children(pid: int) -> list[int]:
    """Return the processes that ``pid`` has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text().rpartition(") ")[2].split()[1]) == pid:
                found.append(int(path.parent.name))
    return found


def is_python(pid: int) -> bool:
    """Return whether a process is a worker, and not what keeps track of semaphores."""
    with contextlib.suppress(OSError):
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def kills(cells: int, count: int, seed: int) -> None:
    """Kill, count, and print."""
    with tempfile.TemporaryDirectory() as parent:
        folder = StudyFolder(Path(parent) / "study")
        write_study(folder, make_plan(10, cells // 10))
        began = time.perf_counter()
        killed = kill_while_running(folder, count, seed)
        found, plan = folder.results(), read_plan(folder.plan)
        wanted = {each.id for each in plan.cells("confirm", plan.arms)}
        assert {each.cell for each in found.outcomes} == wanted
        told = ", ".join(f"{number} {name}" for name, number in sorted(killed.items()))
        print(f"{len(found.outcomes)} of {cells} cells have one result, {len(found.failures)} failed, after "
              f"{sum(killed.values())} SIGKILLs ({told}) in {time.perf_counter() - began:.0f} s")  # fmt: skip


def many(cells: int) -> list[float]:
    """Run so many cells that end at once; print what each costs, and return memory in MB at each tenth."""
    with tempfile.TemporaryDirectory() as parent:
        folder = StudyFolder(Path(parent) / "study")
        plan = make_plan(10, cells // 10)
        write_study(folder, plan)
        at, memory, used = [time.perf_counter()], [], [0.0]

        def finished(_: object) -> None:
            at.append(time.perf_counter())
            if len(at) in (2, cells + 1):
                used.append(_processor_time())
            if len(at) % max(1, cells // 10) == 0:
                memory.append(_memory())

        with alone(folder), embedded(folder.path / "workers", 2) as cluster:
            coordinate(Stages(folder, plan), cluster, nothing, context_of_nothing(folder, plan), Limits(), None,
                       Callbacks(finished=finished))  # fmt: skip
        began = time.perf_counter()
        assert study_status(folder, read_plan(folder.plan)).is_done
        status = time.perf_counter() - began
        each = [1000 * (after - before) for before, after in pairwise(at[1:])]
        computed = 1000 * (used[-1] - used[1]) / len(each)
        print(f"{cells} cells: {sum(each) / len(each):.1f} ms each (median {median(each):.1f}), of which")
        print(f"{computed:.1f} ms are processor time of all processes; memory of the coordinator")
        print(f"{', '.join(f'{found:.0f}' for found in memory)} MB; `study status` but for its start {status:.2f} s")
        return memory


def _processor_time() -> float:
    """Return the seconds that this process and those that it has started have computed so far."""
    own = psutil.Process()
    times = [each.cpu_times() for each in (own, *own.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


def _memory() -> float:
    """Return the resident memory of this process in MB."""
    return float(psutil.Process().memory_info().rss) / 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["kills", "many"])
    parser.add_argument("--cells", type=int, default=200)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.what == "kills":
        kills(options.cells, options.kills, options.seed)
    else:
        many(options.cells)


if __name__ == "__main__":
    main()
