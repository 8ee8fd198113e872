"""Streams of chance, each a pure function of (seed, purpose, epoch)."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from builder.training.randomness import seed_globally, shuffled, stream

SEEDS = st.integers(0, 2**63 - 1)


class TestStream:
    """A generator for one use."""

    @given(SEEDS, st.sampled_from(["order", "augmentation"]), st.integers(1, 10_000))
    def test_the_same_use_draws_the_same(self, seed: int, purpose: str, epoch: int) -> None:
        """Whatever was drawn before."""
        first = torch.rand(3, generator=stream(seed, purpose, epoch))
        torch.rand(5)
        assert torch.equal(first, torch.rand(3, generator=stream(seed, purpose, epoch)))

    def test_seed_purpose_and_epoch_each_make_another_stream(self) -> None:
        """Epoch 1 of seed 2 is not epoch 2 of seed 1."""
        uses = [(1, "order", 2), (2, "order", 1), (1, "augmentation", 2), (12, "order", 0), (1, "order", 20)]
        draws = {tuple(torch.rand(3, generator=stream(*use)).tolist()) for use in uses}
        assert len(draws) == len(uses)

    def test_the_global_generator_is_left_alone(self) -> None:
        """Dropout's numbers do not depend on how images were shuffled."""
        before = torch.get_rng_state()
        shuffled(100, stream(0, "order", 1))
        assert torch.equal(before, torch.get_rng_state())


class TestSeedGlobally:
    """For what draws from torch's own generator."""

    def test_fresh_modules_are_the_same(self) -> None:
        """Whatever was drawn before."""
        drawn = []
        for _ in range(2):
            torch.rand(3)
            seed_globally(4)
            drawn.append(torch.nn.Linear(3, 3).weight)
        assert torch.equal(drawn[0], drawn[1])


class TestShuffled:
    """A random order."""

    def test_every_number_comes_once(self) -> None:
        """No image is left out of an epoch or seen twice."""
        order = shuffled(1000, stream(0, "order", 1))
        assert order.sort().values.tolist() == list(range(1000))
        assert order.tolist() != list(range(1000))
