"""The engine: each cell to exactly one result, whatever happens to whom."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from builder.diagnostics import RunError
from builder.study.plan.plan import read_plan
from builder.study.plan.stages import Stages
from builder.study.results.folder import StudyFolder
from builder.study.status import study_status
from builder.training.interrupts import Interrupted
from tests.study.conftest import FAST, WORKER, make_plan, write_study
from tests.study.plan.test_trials import searching

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.study.workers.engine import Engine, Finished


def ran(folder: StudyFolder, what: str) -> Counter[str]:
    """Return how often each cell ``began`` or ``ended``."""
    lines = (folder.path / "ran.txt").read_text().splitlines()
    return Counter(line.split()[1] for line in lines if line.startswith(what))


class TestCells:
    """What becomes of the cells of a study."""

    def test_every_cell_is_run_once_and_has_a_result(self, folder: StudyFolder, engine: Callable[..., Engine]) -> None:
        """With what defines it and its page beside it; and then nothing is left to run."""
        finished: list[Finished] = []
        engine(on_finished=finished.append).run()
        assert len(finished) == 4
        assert set(ran(folder, "ended").values()) == {1}
        outcomes = folder.results().outcomes
        assert sorted((each.variant, each.seed) for each in outcomes) == [
            ("net0", 0), ("net0", 1), ("net1", 0), ("net1", 1)
        ]  # fmt: skip
        assert folder.cell(outcomes[0].cell).network.read_text() == f"name: {outcomes[0].variant}\n"
        now = study_status(folder, read_plan(folder.plan))
        assert (now.counts["done"], now.is_done, now.is_running) == (4, True, False)
        engine().run()
        assert sum(ran(folder, "began").values()) == 4

    def test_what_is_done_already_is_not_done_again(self, folder: StudyFolder, engine: Callable[..., Engine]) -> None:
        """A study goes on with what has no result."""
        engine().run()
        lost = folder.results().outcomes[2].cell
        folder.cell(lost).result.unlink()
        engine().run()
        assert ran(folder, "began")[lost] == 2
        assert sum(ran(folder, "began").values()) == 5

    @pytest.mark.parametrize(
        ("behaviour", "said"),
        [("wrong", r"the training loss is nan \(a smaller rate\)"), ("bug", "ZeroDivisionError: oh")],
    )
    def test_a_cell_that_fails_is_tried_again_and_then_counted(
        self, folder: StudyFolder, engine: Callable[..., Engine], behaviour: str, said: str
    ) -> None:
        """Three times; the others have their results, and nobody trials it a fourth time by himself."""
        engine(behaviour).run()
        found = folder.results()
        assert (len(found.outcomes), len(found.failures)) == (2, 2)
        for failure in found.failures:
            assert failure.attempts == 3
            assert failure.seed == 1
            assert re.search(said, failure.message)
        engine().run()
        assert len(folder.results().failures) == 2

    def test_a_cell_that_kills_its_process_is_counted_too(
        self, folder: StudyFolder, engine: Callable[..., Engine]
    ) -> None:
        """As one does that takes too much memory."""
        engine("dies").run()
        (first, *_) = folder.results().failures
        assert first.message == "its process was ended by SIGKILL, perhaps because memory ran out"
        assert first.attempts == FAST.deaths

    def test_a_process_that_dies_once_costs_its_cell_nothing(
        self, folder: StudyFolder, engine: Callable[..., Engine]
    ) -> None:
        """Another worker takes it."""
        engine("dies once").run()
        found = folder.results()
        assert (len(found.outcomes), len(found.failures)) == (4, 0)

    def test_a_worker_that_hangs_is_ended(self, folder: StudyFolder, engine: Callable[..., Engine]) -> None:
        """It is one that gives no sign of life; its cell is run by another."""
        engine("hangs once", limits=replace(FAST, silence=0.5)).run()
        found = folder.results()
        assert (len(found.outcomes), len(found.failures)) == (4, 0)


class TestSearch:
    """A search, whose cells are not known before others have ended."""

    def test_every_network_has_its_tries_and_the_best_are_judged(
        self, folder: StudyFolder, engine: Callable[..., Engine]
    ) -> None:
        """No worker waits for all others: what can be tried is asked for whenever one has nothing to do."""
        plan = searching(2, 6)
        write_study(folder, plan)
        engine(plan=plan).run()
        outcomes = folder.results().outcomes
        tried = Counter(each.variant for each in outcomes if each.stage == "screen")
        assert tried == {"net0": 6, "net1": 6}
        judged = {(each.variant, json.dumps(dict(each.settings))) for each in outcomes if each.stage == "confirm"}
        best = {}
        for each in sorted(outcomes, key=lambda each: each.val_accuracy):
            if each.stage == "screen":
                best[each.variant] = json.dumps(dict(each.settings))
        assert judged == set(best.items())
        assert set(ran(folder, "began").values()) == {1}
        assert study_status(folder, plan).is_done


class TestMishaps:
    """What ends the whole study, in words."""

    def test_a_full_disk_fails_no_cell(self, folder: StudyFolder, engine: Callable[..., Engine]) -> None:
        """No cell could do better; the study stops and can go on."""
        with pytest.raises(RunError, match=r"cannot write .*No space left on device"):
            engine("full").run()
        assert folder.results().failures == ()
        engine().run()
        assert len(folder.results().outcomes) == 4

    def test_data_that_are_not_there_are_said_once(self, engine: Callable[..., Engine]) -> None:
        """By the first worker that misses them."""
        with pytest.raises(RunError, match="cifar10 is not in data"):
            engine("no data").run()

    def test_a_worker_that_cannot_start_is_said_with_its_log(self, engine: Callable[..., Engine]) -> None:
        """Where the reason stands."""
        with pytest.raises(
            RunError, match="5 workers in a row ended before they were ready, the last by exit code 3"
        ) as raised:
            engine("ends").run()
        assert "workers" in str(raised.value.hint)

    def test_two_on_one_folder_are_one_too_many(self, folder: StudyFolder, engine: Callable[..., Engine]) -> None:
        """The second is refused."""
        with FileLock(folder.path / ".lock"), pytest.raises(RunError, match="is being run by another process"):
            engine().run()

    def test_another_machine_is_one_too_many_too(self, folder: StudyFolder, engine: Callable[..., Engine]) -> None:
        """A lock need not reach it over a network, but its note does."""
        note = {"host": "elsewhere", "at": time.time(), "running": {"a": {}}, "ended": False}
        folder.running.write_text(json.dumps(note))
        with pytest.raises(RunError, match="is being run on elsewhere"):
            engine().run()
        folder.running.write_text(json.dumps(note | {"at": time.time() - 3600}))
        engine().run()

    def test_a_cell_that_another_process_has_is_waited_for(
        self, folder: StudyFolder, engine: Callable[..., Engine]
    ) -> None:
        """As one that an engine left behind which was killed: its worker stops by itself a moment later."""
        plan = make_plan()
        first = plan.cells("confirm", plan.arms)[0]
        folder.cell(first.id).path.mkdir(parents=True)
        lock = FileLock(folder.cell(first.id).path / ".claim")
        lock.acquire()
        turns = []

        def turn() -> None:
            turns.append(1)
            if len(folder.results().outcomes) == 3:
                lock.release()

        engine(on_turn=turn).run()
        assert len(folder.results().outcomes) == 4

    def test_a_budget_that_is_spent_ends_it(self, folder: StudyFolder, engine: Callable[..., Engine]) -> None:
        """No further cell is begun; more can be given."""
        folder.running.write_text(json.dumps({"spent": 3600.0}))
        with pytest.raises(RunError, match="the budget of 1 hours is used up") as raised:
            engine(hours=1.0).run()
        assert "budget: {hours: …}" in str(raised.value.hint)
        engine(hours=2.0).run()
        assert len(folder.results().outcomes) == 4


class TestStopping:
    """Ctrl-C and SIGTERM."""

    def test_it_stops_and_goes_on(self, folder: StudyFolder, engine: Callable[..., Engine]) -> None:
        """Workers are asked to save, and none is left behind."""
        pids: set[int] = set()

        def stop() -> None:
            note = json.loads(folder.running.read_text()) if folder.running.exists() else {"running": {}}
            pids.update(each["pid"] for each in note["running"].values())
            if pids:
                signal.raise_signal(signal.SIGINT)

        with pytest.raises(Interrupted, match="the results so far are in") as raised:
            engine("slow", on_turn=stop).run()
        assert (raised.value.exit_code, raised.value.command) == (130, "study run")
        assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
        engine().run()
        assert len(folder.results().outcomes) == 4


ENGINE = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from builder.study.workers.engine import Engine
from builder.study.results.folder import StudyFolder
from builder.study.plan.plan import read_plan
from builder.study.plan.stages import Stages
from dataclasses import replace
from tests.study.conftest import FAST
patient = replace(FAST, deaths=1000)  # a busy machine may kill a worker before it is ready, five times in a row
folder = StudyFolder(Path({folder!r}))
stages = Stages(folder, read_plan(folder.plan))
start = [sys.executable, {worker!r}, {folder!r}, "steps"]
Engine(folder, lambda: stages.open_cells(4), lambda number: [*start, str(number)], 4, limits=patient).run()
"""


def children(pid: int) -> list[int]:
    """Return the processes that ``pid`` has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(path.parent.name))
    return found


def kill(pid: int) -> None:
    """End a process at once, if it is there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def kill_while_running(folder: StudyFolder, kills: int) -> None:
    """Run a study to its end while its workers, and in a quarter of cases its engine, are killed so many times."""
    source = ENGINE.format(root=str(Path(__file__).parents[3]), folder=str(folder.path), worker=str(WORKER))
    dice = random.Random(0)
    process = subprocess.Popen([sys.executable, "-c", source])
    try:
        while kills:
            time.sleep(dice.uniform(0.02, 0.4))
            assert process.poll() is None or process.returncode in (0, -9), "the engine failed by itself"
            if process.poll() is not None:
                process = subprocess.Popen([sys.executable, "-c", source])
                continue
            workers = children(process.pid)
            if workers:
                kill(process.pid if dice.random() < 0.25 else dice.choice(workers))
                kills -= 1
        if process.wait(timeout=120) != 0:
            process = subprocess.Popen([sys.executable, "-c", source])
            assert process.wait(timeout=120) == 0
    finally:
        kill(process.pid)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
class TestKills:
    """Workers and the engine itself are killed at random moments."""

    CELLS, KILLS = 200, 40

    def test_every_cell_has_exactly_one_result(self, tmp_path: Path) -> None:
        """Two hundred cells, forty SIGKILLs, a quarter of them at the engine: none is lost, none is there twice."""
        folder = StudyFolder(tmp_path / "kills-001")
        write_study(folder, make_plan(10, self.CELLS // 10))
        kill_while_running(folder, self.KILLS)
        found = folder.results()
        plan = read_plan(folder.plan)
        assert found.failures == ()
        assert {each.cell for each in found.outcomes} == {each.id for each in plan.cells("confirm", plan.arms)}
        assert len(found.outcomes) == self.CELLS == len(list(folder.path.rglob("result.json")))

    def test_a_search_has_every_try_once(self, tmp_path: Path) -> None:
        """Killed as often for its size: a trial that was written down is run, and no other takes its number."""
        folder = StudyFolder(tmp_path / "search-001")
        plan = searching(4, 10)
        write_study(folder, plan)
        kill_while_running(folder, 12)
        found = folder.results()
        stages = Stages(folder, plan)
        assert found.failures == ()
        assert len(stages.arms()) == 40 == len({str(each) for each in stages.arms()})
        assert {each.cell for each in found.outcomes} == {each.id for each in stages.known_cells()}
        assert len(found.outcomes) == 40 + 2 * plan.confirmed_arms == len(list(folder.path.rglob("result.json")))


class TestWindows:
    """Where pipes can't be waited for."""

    def test_it_is_refused_with_what_works(
        self, engine: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Before anything is started."""
        monkeypatch.setattr("builder.study.workers.engine._HEARS_PIPES", False)
        with pytest.raises(RunError, match="can't be run on Windows") as raised:
            engine()
        assert raised.value.hint == "use WSL"
