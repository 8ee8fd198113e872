"""Several processes that train one network together."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from builder.diagnostics import RunError
from builder.training import trainer
from builder.training.data.batches import Batches
from builder.training.data.dataset import DataSet
from builder.training.device.distributed import ALONE, DistributedGroup, ProcessGroup, choose_own_device
from builder.training.evaluation.evaluate import Evaluation, evaluate_batches
from builder.training.folder.checkpoints import read_checkpoint
from builder.training.folder.metrics import read_metrics
from builder.training.folder.run_folder import RunFolder
from builder.training.progress import BatchDone, Progress
from builder.training.recipe.image_size import Growth
from builder.training.recipe.optimizer import Adam, Sgd
from builder.training.recipe.recipe import Augment, Recipe
from builder.training.recipe.weight_group import WeightGroup
from builder.training.steps.loop import EpochTally, train_epoch
from builder.training.steps.optimizers import make_optimizer
from builder.training.steps.step import EagerStep
from builder.training.trainer import train
from tests.training.several import Failed, together
from tests.training.tiny_task import TinyNetwork, quadrants

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CPU = torch.device("cpu")

several = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")


@pytest.fixture(autouse=True)
def without_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no curves, which takes longer than the training."""
    monkeypatch.setattr(trainer, "draw_curves", lambda rows, folder: None)


def plain() -> nn.Module:
    """Return a network in which no image knows of the others in its batch, and nothing is left to chance."""
    torch.manual_seed(5)
    layers = nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(128, 4)
    return nn.Sequential(*layers)


def random_network() -> TinyNetwork:
    """Return a network with batch norm and dropout."""
    torch.manual_seed(5)
    return TinyNetwork()


class TestOwnDevice:
    """Where one of several processes computes."""

    def test_alone_it_is_the_best_or_what_is_asked_for(self) -> None:
        """As ever."""
        assert choose_own_device("cpu") == CPU

    @pytest.mark.parametrize("name", ["cuda:1", "mps"])
    def test_several_never_share_one(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        """Each takes its own."""
        monkeypatch.setenv("WORLD_SIZE", "2")
        with pytest.raises(RunError, match=f"`{name}` can't be the device of several processes") as raised:
            choose_own_device(name)
        assert raised.value.hint == "use `cuda`, and each process gets its own GPU, or `cpu`"

    @pytest.mark.skipif(torch.cuda.is_available(), reason="here are GPUs")
    def test_several_without_gpus_take_the_cpu(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """And who asks for a GPU is told which one is not there."""
        monkeypatch.setenv("WORLD_SIZE", "2")
        monkeypatch.setenv("LOCAL_RANK", "1")
        assert choose_own_device(None) == CPU
        with pytest.raises(RunError, match="the device `cuda:1` can't be used here"):
            choose_own_device("cuda")


class TestParts:
    """What of a batch is a process's."""

    def part(self, number: int, size: int, samples: int) -> tuple[list[int], int]:
        """Return the samples and how many of them only fill the part up."""
        member = DistributedGroup.__new__(DistributedGroup)  # it never meets the others
        member.rank, member.world_size = number, size
        part, filling = member.shard(torch.arange(samples))
        return part.tolist(), filling

    @pytest.mark.parametrize(("samples", "size"), [(16, 2), (17, 3), (64, 8), (7, 3)])
    def test_every_image_is_in_one_part(self, samples: int, size: int) -> None:
        """In order, and as evenly as can be."""
        parts = [self.part(number, size, samples) for number in range(size)]
        assert [sample for part, filling in parts for sample in part[: len(part) - filling]] == list(range(samples))
        assert max(len(part) for part, _ in parts) - min(len(part) - filling for part, filling in parts) <= 1

    def test_a_part_of_less_than_two_is_filled_up(self) -> None:
        """With images that another process counts: batch norm can't normalize one, and torch not none."""
        assert self.part(0, 4, 3) == ([0, 0], 1)
        assert self.part(3, 4, 3) == ([0, 1], 2)
        assert [self.part(number, 2, 1) for number in (0, 1)] == [([0], 0), ([0], 1)]

    def test_alone_it_is_everything(self) -> None:
        """The very tensor."""
        samples = torch.arange(5)
        assert ALONE.shard(samples)[0] is samples


def gradients(group: ProcessGroup, data: DataSet, recipe: Recipe) -> tuple[list[list[torch.Tensor]], EpochTally]:
    """Return the gradients of every step of an epoch in which the weights hardly change, and what was measured."""
    still = recipe.model_copy(update={"optimizer": Sgd(name="sgd", lr=1e-12)})
    network, found = plain(), []
    batches = Batches(data.train, still, CPU, group=group)
    tally = EpochTally.empty(1, batches.steps, CPU)

    def keep(_: int) -> None:
        found.append([weight.grad.clone() for weight in network.parameters()])

    train_on = EagerStep(group.wrap(network), make_optimizer(still.optimizer, network), still, group=group)
    train_epoch(train_on, batches, still, tally, 0, keep)
    return found, tally.all_reduce(group)


@pytest.mark.slow
@several
class TestOneBatch:
    """Gradients, losses and counts are those of one process at the same global batch."""

    @pytest.mark.parametrize(
        ("count", "images"), [(2, 70), (3, 70), (4, 67)], ids=["2", "3", "4, of which one has no part of the last"]
    )
    def test_every_step(self, tmp_path: Path, recipe: Recipe, count: int, images: int) -> None:
        """The uneven last one too, smoothed and augmented, for a network without dropout and batch norm."""
        data = DataSet("quadrants", ("nw", "ne", "sw", "se"), quadrants(images, 1))
        recipe = recipe.model_copy(update={"label_smoothing": 0.1, "augment": Augment(flip=True, crop_padding=1)})
        right, measured = gradients(ALONE, data, recipe)
        assert len(right) == 5
        for found, tally in together(count, tmp_path, lambda group: gradients(group, data, recipe)):
            for one, other in zip(right, found, strict=True):
                assert all(torch.allclose(each, its, atol=1e-5) for each, its in zip(one, other, strict=True))
            assert torch.allclose(measured.losses, tally.losses, atol=1e-5)
            assert measured.correct == tally.correct

    @pytest.mark.parametrize("images", [1, 2, 20, 300])
    def test_an_evaluation(self, tmp_path: Path, recipe: Recipe, images: int) -> None:
        """Every image counts once, however few there are."""
        split = quadrants(images, 1)
        right = evaluate_batches(plain(), Batches(split, recipe, CPU))

        def evaluated(group: ProcessGroup) -> Evaluation:
            return evaluate_batches(plain(), Batches(split, recipe, CPU, group=group))

        for found in together(3, tmp_path, evaluated):
            assert found.confusion == right.confusion
            assert found.loss == pytest.approx(right.loss, rel=1e-6)


def run(
    folder: RunFolder, data: DataSet, recipe: Recipe, network: Callable[[], nn.Module], report: object = None
) -> Callable[[ProcessGroup], float | None]:
    """Return what trains in ``folder``, in one process or in one of several."""

    def work(group: ProcessGroup) -> float | None:
        reports = (report(group),) if report else ()
        return train(network(), data, recipe, folder, CPU, *reports, group=group).test_loss

    return work


def stopping_at(moment: int, number: signal.Signals, who: int) -> Callable[[ProcessGroup], Callable[[Progress], None]]:
    """Return what sends process ``who`` a signal after that many batches of any kind."""

    def report(group: ProcessGroup) -> Callable[[Progress], None]:
        batches = iter(range(1, 10_000))

        def heard(event: Progress) -> None:
            if isinstance(event, BatchDone) and next(batches) == moment and group.rank == who:
                signal.raise_signal(number)

        return heard

    return report


@pytest.mark.slow
@several
class TestRuns:
    """Whole runs of two or three processes."""

    @pytest.fixture
    def random_recipe(self, recipe: Recipe) -> Recipe:
        """Return a recipe that uses every stream of chance and every kind of state."""
        changes = {"augment": Augment(flip=True, crop_padding=1), "optimizer": Adam(name="adam", lr=0.01)}
        return recipe.model_copy(update=changes)

    def test_images_grow_in_all_processes_and_a_run_goes_on_in_the_middle(
        self, tmp_path: Path, data: DataSet, random_recipe: Recipe
    ) -> None:
        """At 8, 12 and 16 px, stopped in the second epoch, to the bits of a run that nobody stopped."""
        size = Growth.model_validate({"from": 8, "to": 16, "until": 0.6, "step": 4})
        growing = random_recipe.model_copy(update={"size": size})
        assert growing.sides == (8, 12, 16)
        whole, parts = RunFolder.create(tmp_path, "whole"), RunFolder.create(tmp_path, "parts")
        right = together(2, tmp_path, run(whole, data, growing, random_network))
        together(2, tmp_path, run(parts, data, growing, random_network, stopping_at(8, signal.SIGTERM, 1)))
        assert together(2, tmp_path, run(parts, data, growing, random_network)) == right
        self.check_same(whole, parts)

    def test_two_end_close_to_one(self, tmp_path: Path, data: DataSet, recipe: Recipe) -> None:
        """Metrics to four digits, after three epochs."""
        one, two = RunFolder.create(tmp_path, "one"), RunFolder.create(tmp_path, "two")
        right = run(one, data, recipe, plain)(ALONE)
        found = together(2, tmp_path, run(two, data, recipe, plain))
        assert found == [pytest.approx(right, rel=1e-4)] * 2
        for row, other in zip(read_metrics(one.metrics), read_metrics(two.metrics), strict=True):
            assert replace(row, seconds=0).__dict__ == pytest.approx(replace(other, seconds=0).__dict__, rel=1e-4)

    @pytest.mark.parametrize("who", [0, 1])
    def test_a_signal_to_any_stops_all_at_the_same_step(
        self, tmp_path: Path, data: DataSet, random_recipe: Recipe, who: int
    ) -> None:
        """What then goes on ends in the same bits as what nobody stopped."""
        whole, parts = RunFolder.create(tmp_path, "whole"), RunFolder.create(tmp_path, "parts")
        right = together(2, tmp_path, run(whole, data, random_recipe, random_network))
        stopping = stopping_at(8, signal.SIGTERM, who)
        stopped = together(2, tmp_path, run(parts, data, random_recipe, random_network, stopping))
        where = f"stopped in epoch 2 of 3, after batch 3 of 5 of train; saved in {parts.last}"
        assert stopped == [Failed("Interrupted", where)] * 2
        assert together(2, tmp_path, run(parts, data, random_recipe, random_network)) == right
        self.check_same(whole, parts)

    def test_three_go_on_to_the_same_bits(self, tmp_path: Path, data: DataSet, random_recipe: Recipe) -> None:
        """Whose gradients torch would add up in another order from the second step on, if it were let."""
        whole, parts = RunFolder.create(tmp_path, "whole"), RunFolder.create(tmp_path, "parts")
        right = together(3, tmp_path, run(whole, data, random_recipe, random_network))
        together(3, tmp_path, run(parts, data, random_recipe, random_network, stopping_at(8, signal.SIGINT, 2)))
        assert together(3, tmp_path, run(parts, data, random_recipe, random_network)) == right
        self.check_same(whole, parts)

    def test_weights_stop_learning_in_all_processes(self, tmp_path: Path, data: DataSet, recipe: Recipe) -> None:
        """And a run goes on behind that, to the bits of one that nobody stopped; alone it comes to nearly the same."""
        groups = (WeightGroup(weights="0.bias", epochs=1), WeightGroup(weights="0.weight", epochs=0))
        freezing = recipe.model_copy(update={"optimizer": Adam(name="adam", lr=0.01, groups=groups)})
        whole, parts, alone = (RunFolder.create(tmp_path, name) for name in ("whole", "parts", "alone"))
        right = together(2, tmp_path, run(whole, data, freezing, plain))
        together(2, tmp_path, run(parts, data, freezing, plain, stopping_at(8, signal.SIGTERM, 1)))
        assert together(2, tmp_path, run(parts, data, freezing, plain)) == right
        self.check_same(whole, parts)
        train(plain(), data, freezing, alone, CPU)
        first, second = (read_checkpoint(each.last).group("model") for each in (whole, alone))
        assert all(torch.allclose(each, second[name], atol=1e-4) for name, each in first.items())

    def check_same(self, one: RunFolder, other: RunFolder) -> None:
        """Compare weights, optimizer, tallies and every process's random states, bit for bit."""
        first, second = read_checkpoint(one.last).tensors, read_checkpoint(other.last).tensors
        assert first.keys() == second.keys()
        assert {"random/cpu/0", "random/cpu/1"} <= first.keys()
        assert all(torch.equal(each, second[name]) for name, each in first.items())

    def test_each_process_drops_others(self, tmp_path: Path, data: DataSet, recipe: Recipe) -> None:
        """Two processes with the same dropout would train half a network each."""
        folder = RunFolder.create(tmp_path, "dropping")
        together(2, tmp_path, run(folder, data, recipe.model_copy(update={"epochs": 1}), random_network))
        states = read_checkpoint(folder.last).group("random")
        assert not torch.equal(states["cpu/0"], states["cpu/1"])

    def test_another_number_of_processes_is_refused(self, tmp_path: Path, data: DataSet, recipe: Recipe) -> None:
        """Both ways, and with the command that helps."""
        short = recipe.model_copy(update={"epochs": 1})
        one, two = RunFolder.create(tmp_path, "one"), RunFolder.create(tmp_path, "two")
        run(one, data, short, plain)(ALONE)
        together(2, tmp_path, run(two, data, short, plain))
        with pytest.raises(RunError, match="this run was begun by 2 processes, and this is one process") as raised:
            run(two, data, short, plain)(ALONE)
        assert "torchrun --nproc-per-node 2 --no-python archcli resume" in str(raised.value.hint)
        refusal = Failed("RunError", "this run was begun by one process, and this is 2 processes")
        assert together(2, tmp_path, run(one, data, short, plain)) == [refusal] * 2

    def test_a_loss_that_is_not_finite_in_one_ends_all(self, tmp_path: Path, data: DataSet, recipe: Recipe) -> None:
        """At the same step, with the same words."""

        class Wild(nn.Sequential):
            """Answers with infinity in the second process."""

            def forward(self, images: torch.Tensor) -> torch.Tensor:
                """Return the logits."""
                logits = super().forward(images)
                return logits / 0 if self.training and os.environ.get("RANK") == "1" else logits

        folder = RunFolder.create(tmp_path, "wild")
        found = together(2, tmp_path, run(folder, data, recipe, lambda: Wild(*plain())))
        assert found == [Failed("DivergedError", "the loss is nan at step 1 of epoch 1")] * 2

    def test_batch_norm_over_all_processes_is_for_gpus(self, tmp_path: Path, data: DataSet, recipe: Recipe) -> None:
        """One process by itself has all images; several on CPUs are told what PyTorch can't do."""
        synced = recipe.model_copy(update={"sync_batchnorm": True, "epochs": 1})
        one, two = RunFolder.create(tmp_path, "one"), RunFolder.create(tmp_path, "two")
        assert run(one, data, synced, random_network)(ALONE) is not None
        refusal = Failed("RunError", "`sync_batchnorm` is not available for processes on CPUs")
        assert together(2, tmp_path, run(two, data, synced, random_network)) == [refusal] * 2

    def test_who_is_left_alone_says_so(self, tmp_path: Path, data: DataSet, recipe: Recipe) -> None:
        """Instead of waiting for ever."""

        def die(group: ProcessGroup) -> Callable[[Progress], None]:
            return lambda event: os._exit(1) if isinstance(event, BatchDone) and group.rank == 1 else None

        folder = RunFolder.create(tmp_path, "alone")
        (tmp_path / "answer1").write_bytes(b"N.")  # None, pickled: it will not answer
        found, _ = together(2, tmp_path, run(folder, data, recipe, plain, die))
        assert found == Failed("RunError", "another process of this run has ended, so this one ends too")
