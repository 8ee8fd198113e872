"""What a study found, on a terminal and as files."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.study.report.studies import PLAIN, make_study

if TYPE_CHECKING:
    from tests.command_line import Archcli

ROOT = Path(__file__).parents[2]
SMALL = replace(PLAIN, images=500, seeds=4, accuracy={**PLAIN.accuracy, "alexnet_tiny_se_block2": 94.0})


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Return the folder of a study that ended well."""
    return make_study(tmp_path, SMALL).path


class TestText:
    """On a terminal."""

    def test_the_answer_is_first_and_the_page_is_last(self, archcli: Archcli, study: Path) -> None:
        """Between them how sure it is, and a line for each variant, the best first."""
        outcome = archcli("report", study)
        lines = outcome.out.splitlines()
        assert (outcome.code, outcome.err) == (0, "")
        assert lines[0].endswith(".")
        assert lines[0].startswith("alexnet_tiny_se_block2 beats all others, the next best, ")
        assert lines[1] == "4 seeds each; error rate 5 % over 6 comparisons; smallest difference that matters: 1 point"
        assert lines[3].split()[:3] == ["variant", "runs", "test"]
        assert [line.split()[0] for line in lines[4:8]] == [
            "alexnet_tiny_se_block2", "alexnet_tiny_se_block1_block2", "alexnet_tiny_se_block1", "alexnet_tiny",
        ]  # fmt: skip
        assert lines[7].endswith("base")
        assert lines[-1] == str(study / "report" / "report.html")

    def test_an_unfinished_study_says_so(self, archcli: Archcli, tmp_path: Path) -> None:
        """What is missing, what failed with its last line, and that nothing is final."""
        lost = {("alexnet_tiny", 1): "Traceback\n  somewhere\nRunError: the loss is not finite\n"}
        made = make_study(tmp_path, replace(SMALL, lost=lost, open=(("alexnet_tiny_se_block1", 0),)))
        out = archcli("report", made.path).out
        assert out.startswith("No best is named: the study has not ended, 15 of 16 runs are there")
        assert "Not final: 1 of 16 planned run is not there yet" in out
        assert "  alexnet_tiny, seed 1: RunError: the loss is not finite" in out
        assert "3 of 4" in out
        assert "so far" in out

    def test_a_study_that_is_still_choosing_says_so(self, archcli: Archcli, tmp_path: Path) -> None:
        """Nothing is judged before the finalists are chosen."""
        made = make_study(tmp_path, replace(SMALL, screen=2, open=(("alexnet_tiny_se_block1", 1),)))
        out = archcli("report", made.path).out
        assert out.startswith("No best is named: the screening has not ended, 7 of 8 runs are there.")
        assert "Not final: 13 of 20 planned runs are not there yet" in out

    def test_it_takes_no_torch(self, study: Path) -> None:
        """Reading results needs none."""
        code = f"import sys; sys.argv = ['archcli', 'report', {str(study)!r}]; import cli, atexit; "
        code += "atexit.register(lambda: print('torch' in sys.modules, 'matplotlib' in sys.modules)); cli.main()"
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "False False"


class TestFiles:
    """What is written."""

    def test_there_is_a_page_markdown_json_csv_and_every_figure(self, archcli: Archcli, study: Path) -> None:
        """In the study's own folder; every figure that the Markdown shows is there."""
        archcli("report", study)
        names = {path.name for path in (study / "report").iterdir()}
        assert {"report.html", "report.md", "report.json", "runs.csv", "comparisons.csv", "gaps.svg"} <= names
        text = (study / "report" / "report.md").read_text("utf-8")
        shown = {part.partition(")")[0] for part in text.split("](")[1:]}
        assert shown <= names
        assert {name for name in names if name.endswith(".svg")} == shown | {"networks-dark.svg"}

    def test_another_folder_and_the_same_bytes(self, archcli: Archcli, study: Path, tmp_path: Path) -> None:
        """It is made where it is not there; nothing in a file depends on where or when it was written."""
        archcli("report", study)
        outcome = archcli("report", study, "-o", tmp_path / "a" / "b")
        assert outcome.out.splitlines()[-1] == str(tmp_path / "a" / "b" / "report.html")
        for path in (study / "report").iterdir():
            assert (tmp_path / "a" / "b" / path.name).read_bytes() == path.read_bytes(), path.name

    def test_csv_has_a_line_for_each_run_and_comparison(self, archcli: Archcli, tmp_path: Path) -> None:
        """Failed and open ones too."""
        lost = {("alexnet_tiny", 1): "no"}
        made = make_study(tmp_path, replace(SMALL, lost=lost, open=(("alexnet_tiny_se_block1", 0),)))
        printed = archcli("report", made.path, "--csv").out
        runs = list(csv.DictReader((made.path / "report" / "runs.csv").read_text("utf-8").splitlines()))
        assert sorted(run["state"] for run in runs) == ["done"] * 14 + ["failed", "open"]
        assert printed == (made.path / "report" / "comparisons.csv").read_text("utf-8")
        rows = list(csv.DictReader(io.StringIO(printed)))
        assert len(rows) == 6
        for row in rows:
            assert float(row["interval_low"]) <= float(row["difference"]) <= float(row["interval_high"])

    def test_json_lets_anybody_judge_anew(self, archcli: Archcli, study: Path) -> None:
        """Whether each run was right about each image: its bits give the accuracy that is written beside it."""
        found = json.loads(archcli("report", study, "--json").out)
        assert found["is_final"] is True
        assert found["files"][-1] == str(study / "report" / "report.html")
        assert len(found["runs"]) == 16
        for run in found["runs"]:
            bits = np.unpackbits(np.frombuffer(b64decode(run["correct"]), np.uint8))[:500]
            assert bits.mean() == pytest.approx(run["test_accuracy"])

    def test_markdown_says_the_same(self, archcli: Archcli, study: Path) -> None:
        """The answer in bold, then the same parts as the page."""
        text = archcli("report", study, "--markdown").out
        assert text == (study / "report" / "report.md").read_text("utf-8")
        assert text.startswith("# Study placement\n\n**alexnet\\_tiny\\_se\\_block2 beats all others")
        assert [line for line in text.splitlines() if line.startswith("## ")][:2] == [
            "## How sure is that?",
            "## Every seed",
        ]


class TestMistakes:
    """Answered in words."""

    def test_a_folder_that_is_no_study(self, archcli: Archcli, tmp_path: Path) -> None:
        """It holds no plan."""
        outcome = archcli("report", tmp_path)
        assert outcome.code == 1
        assert "is not the folder of a study" in outcome.err

    def test_a_study_that_was_never_planned(self, archcli: Archcli, tmp_path: Path) -> None:
        """With the command that plans it."""
        outcome = archcli("report", "digits_placement", "--studies-dir", tmp_path)
        assert outcome.code == 1
        assert "archcli study plan digits_placement" in outcome.err

    def test_a_study_without_any_result(self, archcli: Archcli, tmp_path: Path) -> None:
        """With the command that runs it; nothing is written."""
        everything = tuple((name, seed) for name in SMALL.accuracy for seed in range(4))
        made = make_study(tmp_path, replace(SMALL, open=everything))
        outcome = archcli("report", made.path)
        assert (outcome.code, outcome.out) == (1, "")
        assert f"no cell of {made.path} has a result yet" in outcome.err
        assert f"archcli study run {made.path}" in outcome.err
        assert not (made.path / "report").exists()

    def test_a_study_of_which_everything_failed(self, archcli: Archcli, tmp_path: Path) -> None:
        """It says why."""
        lost = {(name, seed): "there is no memory" for name in SMALL.accuracy for seed in range(4)}
        made = make_study(tmp_path, replace(SMALL, lost=lost))
        outcome = archcli("report", made.path)
        assert outcome.code == 1
        assert "16 cells" in outcome.err
        assert "the first says: there is no memory" in outcome.err

    def test_a_place_where_nothing_can_be_written(self, archcli: Archcli, study: Path, tmp_path: Path) -> None:
        """A file where the folder should be."""
        (tmp_path / "taken").write_text("")
        outcome = archcli("report", study, "-o", tmp_path / "taken")
        assert outcome.code == 1
        assert "cannot write" in outcome.err

    def test_a_damaged_result(self, archcli: Archcli, study: Path) -> None:
        """It is named, with what to do."""
        path = next((study / "cells").glob("*/result.json"))
        path.write_text("{")
        outcome = archcli("report", study)
        assert outcome.code == 1
        assert str(path) in outcome.err


class TestUpgrade:
    """A study that an older version ran."""

    def test_its_results_are_found(self, archcli: Archcli, study: Path) -> None:
        """Though their cells would be called otherwise today: a folder says itself which cell it is."""
        before = archcli("report", study).out
        for path in sorted((study / "cells").iterdir()):
            for name in ("cell.json", "result.json"):
                found = json.loads((path / name).read_text("utf-8").replace(path.name, path.name[::-1]))
                found.pop("checksum", None)  # as an older version wrote them
                (path / name).write_text(json.dumps(found), "utf-8")
            path.rename(path.with_name(path.name[::-1]))
        assert archcli("report", study).out == before


class TestShapes:
    """Studies of other forms."""

    @pytest.mark.parametrize("names", [["alexnet_tiny"], ["alexnet_tiny", "alexnet_tiny_se_block1"]])
    def test_one_or_two_networks(self, archcli: Archcli, tmp_path: Path, names: list[str]) -> None:
        """A single one is compared with nothing, and that is said."""
        truth = replace(SMALL, accuracy={name: SMALL.accuracy[name] for name in names})
        outcome = archcli("report", make_study(tmp_path, truth).path)
        assert outcome.code == 0
        assert ("nothing to compare it with" in outcome.out) is (len(names) == 1)

    @pytest.mark.parametrize("seeds", [1, 2])
    def test_one_or_two_seeds(self, archcli: Archcli, tmp_path: Path, seeds: int) -> None:
        """No best is named, and what can't be computed is a dash."""
        outcome = archcli("report", make_study(tmp_path, replace(SMALL, seeds=seeds)).path)
        assert outcome.code == 0
        assert outcome.out.startswith("No best is named")

    def test_a_hundred_classes(self, archcli: Archcli, tmp_path: Path) -> None:
        """No matrix, but the pairs that differ most."""
        classes = tuple(f"class {number}" for number in range(100))
        made = make_study(tmp_path, replace(SMALL, classes=classes))
        assert archcli("report", made.path).code == 0
        page = (made.path / "report" / "report.html").read_text("utf-8")
        assert 'id="confusion"' in page
        assert "confusion-title" not in page

    def test_runs_that_all_agree(self, archcli: Archcli, tmp_path: Path) -> None:
        """Every image right in every run: no variance, no gap, no crash."""
        truth = replace(SMALL, accuracy=dict.fromkeys(SMALL.accuracy, 200.0))
        assert archcli("report", make_study(tmp_path, truth).path).code == 0
