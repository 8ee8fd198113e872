"""A folder of runs: what lies there, and what may go."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import chdir
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.commands import runs as command
from builder.runs import removal
from builder.runs.listing import list_runs
from builder.training.folder import lock
from builder.training.folder.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.command_line import Archcli, Trained

FINISHED = Path(__file__).parents[1] / "kept" / "finished"
DAY = 86_400


def made(name: str, days: float = 1.0) -> Path:
    """Return a finished run of that name and age below the current folder."""
    path = Path("runs") / name
    shutil.copytree(FINISHED, path)
    aged(path, days)
    return path


def aged(path: Path, days: float) -> None:
    """Let all files of a run be so old."""
    when = time.time() - days * DAY
    for each in path.iterdir():
        os.utime(each, (when, when), follow_symlinks=False)


@pytest.fixture
def nested(tmp_path: Path) -> Iterator[Callable[[Path], None]]:
    """Give what makes more folders in each other than Python calls functions, beside a file of a byte."""

    def make(path: Path) -> None:
        (path / "byte").write_bytes(b"1")
        with chdir(path):
            for _ in range(3 * sys.getrecursionlimit()):
                Path("d").mkdir()
                os.chdir("d")
        aged(path, 1)

    yield make
    subprocess.run(["rm", "-rf", tmp_path / "runs"], check=True)  # pytest would call itself for each folder


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a run in each state but running, the newest called finished."""
    monkeypatch.chdir(tmp_path)
    made("finished-001", 1)
    stopped = made("stopped-001", 10)
    (stopped / "summary.json").unlink()
    failed = made("failed-001", 20)
    failure = {"message": "the loss is nan", "hint": "less", "epoch": 1, "step": 2, "layer": None}
    (failed / "failed.json").write_text(json.dumps(failure))
    aged(failed, 20)
    broken = made("broken-001", 40)
    (broken / "metrics.csv").write_text("nonsense\n1\n")
    aged(broken, 40)
    begun = made("begun-001", 50)
    (begun / "recipe.yaml").unlink()
    Path("runs/notes").mkdir()
    return Path("runs")


def states(folder: Path) -> dict[str, str]:
    """Return the state of every run."""
    return {each.run.name: each.state for each in list_runs(folder)}


def names(folder: Path) -> set[str]:
    """Return everything that lies in a folder."""
    return {path.name for path in folder.iterdir()}


ALL = {"finished-001", "stopped-001", "failed-001", "broken-001", "begun-001"}


class TestList:
    """``archcli runs``."""

    def test_every_state_by_its_name(self, runs: Path) -> None:
        """The newest first; a folder that is no run is not listed."""
        assert states(runs) == {
            "finished-001": "finished", "stopped-001": "stopped", "failed-001": "failed", "broken-001": "broken",
            "begun-001": "broken",
        }  # fmt: skip
        assert [each.run.name for each in list_runs(runs)][:2] == ["finished-001", "stopped-001"]

    def test_a_table_with_the_reasons_and_the_size_of_all(self, archcli: Archcli, runs: Path) -> None:
        """For a person."""
        outcome = archcli("runs", runs)
        assert outcome.code == 0
        head, first, *_ = outcome.out.splitlines()
        assert head.split() == ["run", "state", "network", "data", "best", "epoch", "size", "age"]
        assert first.split()[:6] == ["runs/finished-001", "finished", "tiny", "digits", "93.33%", "3/3"]
        assert "note: runs/failed-001: the loss is nan" in outcome.out
        assert "note: runs/begun-001: it was stopped before its first checkpoint" in outcome.out
        assert outcome.out.splitlines()[-1].startswith("5 runs, ")

    def test_json_and_csv(self, archcli: Archcli, runs: Path) -> None:
        """The same numbers, unrounded."""
        found = json.loads(archcli("runs", runs, "--json").out)
        rows = list(csv.DictReader(StringIO(archcli("runs", runs, "--csv").out)))
        assert [each["run"] for each in found["runs"]] == [row["run"] for row in rows]
        assert found["runs"][0]["best_val_accuracy"] == float(rows[0]["best_val_accuracy"])
        assert found["bytes"] == sum(int(row["bytes"]) for row in rows)

    def test_without_a_folder_it_is_that_of_train(
        self, archcli: Archcli, runs: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Or the one that ARCHCLI_RUNS names."""
        assert archcli("runs").out == archcli("runs", runs).out
        runs.rename("elsewhere")
        assert archcli("runs").code == 1
        monkeypatch.setenv("ARCHCLI_RUNS", "elsewhere")
        assert "elsewhere/stopped-001" in archcli("runs").out

    def test_a_run_itself_is_no_folder_of_runs(self, archcli: Archcli, runs: Path) -> None:
        """The one above it is."""
        outcome = archcli("runs", runs / "stopped-001")
        assert (outcome.code, "is the folder of a run" in outcome.err) == (1, True)

    def test_more_epochs_than_it_has_is_no_end(self, runs: Path) -> None:
        """A run that was made longer, and stopped."""
        recipe = runs / "finished-001" / "recipe.yaml"
        recipe.write_text(recipe.read_text().replace("epochs: 3", "epochs: 9"))
        assert states(runs)["finished-001"] == "stopped"

    def test_links_are_not_listed(self, runs: Path) -> None:
        """What they lead to lies elsewhere."""
        (runs / "link-001").symlink_to(FINISHED)
        assert "link-001" not in states(runs)

    def test_folders_of_any_depth_are_counted(self, runs: Path, nested: Callable[[Path], None]) -> None:
        """Somebody has put them into a run; what lies deeper than a name reaches counts nothing."""
        before = list_runs(runs)[0].bytes
        nested(runs / "finished-001")
        assert (list_runs(runs)[0].run.name, list_runs(runs)[0].bytes) == ("finished-001", before + 1)

    def test_pipes_and_other_kinds_are_no_hang(self, runs: Path) -> None:
        """Each file of a run as a pipe, a folder, and nothing."""
        for file in ("page.yaml", "recipe.yaml", "metrics.csv", "summary.json", "data.json", "failed.json"):
            for harm in (os.mkfifo, Path.mkdir, lambda _: None):
                path = runs / "finished-001" / file
                path.unlink(missing_ok=True)
                harm(path)
                assert len(list_runs(runs)) >= 4
                shutil.rmtree(runs / "finished-001")
                made("finished-001")


class TestEdited:
    """Metrics that are not those that were measured are not shown."""

    @pytest.mark.parametrize("state", ["finished", "stopped"])
    def test_the_epoch_is_named_in_the_place_of_its_accuracy(
        self, archcli: Archcli, trained: Trained, tmp_path: Path, state: str
    ) -> None:
        """As `compare` and `evaluate` refuse it."""
        run = tmp_path / "runs" / "small-001"
        shutil.copytree(trained.folder, run)
        if state == "stopped":
            (run / "summary.json").unlink()
        assert [each.state for each in list_runs(run.parent)] == [state]
        rows = (run / "metrics.csv").read_text().splitlines()
        fields = rows[2].split(",")
        fields[4] = "0.99"
        (run / "metrics.csv").write_text("\n".join([*rows[:2], ",".join(fields)]) + "\n")
        (found,) = list_runs(run.parent)
        assert (found.state, found.best_val_accuracy) == ("broken", None)
        assert str(found.reason).endswith("metrics.csv was changed: epoch 2 is not what was measured")
        assert "99.00%" not in archcli("runs", run.parent).out


class TestRunning:
    """A run that somebody trains, here or elsewhere."""

    def test_here_its_lock_says_so(self, runs: Path) -> None:
        """And nothing is left when it ends."""
        folder = RunFolder(runs / "stopped-001")
        with folder.locked():
            assert states(runs)["stopped-001"] == "running"
            assert (folder.path / ".running").exists()
        assert states(runs)["stopped-001"] == "stopped"
        assert not (folder.path / ".running").exists()

    def test_a_killed_one_is_over_at_once(self, runs: Path) -> None:
        """What it left behind is of this machine, whose locks end with the process."""
        (runs / "stopped-001" / ".running").write_text(lock._machine())
        assert states(runs)["stopped-001"] == "stopped"

    def test_elsewhere_it_runs_as_long_as_it_saves(self, runs: Path) -> None:
        """File systems that share no locks; no name of the machine is written."""
        holder = runs / "stopped-001" / ".running"
        holder.write_text("another machine")
        assert states(runs)["stopped-001"] == "running"
        aged(runs / "stopped-001", 0.1)
        assert states(runs)["stopped-001"] == "stopped"

    def test_one_that_has_just_begun_runs(self, runs: Path) -> None:
        """Its folder is made before its lock, and a moment later it has one."""
        aged(runs / "begun-001", 0)
        assert states(runs)["begun-001"] == "running"
        aged(runs / "begun-001", 0.001)
        assert states(runs)["begun-001"] == "broken"

    def test_one_that_was_killed_before_its_first_checkpoint_is_over_at_once(self, runs: Path) -> None:
        """Its lock is there, and nobody has it."""
        folder = RunFolder(runs / "begun-001")
        with folder.locked():
            aged(folder.path, 0)
            assert states(runs)["begun-001"] == "running"
        aged(folder.path, 0)
        (found,) = (each for each in list_runs(runs) if each.run.name == "begun-001")
        assert (found.state, found.reason) == ("broken", "it was stopped before its first checkpoint")


class TestPrune:
    """``archcli runs prune``."""

    @pytest.mark.parametrize(
        ("options", "gone"),
        [
            (("--state", "failed"), {"failed-001"}),
            (("--state", "broken"), {"broken-001", "begun-001"}),
            (("--state", "failed", "--state", "stopped"), {"failed-001", "stopped-001"}),
            (("--older-than", "30d"), {"broken-001", "begun-001"}),
            (("--older-than", "240.5h"), {"failed-001", "broken-001", "begun-001"}),
            (("--keep-newest", 2), {"failed-001", "broken-001", "begun-001"}),
            (("--state", "broken", "--keep-newest", 1), {"begun-001"}),
            (("--older-than", "9w"), set()),
        ],
    )
    def test_by_state_age_and_number(
        self, archcli: Archcli, runs: Path, options: tuple[object, ...], gone: set[str]
    ) -> None:
        """Options narrow each other; nothing else in the folder is touched."""
        assert archcli("runs", "prune", runs, *options, "--yes").code == 0
        assert names(runs) == (ALL - gone) | {"notes"}

    @pytest.mark.parametrize(
        ("options", "message", "hint"),
        [
            ((), "needs to know which runs", "`--state`, `--older-than` or"),
            (("--older-than", "30"), "`30` is not a value of `--older-than`", "30d or 2w"),
            (("--state", "fialed"), "`fialed` is not a value of `--state`", "did you mean `failed`?"),
            (("--state", "running"), "`running` is not a value of `--state`", "it takes"),
            (("--slim", "--state", "stopped"), "only finished runs can be slimmed", "leave out `--state`"),
        ],
    )
    def test_what_makes_no_sense_is_said(
        self, archcli: Archcli, runs: Path, options: tuple[object, ...], message: str, hint: str
    ) -> None:
        """And nothing is removed."""
        outcome = archcli("runs", "prune", runs, *options, "--yes")
        assert (outcome.code, outcome.out) == (2, "")
        assert message in outcome.err
        assert hint in outcome.err
        assert names(runs) == ALL | {"notes"}

    def test_without_a_terminal_it_asks_for_yes(self, archcli: Archcli, runs: Path) -> None:
        """After it has shown what and how much."""
        outcome = archcli("runs", "prune", runs, "--state", "failed")
        assert (outcome.code, outcome.out) == (2, "")
        assert "runs/failed-001  failed" in outcome.err
        assert "1 run, " in outcome.err
        assert "`--yes` removes without a question" in outcome.err
        assert names(runs) == ALL | {"notes"}

    @pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("YES\n", 0), ("\n", 1), ("", 1), ("n\n", 1)])
    def test_a_person_is_asked(
        self, archcli: Archcli, runs: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
    ) -> None:
        """No answer is no."""
        monkeypatch.setattr("builder.cli.run_folders.can_ask", lambda: True)
        monkeypatch.setattr("sys.stdin", StringIO(answer))
        outcome = archcli("runs", "prune", runs, "--state", "failed")
        assert outcome.code == code
        assert "remove these runs with all their files? [y/N]" in outcome.err
        assert ("failed-001" in names(runs)) == bool(code)

    def test_a_dry_run_shows(self, archcli: Archcli, runs: Path) -> None:
        """And asks nothing."""
        assert "runs/failed-001" in archcli("runs", "prune", runs, "--state", "failed", "--dry-run").out
        assert names(runs) == ALL | {"notes"}

    def test_what_runs_is_never_touched(self, archcli: Archcli, runs: Path) -> None:
        """Neither one that ran when it was listed, nor one that has begun since."""
        chosen = command.choose(command.PruneOptions(folder=runs, keep_newest=0))
        with RunFolder(runs / "stopped-001").locked():
            assert archcli("runs", "prune", runs, "--state", "stopped", "--yes").code == 0
            assert "stopped-001" in names(runs)
            done = command.prune(chosen)
        assert names(runs) == {"stopped-001", "notes"}
        assert [(each.run.name, "is being trained" in each.reason) for each in done.kept] == [("stopped-001", True)]

    def test_what_has_changed_since_it_was_shown_is_kept(self, runs: Path) -> None:
        """A failed run that somebody lets go on."""
        chosen = command.choose(command.PruneOptions(folder=runs, states=("failed",)))
        (runs / "failed-001" / "failed.json").unlink()
        assert command.prune(chosen).kept[0].reason.endswith("has changed since it was listed")
        assert "failed-001" in names(runs)

    def test_no_link_is_followed(self, archcli: Archcli, runs: Path, tmp_path: Path) -> None:
        """What a run or its folder links to stays, and so does a run that is a link."""
        outside = tmp_path / "outside"
        shutil.copytree(FINISHED, outside)
        (runs / "failed-001" / "more").symlink_to(outside)
        (runs / "failed-001" / "last.safetensors").unlink()
        (runs / "failed-001" / "last.safetensors").symlink_to(outside / "last.safetensors")
        (runs / "link-001").symlink_to(outside)
        before = names(outside)
        assert archcli("runs", "prune", runs, "--keep-newest", 0, "--yes").code == 0
        assert names(outside) == before
        assert names(runs) == {"link-001", "notes"}

    def test_a_name_as_long_as_names_can_be(self, archcli: Archcli, runs: Path) -> None:
        """It is called otherwise meanwhile, and that name is no longer."""
        (runs / "failed-001").rename(runs / ("n" * 255))
        assert archcli("runs", "prune", runs, "--state", "failed", "--yes").code == 0
        assert names(runs) == (ALL - {"failed-001"}) | {"notes"}

    def test_folders_nested_too_deeply_are_said(
        self, archcli: Archcli, runs: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Python calls itself for each; the run is gone from the list, and the message names what is left of it."""

        def too_deep(_: Path) -> None:
            raise RecursionError

        monkeypatch.setattr("shutil.rmtree", too_deep)
        outcome = archcli("runs", "prune", runs, "--state", "failed", "--yes")
        assert outcome.code == 1
        assert "its folders are nested too deeply" in outcome.out
        assert "failed-001" not in states(runs)

    def test_a_kill_leaves_a_run_whole_or_gone(
        self, archcli: Archcli, runs: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is called otherwise before anything of it is erased; the next prune erases the rest."""

        def killed(path: Path) -> None:
            (path / "page.yaml").unlink()
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(removal, "_erase", killed)
            assert archcli("runs", "prune", runs, "--state", "failed", "--yes").code == 130
        assert "failed-001" not in states(runs)
        assert len(names(runs)) == len(ALL) + 1
        assert archcli("runs", "prune", runs, "--state", "failed", "--yes").code == 0
        assert names(runs) == (ALL - {"failed-001"}) | {"notes"}


class TestSlim:
    """``archcli runs prune --slim``."""

    def test_finished_runs_keep_their_best_weights(self, archcli: Archcli, runs: Path) -> None:
        """Others keep all that they need; `resume` says why it can't go on."""
        outcome = archcli("runs", "prune", runs, "--slim", "--yes", "--json")
        assert json.loads(outcome.out)["removed"] == ["runs/finished-001"]
        assert [path.name for path in (runs / "finished-001").glob("*.safetensors")] == ["best.safetensors"]
        assert (runs / "stopped-001" / "last.safetensors").exists()
        assert states(runs)["finished-001"] == "finished"
        said = archcli("resume", runs / "finished-001")
        assert (said.code, "keeps only its best weights: it can't be trained longer" in said.err) == (1, True)

    def test_a_second_time_there_is_nothing(self, archcli: Archcli, runs: Path) -> None:
        """Without a question."""
        archcli("runs", "prune", runs, "--slim", "--yes")
        assert archcli("runs", "prune", runs, "--slim").out == "nothing to remove in runs\n"
