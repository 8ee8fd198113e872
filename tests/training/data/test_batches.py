"""Images as batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from builder.training.data import batches as module
from builder.training.data import resize_cache as resizing
from builder.training.data.batches import Batch, Batches
from builder.training.data.transforms import Normalizer, resized
from builder.training.recipe.recipe import Augment, Normalize
from tests.training.tiny_task import quadrants

if TYPE_CHECKING:
    from builder.training.data.dataset import DataSet
    from builder.training.recipe.recipe import Recipe


def joined(batches: list[Batch]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return all images and all labels of some batches."""
    return torch.cat([each.images for each in batches]), torch.cat([each.labels for each in batches])


class TestEpoch:
    """The batches of one training epoch."""

    def test_every_image_comes_once_in_batches_of_the_recipes_size(
        self, data: DataSet, recipe: Recipe, cpu: torch.device
    ) -> None:
        """The last one is what is left."""
        found = list(Batches(data.train, recipe, cpu).epoch(1))
        assert [len(each.labels) for each in found] == [16, 16, 16, 16, 6]
        images, _ = joined(found)
        right = Normalizer(Normalize(), 1, cpu)(data.train.images)
        assert sorted(images.flatten(1).tolist()) == sorted(right.flatten(1).tolist())

    def test_labels_stay_with_their_images(self, data: DataSet, recipe: Recipe, cpu: torch.device) -> None:
        """The bright quadrant is the class."""
        images, labels = joined(list(Batches(data.train, recipe, cpu).epoch(1)))
        bright = torch.nn.functional.avg_pool2d(images, 4).flatten(1).argmax(1)
        assert torch.equal(bright, labels)

    def test_the_order_is_a_pure_function_of_seed_and_epoch(
        self, data: DataSet, recipe: Recipe, cpu: torch.device
    ) -> None:
        """Other epochs and seeds have others; asking twice or starting later changes nothing."""
        batches = Batches(data.train, recipe, cpu)
        _, first = joined(list(batches.epoch(1)))
        _, again = joined(list(batches.epoch(1)))
        _, second = joined(list(batches.epoch(2)))
        _, other = joined(list(Batches(data.train, recipe.model_copy(update={"seed": 6}), cpu).epoch(1)))
        assert torch.equal(first, again)
        assert not torch.equal(first, second)
        assert not torch.equal(first, other)

    def test_an_epoch_can_begin_in_its_middle(self, data: DataSet, recipe: Recipe, cpu: torch.device) -> None:
        """With the very batches that would have come, augmentation included."""
        augmented = recipe.model_copy(update={"augment": Augment(flip=True, crop_padding=1)})
        batches = Batches(data.train, augmented, cpu)
        whole, rest = list(batches.epoch(2)), list(batches.epoch(2, first_step=3))
        assert [each.step for each in rest] == [3, 4]
        assert all(torch.equal(one.images, other.images) for one, other in zip(whole[3:], rest, strict=True))

    @pytest.mark.parametrize(
        ("count", "size", "lengths"),
        [(33, 16, [16, 16]), (34, 16, [16, 16, 2]), (3, 1, [1, 1, 1]), (1, 16, [1]), (5, 16, [5]), (32, 16, [16, 16])],
    )
    def test_a_last_batch_of_one_is_left_out(
        self, recipe: Recipe, cpu: torch.device, count: int, size: int, lengths: list[int]
    ) -> None:
        """Batch norm can't normalize a single value; unless the recipe asks for nothing else."""
        batches = Batches(quadrants(count, 0), recipe.model_copy(update={"batch_size": size}), cpu)
        assert [len(each.labels) for each in batches.epoch(1)] == lengths
        assert (batches.steps, batches.images) == (len(lengths), sum(lengths))


class TestInOrder:
    """The batches of an evaluation."""

    def test_images_come_as_they_lie(
        self, data: DataSet, recipe: Recipe, cpu: torch.device, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """All of them, and never augmented."""
        monkeypatch.setattr(module, "EVALUATION_BATCH", 8)
        augmented = recipe.model_copy(update={"augment": Augment(flip=True, crop_padding=1)})
        batches = Batches(data.test, augmented, cpu)
        found = list(batches.in_order())
        assert len(found) == batches.evaluation_steps == 3
        images, labels = joined(found)
        assert torch.equal(images, Normalizer(Normalize(), 1, cpu)(data.test.images))
        assert torch.equal(labels, data.test.labels)


class TestFraming:
    """Resized once, or batch by batch."""

    @pytest.mark.parametrize("free", [0, 10**12])
    def test_memory_decides_when_and_never_what(
        self, data: DataSet, recipe: Recipe, cpu: torch.device, monkeypatch: pytest.MonkeyPatch, free: int
    ) -> None:
        """The images are the same."""
        monkeypatch.setattr(resizing, "available_memory", lambda: free)
        sized = recipe.model_copy(update={"size": 12, "crop_pct": 0.75})
        batches = Batches(data.test, sized, cpu)
        assert batches._is_resized == (free > 0)
        images, _ = joined(list(batches.in_order()))
        assert torch.equal(images, Normalizer(Normalize(), 1, cpu)(resized(data.test.images, sized)))

    def test_repeated_grey_is_kept_once(self, data: DataSet, recipe: Recipe, cpu: torch.device) -> None:
        """A third of the memory, and the same images in each channel."""
        batches = Batches(data.with_channels(3).test, recipe.at(16), cpu)
        assert batches._is_resized
        assert batches._images.stride(1) == 0
        images, _ = joined(list(batches.in_order()))
        assert torch.equal(images[:, 0], images[:, 2])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
class TestOnGpu:
    """uint8 images live on the device, and are indexed, changed and normalized there."""

    def test_batches_are_those_of_a_cpu(self, data: DataSet, recipe: Recipe, cpu: torch.device) -> None:
        """Bit for bit, augmentation included."""
        augmented = recipe.model_copy(update={"size": 12, "augment": Augment(flip=True, crop_padding=1, cutout=4)})
        there, here = Batches(data.train, augmented, torch.device("cuda")), Batches(data.train, augmented, cpu)
        for one, other in zip(there.epoch(1), here.epoch(1), strict=True):
            assert one.images.is_cuda
            assert torch.equal(one.images.cpu(), other.images)
            assert torch.equal(one.labels.cpu(), other.labels)
