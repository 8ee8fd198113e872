"""A running mean of the weights, against torch's own and against the formula."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from builder.diagnostics import RunError
from builder.training.steps.average import Average
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
