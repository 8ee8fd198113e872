"""The coordinator: each cell to exactly one result, whatever happens to whom."""

from __future__ import annotations

import json
import re
import signal
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from benchmarks.study_of_nothing import kill_while_running
from builder.diagnostics import RunError
from builder.study.plan.plan import read_plan
from builder.study.plan.stages import Stages
from builder.study.results.folder import StudyFolder
from builder.study.status import study_status
from builder.training.interrupts import Interrupted
from tests.study.conftest import FAST, make_plan, write_study
from tests.study.plan.test_trials import searching

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.study.workers.coordinator import Finished


def ran(folder: StudyFolder, what: str) -> Counter[str]:
    """Return how often each cell ``began`` or ``ended``."""
    lines = (folder.path / "ran.txt").read_text().splitlines()
    return Counter(line.split()[1] for line in lines if line.startswith(what))


class TestCells:
    """What becomes of the cells of a study."""

    def test_every_cell_is_run_once_and_has_a_result(self, folder: StudyFolder, run: Callable[..., None]) -> None:
        """With what defines it and its page beside it; and then nothing is left to run."""
        finished: list[Finished] = []
        run(finished=finished.append)
        assert len(finished) == 4
        assert set(ran(folder, "ended").values()) == {1}
        outcomes = folder.results().outcomes
        assert sorted((each.variant, each.seed) for each in outcomes) == [
            ("net0", 0), ("net0", 1), ("net1", 0), ("net1", 1)
        ]  # fmt: skip
        assert folder.cell(outcomes[0].cell).network.read_text() == f"name: {outcomes[0].variant}\n"
        now = study_status(folder, read_plan(folder.plan))
        assert (now.counts["done"], now.is_done, now.is_running) == (4, True, False)
        run()
        assert sum(ran(folder, "began").values()) == 4

    def test_what_is_done_already_is_not_done_again(self, folder: StudyFolder, run: Callable[..., None]) -> None:
        """A study goes on with what has no result."""
        run()
        lost = folder.results().outcomes[2].cell
        folder.cell(lost).result.unlink()
        run()
        assert ran(folder, "began")[lost] == 2
        assert sum(ran(folder, "began").values()) == 5

    @pytest.mark.parametrize(
        ("behavior", "said", "attempts"),
        [
            ("wrong", r"the file is damaged \(another file\)", 3),
            ("bug", "ZeroDivisionError: oh", 3),
            ("diverges", r"the loss is nan \(a smaller rate\)", 1),
        ],
    )
    def test_a_cell_that_fails_is_tried_again_and_then_counted(
        self, folder: StudyFolder, run: Callable[..., None], behavior: str, said: str, attempts: int
    ) -> None:
        """Three times, but for errors that cannot change; the others have their results."""
        run(behavior)
        found = folder.results()
        assert (len(found.outcomes), len(found.failures)) == (2, 2)
        for failure in found.failures:
            assert (failure.attempts, failure.seed) == (attempts, 1)
            assert re.search(said, failure.message)
        run(behavior)
        assert len(folder.results().failures) == 2

    def test_workers_that_do_not_see_the_folder_return_results_all_the_same(
        self, folder: StudyFolder, run: Callable[..., None]
    ) -> None:
        """They work in a folder of their own, which is empty afterwards; here lies what every cell has."""
        run(is_seen=False)
        outcomes = folder.results().outcomes
        assert len(outcomes) == 4
        assert all(folder.cell(each.cell).definition.exists() for each in outcomes)
        places = [Path(line.split()[-1]) for line in (folder.path / "ran.txt").read_text().splitlines()]
        assert not any(each.is_relative_to(folder.path) for each in places)
        until = time.monotonic() + 20
        while any(each.exists() for each in places) and time.monotonic() < until:
            time.sleep(0.1)
        assert not any(each.exists() for each in places)


@pytest.mark.slow
class TestDeaths:
    """Workers that die, or hang."""

    def test_a_cell_that_kills_its_worker_is_counted_too(self, folder: StudyFolder, run: Callable[..., None]) -> None:
        """As one does that takes too much memory."""
        run("dies", limits=replace(FAST, deaths=2))
        failures = folder.results().failures
        assert [each.message for each in failures] == ["its worker was lost, perhaps because memory ran out"] * 2
        assert [each.attempts for each in failures] == [2, 2]

    def test_a_worker_that_dies_once_costs_its_cell_nothing(
        self, folder: StudyFolder, run: Callable[..., None]
    ) -> None:
        """Another takes it."""
        run("dies once")
        found = folder.results()
        assert (len(found.outcomes), len(found.failures)) == (4, 0)

    def test_a_worker_that_hangs_is_replaced(self, folder: StudyFolder, run: Callable[..., None]) -> None:
        """It is one that gives no sign of life; its cell is run by another."""
        run("hangs once", plan=make_plan(1, 2), limits=replace(FAST, silence=0.5))
        found = folder.results()
        assert (len(found.outcomes), len(found.failures)) == (2, 0)

    def test_workers_that_cannot_start_are_said_with_their_log(self, run: Callable[..., None]) -> None:
        """Where the reason stands."""
        with pytest.raises(RunError, match="workers in a row ended before they were ready") as raised:
            run("dies early", limits=replace(FAST, deaths=2))
        assert "workers" in str(raised.value.hint)


class TestSearch:
    """A search, whose cells are not known before others have ended."""

    def test_every_network_has_its_tries_and_the_best_are_judged(
        self, folder: StudyFolder, run: Callable[..., None]
    ) -> None:
        """No worker waits for all others: what can be tried is asked for whenever one has nothing to do."""
        plan = searching(2, 6)
        write_study(folder, plan)
        run(plan=plan)
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

    @pytest.mark.parametrize("hopeless", [True, False])
    def test_a_trial_asks_whether_it_goes_on(
        self, folder: StudyFolder, run: Callable[..., None], monkeypatch: pytest.MonkeyPatch, hopeless: bool
    ) -> None:
        """The coordinator alone knows the others, and answers."""
        asked: list[tuple[float, ...]] = []

        def judge(_trials: object, _cell: object, curve: tuple[float, ...]) -> bool:
            asked.append(curve)
            return hopeless

        monkeypatch.setattr("builder.study.plan.trials.Trials.is_hopeless", judge)
        plan = searching(1, 3)
        write_study(folder, plan)
        run("curves", plan=plan)
        assert asked == [(0.1,)] * 3
        assert sum(ran(folder, "pruned").values()) == 3 * hopeless


class TestMishaps:
    """What ends the whole study, in words."""

    def test_a_full_disk_fails_no_cell(self, folder: StudyFolder, run: Callable[..., None]) -> None:
        """No cell could do better; the study stops and can go on."""
        with pytest.raises(RunError, match=r"cannot write .*No space left on device"):
            run("full")
        assert folder.results().failures == ()
        run()
        assert len(folder.results().outcomes) == 4

    def test_a_full_disk_where_results_are_written_fails_none_either(
        self, folder: StudyFolder, run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The cell is run again, with more room."""

        def full(*_: object) -> None:
            raise RunError("cannot write result.json: No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("builder.study.workers.coordinator.write_result", full)
            with pytest.raises(RunError, match="No space left"):
                run()
        run()
        assert (len(folder.results().outcomes), folder.results().failures) == (4, ())

    def test_data_that_are_not_there_are_said(self, run: Callable[..., None]) -> None:
        """By the workers that miss them, which are not used."""
        refused: list[str] = []
        with pytest.raises(RunError, match="cifar10 is not in data"):
            run("no data", refused=lambda each: refused.append(each.why))
        assert set(refused) == {"cifar10 is not in data"}

    def test_workers_of_another_kind_are_not_used(
        self, folder: StudyFolder, run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What differs is said."""
        own = {"versions": {"torch": "0.1"}, "code": {"training/trainer.py": "0"}}
        monkeypatch.setattr("builder.study.workers.pool.facts", lambda: own)
        with pytest.raises(RunError, match=r"torch .* instead of 0\.1; other training code: .*py"):
            run()
        assert folder.results().outcomes == ()

    def test_a_cell_that_another_process_has_is_waited_for(self, folder: StudyFolder, run: Callable[..., None]) -> None:
        """As one whose coordinator was killed: it stops by itself a moment later."""
        plan = make_plan()
        first = plan.cells("confirm", plan.arms)[0]
        folder.cell(first.id).path.mkdir(parents=True)
        lock = FileLock(folder.cell(first.id).path / ".claim")
        lock.acquire()

        def turn() -> None:
            if len(folder.results().outcomes) == 3:
                lock.release()

        run(turn=turn)
        assert len(folder.results().outcomes) == 4

    def test_a_budget_that_is_spent_ends_it(self, folder: StudyFolder, run: Callable[..., None]) -> None:
        """No further cell is begun; more can be given."""
        folder.running.write_text(json.dumps({"spent": 3600.0}))
        with pytest.raises(RunError, match="the budget of 1 hours is used up") as raised:
            run(hours=1.0)
        assert "--budget HOURS" in str(raised.value.hint)
        assert folder.results().outcomes == ()
        run(hours=2.0)
        assert len(folder.results().outcomes) == 4


class TestStopping:
    """Ctrl-C and SIGTERM."""

    def test_it_stops_when_every_cell_is_saved(self, folder: StudyFolder, run: Callable[..., None]) -> None:
        """And goes on."""

        def stop() -> None:
            if (folder.path / "ran.txt").exists() and len(ran(folder, "began")) == 2:
                signal.raise_signal(signal.SIGINT)

        with pytest.raises(Interrupted, match="the results so far are in") as raised:
            run("slow", turn=stop)
        assert (raised.value.exit_code, raised.value.command) == (130, "study run")
        assert ran(folder, "saved") == ran(folder, "began")
        run()
        assert len(folder.results().outcomes) == 4


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
class TestKills:
    """Workers, nannies, the scheduler and the coordinator are killed at random moments."""

    def test_every_cell_has_exactly_one_result(self, tmp_path: Path) -> None:
        """Twenty cells and four SIGKILLs, a tenth of what docs/studies.md tells of: none is lost or there twice."""
        folder = StudyFolder(tmp_path / "kills-001")
        plan = make_plan(4, 5)
        write_study(folder, plan)
        assert sum(kill_while_running(folder, 4, seed=1, seconds=280).values()) == 4
        found = folder.results()
        assert found.failures == ()
        assert {each.cell for each in found.outcomes} == {each.id for each in Stages(folder, plan).known_cells()}
        assert len(found.outcomes) == 20 == len(list(folder.path.rglob("result.json")))
