"""Small networks whose lanes meet in unusual ways, as networks of the last years are written."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class ChannelsLast(nn.Module):
    """Channels that come last are cut in three, of which one is convolved, and joined again: MambaOut's gate."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.LayerNorm(8)
        self.fc1 = nn.Linear(8, 24)
        self.conv = nn.Conv2d(4, 4, 3, padding=1, groups=4)
        self.fc2 = nn.Linear(12, 8)
        self.head = nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        x = self.stem(x).permute(0, 2, 3, 1)
        gate, same, mixed = torch.split(self.fc1(self.norm(x)), [12, 8, 4], dim=-1)
        mixed = self.conv(mixed.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        x = self.fc2(functional.gelu(gate) * torch.cat((same, mixed), dim=-1)) + x
        return self.head(x.mean((1, 2)))


class Modulated(nn.Module):
    """Contexts of growing size, each weighed by one channel of gates: FocalNet's modulation."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Conv2d(3, 2 * 8 + 3, 1)
        self.h = nn.Conv2d(8, 8, 1)
        self.proj = nn.Conv2d(8, 8, 1)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Conv2d(8, 8, size, padding=size // 2, groups=8), nn.GELU()) for size in (3, 5)
        )
        self.head = nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        query, context, gates = torch.split(self.f(x), [8, 8, 3], 1)
        total: torch.Tensor | int = 0
        for number, layer in enumerate(self.layers):
            context = layer(context)
            total = total + context * gates[:, number : number + 1]
        total = total + functional.gelu(context.mean((2, 3), keepdim=True)) * gates[:, 2:]
        return self.head(self.proj(query * self.h(total)).mean((2, 3)))


class SelectiveKernels(nn.Module):
    """Two convolutions of which each channel is weighed against the other's, written with a stack."""

    def __init__(self) -> None:
        super().__init__()
        self.paths = nn.ModuleList(nn.Conv2d(3, 8, 3, padding=hole, dilation=hole) for hole in (1, 2))
        self.reduce = nn.Conv2d(8, 4, 1)
        self.select = nn.Conv2d(4, 16, 1)
        self.head = nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        x = torch.stack([path(x) for path in self.paths], dim=1)
        gates = self.select(functional.relu(self.reduce(x.sum(1).mean((2, 3), keepdim=True))))
        batch, channels, height, width = gates.shape
        gates = torch.softmax(gates.view(batch, 2, channels // 2, height, width), dim=1)
        return self.head(torch.sum(x * gates, dim=1).mean((2, 3)))


class SplitAttention(nn.Module):
    """Halves of the channels that weigh each other: ResNeSt's gate, of one or more groups."""

    def __init__(self, groups: int = 1) -> None:
        super().__init__()
        self.groups = groups
        self.conv = nn.Conv2d(3, 16, 3, padding=1)
        self.fc1 = nn.Conv2d(8, 4, 1, groups=groups)
        self.fc2 = nn.Conv2d(4, 16, 1, groups=groups)
        self.head = nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        x = torch.relu(self.conv(x))
        batch, channels, height, width = x.shape
        x = x.reshape((batch, 2, channels // 2, height, width))
        gates = self.fc2(functional.relu(self.fc1(x.sum(dim=1).mean((2, 3), keepdim=True))))
        gates = gates.view(batch, self.groups, 2, -1).transpose(1, 2)
        gates = functional.softmax(gates, dim=1).reshape(batch, -1).view(batch, -1, 1, 1)
        x = (x * gates.reshape((batch, 2, channels // 2, 1, 1))).sum(dim=1)
        return self.head(x.contiguous().mean((2, 3)))


class Quarters(nn.Module):
    """Some of the channels are convolved, the others stay: InceptionNeXt's mixer, of two widths."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.sizes = [channels - 2, 2]
        self.conv = nn.Conv2d(2, 2, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        same, mixed = torch.split(x, self.sizes, dim=1)
        return torch.cat([same, self.conv(mixed)], dim=1)


class Blurred(nn.Module):
    """A blur with numbers that are not learned between shares of two widths."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.first = Quarters(8)
        self.widen = nn.Conv2d(8, 12, 1)
        self.second = Quarters(12)
        row = torch.tensor([1.0, 2.0, 1.0])
        self.register_buffer("blur", (row[:, None] * row / 16).repeat(12, 1, 1, 1), persistent=False)
        self.head = nn.Linear(12, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        x = functional.pad(self.second(self.widen(self.first(self.stem(x)))), [1, 1, 1, 1], mode="reflect")
        assert isinstance(self.blur, torch.Tensor)
        return self.head(functional.conv2d(x, self.blur, stride=2, groups=12).mean((2, 3)))


class LinearGate(nn.Module):
    """The squeeze-and-excitation that most people write, with linear layers; a flag that nobody gives."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self.form = form
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.fc = nn.Sequential(nn.Linear(8, 2), nn.ReLU(), nn.Linear(2, 8), nn.Sigmoid())
        self.head = nn.Linear(8, 5)

    def forward(self, x: torch.Tensor, features: bool = False) -> torch.Tensor:
        """Return logits, or what they are made of."""
        x = self.conv(x)
        gates = self.fc(functional.adaptive_avg_pool2d(x, 1).flatten(1))
        match self.form:
            case "view":
                gates = gates.view(gates.size(0), 8, 1, 1).expand_as(x)
            case "index":
                gates = gates[:, :, None, None]
            case "unsqueeze":
                gates = gates.unsqueeze(-1).unsqueeze(-1)
        x = (x * gates).mean((2, 3))
        return x if features else self.head(x)


class RunAgain(nn.Module):
    """A layer that runs in a residual block, and again in another; with what belongs to the loss before its head."""

    def __init__(self, *, early_loss: bool = False) -> None:
        super().__init__()
        self.early_loss = early_loss
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(3, track_running_stats=not early_loss)
        self.head = nn.Linear(3, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        x = x + 0.1 * torch.relu(self.norm(self.conv(x)))
        x = (x + 0.1 * self.conv(x)).mean((2, 3))
        return self.head(functional.log_softmax(x, dim=1) if self.early_loss else x)


class Halved(nn.Module):
    """Halves of the channels of which each is normalized in its own way: IBN, laid out anew before or not."""

    def __init__(self, *, laid_out: bool = True) -> None:
        super().__init__()
        self.laid_out = laid_out
        self.conv = nn.Conv2d(3, 16, 3)
        self.IN, self.BN = nn.InstanceNorm2d(8, affine=True), nn.BatchNorm2d(8)
        self.fc = nn.Linear(16, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        one, two = torch.split(self.conv(x), 8, 1)
        if self.laid_out:
            one, two = one.contiguous(), two.contiguous()
        return self.fc(torch.cat([self.IN(one), self.BN(two)], 1).mean((2, 3)))


class Turned(nn.Module):
    """Gates between channels and rows, where columns stand in the place of the channels, as in triplet attention."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.gates = nn.Conv2d(2, 1, 3, padding=1)
        self.fc = nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        x = self.conv(x)
        turned = x.permute(0, 3, 2, 1)
        pooled = torch.cat([turned.max(1)[0].unsqueeze(1), turned.mean(1, keepdim=True)], 1)
        weighed = (turned * self.gates(pooled).sigmoid()).permute(0, 3, 2, 1)
        return self.fc((x + weighed).mean((2, 3)))


class StackedFirst(nn.Module):
    """Selective kernels as they are often written: stacked before the batch, weighed by a module that is a softmax.

    With fewer channels than a vector register has numbers, PyTorch would round the two softmaxes differently.
    """

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(32, 32, size, padding=size // 2) for size in (1, 3, 5))
        self.fc = nn.Linear(32, 4)
        self.fcs = nn.ModuleList(nn.Linear(4, 32) for _ in self.convs)
        self.softmax = nn.Softmax(dim=0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        lanes = [conv(x) for conv in self.convs]
        hidden = self.fc(sum(lanes).mean(-1).mean(-1))  # type: ignore[union-attr]  # there are lanes
        gates = self.softmax(torch.stack([fc(hidden).view(len(x), 32, 1, 1) for fc in self.fcs], 0))
        return (gates * torch.stack(lanes, 0)).sum(0)


class PyramidGates(nn.Module):
    """Shares of the channels, each seen by a kernel of its own and weighed against the others: PSA."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(2, 2, size, padding=size // 2) for size in (3, 5, 7, 9))
        self.se = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(2, 2, 1), nn.Sigmoid()) for _ in self.convs
        )
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        lanes = [conv(part) for conv, part in zip(self.convs, x.chunk(4, 1), strict=True)]
        gates = self.softmax(torch.stack([se(lane) for se, lane in zip(self.se, lanes, strict=True)], 1))
        return (torch.stack(lanes, 1) * gates).view(x.shape)
