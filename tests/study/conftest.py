"""Studies that cost nothing: plans that nobody measured, with networks that nobody builds."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.study.plan.plan import Plan, PlannedArm, PlannedData, PlannedNetwork, StudyQuestion, write_plan
from builder.study.plan.stages import Stages
from builder.study.results.folder import StudyFolder
from builder.study.workers.engine import Engine, Limits
from builder.training.recipe.recipe import load_recipe

if TYPE_CHECKING:
    from collections.abc import Callable

WORKER = Path(__file__).parent / "fake_worker.py"
FAST = Limits(attempts=3, deaths=5, starting=60, silence=60, stopping=20, busy=0.1)


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
    return replace(plan, **changes)  # type: ignore[arg-type]  # a test's own fields


def write_study(folder: StudyFolder, plan: Plan) -> None:
    """Write what a planned study has."""
    folder.networks.mkdir(parents=True, exist_ok=True)
    for each in plan.networks:
        folder.network(each.name).write_text(f"name: {each.name}\n")
    write_plan(folder.plan, plan)


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    """Give the folder of a study of two networks with two seeds."""
    study = StudyFolder(tmp_path / "tiny-001")
    write_study(study, make_plan())
    return study


@pytest.fixture
def engine(folder: StudyFolder) -> Callable[..., Engine]:
    """Give what makes an engine whose workers behave as a test says."""

    def make(behaviour: str = "well", plan: Plan | None = None, workers: int = 2, **options: object) -> Engine:
        stages = Stages(folder, plan or make_plan())
        start = [sys.executable, str(WORKER), str(folder.path), behaviour]
        more = partial(stages.open_cells, workers)
        options = {"limits": FAST} | options
        return Engine(folder, more, lambda number: [*start, str(number)], workers, **options)  # type: ignore[arg-type]  # a test's own options

    return make
