"""A run from the command line: what is chosen, what is kept, what is answered."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import load_file

from builder.choices import MOST_THREADS
from builder.training import trainer
from builder.training.device import threads
from builder.training.device.threads import ENOUGH, ChosenThreads
from builder.training.steps import thread_trial
from tests.command_line import PAGE, SHORT, short

if TYPE_CHECKING:
    from builder.training.device.threads import Trial
    from tests.command_line import Archcli, Trained


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a page in a folder of its own, which is the current one."""
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(PAGE)
    return Path("small.yaml")


@pytest.fixture
def nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out figures and curves, which take most of the time of so short a run."""
    monkeypatch.setattr("builder.commands.train._draw", lambda *_: None)
    monkeypatch.setattr("builder.training.trainer.draw_curves", lambda *_: None)


class TestRun:
    """A run keeps everything in its folder, whose path is printed last."""

    def test_the_path_is_the_last_line_of_stdout(self, trained: Trained) -> None:
        """A script reads it with ``tail -n 1``."""
        assert trained.outcome.code == 0
        assert trained.outcome.out.splitlines()[-1] == "runs/small-001"

    def test_everything_is_there(self, trained: Trained) -> None:
        """What was trained, how, on what, and what came of it."""
        assert {path.name for path in trained.folder.iterdir()} == {
            "page.yaml", "model.py", "diagram.svg", "diagram.png", "recipe.yaml", "data.json", "environment.json",
            "metrics.csv", "accuracy.svg", "accuracy.png", "loss.svg", "loss.png", "last.safetensors",
            "best.safetensors", "summary.json", ".lock",
        }  # fmt: skip
        with (trained.folder / "metrics.csv").open(encoding="utf-8") as file:
            assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2"]

    def test_progress_goes_to_stderr(self, trained: Trained) -> None:
        """What was chosen and why, then a line an epoch; the result is not among it."""
        network, data, recipe, device, run, *epochs = trained.outcome.err.splitlines()
        assert network == "network  small: 3×16×16, 554 parameters, 10 classes as digits has (the page says 1000)"
        assert data == "data     digits: 200 train, 300 validation, 297 test images"
        assert recipe == (
            "recipe   digits32, the default for digits: 2 epochs, batch 16, adam 0.004, cosine after 1 of warm-up"
        )
        assert device.startswith("device   cpu")
        assert ", fp32, c" in device
        assert run == "run      runs/small-001"
        assert [line.split("  ")[0] for line in epochs] == ["epoch 1/2", "epoch 2/2"]

    def test_the_kept_page_and_source_are_the_trained_network(self, archcli: Archcli, trained: Trained) -> None:
        """The page is complete by itself, and the source runs without us and takes the weights."""
        kept = json.loads(archcli("show", trained.folder / "page.yaml", "--json").out)
        assert (kept["input"], kept["classes"], kept["parameters"]) == ([3, 16, 16], 10, 554)
        namespace: dict[str, type[torch.nn.Module]] = {}
        exec((trained.folder / "model.py").read_text("utf-8"), namespace)
        namespace["Small"]().load_state_dict(load_file(trained.folder / "best.safetensors"), strict=True)

    @pytest.mark.usefixtures("nothing_is_drawn")
    def test_a_second_run_has_its_own_folder(self, archcli: Archcli, page: Path, trained: Trained) -> None:
        """Nothing is ever overwritten; one seed gives the same numbers, another gives others."""
        assert archcli("train", page, *SHORT, "-q").out.splitlines()[-1] == "runs/small-001"
        assert archcli("train", page, *SHORT, "-q", "--seed", 1).out.splitlines()[-1] == "runs/small-002"
        folders = (trained.folder, Path("runs/small-001"), Path("runs/small-002"))
        first, same, other = (load_file(folder / "best.safetensors") for folder in folders)
        assert all(torch.equal(first[name], same[name]) for name in first)
        assert not torch.equal(first["fc.weight"], other["fc.weight"])

    @pytest.mark.usefixtures("nothing_is_drawn")
    def test_json_is_the_whole_story(self, archcli: Archcli, page: Path) -> None:
        """Choices, result and folder as one object, and quiet means quiet."""
        outcome = archcli("train", page, *SHORT, "--name", "try", "-q", "--json")
        found = json.loads(outcome.out)
        assert outcome.err == ""
        assert found["beginning"]["run"] == "runs/try-001"
        assert found["beginning"]["recipe"]["optimizer"]["name"] == "adam"
        assert found["summary"]["epochs"] == 2
        assert 0 <= found["summary"]["best_val_accuracy"] <= 1


@pytest.mark.usefixtures("nothing_is_drawn")
class TestWeights:
    """A run can begin with weights of another network."""

    def test_what_fits_is_loaded_and_the_rest_is_named(self, archcli: Archcli, trained: Trained, page: Path) -> None:
        """Weights of the base load into a variant, whatever the recipe says of initial weights."""
        Path("gated.yaml").write_text(
            "name: gated\nextends: small.yaml\ninsert:\n  - se: {reduction: 4}\n    at: block.out\n"
        )
        base = trained.folder / "best.safetensors"
        outcome = archcli("train", "gated.yaml", *SHORT, "--weights", base, "--set", "lr=1e-30")
        assert outcome.code == 0
        assert "weights  4 loaded; 4 missing (block.se.fc1.weight, block.se.fc1.bias," in outcome.err
        before, after = load_file(base), load_file("runs/gated-001/best.safetensors")
        assert all(torch.equal(after[name], before[name]) for name in before)

    def test_verbose_names_every_weight_and_the_whole_recipe(
        self, archcli: Archcli, trained: Trained, page: Path
    ) -> None:
        """Nothing that was loaded or left at its default is hidden."""
        outcome = archcli("train", page, *SHORT, "--weights", trained.folder / "best.safetensors", "--dry-run", "-v")
        assert "4 loaded (block.0.weight, block.0.bias, fc.weight, fc.bias)" in outcome.err
        assert "label_smoothing: 0.0" in outcome.err

    def test_weights_of_something_else_are_refused(self, archcli: Archcli, page: Path) -> None:
        """Where nothing fits, nothing is trained."""
        torch.save({"other.weight": torch.zeros(3)}, "other.pt")
        outcome = archcli("train", page, *SHORT, "--weights", "other.pt")
        assert (outcome.code, outcome.out) == (1, "")
        assert "no weight of other.pt has a name and shape of this network" in outcome.err
        assert not Path("runs").exists()


class TestSmallImages:
    """A network for large images on small ones trains, and its last stages do nothing with a picture."""

    def test_stages_of_one_pixel_are_said(self, archcli: Archcli) -> None:
        """By the first of them, how many there are, and what helps."""
        said = archcli("train", "resnet18", "--data", "digits", "--set", "size=32", "--dry-run").err
        assert (
            "note     layer4.0.conv2 and 2 more convolutions see a single pixel, and all but the center of their "
            "kernels sees padding: images of 3×32×32 are small for this network; larger ones: --set size=64\n"
        ) in said

    @pytest.mark.parametrize(("name", "size"), [("resnet18", 64), ("resnet20", 32), ("alexnet_tiny", 32)])
    def test_what_fits_is_not_remarked_on(self, archcli: Archcli, name: str, size: int) -> None:
        """Also a gate, whose convolutions of 1×1 are meant for one pixel."""
        outcome = archcli("train", name, "--data", "digits", "--set", f"size={size}", "--dry-run")
        assert (outcome.code, "note " in outcome.err) == (0, False)


class TestAnswers:
    """What cannot be trained is answered before anything is written."""

    def test_a_dry_run_writes_nothing(self, archcli: Archcli, page: Path) -> None:
        """It says what would be done."""
        outcome = archcli("train", page, *SHORT, "--dry-run")
        assert outcome.code == 0
        assert "network  small" in outcome.err
        assert "nothing was trained or written" in outcome.out
        assert {path.name for path in Path().iterdir()} == {"small.yaml"}

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("--data", "cifar10"), "cifar10 does not lie unpacked in data, and a dry run downloads nothing"),
            (("--data", "digits", "--weights", "torchvision:alexnet"), "a dry run downloads nothing"),
        ],
    )
    def test_a_dry_run_asks_the_network_for_nothing(
        self, archcli: Archcli, page: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
    ) -> None:
        """Neither for images nor for weights."""
        monkeypatch.setenv("TORCH_HOME", str(page.parent.absolute()))
        monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: pytest.fail("it has asked"))
        monkeypatch.setattr("builder.training.weights.published.urlopen", lambda *_, **__: pytest.fail("it has asked"))
        outcome = archcli("train", page, "--dry-run", *words)
        assert (outcome.code, said in outcome.err) == (1, True), outcome.err

    @pytest.mark.parametrize(
        ("arguments", "code", "answer"),
        [
            (["--set", "lrr=0.1"], 2, "did you mean `lr`?"),
            (["--set", "lr"], 2, "`--set lr` sets nothing"),
            (["--set", "epochs=0"], 2, "epochs"),
            (["--recipe", "digit"], 2, "did you mean `digits`?"),
            (["--data", "digit"], 2, "digits"),
            (["--subset", "0"], 2, "--subset"),
            (["--name", "a/b"], 2, "`a/b` cannot be the name of a run's folder"),
            (["--device", "tpu"], 2, "no device is called `tpu`"),
            (["--weights", "no.safetensors"], 1, "no.safetensors"),
            (["--set", "validation=5000"], 1, "validation"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else "",
    )
    def test_what_makes_no_sense_is_answered(
        self, archcli: Archcli, page: Path, arguments: list[str], code: int, answer: str
    ) -> None:
        """With the option that is wrong, and nothing on stdout or on the disk."""
        outcome = archcli("train", page, "--data", "digits", *arguments)
        assert (outcome.code, outcome.out) == (code, "")
        assert answer in outcome.err
        assert not Path("runs").exists()

    def test_a_wrong_page_is_answered_before_the_data_are_fetched(
        self, archcli: Archcli, page: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nobody waits for a download to read about a typing error."""
        monkeypatch.setattr("builder.training.data.named.load", lambda *_: pytest.fail("data were fetched"))
        page.write_text(PAGE.replace("relu", "rleu"))
        outcome = archcli("train", page)
        assert outcome.code == 2
        assert "did you mean `relu`?" in outcome.err

    def test_images_are_squares(self, archcli: Archcli, page: Path) -> None:
        """A page for other images needs a size, and the answer gives one."""
        page.write_text(PAGE.replace("[3, 32, 32]", "[3, 32, 48]"))
        outcome = archcli("train", page, "--data", "digits", "--recipe", "lab")
        assert outcome.code == 2
        assert "3×32×48" in outcome.err
        assert "--set size=32" in outcome.err

    def test_images_may_grow(self, archcli: Archcli, page: Path) -> None:
        """The first lines say from what to what, and the network is that of the final size."""
        grow = ("--set", "size={from: 16, to: 24, until: 0.5}")
        outcome = archcli("train", page, "--data", "digits", "--dry-run", "--set", "epochs=8", *grow)
        assert outcome.code == 0
        assert "3×24×24" in outcome.err
        assert "images grow from 16 to 24 px" in outcome.err

    def test_a_network_that_cannot_take_images_that_grow_is_answered_at_its_line(
        self, archcli: Archcli, tmp_path: Path
    ) -> None:
        """Before data are read, with what to write."""
        flat = tmp_path / "flat.yaml"
        flat.write_text(
            "name: flat\ninput: [1, 8, 8]\nclasses: 10\nlayers:\n  - flatten\n  - linear: {out: $classes}\n"
        )
        outcome = archcli("train", flat, "--data", "digits", "--dry-run", "--set", "size={from: 8, to: 16, until: 0.5}")
        assert outcome.code == 2
        assert "flat.yaml:6" in outcome.err
        assert "its weights depend on the size of the images, which grows from 8 to 16 px" in outcome.err

    def test_data_that_cannot_be_had_are_answered(
        self, archcli: Archcli, page: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The answer names the folder, the file to put there, and what works offline."""

        def refuse(*_: object, **__: object) -> None:
            raise OSError("no network")

        monkeypatch.setattr("torchvision.datasets.CIFAR10", refuse)
        outcome = archcli("train", page)
        assert outcome.code == 1
        for part in ("not in data", "cifar-10-python.tar.gz", "--data digits"):
            assert part in outcome.err


@pytest.mark.usefixtures("nothing_is_drawn")
class TestDeterministic:
    """`--deterministic`."""

    def test_the_same_command_twice_gives_the_same_bits(self, archcli: Archcli, page: Path) -> None:
        """Said in the first lines, and kept by the run; going on keeps to it without being told."""
        constant = (*SHORT, "--set", "schedule.name=constant", "--deterministic")
        for _ in range(2):
            outcome = archcli("train", page, *constant)
            assert outcome.code == 0
            assert ", deterministic" in outcome.err.splitlines()[3]
        one, other = (load_file(f"runs/small-00{number}/last.safetensors") for number in (1, 2))
        assert one.keys() == other.keys()
        assert all(torch.equal(one[name], other[name]) for name in one)
        outcome = archcli("resume", "runs/small-001", "--set", "epochs=3", "--device", "cpu")
        assert outcome.code == 0
        assert ", deterministic" in outcome.err.splitlines()[3]
        assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.usefixtures("nothing_is_drawn")
class TestStep:
    """`--step`."""

    def test_a_graph_is_refused_where_there_is_no_gpu(self, archcli: Archcli, page: Path) -> None:
        """Before there is a folder."""
        outcome = archcli("train", page, *SHORT, "--step", "graph")
        assert (outcome.code, outcome.err) == (
            1,
            "error: `graph` needs a single process on an NVIDIA GPU\n  help: choose eager, or leave it out\n",
        )
        assert not Path("runs").exists()

    def test_a_choice_is_said_and_kept(self, archcli: Archcli, page: Path) -> None:
        """By the run, for whoever goes on with it, and in its result."""
        outcome = archcli("train", page, *short(1), "--step", "eager", "--json")
        assert "\nstep     eager: as asked for\n" in outcome.err
        assert json.loads(outcome.out)["summary"]["step"] == "eager: as asked for"
        assert json.loads(Path("runs/small-001/environment.json").read_text())["step"] == "eager"
        again = archcli("resume", "runs/small-001", "--set", "epochs=2", "--device", "cpu")
        assert "\nstep     eager: as asked for\n" in again.err

    def test_a_run_goes_on_with_other_steps(self, archcli: Archcli, page: Path) -> None:
        """Where a graph left too little memory; what can't be is refused as for `train`."""
        archcli("train", page, *short(1), "--set", "schedule.name=constant")
        on = ("resume", "runs/small-001", "--set", "epochs=2", "--device", "cpu", "--step")
        refused = archcli(*on, "graph")
        assert (refused.code, "`graph` needs a single process on an NVIDIA GPU" in refused.err) == (1, True)
        again = archcli(*on, "eager")
        assert (again.code, "\nstep     eager: as asked for\n" in again.err) == (0, True)

    def test_nothing_is_said_of_what_everybody_expects(self, trained: Trained) -> None:
        """On a CPU; the run knows it all the same."""
        assert "\nstep " not in trained.outcome.err
        assert json.loads((trained.folder / "summary.json").read_text())["step"] == "eager"
        assert json.loads((trained.folder / "environment.json").read_text())["step"] == "auto"


RANDOM_PAGE = PAGE.replace("  flatten: flatten", "  norm: batchnorm\n  drop: {dropout: {p: 0.5}}\n  flatten: flatten")
SEEN = """\
import torch
from builder import train
train("small.yaml", data="digits", subset=200, epochs=1, size=16, device="cpu", threads={threads},
      on_progress=lambda event: print(torch.get_num_threads()))
"""


@pytest.mark.usefixtures("nothing_is_drawn")
class TestThreads:
    """`--threads`, and the trial that chooses where it is not given."""

    @pytest.fixture
    def training_in(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """Return torch's threads in each epoch that is trained."""
        seen: list[int] = []
        train_epoch = trainer.train_epoch

        def noting(*arguments: object) -> None:
            seen.append(torch.get_num_threads())
            train_epoch(*arguments)

        monkeypatch.setattr(trainer, "train_epoch", noting)
        return seen

    @pytest.fixture
    def two_by_trial(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let there be two threads, and a trial that takes its steps and chooses both."""

        def both(most: int, _free: float, trial: Trial) -> ChosenThreads:
            assert all(trial.seconds_of(count) > 0 for count in (1, 2))
            return ChosenThreads(2, most, ENOUGH)

        for name in threads.FIXED_BY:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(threads, "most_threads", lambda: 2)
        monkeypatch.setattr(thread_trial, "choose_threads", both)

    @pytest.mark.parametrize("count", [1, 3])
    def test_training_computes_in_as_many_as_asked_for(
        self, archcli: Archcli, page: Path, training_in: list[int], count: int
    ) -> None:
        """Said in the device line and kept by the run; afterwards torch has what it had."""
        before = torch.get_num_threads()
        outcome = archcli("train", page, *SHORT, "--threads", count)
        assert outcome.code == 0
        assert (training_in, torch.get_num_threads()) == ([count, count], before)
        said = "cpu (1 thread)" if count == 1 else f"cpu ({count} threads)"
        assert outcome.err.splitlines()[3].startswith(f"device   {said}, ")
        assert json.loads(Path("runs/small-001/environment.json").read_text())["threads"] == count

    @pytest.mark.slow
    def test_the_most_that_can_be_asked_for_are_taken(self, page: Path) -> None:
        """In a process of its own, which is not left with so many."""
        work = [sys.executable, "-c", SEEN.format(threads=MOST_THREADS)]
        done = subprocess.run(work, capture_output=True, text=True, check=False, cwd=page.parent)
        assert (done.returncode, set(done.stdout.split()[2:])) == (0, {str(MOST_THREADS)}), done.stderr

    @pytest.mark.parametrize(
        ("count", "said"),
        [
            (0, "is at least 1, not 0"),
            (-1, "is at least 1, not -1"),
            (MOST_THREADS + 1, f"is at most {MOST_THREADS}, not {MOST_THREADS + 1}"),
            (1.5, "takes a whole number, not `1.5`"),
            ("two", "takes a whole number, not `two`"),
        ],
    )
    def test_any_other_number_is_refused(self, archcli: Archcli, page: Path, count: object, said: str) -> None:
        """With the bound, before anything is read."""
        outcome = archcli("train", page, *SHORT, "--threads", count)
        assert (outcome.code, outcome.out) == (2, "")
        assert outcome.err.splitlines()[0] == f"error[usage]: `--threads` {said}"
        assert not Path("runs").exists()

    @pytest.mark.usefixtures("two_by_trial")
    def test_a_trial_changes_no_bit(self, archcli: Archcli, page: Path, training_in: list[int]) -> None:
        """A run whose threads were tried ends as one that was told so many: weights, optimizer, random numbers."""
        page.write_text(RANDOM_PAGE)
        assert archcli("train", page, *SHORT).code == 0
        assert archcli("train", page, *SHORT, "--threads", 2).code == 0
        assert training_in == [2, 2, 2, 2]
        for name in ("last", "best"):
            one, other = (load_file(f"runs/small-00{number}/{name}.safetensors") for number in (1, 2))
            assert one.keys() == other.keys()
            assert all(torch.equal(one[each], other[each]) for each in one)

    @pytest.mark.usefixtures("two_by_trial")
    def test_what_a_trial_chose_is_kept(
        self, archcli: Archcli, page: Path, training_in: list[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A run goes on in as many, without another trial."""
        archcli("train", page, *SHORT, "--set", "schedule.name=constant")
        monkeypatch.setattr(thread_trial, "choose_threads", lambda *_: pytest.fail("tried again"))
        outcome = archcli("resume", "runs/small-001", "--epochs", 3, "--device", "cpu")
        assert (outcome.code, training_in) == (0, [2, 2, 2])
        assert "warning:" not in outcome.err

    @pytest.mark.slow
    @pytest.mark.skipif(not hasattr(os, "fork"), reason="torchrun starts processes that talk through gloo")
    def test_each_of_several_processes_computes_in_as_many(self, page: Path) -> None:
        """And the run goes on in as many, for all of them."""
        torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "cli"]
        told = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        settings = [str(each) for each in (*SHORT, "--set", "schedule.name=constant")]
        for words in (["train", page.name, *settings, "--threads", "2"], ["resume", "runs/small-001", "--epochs", "3"]):
            done = subprocess.run([*torchrun, *words], capture_output=True, text=True, check=False, env=told)
            assert done.returncode == 0, done.stderr
            assert "\ndevice   2 processes, the first on cpu (2 threads" in done.stderr
        assert json.loads(Path("runs/small-001/environment.json").read_text())["threads"] == 2


class TestEarlyStop:
    """`--set early_stop=N`."""

    def test_a_run_that_ended_before_its_last_epoch_says_so(self, archcli: Archcli, page: Path) -> None:
        """Beside the last accuracy; the best epoch stays the first of the best."""
        settings = (*short(9), "--set", "early_stop=2", "--set", "lr=1e-30")
        outcome = archcli("train", page, *settings)
        assert outcome.code == 0
        assert "stopped early, after epoch 3" in outcome.out
        assert "epoch 1 of 9" in outcome.out
        assert "epoch 3/9" in outcome.err
        assert "epoch 4/9" not in outcome.err

    def test_more_epochs_do_not_wake_it(self, archcli: Archcli, page: Path) -> None:
        """It would have stopped in the same place."""
        settings = (*short(9), "--set", "early_stop=2", "--set", "lr=1e-30")
        archcli("train", page, *settings, "--set", "schedule={name: constant}")
        outcome = archcli("resume", "runs/small-001", "--set", "epochs=20", "--device", "cpu")
        assert outcome.code == 0
        assert "stopped early, after epoch 3" in outcome.out
