"""Files of a study's folder in which somebody changed a value by hand: each is answered by its name."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.study_of_nothing import make_plan, write_study
from builder.diagnostics import RunError
from builder.study.page.space import NumberRange, SearchSpace
from builder.study.plan.looks import LookedAt, log_look, read_looks
from builder.study.plan.plan import PlannedArm, read_plan
from builder.study.plan.stages import Stages
from builder.study.plan.trials import Trial, Trials, read_trial
from builder.study.results.cells import read_cell, write_cell
from builder.study.results.folder import StudyFolder
from builder.study.results.result import CellFailure, CellResult, read_failure, write_failure, write_result
from tests.edited import as_earlier_version, leaves, with_leaf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Read = Callable[[], object]


def written(path: Path) -> dict[str, tuple[Path, Read]]:
    """Return every file that says what was planned, chosen, looked at or lost, and what reads it."""
    study, plan = StudyFolder(path), replace(make_plan(9, 2, screen_seeds=2, finalists=1), halving=True)
    write_study(study, plan)
    stages = Stages(study, plan)
    while (cells := stages.open_cells())[0].stage == "screen":
        for cell in cells:
            study.cell(cell.id).path.mkdir(parents=True)
            score = int(cell.variant[3:]) / 10
            outcome = (cell.id, cell.variant, cell.settings, cell.seed, cell.stage, 1, score)
            write_result(study.cell(cell.id).result, CellResult(*outcome, None, None, None, (), 2.0))
    judged = study.cell(cells[0].id)
    judged.path.mkdir()
    write_cell(judged.definition, cells[0])
    lost = CellFailure(cells[0].id, cells[0].variant, {}, cells[0].seed, cells[0].stage, "no", 1)
    write_failure(judged.failure, lost)
    log_look(study, 4, [LookedAt("A", "undecided", 0.2, 0.3)])
    search = SearchSpace({"optimizer.lr": NumberRange(0.0001, 0.1, log=True)}, 3, "tpe", "none", 1)
    trials = Trials(study, plan, search)
    trials.keep(Trial(2, PlannedArm("net0", {"optimizer.lr": 0.01}, plan.base.recipe)))
    tried = study.trials / "net0-0002.json"
    return {
        "plan": (study.plan, lambda: read_plan(study.plan)),
        "looks": (study.looks, lambda: read_looks(study)),
        "finalists": (study.finalists, stages.finalists),
        "rounds": (study.rounds, stages.survivors),
        "cell": (judged.definition, lambda: read_cell(judged.definition)),
        "failure": (judged.failure, lambda: read_failure(judged.failure)),
        "trial": (tried, lambda: read_trial(tried, plan)),
    }


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Read]]:
    """Give them, written once."""
    return written(tmp_path_factory.mktemp("studies"))


NAMES = ("plan", "looks", "finalists", "rounds", "cell", "failure", "trial")


def edits(path: Path) -> Iterator[str]:
    """Give the file's text with each of its values changed, one at a time."""
    found = json.loads(path.read_text())
    for place in leaves({name: value for name, value in found.items() if name != "checksum"}):
        yield json.dumps(with_leaf(found, place))


@pytest.mark.parametrize("name", NAMES)
class TestEdited:
    """What was planned and chosen stays as it was written."""

    def test_every_value_of_it(self, files: dict[str, tuple[Path, Read]], name: str) -> None:
        """By the file's checksum, also where the other value would be as good: an error rate, a seed, who went on."""
        path, read = files[name]
        text = path.read_text()
        for changed in edits(path):
            path.write_text(changed)
            with pytest.raises(RunError) as raised:
                read()
            assert str(path) in raised.value.message
            assert raised.value.message.endswith(": a value in it was changed"), changed
        path.write_text(text)
        assert read()

    def test_one_of_an_earlier_version_is_read(self, files: dict[str, tuple[Path, Read]], name: str) -> None:
        """Which wrote no checksum, and the lists bare."""
        path, read = files[name]
        text, said = path.read_text(), read()
        as_earlier_version(path)
        found = json.loads(path.read_text())
        bare: Any = found[name] if name in {"looks", "finalists", "rounds"} else found
        path.write_text(json.dumps(bare))
        assert read() == said
        path.write_text(text)
