"""A task that is learned in seconds, and a small network with all that makes training hard to repeat."""

from __future__ import annotations

import torch
from torch import nn

from builder.training.data.dataset import Split

SIDE, CLASSES = 8, 4


class TinyNetwork(nn.Module):
    """A network with all that makes training depend on more than weights: batch norm and dropout."""

    def __init__(self, channels: int = 1, outputs: int = CLASSES) -> None:
        """Draw the weights from torch's global generator, as pages do."""
        super().__init__()
        self.conv = nn.Conv2d(channels, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(8 * 16, outputs)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits of ``images`` of any size."""
        features = nn.functional.adaptive_avg_pool2d(torch.relu(self.norm(self.conv(images))), 4)
        return self.head(self.dropout(features.flatten(1)))


def quadrants(count: int, seed: int, channels: int = 1) -> Split:
    """Return noisy images whose class is the quadrant that is bright."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 120, (count, channels, SIDE, SIDE), dtype=torch.uint8, generator=generator)
    labels = torch.arange(count) % CLASSES
    half = SIDE // 2
    for image, label in zip(images, labels.tolist(), strict=True):
        top, left = half * (label // 2), half * (label % 2)
        image[:, top : top + half, left : left + half] += 100
    return Split(images, labels)
