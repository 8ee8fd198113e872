"""Small networks as users write them, each for one thing that a page says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.importing.convert import Imported

from builder.importing.convert import convert


def imported(net: nn.Module, size: tuple[int, int, int] = (3, 16, 16)) -> Imported:
    """Return the page of a network with fixed weights."""
    return convert(net, size, "net", "net")


class Unit(nn.Module):
    """A residual block, with a projection where it changes the shape."""

    def __init__(self, entering: int, leaving: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(entering, leaving, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(leaving)
        self.conv2 = nn.Conv2d(leaving, leaving, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(leaving)
        self.down = nn.Conv2d(entering, leaving, 1, stride) if stride > 1 else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return relu(branch + shortcut)."""
        side = x if self.down is None else self.down(x)
        x = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(x)) + side)


class Residual(nn.Module):
    """Two stages of units."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.stage1 = nn.Sequential(Unit(8, 8), Unit(8, 8), Unit(8, 8))
        self.stage2 = nn.Sequential(Unit(8, 16, 2), Unit(16, 16))
        self.stage3 = nn.Sequential(Unit(16, 32, 2), Unit(32, 32))
        self.fc = nn.Linear(32, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        x = self.stage3(self.stage2(self.stage1(self.stem(x))))
        return self.fc(x.mean((2, 3)))


class Gated(nn.Module):
    """A gate with torchvision's keys between two layers of a list."""

    def __init__(self, act: Callable[[torch.Tensor], torch.Tensor] = functional.relu) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3), Gate(8, act), nn.Dropout(0.2), nn.Conv2d(8, 4, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the means of the last layer."""
        return self.features(x).mean((2, 3))


class Gate(nn.Module):
    """Squeeze-and-excitation, written by hand."""

    def __init__(self, channels: int, act: Callable[[torch.Tensor], torch.Tensor] = functional.relu) -> None:
        super().__init__()
        self.act = act
        self.fc1 = nn.Conv2d(channels, 2, 1)
        self.fc2 = nn.Conv2d(2, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x times its gates."""
        gates = self.fc2(self.act(self.fc1(x.mean((2, 3), keepdim=True))))
        return x * (self.gate(gates) if hasattr(self, "gate") else torch.sigmoid(gates))


class CalledAsPoints(nn.Module):
    """Two convolutions that are called as points of a block are."""

    def __init__(self) -> None:
        super().__init__()
        self.branch = nn.Conv2d(3, 4, 3, padding=1)
        self.shortcut = nn.Conv2d(3, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the means of their sum."""
        return functional.relu(self.branch(x) + self.shortcut(x)).mean((2, 3))


class Sized(nn.Module):
    """Kernels of several sizes, of which the first is not padded by its half."""

    def __init__(self) -> None:
        super().__init__()
        sizes = ((3, 6, 2), (8, 3, 1), (8, 5, 2))
        self.steps = nn.Sequential(
            *(nn.Sequential(nn.Conv2d(each, 8, kernel, 1, pad), nn.ReLU()) for each, kernel, pad in sizes)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return means."""
        return self.steps(x).mean((2, 3))


class Mode(nn.Module):
    """A sigmoid in a module of its own."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return numbers from 0 to 1."""
        return x.sigmoid()


class Counted(nn.Module):
    """Blocks whose names count, each with a gate of modules; a slice of all channels does nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3)
        self.stage = nn.ModuleDict({f"b{each}": Gate(8) for each in range(1, 4)})
        for gate in self.stage.values():
            gate.gate = Mode()
        self.mixed = nn.Sequential(nn.Sequential(Unit(8, 8), nn.ReLU()), nn.Sequential(Unit(8, 8), nn.ReLU()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return means."""
        x = self.stem(x)
        for gate in self.stage.values():
            x = gate(x[:, :8])
        return self.mixed(x).mean((2, 3))


class Mixed(nn.Module):
    """Two branches of different depth, joined."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(3, 4, 1)
        self.reduce = nn.Conv2d(3, 2, 1)
        self.three = nn.Conv2d(2, 4, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the means of both branches."""
        return torch.cat([self.one(x), self.three(self.reduce(x).relu())], 1).mean((2, 3))


class Dense(nn.Module):
    """Every layer reads all that came before, as in DenseNet."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(3 + 2 * each, 2, 3, padding=1) for each in range(3)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the means of all."""
        values = [x]
        for layer in self.layers:
            values.append(layer(torch.cat(values, 1)))
        return torch.cat(values, 1).mean((2, 3))


class Shuffled(nn.Module):
    """Half of the channels go through a layer, and all are dealt anew."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 1)
        self.lane = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the means."""
        one, two = self.stem(x).chunk(2, 1)
        x = torch.cat([one, self.lane(two)], 1)
        count, channels, height, width = x.shape
        x = x.view(count, 2, channels // 2, height, width).transpose(1, 2).contiguous()
        return x.view(count, channels, height, width).mean((2, 3))


class Standardized(nn.Conv2d):
    """A convolution whose kernels are standardized, as timm writes it."""

    def __init__(self, entering: int, leaving: int) -> None:
        super().__init__(entering, leaving, 3, padding=1)
        self.eps = 1e-6

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the convolution with the standardized kernels."""
        rows = self.weight.reshape(1, self.out_channels, -1)
        rows = functional.batch_norm(rows, None, None, training=True, momentum=0.0, eps=self.eps)
        return functional.conv2d(x, rows.reshape_as(self.weight), self.bias, self.stride, self.padding)


class ChannelGate(nn.Module):
    """Efficient channel attention, written by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(1, 1, 3, padding=1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x times its gates."""
        gates = torch.sigmoid(self.conv(x.mean((2, 3)).unsqueeze(1)))
        return x * gates.view(x.shape[0], -1, 1, 1)


class Normless(nn.Module):
    """Standardized kernels, a gate, numbers that are given, and a difference."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Standardized(3, 8)
        self.gate = ChannelGate()
        self.pool = nn.AvgPool2d(3, 1, 1)
        self.gain = nn.Parameter(torch.tensor(0.5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the means."""
        x = torch.relu(self.stem(x)) * 1.7
        x = self.gate(x) * self.gain + x
        return (self.pool(x) - x).mean((2, 3)) / 2


class Aggregated(nn.Module):
    """Every layer is joined once, at the end; and lanes that read each other's values."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(3, 4, 3, padding=1)
        self.two = nn.Conv2d(4, 5, 3, padding=1)
        self.convs = nn.ModuleList([nn.Conv2d(4, 4, 3, padding=1) for _ in range(2)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the means."""
        one = self.one(x)
        x = torch.cat([x, one, self.two(one)], 1)
        a, b, c = torch.split(x, [4, 4, 4], 1)
        a = self.convs[0](a)
        return torch.cat([a, self.convs[1](a + b), c], 1).mean((2, 3))


class Streams(nn.Module):
    """Two streams that are fused with each other, as in a high-resolution network."""

    def __init__(self) -> None:
        super().__init__()
        self.high = nn.Conv2d(3, 4, 3, padding=1)
        self.low = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.up = nn.Upsample(scale_factor=2)
        self.down = nn.Conv2d(4, 4, 3, stride=2, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the means of both."""
        high, low = self.high(x), self.low(x)
        high, low = torch.relu(high + self.up(low)), torch.relu(low + self.down(high))
        return torch.cat([high.mean((2, 3)), low.mean((2, 3))], 1)


class WithHead(nn.Module):
    """An auxiliary head in training."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3)
        self.side = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5))
        self.conv2 = nn.Conv2d(4, 5, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        """Return logits, and in training those of the head."""
        x = self.conv1(x)
        side = self.side(x) if self.training else None
        x = self.conv2(x).mean((2, 3))
        return x if side is None else (x, side)


class Odd(nn.Module):
    """It computes something that no page can say."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return means of sines."""
        return torch.sin(self.conv(x)).mean((2, 3))


class InPlace(nn.Module):
    """An activation that changes what a shortcut reads, and a layer that runs twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return means."""
        x = self.conv(x)
        return (self.conv(self.relu(x)) + x).mean((2, 3))


class Choosing(nn.Module):
    """It chooses its way by what the image shows."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return means, of half of the images where they are dark."""
        return self.conv(x).mean((2, 3)) if float(x.sum()) > 0 else self.conv(x).amax((2, 3))


class Twice(nn.Module):
    """A block that runs twice, with the same weights."""

    def __init__(self) -> None:
        super().__init__()
        self.block = Unit(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return means."""
        return self.block(self.block(x)).mean((2, 3))


class Ending(nn.Module):
    """A network that ends with what the loss computes, as a function or as a module."""

    def __init__(self, at: str, *, as_module: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(4, 5)
        modules = {"softmax": nn.Softmax(dim=1), "log_softmax": nn.LogSoftmax(dim=-1)}
        self.last = modules[at] if as_module else getattr(torch, at)
        self.given = () if as_module else (1,)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return probabilities, or their logarithms."""
        return self.last(self.fc(self.conv(x).mean((2, 3))), *self.given)


class Unused(Choosing):
    """A module that never runs."""

    def __init__(self) -> None:
        super().__init__()
        self.other = nn.Conv2d(3, 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return means."""
        return self.conv(x).mean((2, 3))


class Training(Unused):
    """A module that runs in training alone."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return means."""
        return (self.conv(x) + self.other(x) if self.training else self.conv(x)).mean((2, 3))


class Endless(Choosing):
    """Its outputs are no numbers."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return means of what is not finite."""
        return (self.conv(x) * 1e30 * 1e30).mean((2, 3))


class Noisy(Choosing):
    """It drops values in evaluation too."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return means of some values."""
        return functional.dropout(self.conv(x), 0.5, training=True).mean((2, 3))


class Untraceable(Choosing):
    """It refuses what only behaves like an image."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return means, of half of the images where they are dark."""
        assert type(x) is torch.Tensor, "only an image"
        return super().forward(x)


class LinearGate(nn.Module):
    """A gate as it is written most often: linear layers in a sequence, weighing channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        layers = (nn.Linear(channels, channels // 2), nn.ReLU(), nn.Linear(channels // 2, channels), nn.Sigmoid())
        self.fc = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Weigh the channels."""
        return x * self.fc(x.mean((2, 3))).view(x.shape[0], -1, 1, 1)


class LinearGates(nn.Module):
    """Two of them behind one another."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.gates = nn.Sequential(LinearGate(8), nn.Conv2d(8, 16, 1), LinearGate(16))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        return self.gates(self.conv(x)).mean((2, 3))
