"""One epoch of training, against the loop that everybody writes by hand."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, NamedTuple

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils._python_dispatch import TorchDispatchMode

from builder.training.data.batches import Batches
from builder.training.recipe.recipe import Augment
from builder.training.recipe.schedule import Step
from builder.training.steps.average import Average
from builder.training.steps.loop import EpochTally, train_epoch
from builder.training.steps.optimizers import make_optimizer
from builder.training.steps.step import AUXILIARY_WEIGHT, EagerStep
from tests.training.stand_in import WithoutFloat64
from tests.training.tiny_task import TinyNetwork

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.training.data.dataset import DataSet
    from builder.training.recipe.recipe import Recipe


class Waiting(TorchDispatchMode):
    """Notes every operation that makes the program wait for the device."""

    WAITS = ("aten::_local_scalar_dense", "aten::nonzero", "aten::is_nonzero", "aten::equal")

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        self.seen: list[str] = []

    def __torch_dispatch__(
        self,
        func: torch._ops.OpOverload,
        types: object,
        args: Sequence[object] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        """Run the operation, and keep its name if it waits."""
        if func.name().split(".")[0] in self.WAITS:
            self.seen.append(func.name())
        return func(*args, **(kwargs or {}))


def ignore(done: int) -> None:
    """Do nothing after a step."""


class TestTrainEpoch:
    """All batches of an epoch, one step each."""

    def test_it_is_the_loop_written_by_hand(self, data: DataSet, recipe: Recipe, cpu: torch.device) -> None:
        """Two epochs end in the same bits of every weight."""
        schedule = Step(name="step", every=1, factor=0.5)
        smooth = recipe.model_copy(update={"label_smoothing": 0.1, "schedule": schedule, "clip_norm": 0.5})
        batches = Batches(data.train, smooth, cpu)
        torch.manual_seed(0)
        ours = TinyNetwork()
        optimizer = make_optimizer(smooth.optimizer, ours)
        for epoch in (1, 2):
            train_epoch(EagerStep(ours, optimizer, smooth), batches, smooth, EpochTally.empty(epoch, 5, cpu), 0, ignore)

        torch.manual_seed(0)
        theirs = TinyNetwork().train()
        by_hand = torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9, fused=True)
        for epoch, rate in ((1, 0.1), (2, 0.05)):
            by_hand.param_groups[0]["lr"] = rate
            for batch in batches.epoch(epoch):
                by_hand.zero_grad()
                cross_entropy(theirs(batch.images), batch.labels, label_smoothing=0.1).backward()
                nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
                by_hand.step()
        assert all(torch.equal(each, theirs.state_dict()[name]) for name, each in ours.state_dict().items())

    def test_nothing_in_it_waits_for_the_device(
        self, data: DataSet, recipe: Recipe, network: TinyNetwork, cpu: torch.device
    ) -> None:
        """No loss is read, no truth value asked for; on a GPU each would empty its queue."""
        recipe = recipe.model_copy(update={"clip_norm": 1.0, "augment": Augment(flip=True, crop_padding=1, cutout=3)})
        optimizer, batches = make_optimizer(recipe.optimizer, network), Batches(data.train, recipe, cpu)
        average = Average(network, 0.9)
        with Waiting() as waiting:
            train_on = EagerStep(network, optimizer, recipe)
            train_epoch(train_on, batches, recipe, EpochTally.empty(1, 5, cpu), 0, average.update)
            assert waiting.seen == []
            assert float(torch.ones(1)) == 1.0
        assert waiting.seen == ["aten::_local_scalar_dense"], "and this test can fail"

    def test_it_can_begin_in_its_middle_and_be_stopped(
        self, data: DataSet, recipe: Recipe, network: TinyNetwork, cpu: torch.device
    ) -> None:
        """``after_step`` hears how many steps are done."""
        heard = []
        optimizer, batches = make_optimizer(recipe.optimizer, network), Batches(data.train, recipe, cpu)
        train_on = EagerStep(network, optimizer, recipe)
        train_epoch(train_on, batches, recipe, EpochTally.empty(1, 5, cpu), 3, heard.append)
        assert heard == [4, 5]

    def test_heads_that_only_training_has_add_to_the_loss(
        self, data: DataSet, recipe: Recipe, cpu: torch.device
    ) -> None:
        """Logits first; a head that is None is not there."""

        class Outputs(NamedTuple):
            """What a network with heads returns in training."""

            logits: torch.Tensor
            aux2: torch.Tensor | None
            aux1: torch.Tensor | None

        class WithHead(TinyNetwork):
            """The small network with a second head."""

            def __init__(self) -> None:
                """Add the head."""
                super().__init__()
                self.second = nn.Linear(64, 4)

            def forward(self, images: torch.Tensor) -> Outputs:
                """Return logits and the second head's."""
                return Outputs(super().forward(images), None, self.second(images.flatten(1)))

        one_step = recipe.model_copy(update={"batch_size": 70})
        batches, ours = Batches(data.train, one_step, cpu), WithHead()
        theirs = deepcopy(ours).train()
        torch.manual_seed(0)
        train_on = EagerStep(ours, make_optimizer(recipe.optimizer, ours), one_step)
        train_epoch(train_on, batches, one_step, EpochTally.empty(1, 1, cpu), 0, ignore)

        torch.manual_seed(0)
        batch, by_hand = next(batches.epoch(1)), make_optimizer(recipe.optimizer, theirs)
        logits, _, head = theirs(batch.images)
        (cross_entropy(logits, batch.labels) + AUXILIARY_WEIGHT * cross_entropy(head, batch.labels)).backward()
        by_hand.step()
        assert all(torch.equal(each, theirs.state_dict()[name]) for name, each in ours.state_dict().items())


class TestTally:
    """What an epoch measures."""

    def test_loss_and_accuracy_are_means_over_images(self, cpu: torch.device) -> None:
        """A smaller last batch counts for less."""
        tally = EpochTally.empty(1, 2, cpu)
        logits = torch.eye(4)
        tally.add(0, torch.tensor(1.0), logits, torch.tensor([0, 1, 2, 0]))
        tally.add(1, torch.tensor(4.0), logits[:2], torch.tensor([0, 1]))
        loss, accuracy = tally.result(images=6, batch_size=4)
        assert loss == pytest.approx((4 * 1.0 + 2 * 4.0) / 6)
        assert accuracy == pytest.approx(5 / 6)

    @pytest.mark.parametrize("lost", [float("nan"), float("inf")])
    def test_the_first_loss_that_is_not_finite_is_named(self, cpu: torch.device, lost: float) -> None:
        """By its step from 0; none where all are finite."""
        tally = EpochTally.empty(7, 4, cpu)
        assert tally.first_lost() is None
        tally.losses[1], tally.losses[2] = lost, float("nan")
        assert tally.first_lost() == 1


class TestEpochTally:
    """What an epoch has measured."""

    def test_losses_are_averaged_in_float64_in_main_memory(self) -> None:
        """Not every device has it; the last batch may be smaller."""
        losses = torch.tensor([1.0, 4.0]).as_subclass(WithoutFloat64)
        assert EpochTally(1, losses, torch.tensor(3)).result(images=6, batch_size=4) == (2.0, 0.5)
