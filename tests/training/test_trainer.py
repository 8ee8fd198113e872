"""Whole runs of the small task: what they leave behind, how they repeat, how they are stopped and gone on with."""

from __future__ import annotations

import json
import signal
from contextlib import nullcontext
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest
import torch
from torchvision.transforms import Pad

from builder.diagnostics import RunError
from builder.training import trainer
from builder.training.data.batches import Batches
from builder.training.device.execution import Execution
from builder.training.evaluation.evaluate import evaluate, judged_logits
from builder.training.folder.checkpoints import LOST, read_checkpoint
from builder.training.folder.failure import RunFailure, read_failure
from builder.training.folder.metrics import read_metrics
from builder.training.folder.run_folder import RunFolder
from builder.training.interrupts import Interrupted
from builder.training.progress import (
    BatchDone,
    EpochDone,
    EpochStarted,
    GoingOn,
    LookingBack,
    Preparing,
    Progress,
    SizeChosen,
    StepChosen,
)
from builder.training.recipe.image_size import Growth
from builder.training.recipe.lookahead import Lookahead
from builder.training.recipe.optimizer import Adam, Sgd
from builder.training.recipe.recipe import Augment, Recipe, load_recipe
from builder.training.recipe.schedule import Constant, Cosine
from builder.training.recipe.weight_group import WeightGroup
from builder.training.saving import Pace
from builder.training.trainer import train
from builder.training.weights.files import read_weights
from tests.training.stand_in import StandIn
from tests.training.tiny_task import TinyNetwork

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from builder.training.data.dataset import DataSet

CPU = torch.device("cpu")
RANDOM_EVERYTHING = {  # of a recipe that uses every stream of chance and every kind of state
    "augment": Augment(flip=True, crop_padding=1, cutout=2),
    "optimizer": Adam(name="adam", lr=0.01, weight_decay=0.01, decay_norm_and_bias=False),
    "schedule": Cosine(name="cosine", warmup=1),
    "clip_norm": 1.0,
    "ema_decay": 0.9,
}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """Return the folder of a new run."""
    return RunFolder.create(tmp_path, "tiny")


@pytest.fixture(autouse=True)
def without_figures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no curves, which takes longer than the training, unless a test is about them."""
    if "with_figures" not in request.fixturenames:
        monkeypatch.setattr(trainer, "draw_curves", lambda rows, folder: None)


@pytest.fixture
def with_figures() -> None:
    """Ask for the curves."""


def bits(model: torch.nn.Module) -> dict[str, bytes]:
    """Return the bytes of every weight."""
    return {name: each.numpy().tobytes() for name, each in model.state_dict().items()}


def drawn(seed: int = 5) -> TinyNetwork:
    """Return a network as a page's, drawn from the recipe's seed."""
    torch.manual_seed(seed)
    return TinyNetwork()


class TestTrain:
    """A run that nobody disturbs."""

    def test_the_task_is_learned(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """Three epochs are enough for 90 %."""
        summary = train(drawn(), data, recipe, folder, CPU)
        assert summary.best_val_accuracy >= 0.9
        assert summary.test_accuracy is not None
        assert summary.test_accuracy >= 0.9

    def test_everything_is_in_the_folder(
        self, data: DataSet, recipe: Recipe, folder: RunFolder, with_figures: None
    ) -> None:
        """And nothing else; the page is the caller's to write."""
        train(drawn(), data, recipe, folder, CPU)
        assert sorted(path.name for path in folder.path.iterdir()) == [
            ".lock",
            "accuracy.png",
            "accuracy.svg",
            "best.safetensors",
            "environment.json",
            "last.safetensors",
            "loss.png",
            "loss.svg",
            "metrics.csv",
            "recipe.yaml",
            "summary.json",
        ]
        assert load_recipe(folder.recipe) == recipe
        environment = json.loads((folder.path / "environment.json").read_text())
        assert environment["data"]["sha256"] == data.fingerprint
        assert environment["data"]["images"] == {"train": 70, "validation": 20, "test": 20}
        assert environment["precision"] == "fp32, contiguous"

    def test_the_best_epoch_is_the_first_of_the_best(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """On validation; the metrics say the same."""
        summary = train(drawn(), data, recipe, folder, CPU)
        rows = read_metrics(folder.metrics)
        best = max(rows, key=lambda row: row.val_accuracy)
        assert [row.epoch for row in rows] == [1, 2, 3]
        assert (summary.best_epoch, summary.best_val_accuracy) == (best.epoch, best.val_accuracy)
        assert summary.final == rows[-1]
        written = json.loads((folder.path / "summary.json").read_text())
        assert written.pop("checksum")
        assert written == asdict(summary)

    def test_the_test_split_is_read_once_with_the_best_weights(
        self, data: DataSet, recipe: Recipe, folder: RunFolder
    ) -> None:
        """Which the network has at the end, and the folder as well."""
        events: list[Progress] = []
        network = drawn()
        summary = train(network, data, recipe, folder, CPU, events.append)
        assert sum(isinstance(each, BatchDone) and each.phase == "test" for each in events) == 1
        assert evaluate(network, data.test, recipe, CPU).accuracy == summary.test_accuracy
        best = read_weights(folder.best)
        assert all(torch.equal(each, best[name]) for name, each in network.state_dict().items())
        validated = evaluate(network, data.validation, recipe, CPU)
        assert validated.accuracy == summary.best_val_accuracy

    def test_the_last_weights_are_tested_where_the_recipe_selects_them(
        self, data: DataSet, recipe: Recipe, tmp_path: Path
    ) -> None:
        """The best epoch is still said; a run that was stopped behind it comes to the same."""
        wild = recipe.model_copy(update={"optimizer": Sgd(name="sgd", lr=1.0, momentum=0.9), "selection": "last"})
        whole, parts = RunFolder.create(tmp_path, "whole"), RunFolder.create(tmp_path, "parts")
        network, resumed = drawn(), drawn(seed=99)
        summary = train(network, data, wild, whole, CPU)
        assert summary.best_epoch < 3, "else this shows nothing"
        assert evaluate(network, data.validation, wild, CPU).accuracy == summary.final.val_accuracy
        assert evaluate(network, data.test, wild, CPU).accuracy == summary.test_accuracy
        last = read_checkpoint(whole.last).group("model")
        assert all(torch.equal(each, last[name]) for name, each in read_weights(whole.best).items())
        with pytest.raises(Interrupted):
            train(drawn(), data, wild, parts, CPU, stopping_at(15, signal.SIGINT))
        assert train(resumed, data, wild, parts, CPU).test_accuracy == summary.test_accuracy
        assert bits(resumed) == bits(network)

    def test_progress_comes_as_values(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """Images are prepared, steps are chosen; an epoch begins, its batches are done, it is validated and done."""
        events: list[Progress] = []
        train(drawn(), data, recipe, folder, CPU, events.append)
        first = events[: events.index(next(each for each in events if isinstance(each, EpochDone)))]
        assert first == [
            *(Preparing(*split) for split in (("train", 70), ("validation", 20), ("test", 20))),
            StepChosen("eager"),
            EpochStarted(epoch=1, epochs=3, done=0, steps=5),
            *(BatchDone("train", done, 5) for done in range(1, 6)),
            BatchDone("validation", 1, 1),
        ]
        done = [each for each in events if isinstance(each, EpochDone)]
        assert [each.metrics for each in done] == read_metrics(folder.metrics)

    def test_validation_is_held_out_where_the_data_bring_none(
        self, data: DataSet, recipe: Recipe, folder: RunFolder
    ) -> None:
        """As much as the recipe says."""
        train(drawn(), replace(data, validation=None), recipe.model_copy(update={"epochs": 1}), folder, CPU)
        images = json.loads((folder.path / "environment.json").read_text())["data"]["images"]
        assert images == {"train": 56, "validation": 14, "test": 20}

    def test_without_a_test_split_there_is_no_test(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """None in the summary, not 0."""
        summary = train(drawn(), replace(data, test=None), recipe.model_copy(update={"epochs": 1}), folder, CPU)
        assert (summary.test_accuracy, summary.test_loss) == (None, None)


class Breaking(torch.nn.Module):
    """Hands on what it is given, and infinity from a call on; how often it was called is kept as weights are."""

    def __init__(self, call: int) -> None:
        """Count from 1."""
        super().__init__()
        self._call = call
        self.register_buffer("calls", torch.tensor(0))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return ``values``."""
        self.calls += self.training
        return values / 0 if self.calls >= self._call else values


class TestDivergence:
    """A loss that is not finite."""

    def breaking(self, call: int) -> TinyNetwork:
        """Return a network that breaks in its norm at this step of the run (from 1)."""
        network = drawn()
        network.norm = Breaking(call)
        return network

    def test_it_ends_the_run_with_step_and_layer(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """Step 7 is the second of epoch 2; what to try comes as settings."""
        events: list[Progress] = []
        with pytest.raises(RunError) as raised:
            train(self.breaking(7), data, recipe, folder, CPU, events.append)
        where = "it began in the output of `norm` (Breaking)"
        assert raised.value.message == f"the loss is nan at step 2 of epoch 2; {where}"
        assert raised.value.hint == (
            "try a tenth of the learning rate, `--set lr=0.01`; or warm-up, `--set warmup=1`; "
            "or gradient clipping, `--set clip_norm=1`"
        )
        assert LookingBack("the loss is nan at step 2 of epoch 2", 7) in events

    def test_the_folder_says_so(self, data: DataSet, recipe: Recipe, folder: RunFolder, with_figures: None) -> None:
        """With all that is known; metrics and curves end with the last whole epoch."""
        with pytest.raises(RunError) as raised:
            train(self.breaking(7), data, recipe, folder, CPU)
        assert read_failure(folder) == RunFailure(raised.value.message, str(raised.value.hint), 2, 2, "norm")
        assert [row.epoch for row in read_metrics(folder.metrics)] == [1]
        assert (folder.path / "loss.png").exists()
        assert not folder.summary.exists()

    def test_only_what_would_help_is_tried(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """A recipe that warms up and clips has nothing left but its rate."""
        careful = recipe.model_copy(update={"schedule": Cosine(name="cosine", warmup=1), "clip_norm": 1.0})
        with pytest.raises(RunError) as raised:
            train(self.breaking(1), data, careful, folder, CPU)
        assert raised.value.hint == "try a tenth of the learning rate, `--set lr=0.01`"

    def test_no_checkpoint_is_taken_of_it(
        self, data: DataSet, recipe: Recipe, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Saved after every step, the last one is that before; and the step is found without waiting for the epoch."""
        monkeypatch.setattr(trainer, "saving_pace", lambda size: Always())
        with pytest.raises(RunError, match="at step 4 of epoch 1"):
            train(self.breaking(4), data, recipe, folder, CPU)
        found = read_checkpoint(folder.last)
        assert found.record["position"]["step"] == 3
        assert all(bool(each.float().isfinite().all()) for each in found.tensors.values())

    def test_a_weight_that_is_lost_is_never_saved(
        self, data: DataSet, recipe: Recipe, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Though the loss does not show it yet."""
        monkeypatch.setattr(trainer, "saving_pace", lambda size: Always())
        network = drawn()
        network.head.bias.register_hook(lambda gradient: gradient * float("inf") if network.norm.calls == 3 else None)
        network.norm = Breaking(100)
        with pytest.raises(RunError) as raised:
            train(network, data, recipe, folder, CPU)
        assert raised.value.message == (
            "a weight is infinite or NaN after 3 steps; it began in the gradient of `head.bias`"
        )
        assert read_checkpoint(folder.last).record["position"]["step"] == 2

    def test_ctrl_c_ends_the_search(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """What is known is said without it."""

        def impatient(event: Progress) -> None:
            if isinstance(event, LookingBack):
                signal.raise_signal(signal.SIGINT)

        with pytest.raises(RunError) as raised:
            train(self.breaking(7), data, recipe, folder, CPU, impatient)
        assert raised.value.message == "the loss is nan at step 2 of epoch 2"

    def test_one_in_validation_is_found_too(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """Before it reaches metrics and curves."""

        class Overflowing(TinyNetwork):
            """Learns, and answers with infinity when it is evaluated."""

            def forward(self, images: torch.Tensor) -> torch.Tensor:
                """Return the logits."""
                logits = super().forward(images)
                return logits if self.training else logits / 0

        with pytest.raises(RunError) as raised:
            train(Overflowing(), data, recipe, folder, CPU)
        where = "it began in the output of the network"
        assert raised.value.message == f"the validation loss is nan after epoch 1; {where}"
        assert read_metrics(folder.metrics) == []
        assert read_checkpoint(folder.last).record["position"]["epoch"] == 1


class Never(Pace):
    """A pace at which nothing is saved but where a run begins and ends."""

    def due(self) -> bool:
        """Return that it is not."""
        return False


class Always:
    """A pace at which every step is saved."""

    def due(self) -> bool:
        """Return that it is time."""
        return True

    def timed(self) -> nullcontext[None]:
        """Take no time."""
        return nullcontext()


class TestAverage:
    """A running mean of the weights in their place."""

    def test_it_is_what_is_validated_kept_and_tested(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """As if it had been computed by hand from the weights of every step."""
        averaged = recipe.model_copy(update={"ema_decay": 0.8, "epochs": 1})
        plain, mean = drawn(), {}

        def after(event: Progress) -> None:
            if isinstance(event, BatchDone) and event.phase == "train":
                share = min(0.8, (1 + event.done) / (10 + event.done))
                for name, each in plain.state_dict().items():
                    mean[name] = mean[name].lerp(each, 1 - share) if each.is_floating_point() else each.clone()

        mean = {name: each.clone() for name, each in plain.state_dict().items()}
        train(plain, data, recipe.model_copy(update={"epochs": 1}), RunFolder.create(folder.path, "plain"), CPU, after)
        summary = train(drawn(), data, averaged, folder, CPU)
        best = read_weights(folder.best)
        assert best.keys() == mean.keys()
        assert all(torch.allclose(best[name], each, atol=1e-6) for name, each in mean.items())
        by_hand = drawn()
        by_hand.load_state_dict(best)
        assert evaluate(by_hand, data.validation, averaged, CPU).accuracy == summary.best_val_accuracy
        assert evaluate(by_hand, data.test, averaged, CPU).loss == summary.test_loss

    def test_the_weights_themselves_are_trained_as_without_it(
        self, data: DataSet, recipe: Recipe, tmp_path: Path
    ) -> None:
        """It only watches: `last` holds the same weights, and the mean besides."""
        with_mean, without = RunFolder.create(tmp_path, "with"), RunFolder.create(tmp_path, "without")
        train(drawn(), data, recipe.model_copy(update={"ema_decay": 0.9}), with_mean, CPU)
        train(drawn(), data, recipe, without, CPU)
        found, right = read_checkpoint(with_mean.last), read_checkpoint(without.last)
        assert all(torch.equal(each, right.group("model")[name]) for name, each in found.group("model").items())
        assert found.group("average").keys() == found.group("model").keys()
        assert not right.group("average")


class TestEarlyStop:
    """Epochs without a better validation accuracy."""

    def stuck(self, recipe: Recipe, patience: int) -> Recipe:
        """Return a recipe that learns nothing: every epoch is as good as the first."""
        slow = Sgd(name="sgd", lr=1e-12)
        return recipe.model_copy(update={"optimizer": slow, "epochs": 9, "early_stop": patience})

    @pytest.mark.parametrize("patience", [1, 3])
    def test_so_many_of_them_end_the_run(self, data: DataSet, recipe: Recipe, folder: RunFolder, patience: int) -> None:
        """The best epoch stays the first of the best, and is tested."""
        network = drawn()
        network.norm = torch.nn.Identity()  # whose statistics would move without a learning rate
        summary = train(network, data, self.stuck(recipe, patience), folder, CPU)
        assert [row.epoch for row in read_metrics(folder.metrics)] == list(range(1, 2 + patience))
        assert (summary.best_epoch, summary.final.epoch, summary.epochs) == (1, 1 + patience, 9)

    def test_a_run_that_gets_better_is_not_stopped(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """Epoch 2 is better than epoch 1."""
        train(drawn(), data, recipe.model_copy(update={"early_stop": 2}), folder, CPU)
        assert len(read_metrics(folder.metrics)) == 3

    def test_a_run_that_was_interrupted_stops_in_the_same_epoch(
        self, data: DataSet, recipe: Recipe, folder: RunFolder
    ) -> None:
        """What was without success before counts after; asked again, it is still at its end."""
        network = drawn()
        network.norm = torch.nn.Identity()
        patient = self.stuck(recipe, 3)
        with pytest.raises(Interrupted):
            train(network, data, patient, folder, CPU, stopping_at(6 * 2 + 1, signal.SIGINT))
        train(network, data, patient, folder, CPU)
        assert [row.epoch for row in read_metrics(folder.metrics)] == [1, 2, 3, 4]
        summary = train(network, data, patient, folder, CPU)
        assert (summary.final.epoch, len(read_metrics(folder.metrics))) == (4, 4)


class TestRepeating:
    """The same seed, the same bits."""

    def run(self, data: DataSet, recipe: Recipe, parent: Path) -> tuple[dict[str, bytes], bytes]:
        """Return the weights of a run and its last checkpoint's."""
        network, folder = drawn(recipe.seed), RunFolder.create(parent, "tiny")
        train(network, data, recipe.model_copy(update=RANDOM_EVERYTHING), folder, CPU)
        return bits(network), b"".join(each.numpy().tobytes() for each in read_checkpoint(folder.last).tensors.values())

    def test_one_seed_twice_is_the_same_run(self, data: DataSet, recipe: Recipe, tmp_path: Path) -> None:
        """Whatever torch's global generator did before."""
        first = self.run(data, recipe, tmp_path)
        torch.rand(17)
        assert self.run(data, recipe, tmp_path) == first

    def test_another_seed_is_another_run(self, data: DataSet, recipe: Recipe, tmp_path: Path) -> None:
        """Else the test above would say nothing."""
        other = recipe.model_copy(update={"seed": 6})
        assert self.run(data, other, tmp_path)[0] != self.run(data, recipe, tmp_path)[0]


def stopping_at(moment: int, number: signal.Signals) -> Callable[[Progress], None]:
    """Return a callback that sends the program a signal after that many batches of any kind."""
    batches = iter(range(1, 10_000))

    def report(event: Progress) -> None:
        if isinstance(event, BatchDone) and next(batches) == moment:
            signal.raise_signal(number)

    return report


class TestStopping:
    """Ctrl-C and SIGTERM."""

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_the_step_is_finished_and_everything_saved(
        self, data: DataSet, recipe: Recipe, folder: RunFolder, number: signal.Signals, code: int
    ) -> None:
        """The message says where, and the exit code is the shell's."""
        with pytest.raises(Interrupted) as raised:
            train(drawn(), data, recipe, folder, CPU, stopping_at(6 + 2, number))
        assert raised.value.exit_code == code
        where = f"stopped in epoch 2 of 3, after batch 2 of 5 of train; saved in {folder.last}"
        assert raised.value.message == where
        position = read_checkpoint(folder.last).record["position"]
        assert (position["epoch"], position["step"]) == (2, 2)

    def test_the_curves_so_far_are_drawn(
        self, data: DataSet, recipe: Recipe, folder: RunFolder, with_figures: None
    ) -> None:
        """Somebody may have seen enough."""
        with pytest.raises(Interrupted):
            train(drawn(), data, recipe, folder, CPU, stopping_at(8, signal.SIGINT))
        assert (folder.path / "accuracy.png").exists()

    def test_the_former_handlers_come_back(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """Whoever called the trainer has its own."""
        before = signal.getsignal(signal.SIGINT)
        with pytest.raises(Interrupted):
            train(drawn(), data, recipe, folder, CPU, stopping_at(1, signal.SIGINT))
        assert signal.getsignal(signal.SIGINT) == before


class TestGoingOn:
    """A run that was stopped anywhere ends in the same bits."""

    @pytest.fixture
    def random_recipe(self, recipe: Recipe) -> Recipe:
        """Return a recipe that uses every stream of chance and every kind of state."""
        return recipe.model_copy(update=RANDOM_EVERYTHING)

    @pytest.mark.parametrize("moment", [1, 3, 5, 6, 7, 12, 17, 18, 19])
    def test_it_ends_as_if_nobody_had_stopped_it(
        self, data: DataSet, random_recipe: Recipe, tmp_path: Path, moment: int
    ) -> None:
        """After a step, at the end of an epoch, in validation, in the test; weights, metrics, optimizer, all."""
        whole, parts = RunFolder.create(tmp_path, "whole"), RunFolder.create(tmp_path, "parts")
        network = drawn()
        right = train(network, data, random_recipe, whole, CPU)

        with pytest.raises(Interrupted):
            train(drawn(), data, random_recipe, parts, CPU, stopping_at(moment, signal.SIGINT))
        torch.rand(11)
        resumed = drawn(seed=99)
        found = train(resumed, data, random_recipe, parts, CPU)

        assert bits(resumed) == bits(network)
        assert (found.best_epoch, found.test_loss) == (right.best_epoch, right.test_loss)
        timeless = [[replace(row, seconds=0.0) for row in read_metrics(each.metrics)] for each in (whole, parts)]
        assert timeless[0] == timeless[1]
        last, other = read_checkpoint(whole.last).tensors, read_checkpoint(parts.last).tensors
        assert last.keys() == other.keys()
        assert all(torch.equal(each, other[name]) for name, each in last.items())

    def test_rows_written_after_the_checkpoint_are_not_kept_twice(
        self, data: DataSet, recipe: Recipe, folder: RunFolder
    ) -> None:
        """As when the power fails between the row and the next save."""
        with pytest.raises(Interrupted):
            train(drawn(), data, recipe, folder, CPU, stopping_at(8, signal.SIGINT))
        with folder.metrics.open("a") as file:
            file.write("2,9,9,9,9,9,9\n")
        train(drawn(), data, recipe, folder, CPU)
        assert [row.epoch for row in read_metrics(folder.metrics)] == [1, 2, 3]

    def test_another_recipe_is_refused(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """It would be a run that nobody described; every field that is another is named."""
        train(drawn(), data, recipe, folder, CPU)
        other = recipe.model_copy(update={"optimizer": Sgd(name="sgd", lr=0.2, momentum=0.9), "seed": 6})
        with pytest.raises(RunError, match=r"taken with another `optimizer\.lr`, `seed` in its recipe"):
            train(drawn(), data, other, folder, CPU)

    def test_other_data_are_refused(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """Even if one image is missing."""
        train(drawn(), data, recipe, folder, CPU)
        with pytest.raises(RunError, match="its checkpoint was taken with other data"):
            train(drawn(), replace(data, train=data.train[1:]), recipe, folder, CPU)

    def test_another_network_is_refused(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """One output more is enough."""
        train(drawn(), data, recipe, folder, CPU)
        with pytest.raises(RunError, match="its checkpoint was taken with another network"):
            train(TinyNetwork(outputs=5), data, recipe, folder, CPU)

    def test_a_run_that_lost_both_checkpoints_is_refused(
        self, data: DataSet, recipe: Recipe, folder: RunFolder
    ) -> None:
        """Never trained on from what is damaged."""
        train(drawn(), data, recipe, folder, CPU)
        folder.previous.write_bytes(folder.last.read_bytes())
        for path in (folder.last, folder.previous):
            path.write_bytes(path.read_bytes()[:-1])
        both = r"cannot continue: .*last\.safetensors is not a complete .*; .*prev\.safetensors is not a complete"
        with pytest.raises(RunError, match=both) as raised:
            train(drawn(), data, recipe, folder, CPU)
        assert raised.value.hint == LOST

    def test_a_run_whose_checkpoints_are_gone_does_not_begin_again(
        self, data: DataSet, recipe: Recipe, folder: RunFolder
    ) -> None:
        """It would write its epochs under those that it had."""
        train(drawn(), data, recipe, folder, CPU)
        before = folder.metrics.read_bytes()
        folder.last.unlink()
        with pytest.raises(RunError, match=r"last\.safetensors is gone; prev\.safetensors is gone too"):
            train(drawn(), data, recipe, folder, CPU)
        assert folder.metrics.read_bytes() == before

    def test_a_run_that_lost_its_best_weights_is_refused(
        self, data: DataSet, recipe: Recipe, folder: RunFolder
    ) -> None:
        """At once, not after the epochs that are left."""
        with pytest.raises(Interrupted):
            train(drawn(), data, recipe, folder, CPU, stopping_at(8, signal.SIGINT))
        folder.best.unlink()
        with pytest.raises(RunError, match=r"best\.safetensors is not a complete checkpoint") as raised:
            train(drawn(), data, recipe, folder, CPU)
        assert "a run tests the weights of its best epoch" in str(raised.value.hint)

    def test_a_run_that_lost_rows_is_refused(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """What it has measured can't be measured again."""
        with pytest.raises(Interrupted):
            train(drawn(), data, recipe, folder, CPU, stopping_at(8, signal.SIGINT))
        folder.metrics.write_text("")
        with pytest.raises(RunError, match=r"metrics\.csv has lost rows: it had \d+ bytes .*, and has 0"):
            train(drawn(), data, recipe, folder, CPU)

    def test_where_it_goes_on_is_reported(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """Once, before the first epoch."""
        with pytest.raises(Interrupted):
            train(drawn(), data, recipe, folder, CPU, stopping_at(8, signal.SIGINT))
        events: list[Progress] = []
        train(drawn(), data, recipe, folder, CPU, events.append)
        found = [each for each in events if isinstance(each, GoingOn)]
        assert found == [GoingOn(epoch=2, step=2, damage=None, changed=())]

    def test_another_machine_is_told(
        self, data: DataSet, recipe: Recipe, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The rest will not have the same bits."""
        with pytest.raises(Interrupted):
            train(drawn(), data, recipe, folder, CPU, stopping_at(8, signal.SIGINT))
        monkeypatch.setattr(torch, "__version__", "2.99.0")
        events: list[Progress] = []
        train(drawn(), data, recipe, folder, CPU, events.append)
        (found,) = (each for each in events if isinstance(each, GoingOn))
        assert [each.partition(":")[0] for each in found.changed] == ["torch"]
        assert found.changed[0].endswith("before, 2.99.0 now")


class TestPreviousCheckpoint:
    """What stands in for a damaged `last`."""

    def stopped(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """Stop a run twice, so that there are two checkpoints."""
        for _ in range(2):
            with pytest.raises(Interrupted):
                train(drawn(), data, recipe, folder, CPU, stopping_at(4, signal.SIGINT))

    @pytest.mark.parametrize("harm", ["cut short", "a byte flipped", "gone"])
    def test_it_leads_to_the_same_end(self, data: DataSet, recipe: Recipe, tmp_path: Path, harm: str) -> None:
        """And says why, unless `last` was just not there yet."""
        whole, hurt = RunFolder.create(tmp_path, "whole"), RunFolder.create(tmp_path, "hurt")
        right = drawn()
        train(right, data, recipe, whole, CPU)
        self.stopped(data, recipe, hurt)
        content = bytearray(hurt.last.read_bytes())
        content[-1] ^= 1
        if harm == "gone":
            hurt.last.unlink()
        else:
            hurt.last.write_bytes(content if harm == "a byte flipped" else content[:-9])

        events: list[Progress] = []
        found = drawn(seed=99)
        train(found, data, recipe, hurt, CPU, events.append)
        assert bits(found) == bits(right)
        (said,) = (each for each in events if isinstance(each, GoingOn))
        assert (said.damage is None) == (harm == "gone")
        assert said.damage is None or "last.safetensors is" in said.damage

    def test_a_damaged_file_never_takes_its_place(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """The next save would move it there: it is set aside before."""
        self.stopped(data, recipe, folder)
        damaged = folder.last.read_bytes()[:-9]
        folder.last.write_bytes(damaged)
        before = folder.previous.read_bytes()
        with pytest.raises(Interrupted):
            train(drawn(), data, recipe, folder, CPU, stopping_at(1, signal.SIGINT))
        assert (folder.path / "damaged.safetensors").read_bytes() == damaged
        assert folder.previous.read_bytes() == before
        assert read_checkpoint(folder.last)


class TestWhitening:
    """A first convolution made from the data."""

    def test_it_stays_as_it_was_made_and_a_run_goes_on_with_it(
        self, data: DataSet, recipe: Recipe, tmp_path: Path
    ) -> None:
        """Bit for bit, where the run was stopped and begun with other weights; the rest learns."""
        white = recipe.model_copy(update={"whiten": True, "optimizer": Adam(name="adam", lr=0.01, bias_lr_factor=2)})
        whole, parts = RunFolder.create(tmp_path, "whole"), RunFolder.create(tmp_path, "parts")
        network, resumed = drawn(), drawn(seed=99)
        train(network, data, white, whole, CPU)
        with pytest.raises(Interrupted):
            train(drawn(), data, white, parts, CPU, stopping_at(8, signal.SIGINT))
        train(resumed, data, white, parts, CPU)
        assert bits(resumed) == bits(network)
        assert network.conv.bias.any(), "which began with 0"
        assert torch.equal(network.conv.weight[:4], -network.conv.weight[4:])


class TestGroups:
    """Weights that do not learn in all epochs."""

    @pytest.mark.parametrize("stop", [5, 7, 13])
    def test_they_stay_where_they_were_after_their_epochs_and_a_run_goes_on_so(
        self, data: DataSet, recipe: Recipe, tmp_path: Path, stop: int
    ) -> None:
        """Bit for bit, stopped before, at and after the end of their epochs; the others learn on."""
        groups = (WeightGroup(weights="norm.bias", epochs=1), WeightGroup(weights="norm.weight", epochs=0))
        freezing = recipe.model_copy(update={"optimizer": Adam(name="adam", lr=0.01, groups=groups), "ema_decay": 0.9})
        first, whole, parts = (RunFolder.create(tmp_path, name) for name in ("first", "whole", "parts"))
        one, network, resumed = drawn(), drawn(), drawn(seed=99)
        train(one, data, freezing.model_copy(update={"epochs": 1}), first, CPU)
        train(network, data, freezing, whole, CPU)
        with pytest.raises(Interrupted):
            train(drawn(), data, freezing, parts, CPU, stopping_at(stop, signal.SIGINT))
        train(resumed, data, freezing, parts, CPU)
        assert bits(resumed) == bits(network)
        before, after = (read_checkpoint(each.last).group("model") for each in (first, whole))
        assert torch.equal(before["norm.bias"], after["norm.bias"])
        assert before["norm.bias"].any(), "it began with 0"
        assert torch.equal(after["norm.weight"], torch.ones(8))
        assert not torch.equal(before["conv.bias"], after["conv.bias"])


class TestLookahead:
    """Weights that return to slow ones."""

    LOOKAHEAD = Lookahead(every=4, decay=0.5, power=2)

    @pytest.mark.parametrize("stop", [3, 5, 11, 14])
    def test_a_run_goes_on_with_its_slow_weights(
        self, data: DataSet, recipe: Recipe, tmp_path: Path, stop: int
    ) -> None:
        """Bit for bit, stopped before and after looks, with every stream of chance and a running mean besides."""
        looking = recipe.model_copy(update=RANDOM_EVERYTHING | {"lookahead": self.LOOKAHEAD, "selection": "last"})
        whole, parts = RunFolder.create(tmp_path, "whole"), RunFolder.create(tmp_path, "parts")
        network, resumed = drawn(), drawn(seed=99)
        train(network, data, looking, whole, CPU)
        with pytest.raises(Interrupted):
            train(drawn(), data, looking, parts, CPU, stopping_at(stop, signal.SIGINT))
        train(resumed, data, looking, parts, CPU)
        assert bits(resumed) == bits(network)
        first, second = (read_checkpoint(each.last) for each in (whole, parts))
        assert all(torch.equal(each, second.tensors[name]) for name, each in first.tensors.items())
        assert all(torch.equal(each, first.group("lookahead")[name]) for name, each in first.group("model").items()), (
            "the last step ends on them"
        )

    @pytest.mark.parametrize(("settings", "longer"), [(Lookahead(every=5), True), (LOOKAHEAD, False)])
    def test_it_is_lengthened_only_where_past_looks_would_have_been_the_same(
        self, data: DataSet, recipe: Recipe, folder: RunFolder, settings: Lookahead, *, longer: bool
    ) -> None:
        """A constant decay, and a look after the last step anyway."""
        looking = recipe.model_copy(update={"lookahead": settings})
        train(drawn(), data, looking, folder, CPU)
        message = (
            "this run cannot change from 3 to 5 epochs: with its `lookahead` past steps would have had other weights"
        )
        with nullcontext() if longer else pytest.raises(RunError, match=message):
            train(drawn(), data, looking.model_copy(update={"epochs": 5}), folder, CPU)

    def test_the_search_for_a_lost_loss_repeats_it(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """Else it would come to other weights, in which nothing is lost."""

        class Guarded(TinyNetwork):
            """Divides by zero where its head is exactly the slow one of the first look."""

            at: torch.Tensor | None = None

            def forward(self, images: torch.Tensor) -> torch.Tensor:
                """Return the logits."""
                there = self.at is not None and self.training and torch.equal(self.head.weight, self.at)
                return super().forward(images) / (0.0 if there else 1.0)

        looking = recipe.model_copy(update={"lookahead": Lookahead(every=2, decay=0.5)})
        torch.manual_seed(5)
        network = Guarded()
        heads: list[torch.Tensor] = []
        network.register_forward_pre_hook(lambda model, _: heads.append(model.head.weight.detach().clone()))
        train(network, data, looking, RunFolder.create(folder.path.parent, "whole"), CPU)
        torch.manual_seed(5)
        guarded = Guarded()
        guarded.at = next(each for each in heads[3:] if not torch.equal(each, heads[2]))
        with pytest.raises(RunError, match="it began in the output of the network"):
            train(guarded, data, looking, folder, CPU)


class TestTestTimeFlip:
    """Answers that are the mean over an image and its mirror image."""

    def test_it_changes_what_is_judged_and_not_what_is_trained(
        self, data: DataSet, recipe: Recipe, tmp_path: Path
    ) -> None:
        """Metrics of training are the same, those of validation and test are those of the mean of the logits."""
        flipped = recipe.model_copy(update={"test_time_flip": True, "epochs": 1})
        networks = [drawn(), drawn()]
        summaries = [
            train(network, data, each, RunFolder.create(tmp_path, "run"), CPU)
            for network, each in zip(networks, (flipped, recipe.model_copy(update={"epochs": 1})), strict=True)
        ]
        assert bits(networks[0]) == bits(networks[1])
        assert summaries[0].final.train_loss == summaries[1].final.train_loss
        assert data.test is not None
        images = Batches(data.test, recipe, CPU).first_images(20)
        with torch.inference_mode():
            logits = (networks[0].eval()(images) + networks[0](images.flip(-1))) / 2
        right = float(torch.nn.functional.cross_entropy(logits, data.test.labels))
        assert summaries[0].test_loss == pytest.approx(right)
        assert summaries[1].test_loss != pytest.approx(right)


class TestTestTimeShift:
    """Answers that are a mean over shifted images too."""

    @pytest.mark.parametrize("flip", [False, True])
    @pytest.mark.parametrize("shift", [1, 3])
    def test_the_image_counts_half_and_two_corners_a_quarter_each(
        self, data: DataSet, recipe: Recipe, flip: bool, shift: int
    ) -> None:
        """Each over both sides with test-time flips; what is uncovered is torchvision's `Pad` with `reflect`."""
        model, images = drawn().eval(), Batches(data.test, recipe, CPU).first_images(20)
        padded = Pad(shift, padding_mode="reflect")(images)
        corners = padded[:, :, :8, :8], padded[:, :, 2 * shift : 2 * shift + 8, 2 * shift : 2 * shift + 8]
        shares = {images: 0.5, corners[0]: 0.25, corners[1]: 0.25}
        with torch.inference_mode():
            right = sum(
                share * (model(each) + model(each.flip(-1))) / 2 if flip else share * model(each)
                for each, share in shares.items()
            )
            asked = recipe.model_copy(update={"test_time_flip": flip, "test_time_shift": shift})
            assert torch.allclose(judged_logits(model, images, asked), right, atol=1e-6)
            assert not torch.allclose(judged_logits(model, images, recipe), right, atol=1e-3)

    def test_a_run_is_judged_by_it(self, data: DataSet, recipe: Recipe, tmp_path: Path) -> None:
        """In its test, and by whoever evaluates it later; training is the same."""
        shifted = recipe.model_copy(update={"test_time_shift": 2, "epochs": 1})
        network, plain = drawn(), drawn()
        summary = train(network, data, shifted, RunFolder.create(tmp_path, "run"), CPU)
        train(plain, data, recipe.model_copy(update={"epochs": 1}), RunFolder.create(tmp_path, "run"), CPU)
        assert bits(network) == bits(plain)
        assert summary.test_loss == evaluate(network, data.test, shifted, CPU).loss
        assert summary.test_loss != evaluate(network, data.test, recipe, CPU).loss


class TestGrowingSize:
    """Training images that grow; what is judged has the final size."""

    @pytest.fixture
    def growing(self, recipe: Recipe) -> Recipe:
        """Return a recipe of 8, 12, 12 and 16 px, that uses every stream of chance and every kind of state."""
        size = Growth.model_validate({"from": 8, "to": 16, "until": 0.7, "step": 4})
        return recipe.model_copy(update=RANDOM_EVERYTHING | {"size": size, "epochs": 4})

    @staticmethod
    def sides_seen(model: torch.nn.Module) -> dict[bool, list[int]]:
        """Return a list that gathers the side of every batch of ``model``, in training and in evaluation."""
        seen: dict[bool, list[int]] = {True: [], False: []}

        def look(module: torch.nn.Module, inputs: tuple[torch.Tensor]) -> None:
            seen[module.training].append(inputs[0].shape[-1])

        model.register_forward_pre_hook(look)
        return seen

    def test_only_training_sees_smaller_images(self, data: DataSet, growing: Recipe, folder: RunFolder) -> None:
        """Validation after each epoch and the test at the end have the final size, as after the run."""
        network = drawn()
        seen = self.sides_seen(network)
        summary = train(network, data, growing, folder, CPU)
        assert seen[True] == [8] * 5 + [12] * 10 + [16] * 5
        assert set(seen[False][2:]) == {16}, "after the first two, which try whether the network takes both"
        assert data.test is not None
        assert evaluate(network, data.test, growing, CPU).loss == summary.test_loss

    def test_from_a_size_to_itself_is_that_size(self, data: DataSet, growing: Recipe, tmp_path: Path) -> None:
        """Bit for bit."""
        same = Growth.model_validate({"from": 12, "to": 12, "until": 0.5})
        networks = [drawn(), drawn()]
        for network, size in zip(networks, (same, 12), strict=True):
            recipe = growing.model_copy(update={"size": size})
            train(network, data, recipe, RunFolder.create(tmp_path, "run"), CPU)
        assert bits(networks[0]) == bits(networks[1])

    @pytest.mark.parametrize(
        "moment", [8, *(pytest.param(each, marks=pytest.mark.slow) for each in (4, 5, 6, 13, 16, 20, 22, 25))]
    )
    def test_stopped_anywhere_it_ends_in_the_same_bits(
        self, data: DataSet, growing: Recipe, tmp_path: Path, moment: int
    ) -> None:
        """In the middle of an epoch of each size, in its last step, in validation before a change, after the last."""
        whole, parts = RunFolder.create(tmp_path, "whole"), RunFolder.create(tmp_path, "parts")
        network = drawn()
        train(network, data, growing, whole, CPU)
        with pytest.raises(Interrupted):
            train(drawn(), data, growing, parts, CPU, stopping_at(moment, signal.SIGINT))
        resumed = drawn(seed=99)
        train(resumed, data, growing, parts, CPU)
        assert bits(resumed) == bits(network)
        last, other = read_checkpoint(whole.last).tensors, read_checkpoint(parts.last).tensors
        assert all(torch.equal(each, other[name]) for name, each in last.items())

    def test_each_size_is_reported_and_recorded_once(
        self, data: DataSet, growing: Recipe, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A recorded step holds the shape of its images, so it is recorded anew for each size and never falls back."""
        recorders: list[StandIn] = []

        def recorder_for(_device: torch.device, _processes: int) -> StandIn:
            recorders.append(StandIn())
            return recorders[-1]

        monkeypatch.setattr(trainer, "recorder_for", recorder_for)
        events: list[Progress] = []
        train(drawn(), data, growing, folder, CPU, events.append)
        assert [each for each in events if isinstance(each, SizeChosen)] == [
            SizeChosen(1, 8), SizeChosen(2, 12), SizeChosen(4, 16)
        ]  # fmt: skip
        assert [each.kind for each in events if isinstance(each, StepChosen)] == ["CUDA graph"] * 3
        tried = 2  # replays before the first step counts
        assert [each.replays for each in recorders] == [4 + tried, 8 + tried, 4 + tried], "but each epoch's last step"
        assert [each.sides for each in events if isinstance(each, EpochStarted)] == [
            (8, 12, 12, 16), (12, 12, 16), (12, 16), (16,)
        ]  # fmt: skip

    def test_more_epochs_would_have_grown_otherwise(self, data: DataSet, growing: Recipe, folder: RunFolder) -> None:
        """So a run can't be lengthened where past epochs would have had other sizes."""
        plain = growing.model_copy(update={"schedule": Constant()})
        train(drawn(), data, plain, folder, CPU)
        with pytest.raises(RunError, match="from 4 to 9 epochs: the images of past epochs would have had other sizes"):
            train(drawn(), data, plain.model_copy(update={"epochs": 9}), folder, CPU)

    def test_a_network_of_one_size_is_refused_before_it_is_trained(
        self, data: DataSet, growing: Recipe, folder: RunFolder
    ) -> None:
        """Any module, which no page describes."""
        flat = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(256, 4))
        with pytest.raises(RunError, match="the network does not take images of 1×8×8"):
            train(flat, data, growing, folder, CPU)
        assert not folder.metrics.exists()

    def test_a_loss_that_is_lost_is_looked_for_at_the_size_of_its_epoch(
        self, data: DataSet, growing: Recipe, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Steps of several epochs, and so of several sizes, are repeated."""
        monkeypatch.setattr(trainer, "saving_pace", lambda size: Never(0.0))  # so that all are repeated
        size = Growth.model_validate({"from": 8, "to": 16, "until": 0.3, "step": 8})
        wild = growing.model_copy(update={"size": size})
        network = drawn()
        network.norm = Breaking(7)
        seen = self.sides_seen(network)
        with pytest.raises(RunError, match="it began in the output of `norm`"):
            train(network, data, wild, folder, CPU)
        trained, repeated = seen[True][:10], seen[True][10:]
        assert trained == [8] * 5 + [16] * 5
        assert repeated == [8] * 5 + [16] * 2


class TestLengthening:
    """More epochs than the run had."""

    def test_a_finished_run_ends_as_if_it_had_had_them_from_the_start(
        self, data: DataSet, recipe: Recipe, tmp_path: Path
    ) -> None:
        """Bit for bit, and its recipe says the new number."""
        short, long = RunFolder.create(tmp_path, "short"), RunFolder.create(tmp_path, "long")
        more = recipe.model_copy(update={"epochs": 5})
        right, found = drawn(), drawn()
        train(right, data, more, long, CPU)
        train(found, data, recipe, short, CPU)
        summary = train(found, data, more, short, CPU)
        assert bits(found) == bits(right)
        assert summary.epochs == 5
        assert load_recipe(short.recipe) == more
        assert [row.epoch for row in read_metrics(short.metrics)] == [1, 2, 3, 4, 5]

    def test_a_schedule_that_would_have_been_another_is_refused(
        self, data: DataSet, recipe: Recipe, folder: RunFolder
    ) -> None:
        """Half a cosine over five epochs is not the one over three."""
        falling = recipe.model_copy(update={"schedule": Cosine(name="cosine")})
        train(drawn(), data, falling, folder, CPU)
        with pytest.raises(RunError, match="cannot change from 3 to 5 epochs: with its schedule `cosine`"):
            train(drawn(), data, falling.model_copy(update={"epochs": 5}), folder, CPU)
        assert load_recipe(folder.recipe) == falling

    def test_less_than_was_trained_is_refused(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """What is done is not undone."""
        train(drawn(), data, recipe, folder, CPU)
        with pytest.raises(RunError, match="has already trained more than epochs=2"):
            train(drawn(), data, recipe.model_copy(update={"epochs": 2}), folder, CPU)


class TestWhatStays:
    """The checkpoints of a run that has ended."""

    def checkpoints(self, folder: RunFolder) -> set[str]:
        """Return the names of those that are there."""
        return {path.stem for path in folder.path.glob("*.safetensors")}

    def test_last_and_best_and_not_the_one_before(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """It is for a run that may still be killed; while there is one, it is there."""
        seen = set[str]()
        train(drawn(), data, recipe, folder, CPU, lambda _: seen.update(self.checkpoints(folder)))
        assert seen == {"last", "prev", "best"}
        assert self.checkpoints(folder) == {"last", "best"}

    def test_a_longer_run_ends_so_too(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """It goes on from ``last`` alone."""
        train(drawn(), data, recipe, folder, CPU)
        train(drawn(), data, recipe.model_copy(update={"epochs": 5}), folder, CPU)
        assert [row.epoch for row in read_metrics(folder.metrics)] == [1, 2, 3, 4, 5]
        assert self.checkpoints(folder) == {"last", "best"}

    def test_what_was_set_aside_as_damaged_goes_with_it(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """It may be the largest file of all."""
        train(drawn(), data, recipe, folder, CPU)
        folder.set_last_aside()
        folder.drop_previous()
        assert self.checkpoints(folder) == {"best"}

    def test_best_alone_where_that_was_asked_for(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """The run remembers it: one that was stopped and continued ends so too."""
        slim = Execution(keep="best")
        with pytest.raises(Interrupted):
            train(drawn(), data, recipe, folder, CPU, stopping_at(1, signal.SIGINT), execution=slim)
        assert self.checkpoints(folder) >= {"last"}
        assert Execution.of_run(folder).keep == "best"
        train(drawn(), data, recipe, folder, CPU)
        assert self.checkpoints(folder) == {"best"}

    def test_a_kill_between_result_and_tidying_leaves_all(
        self, data: DataSet, recipe: Recipe, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The result is on the disk before anything that could bring it about again is removed."""

        def killed(self: RunFolder) -> None:
            assert self.summary.exists()
            raise KeyboardInterrupt

        monkeypatch.setattr(RunFolder, "drop_checkpoints", killed)
        with pytest.raises(KeyboardInterrupt):
            train(drawn(), data, recipe, folder, CPU, execution=Execution(keep="best"))
        assert self.checkpoints(folder) == {"last", "prev", "best"}


class TestOneProcess:
    """Two processes in one folder would destroy each other's files."""

    def test_the_second_is_refused(self, data: DataSet, recipe: Recipe, folder: RunFolder) -> None:
        """As long as the first is in it, and no longer."""
        with folder.locked(), pytest.raises(RunError, match="is being trained by another process"):
            train(drawn(), data, recipe, folder, CPU)
        train(drawn(), data, recipe.model_copy(update={"epochs": 1}), folder, CPU)

    def test_what_a_killed_one_left_half_written_is_removed(
        self, data: DataSet, recipe: Recipe, folder: RunFolder
    ) -> None:
        """It may be as large as a checkpoint."""
        (folder.path / ".last.safetensors.4711.tmp").write_bytes(b"half")
        train(drawn(), data, recipe.model_copy(update={"epochs": 1}), folder, CPU)
        assert not list(folder.path.glob(".*.tmp"))


class TestCurvesDuringTheRun:
    """Whoever looks into the folder sees how far a run is."""

    def test_they_are_drawn_after_each_epoch_where_that_costs_little(
        self, data: DataSet, recipe: Recipe, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With the epochs so far, and the last time at the end."""
        seen: list[int] = []
        monkeypatch.setattr(trainer, "draw_curves", lambda rows, folder: seen.append(len(rows)))
        monkeypatch.setattr(trainer, "drawing_pace", lambda: Pace(0.0, longest=-1.0))  # always
        train(drawn(), data, recipe, folder, CPU)
        assert seen == [1, 2, 3]

    def test_they_wait_for_the_end_where_they_would_slow_the_run(
        self, data: DataSet, recipe: Recipe, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Epochs of milliseconds, and a drawing that takes seconds."""
        seen: list[int] = []
        monkeypatch.setattr(trainer, "draw_curves", lambda rows, folder: seen.append(len(rows)))
        train(drawn(), data, recipe, folder, CPU)
        assert seen == [3]
