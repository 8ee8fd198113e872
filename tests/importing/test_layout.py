"""Names and keys of a page: every weight lies where the network has it."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from tests.importing.norms import page


class TwoSums(nn.Module):
    """Two sums of lanes that are activated, beside each other or one in the other."""

    def __init__(self, *, nested: bool) -> None:
        super().__init__()
        self.nested = nested
        self.a, self.b, self.c = (nn.Conv2d(8, 8, 1) for _ in range(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels, or twice as many."""
        one = functional.relu(self.a(x) + self.b(x))
        if self.nested:
            return functional.relu(self.c(one) + x)
        return torch.cat([one, functional.relu(self.c(x) + x)], 1)


class TestActivations:
    """What stands behind a sum."""

    def test_only_one_block_of_a_module_has_an_activation(self) -> None:
        """It would have the key of the other's; behind the second sum it is a layer."""
        text = page(TwoSums(nested=False), leaving=16)
        assert text.count("activation: relu") == 1
        assert "relu: relu" in text

    def test_the_outer_one_has_it(self) -> None:
        """As the place before it is that of the whole block."""
        text = page(TwoSums(nested=True))
        assert "shortcut: identity\n    activation: relu" in text
        assert "relu: relu" in text
