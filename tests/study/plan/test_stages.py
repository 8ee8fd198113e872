"""Plans, their cells, and what follows when a stage has ended."""

from __future__ import annotations

import json
from dataclasses import replace
from time import time
from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import RunError
from builder.study.plan.plan import PlannedArm, read_plan, write_plan
from builder.study.plan.stages import Stages, choose_finalists, choose_survivors
from builder.study.planning import estimate
from builder.study.results.result import CellFailure, CellResult, write_failure, write_result
from builder.study.status import study_status
from tests.edited import as_earlier_version
from tests.study.conftest import make_plan, write_study

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.study.plan.plan import Plan
    from builder.study.results.cells import Cell
    from builder.study.results.folder import StudyFolder


def result(cell: Cell, accuracy: float) -> CellResult:
    """Return a screen's result."""
    return CellResult(
        cell.id, cell.variant, cell.settings, cell.seed, cell.stage, 1, accuracy, None, None, None, (), 2.0
    )


def finalists(plan: Plan, accuracies: Mapping[str, float]) -> list[str]:
    """Return who is chosen where every seed of an arm has its accuracy; an arm without one has failed."""
    cells = plan.cells("screen", plan.arms)
    found = []
    for cell in cells:
        score = accuracies.get(f"{cell.variant}{cell.settings.get('lr', '')}")
        if score is not None:
            found.append(result(cell, score))
    return [f"{arm.variant}{arm.settings.get('lr', '')}" for arm in choose_finalists(plan, plan.arms, found)]


def changed(plan: Plan, **fields: object) -> Plan:
    """Return the plan with other fields in the recipe of each arm."""
    return replace(plan, arms=tuple(replace(arm, recipe=arm.recipe.model_copy(update=fields)) for arm in plan.arms))


class TestPlan:
    """What is written down."""

    def test_it_comes_back_as_it_was_written(self, folder: StudyFolder) -> None:
        """With its recipes and all."""
        assert read_plan(folder.plan) == make_plan()
        folder.plan.write_text("{}")
        with pytest.raises(RunError, match="is not the plan of a study"):
            read_plan(folder.plan)

    def test_the_folder_of_the_images_is_named_as_seen_from_the_study(self, folder: StudyFolder) -> None:
        """Nobody's home is in it, and both can be moved together; a whole path, as of earlier versions, holds."""
        plan = make_plan()
        home = folder.path.parent
        lying = replace(plan, data=replace(plan.data, name="cifar10", folder=str(home / "data")))
        write_plan(folder.plan, lying)
        assert str(home) not in folder.plan.read_text()
        assert read_plan(folder.plan) == lying
        as_earlier_version(folder.plan, lambda found: found["data"].update(folder="/data"))
        assert read_plan(folder.plan).data.folder == "/data"

    def test_a_cell_s_name_says_all_that_decides_its_result(self) -> None:
        """Network, recipe, seed, stage, images and code; not what anything is called."""
        plan = make_plan()
        ids = [each.id for each in plan.cells("confirm", plan.arms)]
        assert len(set(ids)) == 4
        renamed = replace(
            plan, arms=tuple(replace(a, recipe=a.recipe.model_copy(update={"name": "x"})) for a in plan.arms)
        )
        assert [each.id for each in renamed.cells("confirm", renamed.arms)] == ids
        other = replace(plan, world="other images or code")
        assert not {each.id for each in other.cells("confirm", other.arms)} & set(ids)
        slower = replace(
            plan, arms=tuple(replace(a, recipe=a.recipe.model_copy(update={"epochs": 1})) for a in plan.arms)
        )
        assert not {each.id for each in slower.cells("confirm", slower.arms)} & set(ids)

    def test_seeds_that_judge_are_fresh(self) -> None:
        """None of them has chosen."""
        plan = make_plan(2, 3, screen_seeds=2)
        assert {each.seed for each in plan.cells("screen", plan.arms)} == {0, 1}
        assert {each.seed for each in plan.cells("confirm", plan.arms)} == {2, 3, 4}

    def test_the_time_is_of_all_cells_over_the_workers(self) -> None:
        """An image is tested in a third of the time of training it."""
        plan = make_plan(2, 4)
        cell = 0.001 * (8 * (1200 + 300 / 3) + 297 / 3)
        assert plan.seconds_of("net0", plan.base.recipe, "confirm") == pytest.approx(cell)
        assert estimate(plan) == pytest.approx(2 * 4 * cell / 2)


class TestFinalists:
    """Who is judged on the test split."""

    def test_the_base_and_the_best_of_the_others(self) -> None:
        """The base even if it is the worst; equal ones in the order of the plan."""
        plan = make_plan(4, 3, screen_seeds=2, finalists=2)
        scores = {"net0": 0.1, "net1": 0.5, "net2": 0.9, "net3": 0.5}
        assert finalists(plan, scores) == ["net0", "net2", "net1"]

    def test_each_comes_with_the_settings_that_suit_it(self) -> None:
        """The base too, for each had as many trials."""
        plan = make_plan(2, 3, screen_seeds=1)
        arms = tuple(PlannedArm(name, {"lr": rate}, plan.base.recipe.model_copy(update={"epochs": rate}))
                     for name in ("net0", "net1") for rate in (1, 2))  # fmt: skip
        plan = replace(plan, arms=arms)
        assert finalists(plan, {"net01": 0.5, "net02": 0.6, "net11": 0.9, "net12": 0.7}) == ["net02", "net11"]

    def test_of_one_network_other_settings_are_the_rivals(self) -> None:
        """And the recipe's own, which come first, are the base."""
        plan = make_plan(1, 3, screen_seeds=1, finalists=1)
        arms = tuple(
            PlannedArm("net0", {"lr": rate}, plan.base.recipe.model_copy(update={"epochs": rate})) for rate in (1, 2, 3)
        )
        plan = replace(plan, arms=arms)
        assert finalists(plan, {"net01": 0.5, "net02": 0.6, "net03": 0.9}) == ["net01", "net03"]

    def test_one_that_failed_stands_last_and_a_base_that_failed_ends_it(self) -> None:
        """There would be nothing to compare with."""
        plan = make_plan(3, 3, screen_seeds=1, finalists=2)
        assert finalists(plan, {"net0": 0.1, "net2": 0.2}) == ["net0", "net2"]
        with pytest.raises(RunError, match="the base has failed in the screen"):
            finalists(plan, {"net1": 0.1, "net2": 0.2})


class TestSurvivors:
    """Who goes on after a round of a halving."""

    def test_one_with_failed_runs_stands_behind_all_others(self) -> None:
        """Its other runs may be the easy ones."""
        plan = replace(make_plan(4, 3, screen_seeds=2, finalists=1), halving=True)
        cells = plan.cells("screen", plan.arms)
        results = [
            result(cell, 0.1 * int(cell.variant[3:])) for cell in cells if (cell.variant, cell.seed) != ("net3", 1)
        ]
        kept = choose_survivors(plan, plan.arms, results, 2, 2)
        assert [arm.variant for arm in kept] == ["net0", "net2"]

    def test_a_base_that_failed_ends_it(self) -> None:
        """There would be nothing to compare with."""
        plan = replace(make_plan(2, 3, screen_seeds=2, finalists=1), halving=True)
        with pytest.raises(RunError, match="the base has failed in the screening"):
            choose_survivors(plan, plan.arms, [], 1, 1)


class TestStages:
    """What can be run when."""

    def test_the_second_begins_when_the_first_has_ended(self, folder: StudyFolder) -> None:
        """The choice is written down once, and later results of a screen change nothing."""
        plan = make_plan(3, 2, screen_seeds=1)
        write_study(folder, plan)
        stages = Stages(folder, plan)
        first = stages.open_cells()
        assert {each.stage for each in first} == {"screen"}
        assert study_status(folder, plan).later == 2 * 2
        for number, cell in enumerate(first):
            folder.cell(cell.id).path.mkdir(parents=True)
            write_result(folder.cell(cell.id).result, result(cell, number / 10))
        second = stages.open_cells()
        assert [(each.variant, each.seed) for each in second] == [("net0", 1), ("net2", 1), ("net0", 2), ("net2", 2)]
        write_result(folder.cell(first[1].id).result, result(first[1], 1.0))
        assert stages.open_cells() == second

    def test_a_halving_gives_the_better_half_more_seeds(self, folder: StudyFolder) -> None:
        """Rounds are written down as they end; of what is left the best are judged, with seeds that nobody has seen."""
        plan = replace(make_plan(9, 2, screen_seeds=4, finalists=1), halving=True)
        write_study(folder, plan)
        stages = Stages(folder, plan)
        assert [(each.arms, each.cells) for each in plan.rounds] == [(9, 9), (5, 5), (3, 6)]
        seen = []
        while (cells := stages.open_cells()) and cells[0].stage == "screen":
            seen.append({(each.variant, each.seed) for each in cells})
            left = study_status(folder, plan)
            assert sum(left.counts.values()) + left.untried == 20
            assert left.later == 2 * 2
            for cell in cells:
                folder.cell(cell.id).path.mkdir(parents=True)
                write_result(folder.cell(cell.id).result, result(cell, int(cell.variant[3:]) / 10))
        assert seen == [
            {(f"net{number}", 0) for number in range(9)},
            {(f"net{number}", 1) for number in (0, 5, 6, 7, 8)},  # the base goes on, although it is the worst
            {(f"net{number}", seed) for number in (0, 7, 8) for seed in (2, 3)},
        ]
        assert {(each.variant, each.seed) for each in cells} == {(n, s) for n in ("net0", "net8") for s in (4, 5)}
        assert [[arm.variant for arm in each] for each in stages.survivors()] == [
            ["net0", "net5", "net6", "net7", "net8"], ["net0", "net7", "net8"]
        ]  # fmt: skip
        folder.rounds.write_text("[3]")
        with pytest.raises(RunError, match="it should list who went on"):
            stages.known_cells()

    def test_how_it_stands_is_read_from_the_folder(self, folder: StudyFolder) -> None:
        """Done, failed and waiting; the time left goes by how much longer cells take than was planned."""
        plan = make_plan()
        cells = plan.cells("confirm", plan.arms)
        for cell in cells[:2]:
            folder.cell(cell.id).path.mkdir(parents=True)
        write_result(folder.cell(cells[0].id).result, result(cells[0], 0.5))
        write_failure(folder.cell(cells[1].id).failure, CellFailure(cells[1].id, "net1", {}, 0, "confirm", "nan", 3))
        now = study_status(folder, plan)
        assert dict(now.counts) == {"done": 1, "running": 0, "waiting": 2, "failed": 1}
        assert [each.message for each in now.failures] == ["nan"]
        price = plan.seconds_of("net0", cells[0].recipe, "confirm")
        assert now.seconds_left == price  # two, two side by side
        folder.running.write_text(json.dumps({"pace": 1.5}))
        assert price is not None
        assert study_status(folder, plan).seconds_left == pytest.approx(1.5 * price)
        assert not now.is_done
        running = {cells[2].id: {"worker": 0, "epoch": 1}}
        folder.running.write_text(json.dumps({"at": time(), "workers": 1, "running": running}))
        share = 1 - 1 / cells[2].recipe.epochs
        assert study_status(folder, plan).seconds_left == pytest.approx((1 + share) * price), "what it has done is done"
