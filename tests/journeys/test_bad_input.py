"""What cannot be trained or gone on with, from the command line: a short answer, the right code, nothing written."""

from __future__ import annotations

import shutil
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.command_line import PAGE, SHORT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.command_line import Archcli, Trained


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Begin in an empty folder that holds a page, and draw nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("builder.commands.train._draw", lambda *_: None)
    monkeypatch.setattr("builder.training.trainer.draw_curves", lambda *_: None)
    Path("small.yaml").write_text(PAGE)
    return tmp_path


def beside(arguments: tuple[str, ...]) -> list[object]:
    """Return the options of a short training with these in the place of its own."""
    usual = [
        word
        for option, value in zip(SHORT[::2], SHORT[1::2], strict=True)
        if option == "--set" or option not in arguments
        for word in (option, value)
    ]
    return [*usual, *arguments]


class TestTrain:
    """Options and settings."""

    @pytest.mark.parametrize(
        ("arguments", "answer"),
        [
            *(
                (("--set", f"lr={value}"), "`optimizer.lr` is ")
                for value in (".nan", ".inf", "1e30", "0", "-1", "fast")
            ),
            *((("--set", f"seed={value}"), "`seed` is ") for value in ("-1", "1.5", "true", "'7'", str(2**64))),
            (("--seed", "-1"), "--seed"),
            (("--seed", "1.5"), "--seed"),
            (("--seed", str(2**64)), "`seed` is at most"),
            (("--set", "batch_size=0"), "`batch_size` is at least 1"),
            (("--set", "batch_sise=8"), "did you mean `batch_size`?"),
            (("--set", "a.b=3"), "has no setting `a.b`"),
            (("--set", "momentum=0.9"), "`--set optimizer.name=sgd` has it"),
            (("--set", "optimizer=5"), "`optimizer` is a mapping such as {name: sgd}, not the number `5`"),
            (("--set", "ema_decay=1"), "`ema_decay` is less than 1"),
            (("--recipe", "nowhere.yaml"), "cannot read nowhere.yaml"),
            (("--recipe", "small.yaml"), "`layers` is not a field of a recipe"),
            (("--device", "gpu"), "no device is called `gpu`"),
            (("--lr", "0"), "`optimizer.lr` is greater than 0"),
            (("--momentum", "0.9"), "`archcli train` has no option `--momentum`"),
            (("--name", "../up"), "`../up` cannot be the name of a run's folder"),
        ],
    )
    def test_what_is_written_wrong_is_usage(self, archcli: Archcli, arguments: tuple[str, ...], answer: str) -> None:
        """2, and not even a folder for runs."""
        outcome = archcli("train", "small.yaml", *beside(arguments))
        assert (outcome.code, outcome.out) == (2, "")
        assert answer in outcome.err
        assert {path.name for path in Path().iterdir()} == {"small.yaml"}

    @pytest.mark.parametrize(
        ("arguments", "answer"),
        [
            (("--device", "cuda:99"), "the device `cuda:99` can't be used here"),
            (("--set", "validation=2000"), "digits has 1,500 training images, and 2,000 of them are to be held out"),
            (("--data", "imagefolder", "--data-dir", "nowhere"), "nowhere"),
            (("--weights", "nowhere.safetensors"), "nowhere.safetensors"),
            (("--weights", "small.yaml"), "holds no weights of safetensors or PyTorch"),
        ],
    )
    def test_what_is_not_there_fails(self, archcli: Archcli, arguments: tuple[str, ...], answer: str) -> None:
        """1, and nothing is left behind."""
        outcome = archcli("train", "small.yaml", *beside(arguments))
        assert (outcome.code, outcome.out) == (1, "")
        assert answer in outcome.err
        assert {path.name for path in Path().iterdir()} == {"small.yaml"}

    def test_data_that_cannot_be_had_leave_no_folder(self, archcli: Archcli, monkeypatch: pytest.MonkeyPatch) -> None:
        """A download makes it first."""

        def offline(*_: object, **__: object) -> None:
            raise OSError("no network")

        monkeypatch.setattr("torchvision.datasets.cifar.download_and_extract_archive", offline)
        outcome = archcli("train", "small.yaml", "--data-dir", "nowhere", "--device", "cpu")
        assert outcome.code == 1
        assert "cifar10 is not in nowhere, and could not be downloaded" in outcome.err
        assert {path.name for path in Path().iterdir()} == {"small.yaml"}

    def test_a_batch_larger_than_the_data_is_one_step(self, archcli: Archcli) -> None:
        """Elsewhere it would be none, and nothing would be learned without a word."""
        outcome = archcli("train", "small.yaml", *SHORT, "--set", "batch_size=4096")
        assert outcome.code == 0
        assert len(Path("runs/small-001/metrics.csv").read_text().splitlines()) == 3


def without(*names: str) -> Callable[[Path], None]:
    """Return what removes files of a run."""

    def harm(run: Path) -> None:
        for name in names:
            (run / name).unlink()

    return harm


def rewritten(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Return what changes a text of a run."""

    def harm(run: Path) -> None:
        text = (run / name).read_text()
        assert old in text
        (run / name).write_text(text.replace(old, new))

    return harm


def cut(*names: str) -> Callable[[Path], None]:
    """Return what leaves the first thousand bytes of files of a run."""

    def harm(run: Path) -> None:
        for name in names:
            (run / name).write_bytes((run / name).read_bytes()[:1000])

    return harm


class TestResume:
    """Runs that were damaged, or are another's."""

    @pytest.fixture
    def run(self, trained: Trained, tmp_path: Path) -> Path:
        """Return a run that had not ended, to be harmed."""
        shutil.copytree(trained.folder, tmp_path / "run")
        (tmp_path / "run" / "summary.json").unlink()
        shutil.copy(tmp_path / "run" / "last.safetensors", tmp_path / "run" / "prev.safetensors")
        return Path("run")

    @pytest.mark.parametrize(
        ("harm", "code", "answer"),
        [
            (
                rewritten("recipe.yaml", "lr: 0.004", "lr: 0.1"),
                1,
                "`optimizer.lr` differs from what this run was",
            ),
            (rewritten("recipe.yaml", "epochs: 2", "epochs: ["), 2, "run/recipe.yaml:"),
            (rewritten("page.yaml", "out: 8", "out: 9"), 1, "is no longer the network that this run trained"),
            (
                rewritten("data.json", "200", "100"),
                1,
                "data.json: `subset` differs from what this run",
            ),
            (rewritten("data.json", "{", "["), 1, "run/data.json cannot be read"),
            (rewritten("environment.json", "{", "["), 1, "does not say which precision the run uses"),
            (cut("last.safetensors", "prev.safetensors"), 1, "prev.safetensors is not a complete checkpoint"),
            (cut("best.safetensors"), 1, "best.safetensors is not a complete checkpoint"),
            (without("last.safetensors", "prev.safetensors"), 1, "run has lost its checkpoints"),
            (without("recipe.yaml"), 1, "it holds no recipe.yaml"),
        ],
    )
    def test_each_is_answered(
        self, archcli: Archcli, run: Path, harm: Callable[[Path], None], code: int, answer: str
    ) -> None:
        """What was whole stays whole, and nothing is trained."""
        harm(run)
        before = {path.name: sha256(path.read_bytes()).digest() for path in run.glob("*.safetensors")}
        outcome = archcli("resume", run, "--device", "cpu")
        assert (outcome.code, outcome.out) == (code, "")
        assert answer in outcome.err
        assert {path.name: sha256(path.read_bytes()).digest() for path in run.glob("*.safetensors")} == before
        assert not (run / "summary.json").exists()

    def test_a_damaged_last_is_made_up_for_by_the_one_before(self, archcli: Archcli, run: Path) -> None:
        """With a warning, to the same end."""
        cut("last.safetensors")(run)
        outcome = archcli("resume", run, "--device", "cpu")
        assert outcome.code == 0
        assert "last.safetensors is not a complete checkpoint" in outcome.err

    @pytest.mark.parametrize(
        ("setting", "code", "answer"),
        [
            ("lr=1", 2, "`optimizer.lr` can't be changed in a run that has started"),
            ("epoch=4", 2, "did you mean `epochs`?"),
            ("epochs=1", 1, "has already trained more than epochs=1"),
        ],
    )
    def test_other_settings_are_refused_by_name(
        self, archcli: Archcli, run: Path, setting: str, code: int, answer: str
    ) -> None:
        """Only more epochs can be asked for."""
        outcome = archcli("resume", run, "--set", setting, "--device", "cpu")
        assert (outcome.code, outcome.out) == (code, "")
        assert answer in outcome.err
