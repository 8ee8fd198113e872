"""What outcomes say: arms, groups, comparisons and answers from the cells of a plan."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from builder.study.findings import Findings, arm_names, find
from builder.study.plan.plan import PlannedArm
from builder.study.results.folder import Results
from builder.study.results.result import CellFailure, CellResult, Stage
from builder.study.statistics import Design
from tests.study.conftest import make_plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from builder.study.plan.plan import Plan

SEEDS = 4
IMAGES = 2_000
DESIGN = Design(smallest=1.0, seeds=SEEDS)


@dataclass(frozen=True)
class Cell:
    """A planned run."""

    variant: str
    seed: int
    stage: Stage = "confirm"
    settings: Mapping[str, object] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """A name of its own."""
        return f"{self.variant} {self.seed} {self.stage} {dict(self.settings)}"


def cells(
    variants: str, seeds: Sequence[int] = range(SEEDS), stage: Stage = "confirm", **settings: object
) -> list[Cell]:
    """Return the cells of variants named by one letter each, all with the same settings."""
    named = {f"optimizer.{name}": value for name, value in settings.items()}
    return [Cell(variant, seed, stage, named) for seed in seeds for variant in variants]


def outcome(cell: Cell, wrong: int = 100) -> CellResult:
    """Return a result that is wrong about ``wrong`` images, a few more or less."""
    correct = np.ones(IMAGES, dtype=bool)
    correct[np.random.default_rng(cell.seed).permutation(400)[: wrong + cell.seed % 3]] = False
    judged = cell.stage == "confirm"
    return CellResult(
        cell=cell.id,
        variant=cell.variant,
        settings=cell.settings,
        seed=cell.seed,
        stage=cell.stage,
        best_epoch=1,
        val_accuracy=0.9 - wrong / 10_000,
        test_accuracy=float(correct.mean()) if judged else None,
        test_predictions=None,
        test_correct=correct if judged else None,
        metrics=(),
        seconds=1.0,
    )


def failure(cell: Cell) -> CellFailure:
    """Return the end of a run without a result."""
    return CellFailure(cell.id, cell.variant, cell.settings, cell.seed, cell.stage, "the training loss is nan", 3)


def results(outcomes: Sequence[CellResult] = (), failures: Sequence[CellFailure] = ()) -> Results:
    """Return what a study's folder gives, with images that are no groups."""
    return Results(tuple(outcomes), tuple(failures), None)


def found(planned: Sequence[Cell], wrong: Mapping[str, int] | None = None, failed: Sequence[Cell] = ()) -> Findings:
    """Return the findings where every cell that did not fail has a result; ``wrong`` is by variant."""
    outcomes = [outcome(cell, (wrong or {}).get(cell.variant, 100)) for cell in planned if cell not in failed]
    return find(planned, results(outcomes, [failure(cell) for cell in failed]), "A", DESIGN)


class TestArms:
    """Each network with its settings is an arm, and its runs are rows."""

    def test_runs_are_in_the_order_of_the_plan(self) -> None:
        """Whatever the order in which they came."""
        planned = cells("AB")
        shuffled = find(planned, results([outcome(cell) for cell in reversed(planned)]), "A", DESIGN)
        assert [arm.name for arm in shuffled.arms] == ["A", "B"]
        assert shuffled.arms[0].seeds == (0, 1, 2, 3)
        assert shuffled.arms[0].correct.shape == (SEEDS, IMAGES)
        assert [arm.hits.tolist() for arm in shuffled.arms] == [arm.hits.tolist() for arm in found(planned).arms]

    def test_a_run_that_failed_is_counted(self) -> None:
        """It is no row, and its arm knows of it."""
        planned = cells("AB")
        study = found(planned, failed=[planned[1]])
        assert [(arm.n, arm.failed, arm.planned) for arm in study.arms] == [(4, (), 4), (3, (0,), 4)]
        assert [each.message for each in study.failures] == ["the training loss is nan"]
        assert study.answers[0].sentence.endswith("; 1 of the 4 runs of B failed.")

    def test_a_run_that_failed_and_then_ended_well_did_not_fail(self) -> None:
        """It was tried again."""
        planned = cells("AB")
        study = find(planned, results([outcome(cell) for cell in planned], [failure(planned[0])]), "A", DESIGN)
        assert study.failures == ()
        assert study.arms[0].failed == ()

    def test_a_run_that_is_not_there_yet_is_missing(self) -> None:
        """And no answer is given before it is."""
        planned = cells("AB")
        study = find(planned, results([outcome(cell) for cell in planned[:-1]]), "A", DESIGN)
        assert study.missing == 1
        assert study.arms[1].missing == (3,)
        assert study.sentence == "No best is named: the study has not ended, 7 of 8 runs are there."

    def test_results_of_other_studies_are_passed_over(self) -> None:
        """A folder may hold cells that this plan does not know."""
        planned = cells("AB")
        other = [outcome(cell) for cell in cells("C")]
        assert len(find(planned, results(other, [failure(cells("D")[0])]), "A", DESIGN).failures) == 0

    def test_nothing_ran(self) -> None:
        """The first thing that somebody may ask for."""
        assert find(cells("AB"), results(), "A", DESIGN).sentence == (
            "No best is named: the study has not ended, 0 of 8 runs are there."
        )


class TestNames:
    """An arm is called by what varies."""

    @pytest.mark.parametrize(
        ("planned", "names"),
        [
            (cells("AB", [0]), ["A", "B"]),
            (cells("A", [0], lr=0.1) + cells("A", [0], lr=0.01), ["lr=0.1", "lr=0.01"]),
            (cells("A", [0], lr=0.1) + cells("B", [0], lr=0.01), ["A (lr=0.1)", "B (lr=0.01)"]),
            (cells("AB", [0], lr=0.1), ["A", "B"]),
            (cells("A", [0], betas=[0.9, 0.99]) + cells("A", [0], betas=[0.8, 0.99]),
             ["betas=(0.9, 0.99)", "betas=(0.8, 0.99)"]),
        ],
    )  # fmt: skip
    def test_variant_settings_or_both(self, planned: list[Cell], names: list[str]) -> None:
        """A name that is the same everywhere says nothing."""
        assert [arm_names(planned)[cell.id] for cell in planned] == names


class TestGroups:
    """What is compared with what."""

    def test_networks_are_one_group(self) -> None:
        """The base first."""
        (group,) = found(cells("ABC")).groups
        assert (group.name, group.base, len(group.arms)) == ("", "A", 3)

    def test_settings_of_one_network_are_one_group(self) -> None:
        """The first of them, which is the recipe's own, is the base."""
        (group,) = found(cells("A", lr=0.1) + cells("A", lr=0.01)).groups
        assert (group.name, group.base) == ("", "lr=0.1")

    def test_networks_at_several_settings_are_compared_at_the_same(self) -> None:
        """And everything is one family."""
        study = found(cells("ABC", lr=0.1) + cells("ABC", lr=0.01), {"B": 10})
        assert [(group.name, group.base) for group in study.groups] == [
            ("lr=0.1", "A (lr=0.1)"),
            ("lr=0.01", "A (lr=0.01)"),
        ]
        assert len(study.comparisons) == 6
        assert [answer.best for answer in study.answers] == [("B (lr=0.1)",), ("B (lr=0.01)",)]
        assert study.sentence.startswith("lr=0.1: B (lr=0.1) beats all others, ")
        assert " lr=0.01: B (lr=0.01) beats all others, " in study.sentence
        assert {(each.a, each.b) for each in study.to_base} == {
            (f"{variant} ({setting})", f"A ({setting})") for variant in "BC" for setting in ("lr=0.1", "lr=0.01")
        }


class TestStages:
    """A screening chooses, fresh seeds judge."""

    @staticmethod
    def screened(fresh: int = 2) -> Findings:
        """Return a study that screened four networks with two seeds and judges the base and B, from seed ``fresh``."""
        planned = [*cells("ABCD", range(2), "screen"), *cells("AB", range(fresh, fresh + SEEDS))]
        return found(planned, {"A": 100, "B": 20, "C": 150}, failed=[cells("D", range(2), "screen")[0]])

    def test_only_runs_that_confirm_are_judged(self) -> None:
        """Those of the screening are not among them."""
        study = self.screened()
        assert [(arm.name, arm.seeds) for arm in study.arms] == [("A", (2, 3, 4, 5)), ("B", (2, 3, 4, 5))]
        assert len(study.comparisons) == 1
        assert study.answers[0].best == ("B",)

    def test_the_screening_is_told(self) -> None:
        """Who was looked at, what failed, who was chosen."""
        told = {each.name: each for each in self.screened().screening}
        assert [name for name, each in told.items() if each.chosen] == ["A", "B"]
        assert told["B"].mean == pytest.approx(0.898)
        assert (told["D"].failed, len(told["D"].val_accuracies)) == (1, 1)

    def test_settings_may_differ_among_the_chosen(self) -> None:
        """Each network comes with the settings that suit it: all are compared with each other."""
        planned = [
            *cells("AB", [0], "screen", lr=0.1), *cells("AB", [0], "screen", lr=0.01),
            *cells("A", range(1, 5), lr=0.1), *cells("B", range(1, 5), lr=0.01),
        ]  # fmt: skip
        (group,) = found(planned).groups
        assert [arm.name for arm in group.arms] == ["A (lr=0.1)", "B (lr=0.01)"]
        assert group.base == "A (lr=0.1)"

    def test_a_seed_that_chose_does_not_judge(self) -> None:
        """It would be chosen and judged by the same luck."""
        with pytest.raises(ValueError, match="A is to be judged with seed 1, which also selected it"):
            self.screened(fresh=1)

    def test_before_the_choice_there_is_nothing_to_judge(self) -> None:
        """The answer says so."""
        planned = cells("AB", range(2), "screen")
        study = found(planned)
        assert study.arms == ()
        assert [each.chosen for each in study.screening] == [False, False]
        assert study.sentence == "No best is named: no network is judged yet."


class TestPlan:
    """The plan counts on as many comparisons as are made."""

    @pytest.mark.parametrize(
        ("networks", "lengths", "expected"), [(1, 1, 0), (4, 1, 6), (1, 3, 3), (2, 3, 3), (3, 2, 6)]
    )
    def test_it_knows_how_many_there_will_be(self, networks: int, lengths: int, expected: int) -> None:
        """Networks alone, settings alone, and both: then the pairs with the same settings."""
        plan = planned_study(networks, lengths)
        made = find(plan.cells("confirm", plan.arms), results(), "net0", DESIGN)
        assert plan.comparisons == len(made.comparisons) == expected

    def test_after_a_screening_the_chosen_are_compared(self) -> None:
        """The base and two finalists of four networks at three settings."""
        assert replace(planned_study(4, 3), screen_seeds=1, finalists=2).comparisons == 3


def planned_study(networks: int, lengths: int) -> Plan:
    """Return a plan of so many networks, trained for so many different numbers of epochs."""
    plan = make_plan(networks)
    recipe = plan.arms[0].recipe
    arms = [
        PlannedArm(
            each.name,
            {} if lengths == 1 else {"epochs": length},
            recipe.model_copy(update={"epochs": length}),
        )
        for each in plan.networks
        for length in range(1, lengths + 1)
    ]
    return replace(plan, arms=tuple(arms))
