"""Batches of uint8 images to what a network takes, bit for bit as torchvision's transforms on PIL images.

``Resize``, ``CenterCrop``, ``RandomCrop`` with padding, ``RandomHorizontalFlip``, ``ToTensor``, ``Normalize``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import pad

from builder.diagnostics import RunError
from builder.training.data.resizing import resize
from builder.training.randomness import stream

if TYPE_CHECKING:
    from builder.training.recipe.recipe import Normalize, Recipe


def resized(images: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    """Return uint8 images (N, C, H, H) as (N, C, size, size): resized, then cut from the center."""
    if recipe.side is None or recipe.resize is None:
        return images
    larger = resize(images, recipe.resize)
    start = round((recipe.resize - recipe.side) / 2)
    stop = start + recipe.side
    return larger[..., start:stop, start:stop]


class Normalizer:
    """uint8 pixels to normalized float32 through a table of all 256 values, one row a channel.

    A table gives the bits of ``ToTensor`` and ``Normalize`` on every device; arithmetic does not, because
    GPUs multiply by the reciprocal.
    """

    def __init__(self, normalize: Normalize, channels: int, device: torch.device) -> None:
        """Make the table; raise RunError if there is neither one mean nor one for each of ``channels``."""
        if len(normalize.mean) not in {1, channels}:
            message = f"`normalize` has {len(normalize.mean)} means, and images have {channels} channels"
            raise RunError(message, "give one number, or one for each channel")
        mean = torch.tensor(normalize.mean).view(-1, 1)
        std = torch.tensor(normalize.std).view(-1, 1)
        levels = torch.arange(256, dtype=torch.uint8).float().div(255).expand(channels, 256)
        self._table = levels.sub(mean).div(std).flatten().to(device)
        self._row = torch.arange(0, channels * 256, 256, dtype=torch.int32, device=device).view(-1, 1, 1)

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Return ``images`` (N, C, H, W) as float32 of the same shape."""
        entries = images.to(torch.int32) + self._row
        return self._table.index_select(0, entries.flatten()).view(images.shape)


@dataclass(frozen=True, eq=False)
class Draws:
    """How each training image is changed in one epoch; a pure function of (seed, epoch, sample)."""

    mirrored: torch.Tensor
    shifts: torch.Tensor
    centers: torch.Tensor
    recipe: Recipe

    @classmethod
    def of(cls, recipe: Recipe, samples: int, epoch: int) -> Draws:
        """Draw for all ``samples``, whatever order and batches they will come in."""
        augment, generator = recipe.augment, stream(recipe.seed, "augmentation", epoch)
        mirrored = torch.rand(samples, generator=generator) < (0.5 if augment.flip is True else 0.0)
        if augment.flip == "alternating":
            mirrored = _alternating(recipe.seed, samples, epoch)
        shifts = torch.randint(0, 2 * augment.crop_padding + 1, (samples, 2), generator=generator)
        centers = torch.rand(samples, 2, generator=generator)
        return cls(mirrored, shifts, centers, recipe)

    def to(self, device: torch.device) -> Draws:
        """Return the same on ``device``, where the images are indexed."""
        return Draws(self.mirrored.to(device), self.shifts.to(device), self.centers.to(device), self.recipe)

    def applied(self, images: torch.Tensor, samples: torch.Tensor) -> torch.Tensor:
        """Return the uint8 ``images`` of ``samples`` with their changes, on the device where they are."""
        augment, device = self.recipe.augment, images.device
        if augment.crop_padding:
            shifts = self.shifts[samples].to(device)
            images = _shifted(images, shifts, augment.crop_padding, mirrored=augment.padding_mode == "reflect")
        images = torch.where(self.mirrored[samples].to(device).view(-1, 1, 1, 1), images.flip(-1), images)
        if augment.cutout:
            color = _mean_color(self.recipe.normalize, device)
            images = torch.where(_square(images, self.centers[samples].to(device), augment.cutout), color, images)
        return images


def _alternating(seed: int, samples: int, epoch: int) -> torch.Tensor:
    """Return which images are mirrored in ``epoch``: half of them in the first, then the others, then again those.

    Two epochs in turn show both sides of every image. https://arxiv.org/abs/2404.00498, section 3.6
    """
    first = torch.rand(samples, generator=stream(seed, "alternating flip")) < 0.5
    return first if epoch % 2 else ~first


def _shifted(images: torch.Tensor, shifts: torch.Tensor, padding: int, *, mirrored: bool) -> torch.Tensor:
    """Cut each image, with edges around that are black or mirror it, at its own row and column."""
    count, channels, height, width = images.shape
    rows = shifts[:, 0, None] + torch.arange(height, device=images.device)
    columns = shifts[:, 1, None] + torch.arange(width, device=images.device)
    image = torch.arange(count, device=images.device).view(-1, 1, 1, 1)
    channel = torch.arange(channels, device=images.device).view(1, -1, 1, 1)
    if mirrored:
        rows, columns = _reflected(rows - padding, height), _reflected(columns - padding, width)
    else:
        images = pad(images, (padding, padding, padding, padding))
    return images[image, channel, rows[:, None, :, None], columns[:, None, None, :]]


def _reflected(places: torch.Tensor, size: int) -> torch.Tensor:
    """Return ``places`` along an axis, those outside of it mirrored at the first and the last, which are not doubled.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.ReflectionPad2d.html
    """
    return (size - 1) - ((size - 1) - places.abs()).abs()


def _square(images: torch.Tensor, centers: torch.Tensor, side: int) -> torch.Tensor:
    """Return which pixels (N, 1, H, W) lie in a square around a pixel of each image, whose edges may cut it.

    https://arxiv.org/abs/1708.04552, section 3: with the center anywhere, some images stay nearly whole.
    """
    inside = []
    for center, size in zip(centers.unbind(1), images.shape[2:], strict=True):
        first = (center * size).long() - side // 2
        pixel = torch.arange(size, device=images.device) - first[:, None]
        inside.append((pixel >= 0) & (pixel < side))
    return (inside[0][:, :, None] & inside[1][:, None, :]).unsqueeze(1)


def _mean_color(normalize: Normalize, device: torch.device) -> torch.Tensor:
    """Return the pixel (1, C or 1, 1, 1) that becomes 0 when it is normalized, as nearly as one can."""
    levels = [min(max(round(255 * mean), 0), 255) for mean in normalize.mean]
    return torch.tensor(levels, dtype=torch.uint8, device=device).view(1, -1, 1, 1)
