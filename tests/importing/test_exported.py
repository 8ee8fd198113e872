"""Where torch.fx cannot trace, PyTorch's exporter does."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.importing.networks import imported


class Stubborn(nn.Module):
    """It asks what a symbolic value cannot be: exactly a tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return means."""
        if type(x) is not torch.Tensor and "Fake" not in type(x).__name__ and "Functional" not in type(x).__name__:
            raise TypeError(type(x))
        return self.norm(self.conv(x)).relu().mean((2, 3))


class TestExporter:
    """The second way in."""

    @pytest.mark.filterwarnings("ignore")
    def test_it_follows_what_torch_fx_does_not(self) -> None:
        """The page has the names that the network has."""
        found = imported(Stubborn())
        assert found.is_equal
        assert "norm: batchnorm" in found.text
