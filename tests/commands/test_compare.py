"""Runs side by side: what they gave, in what they differ, and what they can't tell."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import asdict
from io import StringIO
from typing import TYPE_CHECKING

import pytest

import builder
from builder.identity import graph_id
from builder.training.figures.comparison_curves import RunCurve, draw_overlay
from builder.training.folder.checkpoints import Checkpoint, write_checkpoint
from builder.training.folder.failure import RunFailure, write_failure
from builder.training.folder.header import RunHeader
from builder.training.folder.metrics import EpochMetrics, MetricsSeen, append_metrics
from builder.training.folder.run_files import RunData
from builder.training.folder.run_folder import RunFolder
from builder.training.folder.summary import Summary, write_summary
from builder.training.recipe.recipe import load_recipe
from tests.command_line import PAGE
from tests.test_cli import HEAVY, IMPORTED, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Archcli

WIDER = PAGE.replace("out: 8", "out: 16").replace("name: small", "name: wider")


def made_run(
    home: Path,
    name: str = "small",
    page: str = PAGE,
    accuracies: tuple[float, ...] = (0.5, 0.7, 0.6),
    ended: bool = True,
    device: str = "cpu (2 threads)",
    data: str = "digits",
    **recipe: object,
) -> Path:
    """Return the folder of a run as the trainer leaves it; its checkpoint has no weights."""
    folder = RunFolder.create(home, name)
    how = load_recipe("digits").model_copy(update={"epochs": 3, "size": 32, **recipe})
    folder.write("page.yaml", page.replace("classes: 1000", "classes: 10"))
    folder.write("recipe.yaml", how.to_yaml())
    folder.write_json("data.json", {"name": data, "folder": "data", "subset": None})
    images = {"train": 1200, "validation": 300, "test": 297}
    measured = {"name": data, "sha256": f"{data} {how.seed}", "images": images}
    environment = {"command": ["archcli"], "device": device, "packages": {"torch": "2.15.0"}, "data": measured}
    folder.write_json("environment.json", environment)
    rows = [EpochMetrics(i, 1 / i, 0.8, 1 / i, each, 0.001, 2.0) for i, each in enumerate(accuracies, 1)]
    for row in rows:
        append_metrics(folder.metrics, row)
    chosen = RunData(data, "folder", network=graph_id(builder.load(folder.page)))
    seen = MetricsSeen.in_file(folder.metrics)
    header = RunHeader(chosen.network, how, tuple("0123456789"), chosen, f"{data} {how.seed}", seen)
    write_checkpoint(folder.last, Checkpoint({}, header.record))
    if ended:
        best = max(rows, key=lambda row: row.val_accuracy)
        write_summary(
            folder,
            Summary("digits", data, device, "float32", 554, 3, best.epoch, best.val_accuracy, best.val_accuracy - 0.1,
                    1.0, rows[-1], 7.5, 800.0),
        )  # fmt: skip
    return folder.path


class TestTable:
    """A line for each run, and what all of them share once above."""

    def test_only_what_differs_has_a_column(self, archcli: Archcli, tmp_path: Path) -> None:
        """The network and one field of the recipe here; everything else was the same."""
        one = made_run(tmp_path)
        other = made_run(tmp_path, "wider", WIDER, label_smoothing=0.1)
        lines = archcli("compare", one, other).out.splitlines()
        assert lines[0] == "2 runs, the same in all"
        assert lines[1] == "data     digits, 1,200 train, 300 validation, 297 test"
        assert lines[2].startswith("recipe   digits, epochs 3, batch_size 64, optimizer adam, lr 0.0003")
        start = lines.index("") + 1
        assert lines[start : start + 3] == [
            "run        network  label_smoothing  best validation  epoch    test  parameters   time  images/s",
            "small-001  small    0                         70.00%      2  60.00%         554  7.5 s       800",
            "wider-001  wider    0.1                       70.00%      2  60.00%         554  7.5 s       800",
        ]

    def test_a_machine_that_differs_is_a_column_too(self, archcli: Archcli, tmp_path: Path) -> None:
        """Times on two devices say nothing about two networks."""
        found = archcli("compare", made_run(tmp_path), made_run(tmp_path, device="cuda:0 (H200)"), "--json")
        assert [row["differs"] for row in json.loads(found.out)["runs"]] == [
            {"device": "cpu (2 threads)"},
            {"device": "cuda:0 (H200)"},
        ]

    def test_a_lot_that_differs_has_a_table_of_its_own(self, archcli: Archcli, tmp_path: Path) -> None:
        """Runs side by side, a line for each fact: no line is longer than a screen."""
        other = made_run(tmp_path, "wider", WIDER, label_smoothing=0.1, epochs=4, batch_size=32, crop_pct=0.5)
        lines = archcli("compare", made_run(tmp_path), other).out.splitlines()
        start = lines.index("in what they differ  small-001  wider-001")
        assert [line.split() for line in lines[start + 1 : start + 6]] == [
            ["network", "small", "wider"],
            ["epochs", "3", "4"],
            ["batch_size", "64", "32"],
            ["label_smoothing", "0", "0.1"],
            ["crop_pct", "1", "0.5"],
        ]
        assert max(map(len, lines)) <= 110

    def test_two_networks_under_one_name_are_told_apart(self, archcli: Archcli, tmp_path: Path) -> None:
        """A page that was edited between two runs."""
        changed = made_run(tmp_path, page=WIDER.replace("name: wider", "name: small"))
        found = json.loads(archcli("compare", made_run(tmp_path), changed, "--json").out)
        ids = [row["differs"]["network id"] for row in found["runs"]]
        assert len(set(ids)) == 2
        assert [group["name"] for group in found["groups"]] == ["small-002", "small-001"]

    def test_another_name_is_no_other_network(self, archcli: Archcli, tmp_path: Path) -> None:
        """They are grouped, for they compute the same."""
        renamed = made_run(tmp_path, "twin", PAGE.replace("name: small", "name: twin"), seed=1)
        found = json.loads(archcli("compare", made_run(tmp_path), renamed, "--json").out)
        assert [group["n"] for group in found["groups"]] == [2]

    def test_a_run_in_progress_is_shown_as_such(self, archcli: Archcli, tmp_path: Path) -> None:
        """With its best so far, and without what only the end tells."""
        whole, part = made_run(tmp_path), made_run(tmp_path, accuracies=(0.4, 0.3), ended=False)
        with RunFolder(part).locked():
            lines = archcli("compare", whole, part).out.splitlines()
        (line,) = (line for line in lines if line.startswith("small-002"))
        assert (
            line == "small-002  running, epoch 2 of 3 done           40.00%      1       –         554  4.0 s         –"
        )
        assert "stopped, epoch 2 of 3 done" in archcli("compare", whole, part).out

    def test_a_run_that_failed_says_why(self, archcli: Archcli, tmp_path: Path) -> None:
        """It is no run that was merely stopped."""
        run = made_run(tmp_path, accuracies=(0.4,), ended=False)
        write_failure(RunFolder(run), RunFailure("the loss is nan at step 3 of epoch 2", "try less", 2, 3, None))
        outcome = archcli("compare", run)
        assert "failed, epoch 1 of 3 done" in outcome.out
        assert "note: small-001 has failed: the loss is nan at step 3 of epoch 2" in outcome.out

    def test_a_run_before_its_first_epoch_has_no_numbers(self, archcli: Archcli, tmp_path: Path) -> None:
        """And is no reason to fail."""
        found = json.loads(archcli("compare", made_run(tmp_path, accuracies=(), ended=False), "--json").out)
        assert found["runs"][0]["best_val_accuracy"] is None
        assert found["runs"][0]["epoch"] == 0

    def test_a_run_that_was_given_more_epochs_has_not_ended(self, archcli: Archcli, tmp_path: Path) -> None:
        """Its summary is of the shorter run."""
        run = made_run(tmp_path)
        (run / "recipe.yaml").write_text((run / "recipe.yaml").read_text().replace("epochs: 3", "epochs: 9"))
        assert json.loads(archcli("compare", run, "--json").out)["runs"][0]["state"] == "stopped"


class TestSeeds:
    """Runs that differ in nothing but the seed are one line more."""

    def test_mean_and_spread(self, archcli: Archcli, tmp_path: Path) -> None:
        """The standard deviation is the sample's, as papers give it."""
        runs = [made_run(tmp_path, seed=seed, accuracies=(0.1, 0.6 + seed / 10)) for seed in range(3)]
        outcome = archcli("compare", *runs, made_run(tmp_path, "wider", WIDER))
        (line,) = (line for line in outcome.out.splitlines() if line.startswith("small  "))
        assert " ".join(line.split()) == "small 3 70.00% ± 10.00 60.00% – 80.00% 60.00% ± 10.00 50.00% – 70.00%"
        assert "note: one seed of wider: a difference can't be told from chance" in outcome.out

    def test_one_seed_each_can_tell_nothing(self, archcli: Archcli, tmp_path: Path) -> None:
        """That is said, with what helps."""
        outcome = archcli("compare", made_run(tmp_path), made_run(tmp_path, "wider", WIDER))
        assert "note: one seed each: a difference can't be told from chance; `--seed N` trains another" in outcome.out

    def test_one_seed_twice_counts_once(self, archcli: Archcli, tmp_path: Path) -> None:
        """The same command twice gives the same bits, and no second sample; what has not ended is none either."""
        runs = [made_run(tmp_path), made_run(tmp_path), made_run(tmp_path, seed=1), made_run(tmp_path, ended=False)]
        found = json.loads(archcli("compare", *runs, "--json").out)
        assert [(group["n"], group["seeds"]) for group in found["groups"]] == [(2, [0, 1])]
        assert found["notes"] == ["small: 2 of 4 runs count, those that have ended, each seed once"]

    def test_other_settings_are_another_group(self, archcli: Archcli, tmp_path: Path) -> None:
        """Named by what differs."""
        found = archcli("compare", made_run(tmp_path), made_run(tmp_path, label_smoothing=0.1, seed=1), "--json")
        names = [group["name"] for group in json.loads(found.out)["groups"]]
        assert names == ["label_smoothing 0", "label_smoothing 0.1"]


class TestForms:
    """The same for people, pages and programs."""

    def test_csv_has_unrounded_numbers(self, archcli: Archcli, tmp_path: Path) -> None:
        """A column for each fact that differs, and empty cells for what is not known."""
        out = archcli("compare", made_run(tmp_path), made_run(tmp_path, seed=7, ended=False), "--csv").out
        one, other = csv.DictReader(StringIO(out))
        assert (one["seed"], one["best_val_accuracy"], one["test_accuracy"]) == ("0", "0.7", "0.6")
        assert (other["seed"], other["state"], other["test_accuracy"]) == ("7", "stopped", "")

    def test_markdown_is_a_table(self, archcli: Archcli, tmp_path: Path) -> None:
        """Which a page of results can take as it is."""
        out = archcli("compare", made_run(tmp_path), made_run(tmp_path, "wider", WIDER), "--markdown").out
        assert "- data: digits, 1,200 train, 300 validation, 297 test\n" in out
        assert (
            "| run | network | best validation | epoch | test | parameters | time | images/s |\n|---|---|---:|" in out
        )
        assert "| wider-001 | wider | 70.00% | 2 | 60.00% | 554 | 7.5 s | 800 |\n" in out


class TestAnswers:
    """What can't be compared, or not well."""

    def test_folders_without_a_run_are_all_named(self, archcli: Archcli, tmp_path: Path) -> None:
        """In one go."""
        outcome = archcli("compare", made_run(tmp_path), tmp_path / "no", tmp_path / "none")
        assert (outcome.code, outcome.out) == (1, "")
        for name in ("no", "none"):
            assert f"error: {tmp_path / name} is not the folder of a run" in outcome.err

    def test_other_data_are_a_warning(self, archcli: Archcli, tmp_path: Path) -> None:
        """The table is printed all the same."""
        outcome = archcli("compare", made_run(tmp_path), made_run(tmp_path, data="svhn"))
        assert outcome.code == 0
        assert outcome.err == "warning: different data (data: digits, svhn): their accuracies are not comparable\n"

    def test_other_images_under_one_name_are_a_warning(self, archcli: Archcli, tmp_path: Path) -> None:
        """The checksum tells, where the seed is the same; with another seed other images are held out."""
        one, other = made_run(tmp_path), made_run(tmp_path)
        path = other / "environment.json"
        path.write_text(path.read_text().replace("digits 0", "changed"))
        assert "different images under one name" in archcli("compare", one, other).err
        assert archcli("compare", one, made_run(tmp_path, seed=1)).err == ""

    @pytest.mark.parametrize("name", ["environment.json", "data.json", "summary.json", "metrics.csv"])
    def test_a_damaged_file_is_named(self, archcli: Archcli, tmp_path: Path, name: str) -> None:
        """And is no traceback."""
        run = made_run(tmp_path)
        (run / name).write_text("epoch\nx" if name == "metrics.csv" else "[")
        outcome = archcli("compare", run)
        assert (outcome.code, outcome.out) == (1, "")
        assert name in outcome.err

    def test_a_figure_has_a_known_suffix(self, archcli: Archcli, tmp_path: Path) -> None:
        """Said before anything is read."""
        outcome = archcli("compare", "nothing", "-o", "figure.jpg")
        assert outcome.code == 2
        assert "no figure can be written as `figure.jpg`" in outcome.err

    def test_nothing_to_draw_is_said(self, archcli: Archcli, tmp_path: Path) -> None:
        """No empty figure."""
        run = made_run(tmp_path, accuracies=(), ended=False)
        outcome = archcli("compare", run, "-o", tmp_path / "figure.png")
        assert outcome.code == 1
        assert "none of these runs has finished an epoch" in outcome.err
        assert not (tmp_path / "figure.png").exists()


class TestStart:
    """A comparison reads text, and waits for nothing else."""

    def test_without_a_figure_nothing_heavy_is_imported(self, tmp_path: Path) -> None:
        """Neither torch nor matplotlib."""
        script = IMPORTED.format(cli=str(ROOT / "cli.py"), heavy=HEAVY)
        ran = subprocess.run(
            [sys.executable, "-c", script, "compare", made_run(tmp_path)], capture_output=True, text=True, check=False
        )
        assert ran.stderr.splitlines()[-1:] == ["0 []"], ran.stderr


class TestFigure:
    """All curves in one figure."""

    def test_the_same_runs_are_the_same_bytes(self, archcli: Archcli, tmp_path: Path) -> None:
        """In every format, and the paths are printed."""
        runs = [made_run(tmp_path, seed=0), made_run(tmp_path, seed=1), made_run(tmp_path, "wider", WIDER)]
        files = [tmp_path / f"{name}.{suffix}" for name in "ab" for suffix in ("svg", "png", "pdf")]
        outcome = archcli("compare", *runs, *(part for file in files for part in ("-o", file)))
        assert outcome.code == 0, outcome.err
        assert outcome.out.splitlines()[-6:] == [str(file) for file in files]
        assert [file.read_bytes() for file in files[:3]] == [file.read_bytes() for file in files[3:]]
        text = files[0].read_text()
        assert "<!-- small, 2 seeds -->" in text
        assert "<!-- wider -->" in text

    @pytest.mark.parametrize("count", [1, 30])
    def test_few_and_many_runs_can_be_drawn(self, tmp_path: Path, count: int) -> None:
        """Without a warning, and of one epoch or many."""
        rows = [EpochMetrics(epoch, 1.0, 0.5, 1.0, 0.5, 0.1, 1.0) for epoch in range(1, count + 1)]
        curves = [RunCurve(f"run {number}", (tuple(rows[: number + 1]),)) for number in range(count)]
        assert draw_overlay(curves, [tmp_path / "figure.png"]) == [tmp_path / "figure.png"]

    def test_the_mean_is_of_the_epochs_that_all_have(self) -> None:
        """With lowest and highest beside it."""
        rows = [[EpochMetrics(epoch, 1, 1, 1, base + epoch, 1, 1) for epoch in (1, 2)] for base in (0, 2)]
        curve = RunCurve("two", (tuple(rows[0]), tuple(rows[1][:1])))
        assert curve.values(lambda row: row.val_accuracy) == [(1, 2, 3)]


def test_the_summary_of_these_tests_is_one(tmp_path: Path) -> None:
    """What is made here by hand has the fields that the trainer writes."""
    found = json.loads((made_run(tmp_path) / "summary.json").read_text())
    assert set(found["final"]) == set(asdict(EpochMetrics(1, 1, 1, 1, 1, 1, 1)))
