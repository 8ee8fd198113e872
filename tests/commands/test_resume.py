"""A stopped run goes on from the command line, and a finished one gets more epochs."""

from __future__ import annotations

import json
import re
import shutil
import signal
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from safetensors.torch import load_file

from builder.commands.terminal.training_progress import TrainingProgress
from builder.training.progress import BatchDone
from tests.command_line import PAGE, SHORT

if TYPE_CHECKING:
    from builder.training.progress import Progress
    from tests.command_line import Archcli, Outcome, Trained

CONSTANT = (*SHORT, "--set", "schedule.name=constant")


@pytest.fixture(autouse=True)
def nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out figures and curves, which take most of the time of so short a run."""
    monkeypatch.setattr("builder.commands.train._draw", lambda *_: None)
    monkeypatch.setattr("builder.training.trainer.draw_curves", lambda *_: None)


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a page in a folder of its own, which is the current one."""
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(PAGE)
    return Path("small.yaml")


@pytest.fixture
def stopped(archcli: Archcli, page: Path, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """Return how a run ended to which Ctrl-C came in its second epoch; it lies in runs/small-001."""
    show = TrainingProgress.__call__

    def press(watch: TrainingProgress, event: Progress) -> None:
        show(watch, event)
        if isinstance(event, BatchDone) and event.phase == "train" and watch._epoch.epoch == 2:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(TrainingProgress, "__call__", press)
        return archcli("train", page, *SHORT)


class TestStopped:
    """Ctrl-C, then `resume`."""

    def test_the_way_back_is_the_last_line(self, stopped: Outcome) -> None:
        """To be copied; a script sees 130."""
        assert stopped.code == 130
        assert stopped.err.splitlines()[-2:] == [
            "stopped in epoch 2 of 2, after batch 1 of 13 of train; saved in runs/small-001/last.safetensors",
            "  help: go on with archcli resume runs/small-001",
        ]

    def test_it_ends_as_if_nobody_had_stopped_it(self, archcli: Archcli, stopped: Outcome, trained: Trained) -> None:
        """The same weights and metrics, seconds apart; the folder is the last line again."""
        outcome = archcli("resume", "runs/small-001", "--device", "cpu")
        assert outcome.code == 0
        assert "goes on  in epoch 2, after step 1\n" in outcome.err
        assert outcome.out.splitlines()[-1] == "runs/small-001"
        one, other = (load_file(folder / "best.safetensors") for folder in (trained.folder, Path("runs/small-001")))
        assert all(one[name].equal(other[name]) for name in one)
        rows = [
            [line.rpartition(",")[0] for line in (folder / "metrics.csv").read_text().splitlines()]
            for folder in (trained.folder, Path("runs/small-001"))
        ]
        assert rows[0] == rows[1]

    def test_data_that_moved_are_named(self, archcli: Archcli, stopped: Outcome) -> None:
        """Digits come with scikit-learn, so any folder will do."""
        assert archcli("resume", "runs/small-001", "--data-dir", "elsewhere", "--device", "cpu", "-q").code == 0

    def test_a_page_that_became_another_network_is_refused(self, archcli: Archcli, stopped: Outcome) -> None:
        """Even where its weights would fit; a comment changes nothing."""
        page = Path("runs/small-001/page.yaml")
        text = page.read_text()
        page.write_text(text.replace("relu", "silu"))
        outcome = archcli("resume", "runs/small-001", "--device", "cpu")
        assert outcome.code == 1
        assert outcome.err.splitlines() == [
            "error: runs/small-001/page.yaml is no longer the network that this run trained",
            "  help: undo the change, or train it as a new run: archcli train runs/small-001/page.yaml …",
        ]
        page.write_text(f"# mine\n{text}")
        assert archcli("resume", "runs/small-001", "--device", "cpu", "-q").code == 0


class TestThreads:
    """`resume --threads N`: the last bits of a run depend on this number."""

    @pytest.fixture
    def begun(self, archcli: Archcli, page: Path) -> Path:
        """Return a run in one thread that can get more epochs."""
        assert archcli("train", page, *CONSTANT, "--threads", 1, "-q").code == 0
        return Path("runs/small-001")

    def test_it_warns_and_goes_on_to_the_end(self, archcli: Archcli, begun: Path) -> None:
        """In as many; the run's own file and its result say so."""
        outcome = archcli("resume", begun, "--epochs", 3, "--threads", 2, "--device", "cpu", "--json")
        assert outcome.code == 0
        assert (
            "warning: the results will differ in their last bits, because this has changed: "
            "device: cpu (1 threads) before, cpu (2 threads) now\n"
        ) in outcome.err
        kept = json.loads((begun / "environment.json").read_text())
        assert (kept["threads"], kept["device"]) == (2, "cpu (2 threads)")
        assert json.loads(outcome.out)["summary"]["device"] == "cpu (2 threads)"
        assert len((begun / "metrics.csv").read_text().splitlines()) == 1 + 3

    def test_the_rest_of_the_file_stays(self, archcli: Archcli, begun: Path) -> None:
        """Versions, command and all that the run began with."""
        before = json.loads((begun / "environment.json").read_text())
        archcli("resume", begun, "--epochs", 3, "--threads", 2, "--device", "cpu", "-q")
        after = json.loads((begun / "environment.json").read_text())
        assert after == before | {"threads": 2, "device": "cpu (2 threads)"}

    def test_from_then_on_it_keeps_them(self, archcli: Archcli, begun: Path) -> None:
        """Without being told again, and with nothing to warn of."""
        archcli("resume", begun, "--epochs", 3, "--threads", 2, "--device", "cpu", "-q")
        outcome = archcli("resume", begun, "--epochs", 4, "--device", "cpu")
        assert (outcome.code, "warning:" in outcome.err) == (0, False)
        assert "device   cpu (2 threads" in outcome.err

    def test_the_same_number_changes_nothing(self, archcli: Archcli, begun: Path) -> None:
        """And is nothing to warn of."""
        before = (begun / "environment.json").read_bytes()
        outcome = archcli("resume", begun, "--epochs", 3, "--threads", 1, "--device", "cpu")
        assert (outcome.code, "warning:" in outcome.err) == (0, False)
        assert (begun / "environment.json").read_bytes() == before


class TestMoved:
    """Images in a folder of the user's, and a run that is moved with them or without."""

    @pytest.fixture
    def home(self, archcli: Archcli, page: Path) -> Path:
        """Return a folder that holds images, and a run of theirs that has finished."""
        for split, number in product(("train", "val", "test"), range(8)):
            path = Path("home", "photos", split, "ab"[number % 2], f"{number}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (16, 16), (31 * number, 0, 0)).save(path)
        asked = ("--data", "imagefolder", "--data-dir", Path("home/photos").absolute(), "--runs-dir", "home/runs")
        settings = ("epochs=1", "size=16", "batch_size=4", "schedule.name=constant")
        outcome = archcli("train", page, *asked, *(f"--set={each}" for each in settings), "--device", "cpu", "-q")
        assert outcome.code == 0, outcome.err
        return Path("home")

    def test_its_folder_names_no_home(self, home: Path) -> None:
        """Neither the file that says where the images lie, nor any other."""
        run = home / "runs" / "small-001"
        assert json.loads((run / "data.json").read_text())["folder"] == "../../photos"
        texts = (path for path in run.iterdir() if path.suffix in {".json", ".yaml", ".csv", ".py", ".svg"})
        assert [path.name for path in texts if str(home.absolute()) in path.read_text()] == []

    def test_both_are_moved_together(self, archcli: Archcli, home: Path) -> None:
        """It finds them."""
        home.rename("away")
        assert archcli("resume", "away/runs/small-001", "--epochs", 2, "--device", "cpu", "-q").code == 0

    def test_without_them_it_asks_where_they_are(self, archcli: Archcli, home: Path) -> None:
        """Nothing is looked for, nor downloaded, in a place that only seems to be theirs."""
        (home / "runs" / "small-001").rename("elsewhere")
        outcome = archcli("resume", "elsewhere", "--epochs", 2, "--device", "cpu", "-q")
        assert (outcome.code, outcome.out) == (1, "")
        assert outcome.err.splitlines()[-1] == "  help: say where they are now: --data-dir FOLDER"
        again = archcli("resume", "elsewhere", "--epochs", 2, "--data-dir", home / "photos", "--device", "cpu", "-q")
        assert again.code == 0


class TestFinished:
    """A run that has reached its end."""

    @pytest.fixture
    def finished(self, trained: Trained, tmp_path: Path) -> Path:
        """Return a copy of a finished run."""
        return Path(shutil.copytree(trained.folder, tmp_path / "small-001"))

    def test_its_result_is_there_at_once(self, archcli: Archcli, finished: Path) -> None:
        """Nothing is trained, tested or written again."""
        before = {path.name: path.stat().st_mtime_ns for path in finished.iterdir()}
        outcome = archcli("resume", finished, "--json", "-q")
        written = json.loads((finished / "summary.json").read_text())
        assert json.loads(outcome.out)["summary"] | {"checksum": written["checksum"]} == written
        assert {path.name: path.stat().st_mtime_ns for path in finished.iterdir()} == before

    @pytest.mark.parametrize("more", [(), ("--epochs", 3)])
    def test_with_its_best_weights_alone_it_says_why_it_cannot_continue(
        self, archcli: Archcli, page: Path, more: tuple[object, ...]
    ) -> None:
        """And what to do instead; at once, before any data are read."""
        assert archcli("train", page, *CONSTANT, "--keep", "best", "-q").code == 0
        assert [path.name for path in Path("runs/small-001").glob("*.safetensors")] == ["best.safetensors"]
        assert json.loads(Path("runs/small-001/environment.json").read_text())["keep"] == "best"
        run = "runs/small-001"
        outcome = archcli("resume", run, *more, "--data-dir", "nowhere")
        assert (outcome.code, outcome.out) == (1, "")
        assert outcome.err.splitlines() == [
            "error: runs/small-001 has finished and keeps only its best weights: it can't be trained longer",
            f"  help: train again, from these: archcli train {run}/page.yaml --weights {run}/best.safetensors …",
        ]
        assert archcli("compare", "runs/small-001").code == 0
        assert archcli("export", "runs/small-001", "--to", "safetensors", "-o", "weights.safetensors").code == 0

    def test_it_gets_more_epochs(self, archcli: Archcli, page: Path) -> None:
        """Where the schedule's past does not change."""
        archcli("train", page, *CONSTANT, "-q")
        outcome = archcli("resume", "runs/small-001", "--set", "epochs=3", "--device", "cpu")
        assert outcome.code == 0
        assert "epoch 3/3" in outcome.err
        assert json.loads(Path("runs/small-001/summary.json").read_text())["epochs"] == 3

    def test_a_cosine_does_not_get_longer(self, archcli: Archcli, finished: Path) -> None:
        """Its epochs would have had other learning rates."""
        outcome = archcli("resume", finished, "--set", "epochs=3", "--device", "cpu")
        assert outcome.code == 1
        assert "error: this run cannot change from 2 to 3 epochs: with its schedule `cosine`" in outcome.err

    def test_any_other_change_is_refused_by_name(self, archcli: Archcli, finished: Path) -> None:
        """Before anything is loaded."""
        outcome = archcli("resume", finished, "--set", "lr=0.1", "--set", "label_smoothing=0.1", "--set", "epochs=3")
        assert outcome.code == 2
        assert outcome.err.splitlines() == [
            "error[usage]: `optimizer.lr`, `label_smoothing` can't be changed in a run that has started",
            "  help: only `epochs` can be changed; train again for anything else",
        ]


class TestNoRun:
    """What can't go on."""

    def test_a_folder_that_is_no_run(self, archcli: Archcli, tmp_path: Path) -> None:
        """Says what it lacks."""
        outcome = archcli("resume", tmp_path)
        assert (outcome.code, outcome.out) == (1, "")
        assert outcome.err == f"error: {tmp_path} is not the folder of a run: it holds no recipe.yaml\n"

    def test_a_run_that_was_stopped_before_it_began(self, archcli: Archcli, tmp_path: Path) -> None:
        """Nothing is lost."""
        (tmp_path / "page.yaml").write_text(PAGE)
        assert "help: it was stopped before its first checkpoint: train it again" in archcli("resume", tmp_path).err


class TestFailed:
    """A loss that is not finite ends a run, and going on would repeat it."""

    @pytest.fixture
    def failed(self, archcli: Archcli, page: Path) -> Outcome:
        """Return how a run with a mad learning rate ended; it lies in runs/small-001."""
        return archcli("train", page, *SHORT, "--recipe", "lab", "--set", "validation=0.2", "--set", "lr=1000")

    def test_step_layer_and_what_to_try_are_said(self, failed: Outcome) -> None:
        """And a script sees 1."""
        assert failed.code == 1
        *_, search, error, help_ = failed.err.splitlines()
        assert re.fullmatch(
            r"the loss is (nan|inf) at step \d+ of epoch 1; repeating \d+ steps? since the last checkpoint to find "
            "where it began",
            search,
        )
        assert re.fullmatch(r"error: the loss is .* of epoch 1; it began in the output of `(block.0|fc)` .*", error)
        assert help_.startswith("  help: try a tenth of the learning rate, `--set lr=100`")
        kept = json.loads(Path("runs/small-001/failed.json").read_text())
        assert f"error: {kept['message']}" == error

    def test_going_on_is_refused_with_what_to_do_instead(self, archcli: Archcli, failed: Outcome) -> None:
        """At once, before any data are read."""
        outcome = archcli("resume", "runs/small-001", "--data-dir", "nowhere")
        assert (outcome.code, outcome.out) == (1, "")
        assert "runs/small-001 has failed, and continuing would repeat the same steps: the loss is" in outcome.err
        assert "in a new run: archcli train runs/small-001/page.yaml …" in outcome.err

    def test_who_wants_to_go_on_all_the_same_can(self, archcli: Archcli, failed: Outcome) -> None:
        """It comes to the same end."""
        Path("runs/small-001/failed.json").unlink()
        outcome = archcli("resume", "runs/small-001", "--device", "cpu")
        assert outcome.code == 1
        assert outcome.err.splitlines()[-2:] == failed.err.splitlines()[-2:]
