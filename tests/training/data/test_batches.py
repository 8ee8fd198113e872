"""Images as batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from PIL import Image
from torch.overrides import TorchFunctionMode

from builder.training.data import batches as module
from builder.training.data import resize_cache as resizing
from builder.training.data.batches import Batch, Batches
from builder.training.data.transforms import Normalizer, resized
from builder.training.device.kinds import KINDS, DeviceKind
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

    @pytest.mark.parametrize(("count", "lengths"), [(34, [16, 16]), (32, [16, 16]), (5, [5])])
    def test_every_smaller_last_batch_can_be_left_out(
        self, recipe: Recipe, cpu: torch.device, count: int, lengths: list[int]
    ) -> None:
        """As PyTorch's `DataLoader` does, but for a batch that is the only one."""
        batches = Batches(quadrants(count, 0), recipe.model_copy(update={"drop_last": True}), cpu)
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


class Copying(TorchFunctionMode):
    """Notes every copy that may still be read after its source is gone."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        self.seen: list[object] = []

    def __torch_function__(self, func: object, types: object, args: object = (), kwargs: object = None) -> object:
        """Note what is not waited for, and do it."""
        named = kwargs or {}
        if named.get("non_blocking"):
            self.seen.append(func)
        return func(*args, **named)


class TestCopies:
    """From main memory to the device."""

    def test_the_source_of_a_copy_outlives_it(self, data: DataSet, recipe: Recipe, cpu: torch.device) -> None:
        """Without pinned memory not waiting gains nothing, and an Apple GPU may read what is no longer there.

        https://github.com/pytorch/pytorch/issues/189690
        """
        batches = Batches(data.train, recipe.at(12), cpu)
        with Copying() as copying:
            list(batches.epoch(1))
            assert copying.seen == []
            torch.zeros(1).to(cpu, non_blocking=True)
        assert len(copying.seen) == 1, "and this test can fail"


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
        assert batches._ready[1] == (free > 0)
        images, _ = joined(list(batches.in_order()))
        assert torch.equal(images, Normalizer(Normalize(), 1, cpu)(resized(data.test.images, sized)))

    def test_repeated_gray_is_kept_once(self, data: DataSet, recipe: Recipe, cpu: torch.device) -> None:
        """A third of the memory, and the same images in each channel."""
        batches = Batches(data.with_channels(3).test, recipe.at(16), cpu)
        assert batches._ready[1]
        assert batches._images.stride(1) == 0
        images, _ = joined(list(batches.in_order()))
        assert torch.equal(images[:, 0], images[:, 2])


class Device(DeviceKind):
    """Stands in for a GPU with so many bytes of free memory; what lies on it lies in main memory too."""

    free = 0

    def free_memory(self, device: torch.device) -> int:
        """Return them."""
        return self.free


class TestOnDevice:
    """Where images lie, as a device has room for them: 20 images of 8 px, and of 24 px when they are resized."""

    ORIGINALS, RESIZED = 4 * 20 * 8 * 8, 4 * 20 * 24 * 24

    @pytest.fixture
    def device(self, monkeypatch: pytest.MonkeyPatch) -> type[Device]:
        """Return the device, whose memory can be set."""
        monkeypatch.setitem(KINDS, "cpu", Device("cpu"))
        monkeypatch.setattr(Device, "free", 0)
        return Device

    @pytest.mark.parametrize(("free", "is_resized"), [(RESIZED, True), (RESIZED - 1, False), (ORIGINALS, False)])
    def test_they_are_resized_once_or_as_they_go_out(
        self, data: DataSet, recipe: Recipe, cpu: torch.device, device: type[Device], free: int, *, is_resized: bool
    ) -> None:
        """On the device in both cases; and the same images, pixel for pixel, without PyTorch's kernel for uint8."""
        wanted = recipe.model_copy(update={"size": 24, "resize": 24})
        device.free = free
        batches = Batches(data.test, wanted, cpu)
        assert batches._ready[1] is is_resized
        images, _ = joined(list(batches.in_order()))
        right = torch.stack([pil_resized(image, 24) for image in data.test.images])
        assert torch.equal(images, Normalizer(Normalize(), 1, cpu)(right))

    def test_nothing_is_resized_for_a_file_that_nobody_needs(
        self, data: DataSet, recipe: Recipe, cpu: torch.device, device: type[Device], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Gigabytes, where the originals take a hundred megabytes."""
        monkeypatch.setattr(module, "resized_once", lambda *_: pytest.fail("resized"))
        device.free = self.ORIGINALS
        Batches(data.test, recipe.at(24), cpu)

    def test_without_float64_they_are_resized_on_the_cpu(
        self, data: DataSet, recipe: Recipe, cpu: torch.device, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whose sums would be rounded elsewhere."""
        monkeypatch.setitem(KINDS, "cpu", Device("cpu", has_float64=False))
        monkeypatch.setattr(Device, "free", self.ORIGINALS)
        assert Batches(data.test, recipe.at(24), cpu)._ready[1]

    @pytest.mark.parametrize("free", [0, ORIGINALS - 1])
    def test_where_there_is_no_room_each_batch_is_waited_for(
        self, data: DataSet, recipe: Recipe, free: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Which the trainer says in a line."""
        monkeypatch.setitem(KINDS, "meta", Device("meta"))
        monkeypatch.setattr(Device, "free", free)
        assert Batches(data.test, recipe.at(24), torch.device("meta")).waits_for_host

    def test_a_cpu_waits_for_nothing(self, data: DataSet, recipe: Recipe, cpu: torch.device) -> None:
        """Its memory is where images lie."""
        assert not Batches(data.test, recipe.at(24), cpu).waits_for_host


def pil_resized(image: torch.Tensor, size: int) -> torch.Tensor:
    """Return one gray image as Pillow resizes it."""
    gray = Image.fromarray(image[0].numpy()).resize((size, size), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(gray)).unsqueeze(0)


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
