"""``archcli study --plugin``: networks with operations of one's own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.study import pilot
from builder.study.results.folder import StudyFolder

if TYPE_CHECKING:
    from tests.command_line import Archcli

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
PAGE = """\
name: own
base: alexnet_tiny
variants:
  gate: {insert: gct, at: block1.pre_activation}
data: {name: digits, subset: 100, test: 40}
set: {size: 32, epochs: 1, batch_size: 20, validation: 20, lr: 0.003}
seeds: 1
"""
WITH = ("--plugin", "gct.py")


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, archcli: Archcli) -> StudyFolder:
    """Give a study that was planned with a plugin, and a measurement that takes no time."""
    shutil.copy(EXAMPLES / "gct.py", tmp_path)
    (tmp_path / "own.yaml").write_text(PAGE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pilot.Pilot, "seconds", lambda _, page: 0.001)
    outcome = archcli("study", "plan", "own.yaml", *WITH)
    assert outcome.code == 0, outcome.err
    return StudyFolder(Path("study-runs/own-001"))


class TestPlugins:
    """They are named every time; nothing that lies in a folder is run by itself."""

    def test_the_plan_keeps_a_copy_and_its_digest(self, planned: StudyFolder) -> None:
        """So that who reads the report can read the operation too, and another one is another study."""
        assert (planned.plugins / "gct.py").read_text() == Path("gct.py").read_text()
        assert "plugin gct.py" in json.loads(planned.plan.read_text())["code"]

    def test_without_it_a_page_that_calls_it_is_wrong(self, planned: StudyFolder, archcli: Archcli) -> None:
        """At its line, as on a page; `check` knows it with the plugin."""
        outcome = archcli("study", "run", "own.yaml")
        assert outcome.code == 2
        assert "gct" in outcome.err
        assert "own.yaml:4" in outcome.err
        assert archcli("check", "own.yaml", *WITH).out == "own.yaml: ok (own, a study of 2 networks)\n"

    def test_a_folder_is_run_with_the_same_and_no_other(self, planned: StudyFolder, archcli: Archcli) -> None:
        """And the answer shows where the copy lies."""
        without = archcli("study", "run", str(planned.path))
        assert without.code == 1
        assert "was planned with gct.py, and archcli runs only plugins that you name" in without.err
        assert f"--plugin {planned.path}/plugins/gct.py" in without.err
        Path("gct.py").write_text(Path("gct.py").read_text() + "\n# changed\n")
        changed = archcli("study", "run", str(planned.path), *WITH)
        assert changed.code == 1
        assert "the training code has changed since the study was planned: plugin gct.py" in changed.err

    def test_a_study_without_any_takes_none(self, planned: StudyFolder, archcli: Archcli) -> None:
        """It would not be used, or change what the cells are."""
        Path("own.yaml").write_text(PAGE.replace("insert: gct", "insert: se").replace("name: own", "name: plain"))
        archcli("study", "plan", "own.yaml")
        outcome = archcli("study", "run", "study-runs/plain-001", *WITH)
        assert (outcome.code, "was planned with no plugin" in outcome.err) == (1, True)

    @pytest.mark.slow
    def test_it_is_trained_and_reported(self, planned: StudyFolder, archcli: Archcli) -> None:
        """By workers that are told of it; the report draws the network where the plugin is named."""
        outcome = archcli("study", "run", "own.yaml", *WITH)
        assert outcome.code == 0, outcome.err
        assert "2 of 2 cells done" in outcome.out
        assert archcli("report", "own.yaml").code == 0
        assert "gct" not in (planned.path / "report" / "networks.svg").read_text()
        assert archcli("report", "own.yaml", *WITH).code == 0
        assert "gct" in (planned.path / "report" / "networks.svg").read_text()
