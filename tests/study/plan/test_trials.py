"""The trials of a search in a study's folder."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import RunError
from builder.study.page.space import NumberRange, SearchSpace, ValueList
from builder.study.plan.stages import Stages
from builder.study.plan.trials import Trials, read_trial
from builder.study.results.result import CellFailure, CellResult, write_failure, write_result
from builder.study.status import study_status
from builder.training.folder.metrics import EpochMetrics
from tests.study.conftest import make_plan, write_study

if TYPE_CHECKING:
    from builder.study.page.fields import Pruner
    from builder.study.plan.plan import Plan
    from builder.study.results.cells import Cell
    from builder.study.results.folder import StudyFolder

pytest.importorskip("optuna", reason="needs the extra `search`")


def searching(networks: int = 2, trials: int = 3, pruner: Pruner = "none", screen: int = 1) -> Plan:
    """Return the plan of a search for a rate."""
    search = SearchSpace({"optimizer.lr": NumberRange(0.0001, 0.1, log=True)}, trials, "tpe", pruner, 1)
    plan = make_plan(networks, 2, screen_seeds=screen, search=search)
    own = {"optimizer.lr": plan.base.recipe.optimizer.lr}
    return replace(plan, arms=tuple(replace(each, settings=own) for each in plan.arms))


def end(folder: StudyFolder, cell: Cell, accuracy: float, *, pruned: bool = False, epochs: int = 4) -> None:
    """Write the result of a cell."""
    place = folder.cell(cell.id)
    place.path.mkdir(parents=True, exist_ok=True)
    rows = tuple(EpochMetrics(each, 1.0, 0.5, 1.0, accuracy * each / epochs, 0.1, 1.0) for each in range(1, epochs + 1))
    outcome = CellResult(
        cell.id,
        cell.variant,
        cell.settings,
        cell.seed,
        cell.stage,
        epochs,
        accuracy,
        None,
        None,
        None,
        rows,
        1.0,
        pruned,
    )
    write_result(place.result, outcome)


@pytest.fixture
def plan(folder: StudyFolder) -> Plan:
    """Give the plan of a search of two networks, in its folder."""
    plan = searching()
    write_study(folder, plan)
    return plan


@pytest.fixture
def trials(folder: StudyFolder, plan: Plan) -> Trials:
    """Give its trials."""
    found = Stages(folder, plan).trials
    assert found is not None
    return found


class TestTries:
    """Which there are."""

    def test_the_first_of_each_network_is_there_from_the_beginning(self, trials: Trials) -> None:
        """With the recipe's own values, and no file of its own."""
        assert [(each.number, each.arm.variant) for each in trials.known()] == [(1, "net0"), (1, "net1")]
        assert not trials.folder.trials.exists()

    def test_networks_take_turns_until_each_has_had_as_many(self, trials: Trials) -> None:
        """The one with the fewest comes next."""
        added = [trials.add() for _ in range(5)]
        assert [each.name if each else None for each in added] == [
            "net0-0002", "net1-0002", "net0-0003", "net1-0003", None
        ]  # fmt: skip
        assert [each.number for each in trials.known()] == [1, 1, 2, 2, 3, 3]

    def test_one_is_written_down_and_read_again(self, trials: Trials) -> None:
        """With its recipe, which says what its settings do."""
        new = trials.add()
        assert new is not None
        assert new.arm.recipe.optimizer.lr == new.arm.settings["optimizer.lr"]
        path = trials.folder.trials / "net0-0002.json"
        assert read_trial(path, trials.plan) == new

    def test_a_file_that_is_no_try_is_said(self, trials: Trials) -> None:
        """By its path."""
        trials.add()
        (trials.folder.trials / "net0-0002.json").write_text("{}")
        with pytest.raises(RunError, match=r"net0-0002\.json is damaged; it should describe a trial"):
            trials.known()

    def test_a_network_without_anything_new_leaves_the_turn_to_others(self, folder: StudyFolder) -> None:
        """Of two values there are two trials."""
        plan = searching(2, 9)
        own = plan.base.settings["optimizer.lr"]
        assert plan.search is not None
        plan = replace(plan, search=replace(plan.search, space={"optimizer.lr": ValueList((own, 0.5))}))
        found = Trials(folder, plan, plan.search)
        assert [each.name if each else None for each in (found.add(), found.add(), found.add())] == [
            "net0-0002", "net1-0002", None
        ]  # fmt: skip


class TestStages:
    """How a search becomes a choice."""

    def test_tries_are_made_as_workers_want_them(self, folder: StudyFolder, plan: Plan) -> None:
        """Never more at once, for each is chosen by the results of those before; in the end the best are finalists."""
        stages = Stages(folder, plan)
        assert len(stages.open_cells(2)) == 2
        assert len(stages.open_cells(3)) == 3
        ended = 0
        while (cells := stages.open_cells(3)) and cells[0].stage == "screen":
            assert len(cells) <= 3
            end(folder, cells[0], 0.5 + ended / 100)
            ended += 1
        assert ended == 2 * 3
        assert {(each.variant, each.stage) for each in cells} == {("net0", "confirm"), ("net1", "confirm")}
        best = {each.variant: each.settings for each in stages.finalists() or ()}
        last = {each.arm.variant: each.arm.settings for each in stages.trials.known()} if stages.trials else {}
        assert best == last

    def test_one_that_was_ended_early_is_not_chosen_before_others(self, folder: StudyFolder, plan: Plan) -> None:
        """However well its few epochs went."""
        stages = Stages(folder, plan)
        number = 0
        while (cells := stages.open_cells()) and cells[0].stage == "screen":
            for cell in cells:
                first = cell.settings == plan.base.settings
                end(folder, cell, 0.3 if first else 0.9, pruned=not first)
            number += 1
        assert [each.settings for each in stages.finalists() or ()] == [plan.base.settings] * 2

    def test_what_is_not_tried_yet_is_counted(self, folder: StudyFolder, plan: Plan) -> None:
        """By `status`, with a row for all trials of a network."""
        stages = Stages(folder, plan)
        for cell in stages.open_cells():
            end(folder, cell, 0.5)
        stages.open_cells()
        now = study_status(folder, plan)
        assert (now.untried, now.later, now.cells, now.is_done) == (3, 4, 10, False)
        assert [(each.variant, each.settings, sum(each.counts.values())) for each in now.rows] == [
            ("net0", {}, 2), ("net1", {}, 1)
        ]  # fmt: skip


class TestHopeless:
    """Which cells are ended early."""

    def fill(self, folder: StudyFolder, plan: Plan) -> tuple[Trials, Cell]:
        """Return the trials of one network, of which three went well, and the cell of a fourth."""
        write_study(folder, plan)
        stages = Stages(folder, plan)
        for _ in range(3):
            end(folder, stages.open_cells()[0], 0.9)
        assert stages.trials is not None
        return stages.trials, stages.open_cells()[0]

    def test_one_is_judged_by_the_others_of_its_network(self, folder: StudyFolder) -> None:
        """From what lies in their cells."""
        trials, cell = self.fill(folder, searching(1, 5, "median"))
        assert trials.is_hopeless(cell, (0.1, 0.1))
        assert not trials.is_hopeless(cell, (0.3, 0.6))

    def test_a_half_written_row_of_another_is_no_reason_to_fail(self, folder: StudyFolder) -> None:
        """Another process may be writing it."""
        trials, cell = self.fill(folder, searching(1, 6, "median"))
        trials.add()
        other = Stages(folder, trials.plan).open_cells()[1]
        folder.cell(other.id).path.mkdir(parents=True)
        folder.cell(other.id).metrics.write_text("epoch,train_loss\n1,0.")
        assert trials.is_hopeless(cell, (0.1, 0.1))

    def test_one_that_failed_counts_for_nothing(self, folder: StudyFolder) -> None:
        """But it was a trial."""
        plan = searching(1, 5, "median")
        write_study(folder, plan)
        stages = Stages(folder, plan)
        for _ in range(3):
            cell = stages.open_cells()[0]
            folder.cell(cell.id).path.mkdir(parents=True)
            write_failure(
                folder.cell(cell.id).failure,
                CellFailure(cell.id, cell.variant, cell.settings, cell.seed, cell.stage, "oh", 3),
            )
        assert stages.trials is not None
        cell = stages.open_cells()[0]
        assert not stages.trials.is_hopeless(cell, (0.1,))
        assert len(stages.arms()) == 4
