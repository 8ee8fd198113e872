"""A first convolution that whitens what it sees."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from builder.diagnostics import RunError
from builder.training.weights.whitening import SMALLEST, freeze_first_convolution, whiten_first_convolution


@pytest.fixture
def images() -> torch.Tensor:
    """Return images whose neighbors are much alike, as those of photographs are."""
    noise = torch.randn(300, 3, 10, 10, generator=torch.Generator().manual_seed(1))
    return nn.functional.avg_pool2d(noise, 3, stride=1) + 0.4


class TestWhitening:
    """The filters that are drawn from data."""

    def test_its_outputs_are_uncorrelated_and_have_variance_one(self, images: torch.Tensor) -> None:
        """But for directions that hardly vary, which are not blown up."""
        convolution = nn.Conv2d(3, 24, 2)
        whiten_first_convolution(nn.Sequential(convolution, nn.ReLU()), images)
        outputs = convolution(images)[:, :12].transpose(0, 1).flatten(1)
        covariance = torch.cov(outputs.double())
        assert not (covariance - torch.diag(covariance.diag())).abs().max() > 1e-3
        assert covariance.diag().max() <= 1
        assert covariance.diag()[0] > 1 - SMALLEST / 1e-2

    def test_a_relu_behind_it_loses_nothing(self, images: torch.Tensor) -> None:
        """Each direction comes with its negative."""
        convolution = nn.Conv2d(3, 24, 2)
        whiten_first_convolution(convolution, images)
        assert torch.equal(convolution.weight[:12], -convolution.weight[12:])
        assert not convolution.bias.any()

    def test_fewer_filters_take_the_directions_that_vary_most(self, images: torch.Tensor) -> None:
        """Half as many directions as filters."""
        all_of_them, few = nn.Conv2d(3, 24, 2), nn.Conv2d(3, 6, 2)
        for each in (all_of_them, few):
            whiten_first_convolution(each, images)
        assert torch.equal(few.weight[:3], all_of_them.weight[:3])

    def test_other_layers_are_left_alone(self, images: torch.Tensor) -> None:
        """The second convolution is none."""
        network = nn.Sequential(nn.Conv2d(3, 8, 2), nn.Conv2d(8, 8, 2))
        before = network[1].weight.clone()
        whiten_first_convolution(network, images)
        assert torch.equal(network[1].weight, before)

    def test_more_filters_than_directions_are_refused(self, images: torch.Tensor) -> None:
        """With how many there are."""
        with pytest.raises(RunError, match=r"has 25 filters over patches of 12 numbers, in 1 group; .* at most 24"):
            whiten_first_convolution(nn.Sequential(nn.Conv2d(3, 25, 2)), images)

    def test_groups_are_refused(self, images: torch.Tensor) -> None:
        """Each filter would see a part of a patch."""
        with pytest.raises(RunError, match="in 3 groups"):
            whiten_first_convolution(nn.Sequential(nn.Conv2d(3, 6, 2, groups=3)), images)

    def test_a_network_without_a_convolution_is_refused(self, images: torch.Tensor) -> None:
        """Which could not show it."""
        with pytest.raises(RunError, match="a network that has a convolution") as raised:
            whiten_first_convolution(nn.Linear(2, 2), images)
        assert raised.value.hint == "leave it out: --set whiten=false"


class TestFreezing:
    """What is trained of it."""

    def test_its_bias_alone_learns(self) -> None:
        """As do all other layers."""
        network = nn.Sequential(nn.Conv2d(3, 8, 2), nn.Conv2d(8, 8, 2))
        freeze_first_convolution(network)
        assert [name for name, each in network.named_parameters() if not each.requires_grad] == ["0.weight"]
