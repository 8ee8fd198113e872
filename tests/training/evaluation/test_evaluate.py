"""How good a network is on one split."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from builder.diagnostics import RunError
from builder.training.data import batches as module
from builder.training.data.transforms import Normalizer
from builder.training.evaluation import evaluate as evaluating
from builder.training.evaluation.evaluate import Evaluation, evaluate, evaluate_batches, predict
from tests.training.tiny_task import TinyNetwork, quadrants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from builder.training.data.dataset import DataSet
    from builder.training.recipe.recipe import Recipe


class Brightest(nn.Module):
    """Answers with the brightest quadrant, which is right, except that it takes class 3 for class 0."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        logits = nn.functional.avg_pool2d(images, 4).flatten(1) * 5
        logits[:, 0] += logits[:, 3].clamp(min=0) * 9
        return logits


class TestEvaluate:
    """Accuracy, loss and confusion."""

    def test_the_confusion_counts_who_was_taken_for_whom(
        self, recipe: Recipe, cpu: torch.device, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Over several batches, the last one smaller."""
        monkeypatch.setattr(module, "EVALUATION_BATCH", 8)
        found = evaluate(Brightest(), quadrants(20, 0), recipe, cpu)
        assert found.confusion == ((5, 0, 0, 0), (0, 5, 0, 0), (0, 0, 5, 0), (5, 0, 0, 0))
        assert found.accuracy == 0.75
        assert found.class_accuracy == (1.0, 1.0, 1.0, 0.0)

    def test_the_loss_is_the_mean_over_images(
        self, data: DataSet, recipe: Recipe, network: TinyNetwork, cpu: torch.device, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In evaluation mode, without label smoothing, whatever the batches are."""
        monkeypatch.setattr(module, "EVALUATION_BATCH", 8)
        found = evaluate(network, data.test, recipe.model_copy(update={"label_smoothing": 0.5}), cpu)
        images = Normalizer(recipe.normalize, 1, cpu)(data.test.images)
        right = float(cross_entropy(network.eval()(images), data.test.labels).detach())
        assert found.loss == pytest.approx(right, rel=1e-5)

    def test_a_class_without_images_has_no_accuracy(self) -> None:
        """None, not 0."""
        assert Evaluation(1.0, ((3, 1), (0, 0))).class_accuracy == (0.75, None)

    def test_the_network_may_have_more_outputs_than_classes(self, recipe: Recipe, cpu: torch.device) -> None:
        """ImageNet's thousand on four."""
        found = evaluate(TinyNetwork(outputs=9), quadrants(8, 0), recipe, cpu)
        assert (len(found.confusion), found.images) == (9, 8)

    def test_nothing_is_learned(self, data: DataSet, recipe: Recipe, network: TinyNetwork, cpu: torch.device) -> None:
        """Batch norm's statistics neither."""
        before = {name: each.clone() for name, each in network.state_dict().items()}
        evaluate(network, data.test, recipe, cpu)
        assert all(torch.equal(each, before[name]) for name, each in network.state_dict().items())


class TestMisfits:
    """Networks and data that do not belong together."""

    def test_too_few_outputs_are_refused(self, recipe: Recipe, cpu: torch.device) -> None:
        """On a GPU this would end in a device-side assertion."""
        with pytest.raises(RunError, match="gives 3 numbers for an image, and the data have 4 classes"):
            evaluate(TinyNetwork(outputs=3), quadrants(8, 0), recipe, cpu)

    def test_images_of_other_channels_are_refused(self, recipe: Recipe, cpu: torch.device) -> None:
        """With their shape, and what torch says of it."""
        with pytest.raises(RunError, match=r"the network does not take images of 1×8×8: .*channels"):
            evaluate(TinyNetwork(channels=3), quadrants(8, 0), recipe, cpu)

    def test_maps_instead_of_logits_are_refused(self, recipe: Recipe, cpu: torch.device) -> None:
        """A page without a head."""
        with pytest.raises(RunError, match="gives 6×6×6 numbers for an image"):
            evaluate(nn.Conv2d(1, 6, 3), quadrants(8, 0), recipe, cpu)


class Switches:
    """Stands in for float32: notes on which device it is switched on, and whether it is now."""

    def __init__(self) -> None:
        """Begin switched off."""
        self.devices: list[str] = []
        self.is_on = False

    @contextmanager
    def on(self, device: torch.device) -> Iterator[None]:
        """Be on while this lasts."""
        self.devices.append(device.type)
        self.is_on = True
        yield
        self.is_on = False


class TestArithmetic:
    """True float32, whatever a run or a user has switched on around it."""

    @pytest.mark.parametrize("ask", [evaluate_batches, predict])
    def test_every_answer_is_computed_in_it(
        self,
        recipe: Recipe,
        cpu: torch.device,
        ask: Callable[[nn.Module, module.Batches], object],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """On the device of the images; its switches are tested with ``Precision``."""
        switches, seen = Switches(), []
        monkeypatch.setattr(evaluating, "PLAIN", switches)
        network = Brightest()
        network.register_forward_hook(lambda *_: seen.append(switches.is_on))
        ask(network, module.Batches(quadrants(20, 0), recipe, cpu))
        assert (seen, switches.devices, switches.is_on) == ([True], ["cpu"], False)
