"""Which images a network takes, and what is said where none fits."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from builder import import_module
from builder.diagnostics import ArchError
from tests.importing.networks import Mixed, Residual, Untraceable


class Assigning(nn.Module):
    """It changes some of the channels of a value."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return means."""
        x = x.clone()
        x[:, :2] = torch.relu(x[:, :2])
        return x.mean((2, 3))


class TestModules:
    """``import_module`` takes any ``nn.Module``."""

    def test_the_first_usual_size_is_taken(self) -> None:
        """Unless one is given."""
        assert import_module(Mixed()).input == (3, 224, 224)
        assert import_module(Mixed(), (3, 9, 11)).input == (3, 9, 11)

    def test_small_images_are_tried_too(self) -> None:
        """As networks for CIFAR-10 need."""
        net = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(2 * 30 * 30, 4))
        assert import_module(net).input == (3, 32, 32)

    @pytest.mark.parametrize(
        ("net", "size", "words"),
        [
            (3, None, "a network is an `nn.Module`, not 3"),
            (Mixed(), (3, 9), "`3,9` is no size of an image"),
            (Residual(), (1, 16, 16), "Residual on images of 1×16×16 cannot be run: RuntimeError"),
            (nn.LSTM(16, 4), None, "cannot be run"),
            (Assigning(), (3, 8, 8), "cannot be said on a page: a value is assigned into a part of another, "),
        ],
    )
    def test_what_cannot_be_imported_is_answered(self, net: object, size: tuple[int, ...] | None, words: str) -> None:
        """In one sentence, without a traceback of ours."""
        with pytest.raises(ArchError) as refused:
            import_module(net, size)  # type: ignore[arg-type]  # that is the mistake
        assert words in refused.value.diagnostics[0].message

    @pytest.mark.filterwarnings("ignore")
    def test_what_cannot_be_traced_is_answered(self) -> None:
        """It runs, and no tracer can follow it."""
        assert isinstance(Untraceable()(torch.rand(2, 3, 8, 8)), torch.Tensor)
        with pytest.raises(ArchError) as refused:
            import_module(Untraceable(), (3, 8, 8))
        assert "cannot be traced" in refused.value.diagnostics[0].message
