"""ResNets for 32×32 images with the paper's shortcuts, against the same network in plain PyTorch."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.functional import pad, relu

from builder.costs import graph_cost
from builder.lowering import load
from builder.runtime.compile import build

PAPER = {"resnet20_a": "0.27", "resnet32_a": "0.46", "resnet44_a": "0.66", "resnet56_a": "0.85", "resnet110_a": "1.7"}
"""Millions of parameters in table 6 of https://arxiv.org/abs/1512.03385."""


class Block(nn.Module):
    """Two convolutions, and a shortcut that leaves out every second row and column and adds channels of zeros."""

    def __init__(self, entering: int, planes: int) -> None:
        super().__init__()
        self.stride = 1 if entering == planes else 2
        self.conv1 = nn.Conv2d(entering, planes, 3, self.stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.new = (planes - entering) // 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the block's output."""
        y = self.bn2(self.conv2(relu(self.bn1(self.conv1(x)))))
        return relu(y + pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.new, self.new)))


class ResNet20(nn.Module):
    """Three stages of three blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(Block(16, 16), Block(16, 16), Block(16, 16))
        self.layer2 = nn.Sequential(Block(16, 32), Block(32, 32), Block(32, 32))
        self.layer3 = nn.Sequential(Block(32, 64), Block(64, 64), Block(64, 64))
        self.fc = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        x = self.layer3(self.layer2(self.layer1(relu(self.bn1(self.conv1(x))))))
        return self.fc(nn.functional.adaptive_avg_pool2d(x, 1).flatten(1))  # type: ignore[no-any-return]  # a module returns Any


class TestOptionA:
    """Shortcuts that learn nothing."""

    @pytest.mark.parametrize("name", PAPER)
    def test_parameters_are_those_of_the_paper(self, name: str) -> None:
        """As many as a network without shortcuts has."""
        given = PAPER[name]
        assert f"{graph_cost(load(name)).parameters / 1e6:.{len(given) - 2}f}" == given

    def test_outputs_are_equal(self) -> None:
        """The weights load strictly, and the outputs are equal bit for bit."""
        torch.manual_seed(0)
        reference = ResNet20().eval()
        network = build(load("resnet20_a")).eval()
        network.load_state_dict(reference.state_dict(), strict=True)
        images = torch.rand(2, 3, 32, 32)
        with torch.inference_mode():
            assert torch.equal(network(images), reference(images))
