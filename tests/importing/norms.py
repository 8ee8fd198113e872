"""Small networks with norms, gates and margins of their own arithmetic, as papers write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from tests.importing.networks import imported

if TYPE_CHECKING:
    from collections.abc import Callable

    Compute = Callable[["Computing", torch.Tensor], torch.Tensor]
    Deal = Callable[[torch.Tensor, tuple[int, ...]], torch.Tensor]


class Around(nn.Module):
    """One module between a convolution and a classifier."""

    def __init__(self, inner: nn.Module, channels: int = 8, leaving: int | None = None) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, channels, 3, padding=1)
        self.inner = inner
        self.head = nn.Linear(leaving or channels, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        return self.head(self.inner(self.stem(x)).mean((2, 3)))


def page(inner: nn.Module, leaving: int | None = None) -> str:
    """Return the page of a network around a module, proven."""
    found = imported(Around(inner, leaving=leaving))
    assert found.is_equal, (found.unproven, found.holes, found.refused)
    return found.text


class ResponseNorm(nn.Module):
    """Channels compete by their norms: ConvNeXt V2, its channels first or last."""

    def __init__(self, *, last: bool) -> None:
        super().__init__()
        self.positions, self.channels = ((1, 2), -1) if last else ((2, 3), 1)
        self.shape = (1, 1, 1, -1) if last else (1, -1, 1, 1)
        self.last = last
        self.weight = nn.Parameter(torch.zeros(8))
        self.bias = nn.Parameter(torch.zeros(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        x = x.permute(0, 2, 3, 1) if self.last else x
        norm = x.norm(p=2, dim=self.positions, keepdim=True)
        norm = norm / (norm.mean(dim=self.channels, keepdim=True) + 1e-6)
        x = x + torch.addcmul(self.bias.view(self.shape), self.weight.view(self.shape), x * norm)
        return x.permute(0, 3, 1, 2) if self.last else x


class EvolvedNorm(nn.Module):
    """A gate over the deviation of groups: EvoNorm S0."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(8))
        self.bias = nn.Parameter(torch.zeros(8))
        self.v = nn.Parameter(torch.ones(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        batch, channels, height, width = x.shape
        groups = x.reshape(batch, 4, channels // 4, height, width)
        spread = groups.float().var(dim=(2, 3, 4), unbiased=False, keepdim=True).add(1e-5).sqrt().to(x.dtype)
        spread = spread.expand(groups.shape).reshape(x.shape)
        x = x * (x * self.v.view(1, -1, 1, 1)).sigmoid() / spread
        return x * self.weight.view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1)


class FilterResponseNorm(nn.Module):
    """Channels are divided by the root of their mean square, and raised to at least a learned threshold."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(8))
        self.bias = nn.Parameter(torch.zeros(8))
        self.tau = nn.Parameter(torch.zeros(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        x = x * x.square().mean(dim=(2, 3), keepdim=True).add(1e-5).rsqrt()
        x = x * self.weight.view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1)
        return torch.maximum(self.tau.reshape(1, -1, 1, 1), x)


class Gained(nn.Module):
    """It multiplies by a parameter and adds another."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(shape))
        self.bias = nn.Parameter(torch.zeros(shape))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        return x * self.gain + self.bias


class WrittenNorm(nn.Module):
    """A layer norm over the channels of an image, written out: ConvNeXt."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(8))
        self.bias = nn.Parameter(torch.zeros(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        mean = x.mean(1, keepdim=True)
        spread = (x - mean).pow(2).mean(1, keepdim=True)
        x = (x - mean) / torch.sqrt(spread + 1e-6)
        return self.weight[:, None, None] * x + self.bias[:, None, None]


class ShortcutFirst(nn.Module):
    """A residual block in whose layers channels come last; the sum has the shortcut first."""

    def __init__(self) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(8, 8, 7, padding=3, groups=8)
        self.mix = nn.Linear(8, 8)
        self.drop = nn.Dropout(0.1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        return x + self.drop(self.mix(self.depthwise(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2))


class SimpleNorm(nn.Module):
    """Channels that come last are divided by their deviation; one number scales all, another is added."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(8))
        self.scale = nn.Parameter(torch.ones(1))
        self.shift = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        x = x.permute(0, 2, 3, 1)
        x = x * torch.rsqrt(torch.var(x, dim=-1, keepdim=True) + 1e-6) * self.weight
        x = x.permute(0, 3, 1, 2)
        return self.scale * (x * x) + self.shift


class Context(nn.Module):
    """What a convolution finds important is added to all positions: GCNet."""

    def __init__(self) -> None:
        super().__init__()
        self.scores = nn.Conv2d(8, 1, 1)
        self.mix = nn.Conv2d(8, 8, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        batch, channels, height, width = x.shape
        weights = self.scores(x).reshape(batch, 1, height * width).softmax(-1).unsqueeze(3)
        context = (x.reshape(batch, channels, height * width).unsqueeze(1) @ weights).view(batch, channels, 1, 1)
        return x + self.mix(context)


class SplitWeights(nn.Module):
    """Groups of channels weighed against each other, behind a convolution in parts: ResNeSt; ``dim`` is the axis."""

    def __init__(self, dim: int = 1) -> None:
        super().__init__()
        self.dim = dim
        self.scores = nn.Conv2d(8, 8, 1, groups=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        batch = x.size(0)
        weights = self.scores(x.mean((2, 3), keepdim=True)).view(batch, 2, 4, -1).transpose(1, 2)
        return x * functional.softmax(weights, dim=self.dim).reshape(batch, -1).view(batch, -1, 1, 1)


class Dealt(nn.Module):
    """Channels of two groups in turn, as ``deal`` does it with a view to groups: ShuffleNet."""

    def __init__(self, deal: Deal) -> None:
        super().__init__()
        self.deal = deal

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        batch, channels, height, width = x.shape
        return self.deal(x.view(batch, 2, channels // 2, height, width), x.shape)


class Halves(nn.Module):
    """A convolution of half of the channels, which are dealt among the others: ShuffleNet v2."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        one, two = torch.split(x, 4, dim=1)
        batch, channels, height, width = x.shape
        groups = torch.cat([one, self.conv(two)], 1).view(batch, 2, channels // 2, height, width)
        return groups.transpose(1, 2).contiguous().view(batch, -1, height, width)


class Computing(nn.Module):
    """It computes what a function says of an image; it has an activation and a convolution along the channels."""

    def __init__(self, function: Compute) -> None:
        super().__init__()
        self.function = function
        self.relu6 = nn.ReLU6(inplace=True)
        self.pool = nn.AdaptiveAvgPool2d(1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        return self.function(self, x)


class AlongChannels(nn.Module):
    """Gates that a convolution along the channels makes of their means, as its authors write it."""

    def __init__(self) -> None:
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.conv = nn.Conv1d(1, 1, 3, padding=1, bias=False)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        y = self.avg_pool(x)
        y = self.conv(y.squeeze(-1).transpose(-1, -2)).transpose(-1, -2).unsqueeze(-1)
        return x * self.sigmoid(y).expand_as(x)


class SearchCell(nn.Module):
    """A cell of architecture search: four nodes, with an operation on every edge, among them zero and identity."""

    def __init__(self) -> None:
        super().__init__()
        convs = [nn.Sequential(nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8)) for _ in range(3)]
        self.edges = nn.ModuleList([convs[0], nn.Identity(), convs[1], nn.AvgPool2d(3, 1, 1), nn.Identity(), convs[2]])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        nodes = [x, self.edges[0](x)]
        nodes.append(sum([self.edges[1](x).mul(0.0), self.edges[2](nodes[1])]))
        return sum(edge(node) for edge, node in zip(self.edges[3:], nodes, strict=True))


class ToDepth(nn.Module):
    """Squares of positions become channels, in the order of TensorFlow or in PyTorch's."""

    def __init__(self, order: tuple[int, ...]) -> None:
        super().__init__()
        self.order = order

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return 16 times as many channels."""
        batch, channels, height, width = x.shape
        x = x.view(batch, channels, height // 4, 4, width // 4, 4).permute(*self.order).contiguous()
        return x.view(batch, channels * 16, height // 4, width // 4)


class Margins(nn.Module):
    """A pool beside which all is lower, rows that are left out and added, a blur of what is surrounded by zeros."""

    def __init__(self, margin: tuple[int, ...]) -> None:
        super().__init__()
        self.margin = margin
        self.moved = nn.ZeroPad2d((-1, 1, -1, 1))
        row = torch.tensor([1.0, 2.0, 1.0])
        self.register_buffer("blur", (row[:, None] * row / 16).repeat(8, 1, 1, 1), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return a quarter of the positions, and a quarter of those."""
        x = functional.max_pool2d(functional.pad(self.moved(x), self.margin, value=-float("inf")), 3, 2)
        assert isinstance(self.blur, torch.Tensor)
        return functional.conv2d(functional.pad(x, (1, 1, 1, 1)), self.blur, stride=2, groups=8)


class Rectified(nn.Module):
    """Two convolutions of one list are added, and what they give is rectified in the module around them."""

    def __init__(self) -> None:
        super().__init__()
        self.ways = nn.ModuleList(nn.Conv2d(8, 8, size, padding=size // 2) for size in (3, 1))
        self.act = nn.ReLU()
        self.last = nn.Conv2d(8, 8, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        return self.last(self.act(self.ways[0](x) + self.ways[1](x)))


class ChannelNorm(nn.LayerNorm):
    """A norm over the channels of an image."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        x = functional.layer_norm(x.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


class OneChannelEach(nn.Module):
    """Gates of one position that are no stack of their channels: split attention of a single part."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Conv2d(8, 8, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        gates = torch.sigmoid(self.fc(x.mean((2, 3), keepdim=True)))
        return x * gates.view(x.shape[0], -1, 1, 1)


class Experts(nn.Module):
    """Kernels that are mixed for each image from those of experts, twice with the same numbers: CondConv."""

    def __init__(self, *, bias: bool, margin: tuple[int, ...]) -> None:
        super().__init__()
        self.margin = margin
        self.routing = nn.Linear(8, 3)
        self.first = Mixed(8, bias=bias)
        self.second = Mixed(8, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        numbers = torch.sigmoid(self.routing(functional.adaptive_avg_pool2d(x, 1).flatten(1)))
        y = functional.relu(self.first(x, numbers, self.margin))
        return self.second(y, numbers, self.margin) + x


class Mixed(nn.Module):
    """One such convolution, after a margin of zeros."""

    def __init__(self, channels: int, *, bias: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(3, channels * channels * 9))
        self.bias = nn.Parameter(torch.rand(3, channels)) if bias else None

    def forward(self, x: torch.Tensor, numbers: torch.Tensor, margin: tuple[int, ...]) -> torch.Tensor:
        """Return as many channels."""
        batch, channels, height, width = x.shape
        weight = torch.matmul(numbers, self.weight).view(batch * channels, channels, 3, 3)
        bias = None if self.bias is None else torch.matmul(numbers, self.bias).view(batch * channels)
        x = functional.pad(x.reshape(1, batch * channels, height, width), margin)
        x = functional.conv2d(x, weight, bias, groups=batch, padding=1 - min(margin))
        return x.permute([1, 0, 2, 3]).view(batch, channels, x.shape[-2], x.shape[-1])


class CoordinateGate(nn.Module):
    """Gates of rows and columns, as their authors write them."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.pool_h = nn.AdaptiveAvgPool2d((None, 1))
        self.pool_w = nn.AdaptiveAvgPool2d((1, None))
        self.conv1 = nn.Conv2d(8, hidden, 1)
        self.bn1 = nn.BatchNorm2d(hidden)
        self.conv_h, self.conv_w = nn.Conv2d(hidden, 8, 1), nn.Conv2d(hidden, 8, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        height, width = x.shape[2:]
        both = torch.cat([self.pool_h(x), self.pool_w(x).permute(0, 1, 3, 2)], dim=2)
        both = self.bn1(self.conv1(both))
        rows, columns = torch.split(both * functional.relu6(both + 3) / 6, [height, width], dim=2)
        return x * self.conv_w(columns.permute(0, 1, 3, 2)).sigmoid() * self.conv_h(rows).sigmoid()


class GeneralizedMean(nn.Module):
    """The root of the mean of powers, with the exponent beside other weights or not."""

    def __init__(self, *, apart: bool = True) -> None:
        super().__init__()
        self.p = nn.Parameter(torch.full((1,), 3.0))
        self.conv = nn.Identity() if apart else nn.Conv2d(8, 8, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return channels of one position."""
        powers = self.conv(x).clamp(min=1e-6).pow(self.p)
        return functional.avg_pool2d(powers, (x.size(-2), x.size(-1))).pow(1.0 / self.p)
