"""The images of one split as batches on the device: resized once where memory allows, normalized as they go out."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import torch

from builder.training.data.resize_cache import resized_once
from builder.training.data.transforms import Draws, Normalizer, resized
from builder.training.device.distributed import ALONE, NO_LABEL
from builder.training.device.kinds import kind_of
from builder.training.device.precision import PLAIN, Precision
from builder.training.randomness import shuffled, stream
from builder.training.recipe.recipe import check_edges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.training.data.dataset import Split
    from builder.training.device.distributed import ProcessGroup
    from builder.training.recipe.recipe import Recipe

DEVICE_SHARE = 4  # images are kept on a GPU where they take at most a quarter of its free memory
EVALUATION_BATCH = 128  # images; more gains nothing on a CPU and costs memory


class Batch(NamedTuple):
    """Normalized images (N, C, H, W) and labels (N,) on the device, with their place in the epoch.

    Where they are one process's shard of a batch, ``global_size`` is the number of images in all shards; images that
    only fill a shard up have the label ``NO_LABEL`` and count nowhere.
    """

    step: int
    images: torch.Tensor
    labels: torch.Tensor
    global_size: int | None = None


class Batches:
    """Gives a split out in batches, in an order that only the seed and the epoch decide; to a group in equal parts."""

    def __init__(
        self,
        split: Split,
        recipe: Recipe,
        device: torch.device,
        precision: Precision = PLAIN,
        group: ProcessGroup = ALONE,
    ) -> None:
        """Resize the images once before the first batch if they fit, else batch by batch.

        Raises RunError where the recipe does not fit the images.
        """
        check_edges(recipe.at(split.images.shape[-1]))
        self.split = split
        self.group = group
        self.recipe = recipe
        self.device = device
        self.precision = precision
        self._normalizer = Normalizer(recipe.normalize, split.images.shape[1], device)

    def prepare(self) -> None:
        """Resize the images now, which the first batch would else wait for."""
        _ = self._ready

    @property
    def waits_for_host(self) -> bool:
        """Whether each batch is copied to the device from main memory, which computing waits for."""
        return not kind_of(self.device).is_host and self._images.device.type != self.device.type

    def first_images(self, count: int) -> torch.Tensor:
        """Return the first images (``count``, C, H, W) as the network gets them; the others need not be ready."""
        images = resized(self.split.images[:count], self.recipe).to(self.device)
        return self._normalizer(images).to(memory_format=self.precision.memory_format)

    @property
    def images(self) -> int:
        """Number of images of a training epoch.

        A last batch of a single image is left out, for batch norm can't normalize one value by itself; with
        ``drop_last`` every smaller one is, unless it is the only one.
        """
        size, count = self.recipe.batch_size, len(self.split)
        rest = count % size
        return count - rest if count > size > 1 and (rest == 1 or self.recipe.drop_last) else count

    @property
    def steps(self) -> int:
        """Number of training steps of an epoch."""
        return -(-self.images // self.recipe.batch_size)

    @property
    def evaluation_steps(self) -> int:
        """Number of batches of ``in_order``, the same in every process."""
        return -(-len(self.split) // (EVALUATION_BATCH * self.group.world_size))

    def epoch(self, epoch: int, first_step: int = 0) -> Iterator[Batch]:
        """Yield this process's part of the training batches of ``epoch`` from ``first_step`` on, augmented."""
        recipe, count = self.recipe, len(self.split)
        order = shuffled(count, stream(recipe.seed, "order", epoch)).to(self._images.device)
        draws = None
        if recipe.augment.changes:
            draws = Draws.of(recipe, count, epoch).to(self._images.device)
        for step in range(first_step, self.steps):
            samples = order[step * recipe.batch_size : (step + 1) * recipe.batch_size]
            yield self._batch(step, samples, draws)

    def in_order(self) -> Iterator[Batch]:
        """Yield this process's part of all images as they lie, unchanged by chance, for evaluation."""
        size = EVALUATION_BATCH * self.group.world_size
        everything = torch.arange(len(self.split), device=self._images.device)
        for step, samples in enumerate(torch.split(everything, size)):
            yield self._batch(step, samples, None)

    @cached_property
    def _ready(self) -> tuple[torch.Tensor, bool]:
        return _kept(self.split.images, self.recipe, self.device)

    @property
    def _images(self) -> torch.Tensor:
        return self._ready[0]

    @cached_property
    def _labels(self) -> torch.Tensor:
        return self.split.labels.to(self._images.device)

    def _batch(self, step: int, samples: torch.Tensor, draws: Draws | None) -> Batch:
        part, filling = self.group.shard(samples)
        images, labels = self._at(part, draws)
        if filling:
            labels[-filling:] = NO_LABEL
        return Batch(step, images, labels, len(samples) if self.group.world_size > 1 else None)

    def _at(self, samples: torch.Tensor, draws: Draws | None) -> tuple[torch.Tensor, torch.Tensor]:
        images, labels = self._images[samples], self._labels[samples]
        if not self._ready[1]:
            images = resized(images, self.recipe)
        images = images.to(self.device)
        if draws is not None:
            images = draws.applied(images, samples)
        labels = labels.to(self.device)
        return self._normalizer(images).to(memory_format=self.precision.memory_format), labels


def _kept(images: torch.Tensor, recipe: Recipe, device: torch.device) -> tuple[torch.Tensor, bool]:
    """Return the uint8 images where they are indexed, and whether they are resized already.

    On a GPU where they fit, resized or else as they are, so that indexing and all that follows happens there.
    """
    kind, side = kind_of(device), recipe.side or images.shape[-1]
    room = (kind.free_memory(device) or 0) // DEVICE_SHARE
    fits = images[:, :, 0, 0].numel() * side * side <= room
    if images.nbytes <= room and not fits and kind.has_float64:
        return images.to(device), False
    kept = resized_once(images, recipe)
    if kept is None:
        return images, False
    return (kept.to(device) if fits else kept), True
