"""Study folders that nobody trained: results drawn at random from a model whose truth is known."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from builder.lowering import resolved_page
from builder.study.plan.plan import Plan, PlannedArm, PlannedData, PlannedNetwork, StudyQuestion, read_plan, write_plan
from builder.study.plan.stages import Stages
from builder.study.results.cells import write_cell
from builder.study.results.folder import StudyFolder
from builder.study.results.result import (
    CellFailure,
    CellResult,
    TrueLabels,
    write_failure,
    write_result,
    write_true_labels,
)
from builder.study.statistics import WITH, WITHOUT, Factor, Factorial
from builder.training.folder.metrics import EpochMetrics
from builder.training.recipe.recipe import load_recipe
from builder.variants import variants

if TYPE_CHECKING:
    from pathlib import Path

    from builder.study.page.fields import Compare
    from builder.study.page.space import SearchSpace
    from builder.study.results.cells import Cell
    from builder.training.recipe.recipe import Recipe

SPACE = {"gate": {"insert": {"se": {"reduction": 4}}, "among": "block*.pre_activation"}}
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
EPOCHS = 6


@dataclass(frozen=True)
class Truth:
    """How a made-up study is: accuracies by variant, in percent, and which runs fail or are not there.

    ``lost`` are (variant, seed) with the message of a failure, ``open`` those without any result. ``grid`` are choices
    of hyperparameters, each tried with every variant; of a ``search``, those of the first trial. Every third try of a
    search is ended early. ``compare`` and ``factorial`` are the plan's; ``shared`` is the deviation of what the
    runs of one seed have in common, and ``wild`` has the deviation of
    variants that have another. ``stuck`` are runs that learn nothing.
    """

    accuracy: dict[str, float]
    seeds: int = 10
    screen: int = 0
    finalists: int = 2
    images: int = 2000
    spread: float = 0.5
    lost: dict[tuple[str, int], str] = field(default_factory=dict)
    open: tuple[tuple[str, int], ...] = ()
    name: str = "placement"
    question: str | None = "Where does the gate belong?"
    classes: tuple[str, ...] = CLASSES
    grid: tuple[dict[str, object], ...] = ({},)
    search: SearchSpace | None = None
    space: dict[str, object] = field(default_factory=lambda: dict(SPACE))
    compare: Compare | None = None
    factorial: Factorial | None = None
    shared: float = 0.0
    wild: dict[str, float] = field(default_factory=dict)
    looks: tuple[int, ...] = ()
    stuck: tuple[tuple[str, int], ...] = ()


PLAIN = Truth(
    {
        "alexnet_tiny": 82.0,
        "alexnet_tiny_se_block1": 82.2,
        "alexnet_tiny_se_block2": 84.6,
        "alexnet_tiny_se_block1_block2": 84.4,
    }
)


THREE_SPACE = {**SPACE, "shortcut": {"set": {"block*": {"shortcut": ["none", "auto"]}}}}
"""Two places of a gate, and shortcuts around both blocks."""


def three_factors(**changes: object) -> Truth:
    """Return a study of 2 × 2 × 2 networks: a gate behind block 1 is worth nothing, one behind block 2 two points.

    A shortcut is worth 0.8 points, and with it a gate behind block 2 is worth 1.6 points less.
    """
    factors = (
        Factor("se at block1", (WITHOUT, WITH)),
        Factor("se at block2", (WITHOUT, WITH)),
        Factor("block*.shortcut", ("none", "auto")),
    )
    rows, accuracy = [], {}
    for each in variants("alexnet_tiny", THREE_SPACE):
        row = ("block1" in str(each.places), "block2" in str(each.places), bool(each.settings))
        rows.append(tuple(map(int, row)))
        accuracy[each.name] = 82.0 + 2.0 * row[1] + 0.8 * row[2] - 1.6 * row[1] * row[2]
    truth = Truth(accuracy, seeds=6, name="factors", space=THREE_SPACE, compare="effects", shared=0.8)
    return replace(truth, factorial=Factorial(factors, tuple(rows)), **changes)  # type: ignore[arg-type]  # its fields


def make_study(parent: Path, truth: Truth = PLAIN) -> StudyFolder:
    """Write the folder of a study that ended as ``truth`` says."""
    folder = StudyFolder(parent / f"{truth.name}-001")
    folder.networks.mkdir(parents=True)
    plan = _plan(truth)
    for each in variants("alexnet_tiny", truth.space):
        folder.network(each.name).write_text(resolved_page(each.page, each.graph), "utf-8")
    folder.page.write_text(f"name: {truth.name}\nbase: alexnet_tiny\n", "utf-8")
    labels = np.arange(truth.images, dtype=np.uint16) % len(truth.classes)
    write_true_labels(folder.labels, TrueLabels(truth.classes, labels))
    write_plan(folder.plan, plan)
    stages = Stages(folder, plan)
    _end(folder, plan, truth, labels, "screen" if truth.screen else "confirm")
    while truth.screen and not truth.open and stages.open_cells():  # makes a search's next try, or chooses finalists
        _end(folder, plan, truth, labels, "screen" if stages.finalists() is None else "confirm")
    return folder


def go_on(folder: StudyFolder, truth: Truth) -> None:
    """Let the open cells of a study end: those until the next look, or with seeds that were added."""
    plan = read_plan(folder.plan)
    labels = np.arange(truth.images, dtype=np.uint16) % len(truth.classes)
    _end(folder, plan, truth, labels, "confirm")


def _plan(truth: Truth) -> Plan:
    recipe = load_recipe("digits").model_copy(update={"epochs": EPOCHS})
    found = [each for each in variants("alexnet_tiny", truth.space) if each.name in truth.accuracy]
    networks = tuple(
        PlannedNetwork(
            each.name, each.id, each.cost.parameters, each.cost.macs, each.cost.memory, each.places, {}, (), 1e-4
        )
        for each in found
    )
    data = PlannedData("digits", "data", None, None, 32, truth.classes, {"train": 4000, "test": truth.images}, "f1f1")
    return Plan(
        name=truth.name,
        question=StudyQuestion(truth.question, 1.0, 0.5, 0.05, 0.8),
        data=data,
        networks=networks,
        arms=tuple(
            PlannedArm(each.name, values, _with(recipe, values)) for each, values in product(networks, truth.grid)
        ),
        screen_seeds=truth.screen,
        confirm_seeds=truth.seeds,
        finalists=truth.finalists,
        hours=None,
        asked={},
        code={"a.py": "00"},
        world="f1f1 c0c0",
        device="cpu",
        workers=2,
        seconds=60.0,
        search=truth.search,
        compare=truth.compare,
        factorial=truth.factorial,
        looks=truth.looks,
    )


def _with(recipe: Recipe, values: dict[str, object]) -> Recipe:
    """Return the recipe with these values; every path is one of its optimizer's."""
    changed = {path.partition(".")[2]: value for path, value in values.items()}
    return recipe.model_copy(update={"optimizer": recipe.optimizer.model_copy(update=changed)})


def _end(folder: StudyFolder, plan: Plan, truth: Truth, labels: np.ndarray, stage: str) -> None:
    """Write what the cells of a stage ended in."""
    for number, cell in enumerate(Stages(folder, plan).known_cells()):
        if cell.stage != stage or (cell.variant, cell.seed) in truth.open:
            continue
        place = folder.cell(cell.id)
        if place.definition.exists():
            continue
        place.path.mkdir(parents=True)
        write_cell(place.definition, cell)
        (place.path / "environment.json").write_text(json.dumps({"device": "cpu", "packages": {"torch": "2.15.0"}}))
        message = truth.lost.get((cell.variant, cell.seed))
        if message is not None:
            failure = CellFailure(cell.id, cell.variant, cell.settings, cell.seed, cell.stage, message, 2)
            write_failure(place.failure, failure)
        else:
            pruned = truth.search is not None and stage == "screen" and number % 3 == 2
            write_result(place.result, replace(_outcome(cell, truth, labels), is_pruned=pruned))


def _outcome(cell: Cell, truth: Truth, labels: np.ndarray) -> CellResult:
    """Return a run whose errors are its own, with an accuracy near the variant's."""
    settings = "".join(f" {each}" for each in cell.settings.items())
    chance = np.random.default_rng([cell.seed, *f"{cell.variant}{settings}".encode()])
    common = truth.shared * np.random.default_rng([cell.seed, 7]).standard_normal()
    share = (
        truth.accuracy[cell.variant] + common + truth.wild.get(cell.variant, truth.spread) * chance.standard_normal()
    ) / 100
    share = share if (cell.variant, cell.seed) not in truth.stuck else 1 / len(truth.classes)
    wrong = chance.random(len(labels)) > share
    answers = np.where(wrong, (labels + chance.integers(1, 4, len(labels))) % len(truth.classes), labels)
    metrics = tuple(
        EpochMetrics(
            epoch, 2 / epoch, share - 0.4 / epoch, 2.1 / epoch + 0.1 * float(chance.random()),
            share - 0.5 / epoch**2 + 0.01 * float(chance.standard_normal()), 0.01, 1.5,
        )
        for epoch in range(1, EPOCHS + 1)
    )  # fmt: skip
    judged = cell.stage == "confirm"
    is_measured = judged and truth.compare is not None  # else it is as of an earlier version
    loss = 3 * (1 - share)
    return CellResult(
        cell=cell.id,
        variant=cell.variant,
        settings=cell.settings,
        seed=cell.seed,
        stage=cell.stage,
        best_epoch=EPOCHS,
        val_accuracy=metrics[-1].val_accuracy,
        test_accuracy=float((answers == labels).mean()) if judged else None,
        test_predictions=answers.astype(np.uint16) if judged else None,
        test_correct=None,
        metrics=metrics,
        seconds=(clock := 9 + 2 * float(chance.random())),
        processor_seconds=(0.8 + 0.05 * len(cell.variant) / 20) * clock if is_measured else None,
        test_log_loss=loss + 0.01 * float(chance.standard_normal()) if is_measured else None,
        test_calibration_error=loss / 10 if is_measured else None,
    )
