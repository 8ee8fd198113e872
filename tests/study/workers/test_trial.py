"""One cell, trained as ``archcli train`` would train it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import load_file

import builder
from benchmarks.study_of_nothing import context_of_nothing
from builder.diagnostics import ArchError, RunError
from builder.identity import graph_id
from builder.ops import OPERATIONS
from builder.runs.open import open_run
from builder.runs.prepare import Shared
from builder.study.results.cells import make_cell
from builder.study.results.folder import StudyFolder
from builder.study.workers import trial
from builder.study.workers.trial import Pruned, run_cell
from builder.training import trainer
from builder.training.evaluation.evaluate import Evaluation
from builder.training.folder.failure import DivergedError
from builder.training.folder.header import RunHeader, read_checkpoint_record
from builder.training.interrupts import Interrupted
from builder.training.progress import EpochDone, EpochStarted
from builder.training.recipe.optimizer import Sgd
from builder.training.recipe.recipe import Recipe
from builder.training.speed.benchmark import random_images
from tests.study.conftest import make_plan, write_study
from tests.study.plan.test_trials import searching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.study.page.space import Pruner
    from builder.study.results.cells import Cell
    from builder.study.results.result import CellResult, Stage
    from builder.training.data.dataset import DataSet
    from builder.training.progress import Progress

SMALL = graph_id(builder.load("alexnet_tiny", classes=2))
"""The network of every cell here, whose page is written into its folder."""

RECIPE = Recipe(name="r", epochs=1, batch_size=32, optimizer=Sgd(name="sgd", lr=0.1))


ONE_VALUE = """\
name: small
input: [3, 32, 32]
classes: 2
layers: [{conv: {out: 8, kernel: 32}}, batchnorm, flatten, {linear: {out: $classes}}]
"""


class Watched:
    """Takes note of how far a cell is; lets it train so many epochs, and be stopped after so many batches."""

    def __init__(self, epochs: int = 99, stop: float = 99.0) -> None:
        """Take note of nothing yet."""
        self.epochs, self.stop = epochs, stop
        self.seen: list[float] = []
        self.curves: list[int] = []

    def look(self, done: float) -> None:
        """Take note, and stop."""
        self.seen.append(done)
        if done >= self.stop:
            raise Interrupted(15, "stopped", Path())

    def goes_on(self, curve: Sequence[float]) -> bool:
        """Return whether a trial goes on."""
        self.curves.append(len(curve))
        return len(curve) < self.epochs


def stop_after_one_epoch(event: Progress) -> None:
    """Raise an error, as an accident would."""
    if isinstance(event, EpochDone) and event.metrics.epoch == 1:
        raise ZeroDivisionError


def shared(images: DataSet) -> Shared:
    """Return what the cells of a study share that has these images."""
    return Shared(images, torch.device("cpu"), OPERATIONS)


class TestPruned:
    """A trial that is ended after an epoch, because it promises nothing."""

    @pytest.fixture
    def cell(self, tmp_path: Path) -> Cell:
        """Give a cell of three epochs, with its page in a folder."""
        (tmp_path / "page.yaml").write_text("name: small\nextends: alexnet_tiny\nclasses: 2\n")
        recipe = RECIPE.model_copy(update={"epochs": 3, "size": 32, "batch_size": 8, "validation": 8})
        return make_cell("small", SMALL, {}, recipe, 0, "screen", "w")

    def test_its_result_is_that_of_the_epochs_it_had(self, cell: Cell, tmp_path: Path) -> None:
        """It is a result and no failure, and says what it is."""

        def end_after_two(event: Progress) -> None:
            if isinstance(event, EpochDone) and event.metrics.epoch == 2:
                raise Pruned

        outcome = run_cell(cell, tmp_path, shared(random_images(32, 3, 2)), end_after_two)
        assert outcome.is_pruned
        assert [each.epoch for each in outcome.metrics] == [1, 2]
        assert outcome.val_accuracy == max(each.val_accuracy for each in outcome.metrics)
        assert outcome.test_accuracy is None

    def test_a_subset_is_of_what_is_left_beside_validation(self, cell: Cell, tmp_path: Path) -> None:
        """16 images are trained on in two batches; 8 of 32 validate."""
        seen: list[int] = []
        images = replace(shared(random_images(32, 3, 2)), subset=16)
        run_cell(
            cell, tmp_path, images, lambda event: seen.append(event.steps) if isinstance(event, EpochStarted) else None
        )
        assert seen == [2, 2, 2]

    def test_one_that_nobody_ends_is_whole(self, cell: Cell, tmp_path: Path) -> None:
        """The control."""
        outcome = run_cell(cell, tmp_path, shared(random_images(32, 3, 2)), lambda _: None)
        assert (outcome.is_pruned, len(outcome.metrics)) == (False, 3)

    @pytest.mark.parametrize("ended", [True, False])
    def test_it_is_judged_by_the_epoch_that_the_recipe_selects(
        self, cell: Cell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, ended: bool
    ) -> None:
        """The last one's accuracy counts, also of a trial that was ended; the best epoch stays the best."""
        last = replace(cell, recipe=cell.recipe.model_copy(update={"selection": "last"}))
        falling = iter((0.9, 0.5, 0.7))

        def judged(*found: object) -> Evaluation:
            right = round(10 * next(falling))
            return Evaluation(1.0, ((right, 10 - right), (0, 0)))

        def end_after_two(event: Progress) -> None:
            if ended and isinstance(event, EpochDone) and event.metrics.epoch == 2:
                raise Pruned

        monkeypatch.setattr(trainer, "evaluate_batches", judged)
        outcome = run_cell(last, tmp_path, shared(random_images(32, 3, 2)), end_after_two)
        assert (outcome.best_epoch, outcome.val_accuracy) == (1, 0.5 if ended else 0.7)


class TestGoingOn:
    """A cell that is run again goes on as it was begun."""

    @pytest.fixture
    def cell(self, tmp_path: Path) -> Cell:
        """Give a cell of one epoch that was run, with its page in a folder."""
        (tmp_path / "page.yaml").write_text("name: small\nextends: alexnet_tiny\nclasses: 2\n")
        recipe = RECIPE.model_copy(update={"size": 32, "batch_size": 8, "validation": 8})
        cell = make_cell("small", SMALL, {}, recipe, 0, "screen", "w")
        run_cell(cell, tmp_path, shared(random_images(32, 3, 2)), lambda _: None)
        return cell

    def test_its_checkpoints_say_of_which_network_they_are(self, cell: Cell, tmp_path: Path) -> None:
        """As those of any run do."""
        record = read_checkpoint_record(tmp_path / "best.safetensors")
        assert record is not None
        assert RunHeader.of(record).network == graph_id(builder.load(tmp_path / "page.yaml"))

    def test_a_page_that_became_another_network_is_refused(self, cell: Cell, tmp_path: Path) -> None:
        """Its checkpoint would be gone on with in another network, where the weights fit."""
        (tmp_path / "page.yaml").write_text(
            "name: small\nextends: alexnet_tiny\nclasses: 2\nset:\n  block1: {shortcut: auto}\n"
        )
        with pytest.raises(RunError, match="is no longer the network that this run trained"):
            run_cell(cell, tmp_path, shared(random_images(32, 3, 2)), lambda _: None)

    def test_stopped_in_the_middle_it_comes_to_the_same_result(self, tmp_path: Path) -> None:
        """Bit for bit."""
        recipe = RECIPE.model_copy(update={"epochs": 2, "size": 32, "batch_size": 8, "validation": 8})
        cell = make_cell("small", SMALL, {}, recipe, 0, "confirm", "w")
        images = shared(replace(random_images(32, 3, 2), test=random_images(16, 3, 2).train))
        found = []
        for name in ("whole", "stopped"):
            folder = tmp_path / name
            folder.mkdir()
            (folder / "page.yaml").write_text("name: small\nextends: alexnet_tiny\nclasses: 2\n")
            if name == "stopped":
                with pytest.raises(ZeroDivisionError):
                    run_cell(cell, folder, images, stop_after_one_epoch)
            ended = run_cell(cell, folder, images, lambda _: None)
            assert (ended.processor_seconds is None) == (name == "stopped")  # of a part only, it would be too little
            assert ended.test_log_loss is not None
            assert ended.test_log_loss > 0
            assert ended.test_calibration_error is not None
            assert 0 <= ended.test_calibration_error <= 1
            found.append(load_file(folder / "best.safetensors"))
        assert found[0].keys() == found[1].keys()
        assert all(torch.equal(found[0][key], found[1][key]) for key in found[0])

    def test_another_network_than_the_plan_s_is_not_begun(self, tmp_path: Path) -> None:
        """Its result would be found under the name of the planned one."""
        (tmp_path / "page.yaml").write_text(
            "name: small\nextends: alexnet_tiny\nclasses: 2\nset:\n  block1: {shortcut: auto}\n"
        )
        recipe = RECIPE.model_copy(update={"size": 32, "batch_size": 8, "validation": 8})
        cell = make_cell("small", SMALL, {}, recipe, 0, "screen", "w")
        with pytest.raises(RunError, match=r"page\.yaml is not the network small of the plan"):
            run_cell(cell, tmp_path, shared(random_images(32, 3, 2)), lambda _: None)
        assert not (tmp_path / "recipe.yaml").exists()

    def test_a_cell_of_another_size_goes_on_and_is_a_run_like_any(self, tmp_path: Path) -> None:
        """A grid may give each cell images of its own size, which is not that of the study's page."""
        (tmp_path / "page.yaml").write_text("name: small\nextends: alexnet_tiny\nclasses: 2\n")
        recipe = RECIPE.model_copy(update={"epochs": 2, "size": 64, "batch_size": 8, "validation": 8})
        cell = make_cell("small", SMALL, {}, recipe, 0, "screen", "w")
        with pytest.raises(ZeroDivisionError):
            run_cell(cell, tmp_path, shared(random_images(32, 3, 2)), stop_after_one_epoch)
        assert len(run_cell(cell, tmp_path, shared(random_images(32, 3, 2)), lambda _: None).metrics) == 2
        assert open_run(tmp_path).graph.input.sizes == (3, 64, 64)

    def test_a_batch_of_one_is_answered_at_its_place_in_the_page(self, cell: Cell, tmp_path: Path) -> None:
        """As `archcli train` answers it."""
        place = tmp_path / "other"
        place.mkdir()
        (place / "page.yaml").write_text(ONE_VALUE)
        recipe = cell.recipe.model_copy(update={"batch_size": 1})
        with pytest.raises(ArchError, match="in a batch of one image has one value per channel"):
            run_cell(replace(cell, recipe=recipe), place, shared(random_images(32, 3, 2)), lambda _: None)


class TestDiverged:
    """A trial whose loss is not finite, which is what a search is there to find out."""

    def result(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *, searched: bool, stage: Stage) -> CellResult:
        """Return what a cell comes to whose rate is far too high."""
        plan = searching(1, 3) if searched else make_plan(1, 2, screen_seeds=1)
        study = StudyFolder(folder / "study")
        write_study(study, plan)
        place = folder / "cell"
        place.mkdir()
        (place / "page.yaml").write_text("name: small\nextends: alexnet_tiny\nclasses: 2\n")
        monkeypatch.setattr(trial, "load_shared", lambda *_: random_images(64, 3, 2))
        fingerprint = random_images(64, 3, 2).fingerprint
        plan = replace(plan, data=replace(plan.data, fingerprint=fingerprint))
        recipe = RECIPE.model_copy(update={"epochs": 3, "size": 32, "batch_size": 8, "validation": 8})
        recipe = recipe.model_copy(update={"optimizer": Sgd(name="sgd", lr=1000.0, momentum=0.99)})
        cell = make_cell("small", SMALL, {}, recipe, 0, stage, "w")
        return trial.trainer(context_of_nothing(study, plan), (), 0)(cell, place, Watched())

    def test_it_is_the_worst_of_all_results(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """And no failure: it is not tried again, and the study does not end with 1."""
        outcome = self.result(tmp_path, monkeypatch, searched=True, stage="screen")
        assert (outcome.is_diverged, outcome.val_accuracy, outcome.metrics) == (True, 0.0, ())

    @pytest.mark.parametrize(("searched", "stage"), [(False, "screen"), (True, "confirm")])
    def test_anywhere_else_it_is_a_failure(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, searched: bool, stage: Stage
    ) -> None:
        """A variant that fails is never dropped."""
        with pytest.raises(DivergedError, match="the loss is"):
            self.result(tmp_path, monkeypatch, searched=searched, stage=stage)


class TestWatched:
    """A cell that somebody watches."""

    @pytest.fixture
    def images(self, monkeypatch: pytest.MonkeyPatch) -> DataSet:
        """Give what every cell is trained with."""
        found = replace(random_images(32, 3, 2), test=random_images(16, 3, 2).train)
        monkeypatch.setattr(trial, "load_shared", lambda *_: found)
        return found

    def train(self, folder: Path, images: DataSet, watch: Watched, *, pruner: Pruner = "none") -> CellResult:
        """Return what a trial of three epochs comes to."""
        plan = searching(1, 3)
        assert plan.search is not None
        data, search = replace(plan.data, fingerprint=images.fingerprint), replace(plan.search, pruner=pruner)
        plan = replace(plan, data=data, search=search)
        study, place = StudyFolder(folder / "study"), folder / "cell"
        write_study(study, plan)
        place.mkdir(parents=True, exist_ok=True)
        (place / "page.yaml").write_text("name: small\nextends: alexnet_tiny\nclasses: 2\n")
        recipe = RECIPE.model_copy(update={"epochs": 3, "size": 32, "batch_size": 8, "validation": 8})
        cell = make_cell("small", SMALL, {}, recipe, 0, "screen", "w")
        return trial.trainer(context_of_nothing(study, plan), (), 0)(cell, place, watch)

    def test_it_says_how_far_it_is_after_every_batch(self, tmp_path: Path, images: DataSet) -> None:
        """In epochs; four batches of training make one."""
        watch = Watched()
        self.train(tmp_path, images, watch)
        assert watch.seen == sorted(watch.seen)
        assert {0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 3.0} <= {*watch.seen}

    def test_stopped_anywhere_it_is_saved_and_goes_on_to_the_same_result(self, tmp_path: Path, images: DataSet) -> None:
        """As after Ctrl-C; nothing that was done is done again."""
        whole = self.train(tmp_path / "a", images, Watched())
        with pytest.raises(Interrupted):
            self.train(tmp_path / "b", images, Watched(stop=1.5))
        again = Watched()
        parts = self.train(tmp_path / "b", images, again)
        assert {1.5, 1.75} <= {*again.seen}
        assert not {0.25, 1.25} & {*again.seen}
        assert [replace(each, seconds=0) for each in parts.metrics] == [
            replace(each, seconds=0) for each in whole.metrics
        ]

    def test_a_trial_of_a_search_that_prunes_asks_after_every_epoch_but_the_last(
        self, tmp_path: Path, images: DataSet
    ) -> None:
        """And is ended where it is told so."""
        watch = Watched()
        assert not self.train(tmp_path / "a", images, watch, pruner="median").is_pruned
        assert watch.curves == [1, 2]
        ended = self.train(tmp_path / "b", images, Watched(epochs=2), pruner="median")
        assert (ended.is_pruned, len(ended.metrics)) == (True, 2)
