"""Every reader of a run finds what was trained, or says by name what is no longer that."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import RunError
from builder.runs.open import open_run
from builder.training.folder.run_folder import RunFolder
from tests.command_line import SHORT, run_archcli
from tests.runs.earlier import made_earlier

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.command_line import Archcli, Trained

KEPT = Path(__file__).parents[1] / "kept"
READERS = (
    ("evaluate", "RUN", "-q"),
    ("predict", "RUN", str(KEPT / "outputs" / "tiny_block.png"), "-q"),
    ("export", "RUN", "--to", "python"),
    ("export", "RUN", "--to", "safetensors"),
    ("compare", "RUN"),
    ("resume", "RUN", "--device", "cpu", "-q"),
)
"""The commands that read a run, as they are given one."""


@pytest.fixture
def run(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of a finished run, ``run`` in the current folder."""
    shutil.copytree(trained.folder, tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    return Path("run")


@pytest.fixture(scope="module")
def of_another_seed(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run of the same page and recipe with another seed."""
    folder = tmp_path_factory.mktemp("others")
    outcome = run_archcli("train", trained.home / "small.yaml", *SHORT, "--seed", 5, "-q", "--runs-dir", folder)
    assert outcome.code == 0, outcome.err
    return folder / "small-001"


def rewrite(path: Path, old: str, new: str) -> None:
    """Replace the first ``old`` in a file."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def line(path: Path, number: int) -> str:
    """Return a line of a file, counted from 0."""
    return path.read_text().splitlines()[number]


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("command", READERS, ids=lambda command: f"{command[0]}_{command[-1]}".strip("-"))
class TestEveryReader:
    """Each command that reads a run refuses one that is no longer what was trained."""

    def refused(self, archcli: Archcli, command: tuple[str, ...], run: Path) -> list[str]:
        """Return the lines of a command that ends with 1 and writes nothing."""
        before = {path.name for path in run.iterdir()}
        outcome = archcli(*(str(run) if word == "RUN" else word for word in command))
        assert (outcome.code, outcome.out) == (1, "")
        assert {path.name for path in run.iterdir()} == before
        return outcome.err.splitlines()

    def test_a_page_that_became_another_network(self, archcli: Archcli, run: Path, command: tuple[str, ...]) -> None:
        """Though its weights would fit."""
        rewrite(run / "page.yaml", "relu", "tanh")
        assert self.refused(archcli, command, run) == [
            "error: run/page.yaml is no longer the network that this run trained",
            "  help: undo the change, or train it as a new run: archcli train run/page.yaml …",
        ]

    def test_a_page_that_only_reads_otherwise(self, archcli: Archcli, run: Path, command: tuple[str, ...]) -> None:
        """A comment is no other network: the control."""
        (run / "page.yaml").write_text(f"# mine\n{(run / 'page.yaml').read_text()}")
        assert archcli(*(str(run) if word == "RUN" else word for word in command)).code == 0

    @pytest.mark.parametrize(
        ("old", "new", "fields"),
        [
            ("  - 0.5\n", "  - 0.25\n", "`normalize.mean` differs"),
            ("lr: 0.004", "lr: 0.1", "`optimizer.lr` differs"),
            ("seed: 0", "seed: 1\nlabel_smoothing: 0.5", "`label_smoothing`, `seed` differ"),
        ],
    )
    def test_another_recipe(
        self, archcli: Archcli, run: Path, command: tuple[str, ...], old: str, new: str, fields: str
    ) -> None:
        """Every field that differs is named; it may prepare other images, or be shown as what was trained."""
        rewrite(run / "recipe.yaml", "label_smoothing: 0.0\n", "" if "smoothing" in new else "label_smoothing: 0.0\n")
        rewrite(run / "recipe.yaml", old, new)
        assert self.refused(archcli, command, run) == [
            f"error: run/recipe.yaml: {fields} from what this run was trained with",
            "  help: undo the change; a run keeps the recipe that it began with, but for `epochs`",
        ]

    def test_other_images(self, archcli: Archcli, run: Path, command: tuple[str, ...]) -> None:
        """The file that says which they are."""
        rewrite(run / "data.json", "200", "100")
        first, _ = self.refused(archcli, command, run)
        assert first == "error: run/data.json: `subset` differs from what this run was trained with"

    @pytest.mark.parametrize(
        ("edit", "what"),
        [
            (lambda rows: [rows[0], rows[1], rows[1], rows[2]], "was changed: epoch 1 stands there twice"),
            (lambda rows: [rows[0], rows[2]], "was changed: epoch 1 is gone"),
            (lambda rows: [*rows[:2], re.sub(r"^2,[^,]*", "2,nan", rows[2])], "was changed: epoch 2 has nan"),
            (lambda rows: [rows[0], rows[1][:-1], rows[2]], "was changed: epoch 1 is not what was measured"),
            (lambda rows: rows[:2], "has lost rows"),
            (lambda rows: [], "has lost rows"),
        ],
    )
    def test_other_metrics(
        self, archcli: Archcli, run: Path, command: tuple[str, ...], edit: Callable[[list[str]], list[str]], what: str
    ) -> None:
        """With the epoch."""
        rows = (run / "metrics.csv").read_text().splitlines()
        (run / "metrics.csv").write_text("".join(f"{row}\n" for row in edit(rows)))
        assert self.refused(archcli, command, run)[0].startswith(f"error: run/metrics.csv {what}")

    @pytest.mark.parametrize("field", ["best_epoch", "best_val_accuracy", "final"])
    def test_another_result(self, archcli: Archcli, run: Path, command: tuple[str, ...], field: str) -> None:
        """What the metrics say too is compared with them."""
        summary = json.loads((run / "summary.json").read_text())
        edited = {"best_epoch": 7, "best_val_accuracy": 0.99, "final": summary["final"] | {"val_loss": 0.0}}
        (run / "summary.json").write_text(json.dumps(summary | {field: edited[field]}))
        first, _ = self.refused(archcli, command, run)
        assert first == f"error: run/summary.json was changed: `{field}` is not what metrics.csv says"

    @pytest.mark.parametrize("field", ["test_accuracy", "test_loss", "parameters", "seconds", "images_per_second"])
    def test_a_result_that_stands_nowhere_else(
        self, archcli: Archcli, run: Path, command: tuple[str, ...], field: str
    ) -> None:
        """The file has a checksum of its own."""
        summary = json.loads((run / "summary.json").read_text())
        (run / "summary.json").write_text(json.dumps(summary | {field: 1}))
        first, _ = self.refused(archcli, command, run)
        assert first == "error: run/summary.json was changed: a value is not what was measured"

    def test_another_precision(self, archcli: Archcli, run: Path, command: tuple[str, ...]) -> None:
        """A run would go on in another one, and `compare` would say that it was trained so."""
        environment = json.loads((run / "environment.json").read_text())
        other = "fp32, contiguous" if environment["precision"] != "fp32, contiguous" else "bf16, contiguous"
        (run / "environment.json").write_text(json.dumps(environment | {"precision": other}))
        first, _ = self.refused(archcli, command, run)
        assert first == "error: run/environment.json: `precision` differs from what this run was trained with"

    @pytest.mark.parametrize("name", ["best.safetensors", "last.safetensors"])
    def test_a_checkpoint_of_another_run(
        self, archcli: Archcli, run: Path, of_another_seed: Path, command: tuple[str, ...], name: str
    ) -> None:
        """Its weights fit, and the page is theirs too."""
        shutil.copy(of_another_seed / name, run / name)
        first, second = self.refused(archcli, command, run)
        assert re.fullmatch(r"error: run/\w+\.safetensors is of another run than the other checkpoints in run", first)
        assert second == "  help: restore the file as the run wrote it"


class TestKilled:
    """What a kill may leave is never taken for a change."""

    def test_a_row_that_no_checkpoint_knows_is_cut(self, archcli: Archcli, run: Path) -> None:
        """It is measured again: the metrics are on the disk before the checkpoint that knows of them."""
        (run / "summary.json").unlink()
        whole = (run / "metrics.csv").read_text()
        last = line(run / "metrics.csv", 2)
        (run / "metrics.csv").write_text(f"{whole}3{last[1:]}\n4,0.1")
        assert archcli("resume", run, "--device", "cpu", "-q").code == 0
        assert (run / "metrics.csv").read_text() == whole

    def test_best_may_know_of_rows_that_were_cut(
        self, archcli: Archcli, trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is written before ``last``, by which metrics are judged; here ``last`` is the one before."""
        monkeypatch.chdir(trained.home)
        monkeypatch.setattr(RunFolder, "drop_previous", lambda _: None)
        archcli("train", "small.yaml", *SHORT, "--runs-dir", tmp_path, "-q")
        run = tmp_path / "small-001"
        (run / "summary.json").unlink()
        (run / "prev.safetensors").replace(run / "last.safetensors")
        (run / "metrics.csv").write_text("")
        assert archcli("compare", run).code == 0
        assert archcli("resume", run, "--device", "cpu", "-q").code == 0
        assert [row.rpartition(",")[0] for row in (run / "metrics.csv").read_text().splitlines()] == [
            row.rpartition(",")[0] for row in (trained.folder / "metrics.csv").read_text().splitlines()
        ]

    def test_more_epochs_are_no_other_recipe(self, archcli: Archcli, tmp_path: Path, trained: Trained) -> None:
        """They stand in recipe.yaml before the checkpoint that has them."""
        run = tmp_path / "run"
        shutil.copytree(trained.folder, run)
        rewrite(run / "recipe.yaml", "epochs: 2", "epochs: 4")
        assert open_run(run).recipe.epochs == 4
        assert archcli("compare", run).code == 0


class TestWhatItSays:
    """What a run is, as its folder and its checkpoints say it."""

    def test_classes_images_and_execution(self, run: Path) -> None:
        """By their names; a run of this version leaves nothing to be said."""
        found = open_run(run)
        assert found.checked.classes == tuple("0123456789")
        assert (found.checked.data.name, found.checked.data.subset, found.checked.unchecked) == ("digits", 200, ())
        assert found.graph.name == "small"
        assert found.execution.precision.format == "fp32"

    def test_best_alone_is_enough(self, archcli: Archcli, run: Path) -> None:
        """Whoever keeps only the weights of the best epoch is told of changes all the same."""
        (run / "last.safetensors").unlink()
        assert open_run(run).checked.unchecked == ()
        rewrite(run / "page.yaml", "relu", "tanh")
        with pytest.raises(RunError, match="no longer the network"):
            open_run(run)

    def test_what_is_no_file_is_not_read(self, run: Path) -> None:
        """A checkpoint that can't be read is reported by who needs its weights."""
        (run / "best.safetensors").unlink()
        (run / "best.safetensors").mkdir()
        assert open_run(run).checked.classes == tuple("0123456789")

    def test_a_folder_of_something_else_is_refused(self, tmp_path: Path) -> None:
        """With what it lacks."""
        with pytest.raises(RunError, match=r"it holds no recipe\.yaml"):
            open_run(tmp_path)


class TestEarlier:
    """Runs of versions that said less in their checkpoints."""

    @pytest.fixture
    def finished(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Return a copy of a run that was trained at 561c7d4."""
        shutil.copytree(KEPT / "finished", tmp_path / "finished")
        monkeypatch.chdir(tmp_path)
        return Path("finished")

    @pytest.mark.usefixtures("no_pictures")
    @pytest.mark.parametrize("command", READERS, ids=lambda command: f"{command[0]}_{command[-1]}".strip("-"))
    def test_one_line_says_what_cannot_be_checked(
        self, archcli: Archcli, finished: Path, command: tuple[str, ...]
    ) -> None:
        """On stderr, whatever is asked of it."""
        outcome = archcli(*(str(finished) if word == "RUN" else word for word in command))
        assert outcome.code == 0
        assert outcome.err == (
            "warning: finished: metrics.csv and class names can't be checked: its checkpoints do not record them, "
            "as in earlier versions\n"
        )

    @pytest.mark.parametrize(
        ("name", "old", "new", "answer"),
        [
            ("page.yaml", "activation: relu", "activation: tanh", "page.yaml is no longer the network"),
            ("recipe.yaml", "lr: 0.01", "lr: 0.1", "recipe.yaml: `optimizer.lr` differs"),
            ("metrics.csv", "\n3,", "\n2,", "metrics.csv was changed: epoch 2 stands there twice"),
            ("metrics.csv", "0.57,", "nan,", "metrics.csv was changed: epoch 1 has nan"),
            ("metrics.csv", "0.9333333333333333", "0.99", "epoch 3 does not have the validation accuracy of the best"),
        ],
    )
    def test_what_they_do_say_is_checked(self, finished: Path, name: str, old: str, new: str, answer: str) -> None:
        """The page by data.json, the recipe by last, the best epoch by best; and rows by what a row can be."""
        rewrite(finished / name, old, new)
        with pytest.raises(RunError, match=answer):
            open_run(finished)

    def test_images_of_a_subset_are_those_of_then(self, archcli: Archcli, run: Path) -> None:
        """As large a part of every split, where a run of now takes all; the checksum of the images is that of then."""
        now = json.loads(archcli("evaluate", run, "--split", "validation", "--json", "-q").out)
        then = json.loads(archcli("evaluate", made_earlier(run), "--split", "validation", "--json", "-q").out)
        assert (now["images"], now["warnings"]) == (300, [])
        assert then["images"] == 50

    def test_a_run_that_goes_on_says_all_from_then_on(self, archcli: Archcli, tmp_path: Path) -> None:
        """The next checkpoint has what the folder says."""
        run = shutil.copytree(KEPT / "interrupted", tmp_path / "interrupted")
        assert archcli("resume", run, "--device", "cpu", "-q").code == 0
        assert open_run(run).checked.unchecked == ()


class TestOwnImages:
    """``evaluate`` takes the images that the run was trained with, and says where they are others."""

    def test_a_subset_is_of_the_training_images(self, archcli: Archcli, run: Path) -> None:
        """The run validated and was tested on all the others; evaluate repeats it."""
        summary = json.loads((run / "summary.json").read_text())
        parts = {
            split: json.loads(archcli("evaluate", run, "--split", split, "--json", "-q").out)
            for split in ("train", "validation", "test")
        }
        assert {split: each["images"] for split, each in parts.items()} == {
            "train": 200,
            "validation": 300,
            "test": 297,
        }
        assert parts["test"]["accuracy"] == summary["test_accuracy"]
        assert parts["test"]["loss"] == summary["test_loss"]
        assert parts["validation"]["accuracy"] == summary["best_val_accuracy"]

    def test_held_out_images_are_of_all(self, archcli: Archcli, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """``--subset 100 --set validation=40`` once validated on 3 images and tested on 20."""
        shutil.copy(run / "page.yaml", "small.yaml")
        asked = [word if word != 200 else 100 for word in SHORT]
        outcome = archcli("train", "small.yaml", *asked, "--set", "validation=40", "--dry-run", "--json")
        assert json.loads(outcome.out)["beginning"]["images"] == {"train": 100, "validation": 40, "test": 297}
