"""``archcli study``: from a page to results."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from builder.study import pilot
from builder.study.results.folder import StudyFolder
from tests.edited import as_earlier_version

if TYPE_CHECKING:
    from tests.command_line import Archcli

KEPT = Path(__file__).parents[1] / "kept"

PAGE = """\
name: mine
base: alexnet_tiny
variants:
  gate: {insert: {se: {reduction: 4}}, at: block1.pre_activation}
data: {name: digits, subset: 100, test: 40}
set: {size: 32, epochs: 1, batch_size: 20, validation: 20, lr: 0.003}
seeds: 2
"""


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a small study in a folder of its own, and a measurement that takes no time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pilot.Pilot, "seconds", lambda _, page: 0.001)
    Path("mine_study.yaml").write_text(PAGE)
    return Path("mine_study.yaml")


class TestLog:
    """Cells that are reported elsewhere."""

    def test_what_is_no_logger_is_answered_before_anything_runs(self, page: Path, archcli: Archcli) -> None:
        """As `train --log` answers it."""
        outcome = archcli("study", "run", str(page), "--log", "wandb")
        assert outcome.code == 2
        assert "`wandb` is not a value of `--log`" in outcome.err
        assert not Path("study-runs").exists()


class TestPlan:
    """What a study would do."""

    def test_it_is_written_down_before_anything_runs(self, page: Path, archcli: Archcli) -> None:
        """Cells, prices, the time and the seeds that the question needs; the folder is the last line."""
        outcome = archcli("study", "plan", str(page))
        assert outcome.code == 0, outcome.err
        assert "cells    4 = 2 networks × 2 seeds, on the test split" in outcome.out
        assert "alexnet_tiny (base)" in outcome.out
        assert "warning  below 3 seeds for each network no best is named, whatever comes out" in outcome.out
        assert outcome.out.splitlines()[-1] == "study-runs/mine-001"
        folder = StudyFolder(Path("study-runs/mine-001"))
        assert folder.page.read_text() == PAGE
        assert not folder.cells.exists()
        assert "seconds" in json.loads(folder.plan.read_text())
        again = archcli("study", "plan", str(page), "--json")
        found = json.loads(again.out)
        assert (found["is_new"], found["folder"], again.err) == (False, "study-runs/mine-001", "")
        assert found["plan"]["data"]["images"] == {"train": 100, "validation": 20, "test": 40}

    def test_a_page_that_has_changed_is_refused_by_what_changed(self, page: Path, archcli: Archcli) -> None:
        """At its line; a new plan has a folder of its own, and the wording may change."""
        archcli("study", "plan", str(page))
        page.write_text(PAGE.replace("seeds: 2", "seeds: 3\nsmallest_difference: 1 %"))
        outcome = archcli("study", "plan", str(page))
        assert outcome.code == 2
        assert "error[study-changed]" in outcome.err
        assert "`seeds.confirm`, `smallest_difference`" in outcome.err
        assert f"{page}:7:1" in outcome.err
        assert archcli("study", "plan", str(page), "--new").out.splitlines()[-1] == "study-runs/mine-002"
        page.write_text(PAGE.replace("seeds: 2", "seeds: 3\nsmallest_difference: 1 %\nquestion: Well?"))
        assert archcli("study", "plan", str(page)).code == 0

    def test_a_plan_that_knows_fewer_fields_of_recipes_holds(self, page: Path, archcli: Archcli) -> None:
        """One of an earlier version: what it does not know is as by default, and a change of that is a change."""
        archcli("study", "plan", str(page))
        plan = StudyFolder(Path("study-runs/mine-001")).plan

        def of_then(found: dict[str, Any]) -> None:
            for field in ("whiten", "test_time_flip"):
                del found["asked"]["recipe"][field]
            del found["asked"]["recipe"]["optimizer"]["bias_lr_factor"]

        as_earlier_version(plan, of_then)
        again = json.loads(archcli("study", "plan", str(page), "--json").out)
        assert (again["is_new"], again["folder"]) == (False, "study-runs/mine-001")
        page.write_text(PAGE.replace("seeds: 2", "seeds: 2\ngrid: {whiten: [true]}"))
        assert "error[study-changed]" in archcli("study", "plan", str(page)).err

    def test_a_search_without_optuna_is_not_planned(
        self, page: Path, archcli: Archcli, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Rather than found out when its first trials have been trained."""
        search = "seeds: {screen: 1, confirm: 2}\nsearch: {trials: 3, over: {batch_size: [10, 20]}}\n"
        page.write_text(PAGE.replace("seeds: 2\n", search))
        monkeypatch.setitem(sys.modules, "optuna", None)
        outcome = archcli("study", "plan", str(page))
        said = "error: hyperparameters are searched by Optuna, which is not installed"
        assert (outcome.code, outcome.err) == (1, f"{said}\n  help: pip install 'archcli-cnn[studies]'\n")
        assert not Path("study-runs").exists()

    def test_what_is_not_planned_has_no_status(self, page: Path, archcli: Archcli) -> None:
        """And the answer says how to plan it."""
        outcome = archcli("study", "status", str(page))
        assert (outcome.code, "has no plan in study-runs" in outcome.err) == (1, True)
        assert "archcli study plan mine_study.yaml" in outcome.err
        assert archcli("study", "status", ".").err.startswith("error: . is not the folder of a study")

    def test_mistakes_come_before_anything_is_fetched(self, page: Path, archcli: Archcli) -> None:
        """`check` says the same."""
        page.write_text(PAGE.replace("block1.pre", "block3.pre"))
        for command in (("check",), ("study", "plan"), ("study", "run")):
            outcome = archcli(*command, str(page))
            assert outcome.code == 2
            assert "`block3.pre_activation` matches nothing" in outcome.err
        page.write_text(PAGE)
        assert archcli("check", str(page)).out == "mine_study.yaml: ok (mine, a study of 2 networks)\n"


class TestRun:
    """A study that is really trained."""

    @pytest.mark.slow
    def test_every_cell_has_its_answers(
        self, page: Path, archcli: Archcli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """And the same cell the same result, whoever ran it. The measurement is a real one."""
        monkeypatch.undo()
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(pilot, "ENOUGH", 0.01)
        outcome = archcli("study", "run", str(page))
        assert outcome.code == 0, outcome.err
        assert "4 of 4 cells done" in outcome.out
        assert "alexnet_tiny_se_block1_pre_activation, seed 1: done" in outcome.err
        folder = StudyFolder(Path("study-runs/mine-001"))
        results = folder.results()
        for each in results.outcomes:
            assert each.test_correct is not None
            assert each.test_correct.shape == (40,)
            assert each.test_accuracy == each.test_correct.mean()
            place = folder.cell(each.cell)
            assert sorted(path.name for path in place.path.glob("*.safetensors")) == ["best.safetensors"]
        again = results.outcomes[0]
        shutil.rmtree(folder.cell(again.cell).path)
        assert archcli("study", "run", "study-runs/mine-001", "-q").code == 0
        (redone,) = folder.results((again.cell,)).outcomes
        assert redone.test_predictions is not None
        assert redone.test_predictions.tolist() == again.test_predictions.tolist()  # type: ignore[union-attr]  # seen above
        status = json.loads(archcli("study", "status", str(page), "--watch", "--json").out)
        assert status["counts"] == {"done": 4, "running": 0, "waiting": 0, "failed": 0}

    @pytest.mark.slow
    def test_a_search_ends_in_a_report(
        self, page: Path, archcli: Archcli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """Each network has its trials and its own best, and the plan, the lines and the report say so."""
        monkeypatch.undo()
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(pilot, "ENOUGH", 0.01)
        searched = "seeds: {screen: 1, confirm: 2}\nsearch:\n  over: {lr: {low: 0.001, high: 0.03, log: true}}\n"
        searched += "  trials: 5\n  pruner: median\n"
        page.write_text(PAGE.replace("seeds: 2\n", searched).replace("epochs: 1", "epochs: 3"))
        planned = archcli("study", "plan", str(page))
        assert "10 to choose = 2 networks × 5 trials × 1 seed, on the validation split" in planned.out
        assert "search   optimizer.lr 0.001 to 0.03 (logarithmic)" in planned.out
        outcome = archcli("study", "run", str(page))
        assert outcome.code == 0, outcome.err
        assert "14 of 14 cells done" in outcome.out
        folder = StudyFolder(Path("study-runs/mine-001"))
        outcomes = folder.results().outcomes
        assert sum(each.stage == "screen" for each in outcomes) == 10
        assert all(len(each.metrics) == 3 for each in outcomes if not each.is_pruned)
        reported = archcli("report", str(page))
        assert reported.code == 0, reported.err
        text = Path("study-runs/mine-001/report/report.md").read_text()
        assert "10 trials of 2 networks, as many of each" in text
        page.write_text(page.read_text().replace("high: 0.03", "high: 0.05"))
        changed = archcli("study", "run", str(page))
        assert (changed.code, "`search.over.optimizer.lr.high`" in changed.err) == (2, True)

    def test_other_code_is_refused_by_name(self, page: Path, archcli: Archcli) -> None:
        """For its results would be mixed with those that are there."""
        archcli("study", "plan", str(page))
        path = Path("study-runs/mine-001/plan.json")
        as_earlier_version(path, lambda plan: plan["code"].update({"training/loop.py": "0"}))
        outcome = archcli("study", "run", str(page), "-q")
        assert outcome.code == 1
        assert "the training code has changed since the study was planned: training/loop.py" in outcome.err
        assert "--other-code" in outcome.err


class TestClusters:
    """A Dask cluster that somebody else has started."""

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (("--tls", "tls"), "`--tls` is for a Dask cluster that runs"),
            (("--scheduler", "tcp://a:1", "--workers", "2"), "`--workers` are those of this machine"),
            (("--scheduler", ""), "`` is not the address of a Dask scheduler"),
            (("--scheduler", "node1"), "`node1` is not the address of a Dask scheduler"),
            (("--scheduler", "http://node1:1"), "such as tcp://HOST:8786, or tls://HOST:8786"),
        ],
    )
    def test_options_that_make_no_sense_are_answered(
        self, page: Path, archcli: Archcli, options: tuple[str, ...], said: str
    ) -> None:
        """Before anything is planned."""
        outcome = archcli("study", "run", str(page), *options)
        assert (outcome.code, said in outcome.err) == (2, True)
        assert not Path("study-runs").exists()

    def test_one_that_is_not_there_is_said(self, page: Path, archcli: Archcli, monkeypatch: pytest.MonkeyPatch) -> None:
        """With how to start one."""
        monkeypatch.setattr("builder.study.workers.cluster._PATIENCE", 0.2)
        outcome = archcli("study", "run", str(page), "-q", "--scheduler", "tcp://127.0.0.1:1")
        assert outcome.code == 1
        assert "no Dask scheduler can be reached at tcp://127.0.0.1:1" in outcome.err
        assert "start one: dask scheduler" in outcome.err

    def test_a_second_coordinator_is_answered(self, page: Path, archcli: Archcli) -> None:
        """Whichever cluster it would use."""
        archcli("study", "plan", str(page))
        with FileLock("study-runs/mine-001/.lock"):
            outcome = archcli("study", "run", str(page), "-q")
        assert (outcome.code, "is being run by another process" in outcome.err) == (1, True)

    def test_a_budget_is_given_on_the_command_line(self, page: Path, archcli: Archcli) -> None:
        """For the study in all."""
        outcome = archcli("study", "run", str(page), "-q", "--budget", "0.000000000001")
        assert outcome.code == 1
        assert "the budget of 1e-12 hours is used up" in outcome.err


class TestInitialWeights:
    """From one stream for each layer, in studies that are planned from now on."""

    @pytest.mark.slow
    def test_the_plan_and_every_run_say_it(self, page: Path, archcli: Archcli) -> None:
        """And the report's data do."""
        outcome = archcli("study", "run", str(page), "-q")
        assert outcome.code == 0, outcome.err
        folder = Path("study-runs/mine-001")
        plan = json.loads((folder / "plan.json").read_text())
        assert {each["recipe"]["init_streams"] for each in plan["arms"]} == {"by_name"}
        recipes = [path.read_text() for path in folder.glob("cells/*/recipe.yaml")]
        assert len(recipes) == 4
        assert all("init_streams: by_name\n" in each for each in recipes)
        assert archcli("report", str(page)).code == 0
        assert json.loads((folder / "report" / "report.json").read_text())["recipe"]["init_streams"] == "by_name"

    @pytest.mark.parametrize(("said", "code"), [("", 0), (", init_streams: one", 0), (", init_streams: by_name", 2)])
    def test_a_plan_of_an_earlier_version_goes_on_with_one(
        self, page: Path, archcli: Archcli, said: str, code: int
    ) -> None:
        """It said nothing of it, and neither must its page; a page that asks for the other has changed."""
        archcli("study", "plan", str(page))

        def of_then(plan: dict[str, Any]) -> None:
            for recipe in [plan["asked"]["recipe"], *(each["recipe"] for each in plan["arms"])]:
                del recipe["init_streams"]

        as_earlier_version(Path("study-runs/mine-001/plan.json"), of_then)
        page.write_text(PAGE.replace("epochs: 1", "epochs: 1" + said))
        outcome = archcli("study", "plan", str(page))
        assert outcome.code == code, outcome.err
        assert ("`recipe.init_streams`" in outcome.err) == bool(code)


class TestOfAnEarlierVersion:
    """A study that was planned and run by commit 561c7d4, whose list of files was another."""

    @pytest.fixture
    def old(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Give a copy of it, one of its six cells still to be run."""
        monkeypatch.chdir(tmp_path)
        folder = Path(shutil.copytree(KEPT / "study", tmp_path / "study"))
        min(folder.glob("cells/*/result.json")).unlink()
        return folder

    @staticmethod
    def files(folder: Path) -> dict[str, bytes]:
        """Return what lies in a folder."""
        return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}

    def test_going_on_is_refused_by_name(self, old: Path, archcli: Archcli) -> None:
        """With some of what changed, and how many more; nothing is touched."""
        before = self.files(old)
        outcome = archcli("study", "run", str(old), "-q")
        assert (outcome.code, outcome.out) == (1, "")
        assert re.search(r"the training code has changed since the study was planned: .+ and \d+ more", outcome.err)
        assert "plan it again with --new; or continue with --other-code" in outcome.err
        assert self.files(old) == before

    def test_what_is_done_is_read(self, old: Path, archcli: Archcli) -> None:
        """Its status and, from all cells, its report."""
        now = json.loads(archcli("study", "status", str(old), "--json").out)
        assert now["failures"] == []
        shutil.copytree(KEPT / "study", "whole")
        reported = archcli("report", "whole", "-o", "report", "--csv")
        assert reported.code == 0, reported.err
        assert reported.out == (KEPT / "outputs" / "study_report.csv").read_text("utf-8")
        assert archcli("study", "status", "whole", "--json").code == 0
