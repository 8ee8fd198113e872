"""A trial of threads: it tries a copy, and leaves everything as it was."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from builder.training.device.precision import Precision
from builder.training.device.threads import BUSY, ChosenThreads, Trial
from builder.training.recipe.recipe import load_recipe
from builder.training.steps import thread_trial
from builder.training.steps.thread_trial import try_threads


def chosen_after_steps(most: int, free: float, trial: Trial) -> ChosenThreads:
    """Take a step in one thread and in two, and choose two."""
    for threads in (1, 2):
        assert trial.seconds_of(threads) > 0
    return ChosenThreads(2, most)


class TestTryThreads:
    """What is tried is a copy on random images."""

    @pytest.fixture
    def network(self) -> nn.Module:
        """Return a network with buffers and random numbers."""
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Flatten(), nn.Linear(144, 10))

    def test_everything_stays_as_it_was(self, network: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
        """Weights, buffers, gradients, random numbers and torch's threads, so that the run's bits are the same."""
        monkeypatch.setattr(thread_trial, "choose_threads", chosen_after_steps)
        before = {name: each.clone() for name, each in network.state_dict().items()}
        random, threads = torch.get_rng_state(), torch.get_num_threads()
        found = try_threads(network, (3, 8, 8), 64, load_recipe("digits"), Precision("fp32", "channels_last"), 2, 2.0)
        assert found == ChosenThreads(2, 2)
        assert all(torch.equal(each, before[name]) for name, each in network.state_dict().items())
        assert all(each.grad is None for each in network.parameters())
        assert torch.equal(torch.get_rng_state(), random)
        assert torch.get_num_threads() == threads

    def test_a_network_that_cannot_be_trained_goes_by_the_load(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The trainer says what is wrong with it."""
        monkeypatch.setattr(thread_trial, "choose_threads", chosen_after_steps)
        found = try_threads(nn.Linear(5, 2), (3, 8, 8), 64, load_recipe("digits"), Precision(), 2, 0.0)
        assert found == ChosenThreads(1, 2, BUSY)
