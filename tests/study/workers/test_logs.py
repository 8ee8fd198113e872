"""What a study's cells tell loggers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from benchmarks.study_of_nothing import context_of_nothing
from builder.diagnostics import ArchError
from builder.study.results.cells import make_cell
from builder.study.results.folder import StudyFolder
from builder.study.workers import trial
from builder.study.workers.context import StudyContext
from builder.study.workers.logs import load_study_logs, run_name
from builder.training.recipe.optimizer import Sgd
from builder.training.recipe.recipe import Recipe
from builder.training.speed.benchmark import random_images
from tests.study.conftest import make_plan, write_study
from tests.study.workers.test_trial import SMALL, Watched

if TYPE_CHECKING:
    from pathlib import Path

    from builder.study.results.cells import Cell

RECIPE = Recipe(name="r", epochs=2, batch_size=8, optimizer=Sgd(name="sgd", lr=0.1))
LOGGER = """\
import json


class Logger:
    def __init__(self, run):
        self.file = run.logs.parent.parent / "told.jsonl"
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.say("begin", run.name, run.group, run.settings["network"])

    def say(self, *what):
        with self.file.open("a") as file:
            file.write(json.dumps(what) + "\\n")

    def __call__(self, event):
        if type(event).__name__ == "EpochDone":
            self.say("epoch", event.metrics.epoch)

    def close(self, summary):
        self.say("end", summary.test_accuracy if summary else None)
"""


def cell_of(stage: str = "confirm") -> Cell:
    """Return a cell of two epochs."""
    recipe = RECIPE.model_copy(update={"size": 32, "validation": 8})
    return make_cell("small", SMALL, {}, recipe, 3, stage, "w")  # type: ignore[arg-type]  # one of two


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudyFolder:
    """Return a study with the folder of a cell, and let all cells have few random images."""
    images = random_images(32, 3, 2)
    images = replace(images, test=images.train)
    monkeypatch.setattr(trial, "load_shared", lambda *_: images)
    plan = make_plan()
    folder = StudyFolder(tmp_path / "study")
    write_study(folder, replace(plan, data=replace(plan.data, fingerprint=images.fingerprint)))
    place = folder.cell(cell_of().id).path
    place.mkdir(parents=True)
    (place / "page.yaml").write_text("name: small\nextends: alexnet_tiny\nclasses: 2\n")
    return folder


def run(study: StudyFolder, logs: dict[str, str], watch: Watched | None = None) -> None:
    """Train the cell."""
    plan = make_plan()
    images = trial.load_shared("", study.path, None, None)  # those of the fixture
    plan = replace(plan, data=replace(plan.data, fingerprint=images.fingerprint))
    context = replace(context_of_nothing(study, plan), logs=logs)
    context = StudyContext.of(context.to_text())  # as a worker gets it
    trial.trainer(context, (), 0)(cell_of(), study.cell(cell_of().id).path, watch or Watched())


class TestStudyLogs:
    """Each cell is a run."""

    def test_a_logger_is_told_of_a_cell_as_of_a_run(self, study: StudyFolder) -> None:
        """With the study as its group, and the test's accuracy at the end."""
        run(study, {"mine.py": LOGGER})
        said = [json.loads(line) for line in (study.path / "logs" / "told.jsonl").read_text().splitlines()]
        assert said[:3] == [["begin", "small/seed-3", "study", "small"], ["epoch", 1], ["epoch", 2]]
        assert said[3][0] == "end"
        assert 0 <= said[3][1] <= 1

    def test_tensorboard_has_a_folder_for_each_network_and_seed(self, study: StudyFolder) -> None:
        """Below the study's, so that one command shows all."""
        pytest.importorskip("tensorboard")
        run(study, {"tensorboard": ""})
        assert list((study.path / "logs" / "small" / "seed-3").glob("events.out.tfevents.*"))

    def test_a_file_without_a_logger_is_answered(self) -> None:
        """Before any cell begins."""
        with pytest.raises(ArchError, match=r"`mine\.py` defines no logger"):
            load_study_logs({"mine.py": "x = 1\n"})

    def test_cells_are_called_by_what_they_are(self) -> None:
        """Settings and stage too; nothing in a name is a place elsewhere."""
        cell = replace(cell_of("screen"), variant="a/../b", settings={"optimizer.lr": 0.1, "size": {"from": 1}})
        assert run_name(cell) == "a_.._b,lr=0.1,size=__from___1_/screen-3"
