"""Means of the weights, against torch's own and against the formula."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from builder.diagnostics import RunError
from builder.training.recipe.lookahead import Lookahead
from builder.training.steps.average import Average, SlowWeights
from tests.training.tiny_task import TinyNetwork


def moved(network: nn.Module) -> None:
    """Change every weight and every statistic."""
    with torch.no_grad():
        for each in network.state_dict().values():
            each.add_(torch.ones_like(each))


class TestAverage:
    """What is validated and kept instead of the weights."""

    def test_it_is_torchs_once_enough_steps_count(self, network: TinyNetwork) -> None:
        """Parameters and running statistics, bit for bit."""
        ours = Average(network, 0.5)
        theirs = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.5), use_buffers=True)
        theirs.update_parameters(network)  # its first only copies
        for step in (100, 101, 102):
            moved(network)
            ours.update(step)
            theirs.update_parameters(network)
        right = theirs.module.state_dict()
        floating = [name for name, each in right.items() if each.is_floating_point()]
        assert len(floating) == 8
        assert all(torch.equal(ours.tensors[name], right[name]) for name in floating)

    @pytest.mark.parametrize(("steps", "decay"), [(1, 2 / 11), (10, 11 / 20), (10_000, 0.99)])
    def test_early_on_fewer_steps_count(self, steps: int, decay: float) -> None:
        """Else a short training would keep its initial weights."""
        layer = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(layer.weight)
        average = Average(layer, 0.99)
        moved(layer)
        average.update(steps)
        assert float(average.tensors["weight"]) == pytest.approx(1 - decay)

    def test_a_counter_is_copied(self, network: TinyNetwork) -> None:
        """A mean of 3.7 batches says nothing."""
        average = Average(network, 0.5)
        moved(network)
        average.update(1)
        assert int(average.tensors["norm.num_batches_tracked"]) == 1

    def test_it_stands_in_for_the_weights_and_gives_them_back(self, network: TinyNetwork) -> None:
        """Also where what is done with it fails; no weight gets another address, which an optimizer would lose."""
        average = Average(network, 0.5)
        moved(network)
        weights = {name: each.clone() for name, each in network.state_dict().items()}
        addresses = [each.data_ptr() for each in network.state_dict().values()]

        def fail() -> None:
            with average.in_place():
                assert all(torch.equal(each, average.tensors[name]) for name, each in network.state_dict().items())
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert all(torch.equal(each, weights[name]) for name, each in network.state_dict().items())
        assert [each.data_ptr() for each in network.state_dict().values()] == addresses

    def test_the_mean_of_other_weights_is_refused(self, network: TinyNetwork) -> None:
        """One shape is enough."""
        other = Average(TinyNetwork(outputs=5), 0.5)
        with pytest.raises(RunError, match="the moving average in its checkpoint belongs to other weights"):
            Average(network, 0.5).restore(other.tensors)


class TestSlowWeights:
    """What the weights return to every few steps."""

    @staticmethod
    def network() -> nn.Module:
        """Return a network with batch norm, which has statistics and a count."""
        torch.manual_seed(1)
        return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))

    @pytest.mark.parametrize("settings", [Lookahead(every=3, decay=0.2), Lookahead(every=2, decay=0.8, power=3)])
    def test_training_is_the_papers_algorithm_written_by_hand(self, settings: Lookahead) -> None:
        """Ten steps of SGD with momentum: trained weights and statistics, and the slow ones at the end."""
        ours, theirs = self.network(), self.network()
        slow = SlowWeights(ours, settings, total=10)
        floating = [each for each in theirs.state_dict().values() if each.is_floating_point()]
        anchors = [each.clone() for each in floating]
        optimizers = [torch.optim.SGD(each.parameters(), lr=0.1, momentum=0.9) for each in (ours, theirs)]
        for step in range(1, 11):
            images = torch.randn(8, 3, generator=torch.Generator().manual_seed(step))
            for network, optimizer in zip((ours, theirs), optimizers, strict=True):
                optimizer.zero_grad()
                network(images).square().mean().backward()
                optimizer.step()
            slow.update(step)
            if step % settings.every == 0:
                alpha = 1 - settings.decay * (step / 10) ** settings.power
                for anchor, weight in zip(anchors, floating, strict=True):
                    anchor.add_(alpha * (weight - anchor))
                    weight.copy_(anchor)
        for anchor, weight in zip(anchors, floating, strict=True):
            weight.copy_(anchor)
        right = theirs.state_dict()
        assert all(torch.allclose(each, right[name], atol=1e-6) for name, each in ours.state_dict().items())
        assert int(ours[1].num_batches_tracked) == 10

    def test_the_last_step_ends_on_them(self) -> None:
        """Steps since the last look are dropped, unless there is a look there."""
        settings = Lookahead(every=4, decay=0.5)
        assert [settings.kept(step, 10) for step in range(1, 11)] == [*([None] * 3 + [0.5]) * 2, None, 1.0]
        assert [settings.kept(step, 4) for step in (3, 4)] == [None, 0.5]

    def test_those_of_another_network_are_refused(self, network: TinyNetwork) -> None:
        """As a mean is."""
        slow = SlowWeights(network, Lookahead(), 10)
        with pytest.raises(RunError, match="the lookahead in its checkpoint belongs to other weights"):
            slow.restore({"conv.weight": torch.zeros(1)})
