"""A study that many machines share through PostgreSQL; ``ARCHCLI_POSTGRES`` is the address of one."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from builder.diagnostics import RunError
from builder.study.plan.plan import Plan, read_plan
from builder.study.plan.stages import Stages
from builder.study.results.folder import StudyFolder
from builder.study.workers.join import fetch, work
from builder.study.workers.shared import DEATHS, SharedQueue
from tests.study.conftest import make_plan, write_study
from tests.study.fake_joiner import FAST
from tests.study.fake_worker import Behaviour
from tests.study.plan.test_trials import searching

optuna = pytest.importorskip("optuna", reason="needs the extra `distributed`")

JOINER = Path(__file__).parents[1] / "fake_joiner.py"
URL = os.environ.get("ARCHCLI_POSTGRES", "")

has_database = pytest.mark.skipif(not URL, reason="ARCHCLI_POSTGRES names no PostgreSQL; `.ci/postgres` starts one")


if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.study.results.cells import Cell


Joins = Callable[..., SharedQueue]
"""Joins a study, and leaves it when the test ends."""


def new_plan(networks: int = 2, seeds: int = 2, **changes: object) -> Plan:
    """Return a plan under a name that no other test has."""
    return make_plan(networks, seeds, name=f"tiny-{uuid4().hex[:8]}", **changes)


@pytest.fixture
def plan() -> Plan:
    """Give the plan of four cells."""
    return new_plan()


def machine(tmp_path: Path, plan: Plan, name: str = "here") -> StudyFolder:
    """Return the folder that a machine called ``name`` has of the study."""
    folder = StudyFolder(tmp_path / name)
    write_study(folder, plan)
    return folder


def join(folder: StudyFolder, plan: Plan, word: str = "well") -> list[tuple[Cell, str | None]]:
    """Work as one machine until nothing is left, and return what was run there."""
    ran: list[tuple[Cell, str | None]] = []
    with SharedQueue(URL, plan, 1, 3) as queue:
        work(queue, Stages(folder, plan), Behaviour(folder.path, word), lambda *each: ran.append(each), FAST)
    return ran


@pytest.fixture
def queue_of() -> Iterator[Joins]:
    """Give what joins a study, and leave it afterwards."""
    with ExitStack() as open_ones:
        yield lambda *arguments: open_ones.enter_context(SharedQueue(URL, *arguments))


@pytest.mark.slow
@has_database
class TestCells:
    """What becomes of the cells."""

    def test_each_is_run_once_and_every_machine_has_all_results(self, tmp_path: Path, plan: Plan) -> None:
        """Whoever joins when all is done fetches them, and runs nothing."""
        here, there = machine(tmp_path, plan), machine(tmp_path, plan, "there")
        assert len(join(here, plan)) == 4
        assert join(there, plan) == []
        for folder in (here, there):
            assert len(folder.results().outcomes) == 4
        assert [each.val_accuracy for each in here.results().outcomes] == [
            each.val_accuracy for each in there.results().outcomes
        ]

    def test_the_second_stage_follows_the_first(self, tmp_path: Path) -> None:
        """Every machine chooses the same finalists."""
        plan = new_plan(3, 2, screen_seeds=1)
        here, there = machine(tmp_path, plan), machine(tmp_path, plan, "there")
        assert len(join(here, plan)) == 3 + 2 * 2
        join(there, plan)
        assert here.finalists.read_text() == there.finalists.read_text()

    def test_one_that_fails_is_tried_three_times_and_counted(self, tmp_path: Path, plan: Plan) -> None:
        """On every machine."""
        here, there = machine(tmp_path, plan), machine(tmp_path, plan, "there")
        join(here, plan, "wrong")
        join(there, plan)
        for folder in (here, there):
            found = folder.results()
            assert (len(found.outcomes), len(found.failures)) == (2, 2)
            assert found.failures[0].message == "the training loss is nan (a smaller rate)"
            assert found.failures[0].attempts == 3

    def test_a_result_that_lies_here_is_not_computed_again(self, tmp_path: Path, plan: Plan) -> None:
        """As when the database was lost and is begun anew: it is filled from the folders."""
        here = machine(tmp_path, plan)
        join(here, plan)
        again = new_plan()
        again = type(again)(**{**vars(plan), "name": again.name})
        join(here, again)
        assert (here.path / "ran.txt").read_text().count("began") == 4


@pytest.mark.slow
@has_database
class TestSearch:
    """A search that many machines share."""

    def plan(self, networks: int, trials: int) -> Plan:
        """Return one under a name that no other test has."""
        return replace(searching(networks, trials), name=f"tiny-{uuid4().hex[:8]}")

    def test_every_machine_knows_every_try(self, tmp_path: Path) -> None:
        """And chooses the same finalists, whoever made the trials."""
        plan = self.plan(2, 4)
        here, there = machine(tmp_path, plan), machine(tmp_path, plan, "there")
        assert len(join(here, plan)) == 2 * 4 + 2 * 2
        assert join(there, plan) == []
        assert Stages(here, plan).arms() == Stages(there, plan).arms()
        assert here.finalists.read_text() == there.finalists.read_text()

    def test_machines_that_work_at_once_make_different_tries(self, tmp_path: Path) -> None:
        """Each has its number once, and is run once."""
        plan = self.plan(2, 8)
        folders = [machine(tmp_path, plan, f"machine{number}") for number in range(3)]
        workers = [subprocess.Popen([sys.executable, JOINER, folder.path, "steps", URL]) for folder in folders]
        assert [each.wait(timeout=120) for each in workers] == [0, 0, 0]
        arms = [Stages(folder, plan).arms() for folder in folders]
        assert arms[0] == arms[1] == arms[2]
        assert len({str(each) for each in arms[0]}) == 16
        began = "".join(
            (folder.path / "ran.txt").read_text() for folder in folders if (folder.path / "ran.txt").exists()
        )
        assert began.count("began") == 16 + 2 * 2

    def test_a_database_that_is_lost_is_filled_from_the_folder(self, tmp_path: Path) -> None:
        """With the trials that were made."""
        plan = self.plan(1, 4)
        here = machine(tmp_path, plan)
        join(here, plan)
        again = replace(plan, name=f"tiny-{uuid4().hex[:8]}")
        there = machine(tmp_path, again, "there")
        join(here, again)
        join(there, again)
        assert (here.path / "ran.txt").read_text().count("began") == 4 + 2 * 2
        assert not (there.path / "ran.txt").exists()
        assert Stages(here, again).arms() == Stages(there, again).arms()


@pytest.mark.slow
@has_database
class TestClaims:
    """Who has a cell, and how it gets free again."""

    def test_two_never_have_the_same(self, plan: Plan, queue_of: Joins) -> None:
        """However they hurry."""
        cells = plan.cells("confirm", plan.arms)
        one, other = queue_of(plan), queue_of(plan)
        assert one.fill(lambda: cells) == other.fill(lambda: cells) == 4
        taken = [each.cell for queue in (one, other, one, other) if (each := queue.claim())]
        assert sorted(taken) == sorted(each.id for each in cells)
        assert one.claim() is other.claim() is None

    def test_one_whose_worker_is_lost_is_another_s(self, plan: Plan, queue_of: Joins) -> None:
        """And a result that comes too late is dropped."""
        cells = plan.cells("confirm", plan.arms)[:1]
        queue = queue_of(plan, 1, 1)
        queue.fill(lambda: cells)
        lost = queue.claim()
        assert lost is not None
        time.sleep(2.2)
        queue.fill(lambda: cells)
        found = queue.claim()
        assert found is not None
        assert (found.cell, queue.complete(lost, "{}", 0.5)) == (lost.cell, False)
        assert queue.complete(found, '{"a": 1}', 0.5)
        assert queue.results() == {found.cell: '{"a": 1}'}

    def test_one_whose_workers_are_lost_again_and_again_has_failed(self, plan: Plan, queue_of: Joins) -> None:
        """As one does that takes all memory."""
        cells = plan.cells("confirm", plan.arms)[:1]
        queue = queue_of(plan, 1, 1)
        for _ in range(DEATHS):
            assert queue.fill(lambda: cells) == 1
            assert queue.claim() is not None
            time.sleep(2.1)
        assert queue.fill(lambda: cells) == 0
        assert [each.message for each in queue.failures(cells)] == ["its worker was lost"]

    def test_one_that_is_given_back_costs_nothing(self, plan: Plan, queue_of: Joins) -> None:
        """As when a worker is asked to stop."""
        cells = plan.cells("confirm", plan.arms)[:1]
        queue = queue_of(plan)
        for _ in range(2 * DEATHS):
            assert queue.fill(lambda: cells) == 1
            claim = queue.claim()
            assert claim is not None
            queue.give_back(claim)
        assert queue.fill(lambda: cells) == 1

    def test_a_trial_that_is_no_cell_is_refused(self, plan: Plan, queue_of: Joins) -> None:
        """As one that somebody put there by hand: it would be nobody's result."""
        queue = queue_of(plan)
        storage = optuna.storages.RDBStorage(URL.replace("postgresql:", "postgresql+psycopg:"))
        optuna.load_study(study_name=plan.name, storage=storage).enqueue_trial({})
        storage.remove_session()
        storage.engine.dispose()
        assert queue.claim() is None
        assert queue.fill(tuple) == 0


@pytest.mark.slow
@has_database
class TestJoining:
    """Who may join."""

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"asked": {"seeds": 7}}, "another page"),
            ({"code": {"a.py": "0"}}, "another code"),
        ],
    )
    def test_another_study_is_refused(self, plan: Plan, change: dict[str, object], said: str, queue_of: Joins) -> None:
        """By what is other about it."""
        queue_of(plan)
        other = type(plan)(**{**vars(plan), **change})
        with pytest.raises(RunError, match=said):
            queue_of(other)

    def test_other_images_are_refused(self, plan: Plan, queue_of: Joins) -> None:
        """Each machine has its own copy of them."""
        queue_of(plan)
        data = type(plan.data)(**{**vars(plan.data), "fingerprint": "f2"})
        with pytest.raises(RunError, match="another images") as raised:
            queue_of(type(plan)(**{**vars(plan), "data": data}))
        assert raised.value.hint == "every machine needs the same images"


class TestAddress:
    """The address of a database."""

    @pytest.mark.parametrize(
        ("url", "said"),
        [
            ("sqlite:///study.db", "through PostgreSQL or MySQL, not sqlite"),
            (
                "mysql://a:secret@127.0.0.1:1/x",
                r"the driver of mysql\+pymysql://a:\*\*\*@127.0.0.1:1/x is not installed",
            ),
            ("nonsense", "`nonsense` is not the address of a database"),
            ("postgresql://a:secret@127.0.0.1:1/x", r"postgresql\+psycopg://a:\*\*\*@127.0.0.1:1/x can't be reached"),
        ],
    )
    def test_one_that_does_not_work_is_said_without_its_password(
        self, plan: Plan, url: str, said: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """SQLite is for one machine, and `run` needs none there."""
        monkeypatch.setitem(sys.modules, "pymysql", None)
        with pytest.raises(RunError, match=said) as raised:
            SharedQueue(url, plan)
        assert "secret" not in f"{raised.value} {raised.value.hint}"
        assert "driver" not in said or raised.value.hint == "pip install pymysql"


@pytest.mark.slow
@has_database
class TestKills:
    """Workers are killed at random moments; whoever starts them is a scheduler that starts others."""

    CELLS, KILLS, WORKERS = (200, 40, 4) if "ARCHCLI_ALL_KILLS" in os.environ else (40, 8, 4)

    def test_every_cell_has_exactly_one_result(self, tmp_path: Path, queue_of: Joins) -> None:
        """None is lost, none is there twice; forty SIGKILLs over 200 cells where ``ARCHCLI_ALL_KILLS`` is set."""
        plan = new_plan(10, self.CELLS // 10)
        folders = [machine(tmp_path, plan, f"machine{number}") for number in range(self.WORKERS)]

        def start(number: int) -> subprocess.Popen[bytes]:
            return subprocess.Popen([sys.executable, JOINER, folders[number].path, "steps", URL])

        dice = random.Random(1)
        kills = 0
        workers = [start(number) for number in range(self.WORKERS)]
        time.sleep(3)
        try:
            while kills < self.KILLS:
                time.sleep(dice.uniform(0.02, 0.5))
                number = dice.randrange(self.WORKERS)
                assert workers[number].poll() in (None, 0), "a worker failed by itself"
                workers[number].send_signal(signal.SIGKILL)
                workers[number].wait()
                kills += 1
                workers[number] = start(number)
            assert [each.wait(timeout=200) for each in workers] == [0] * self.WORKERS
        finally:
            for each in workers:
                each.kill()
        wanted = {each.id for each in plan.cells("confirm", plan.arms)}
        queue = queue_of(plan)
        assert set(queue.results()) == wanted
        complete = [each for trials in queue._by_cell().values() for each in trials if each.state.name == "COMPLETE"]
        assert len(complete) == self.CELLS
        fetch(queue, Stages(folders[0], read_plan(folders[0].plan)))
        assert {each.cell for each in folders[0].results().outcomes} == wanted
        assert all(json.loads(text)["cell"] == cell for cell, text in queue.results().items())
