"""A data set in memory: held out, cut down, repeated to more channels, checked."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from builder.diagnostics import RunError
from builder.training.data.dataset import DataSet, Split, is_repeated
from tests.training.tiny_task import quadrants


@pytest.fixture
def unsplit(data: DataSet) -> DataSet:
    """Return the data without a validation split of their own."""
    return replace(data, validation=None)


class TestHoldOut:
    """Validation images come out of the training set."""

    @pytest.mark.parametrize(("amount", "held"), [(20, 20), (0.5, 35), (0.001, 1)])
    def test_a_count_or_a_fraction_is_held_out(self, unsplit: DataSet, amount: float, held: int) -> None:
        """At least one image of a fraction."""
        divided = unsplit.hold_out(amount, seed=0)
        assert divided.validation is not None
        assert (len(divided.train), len(divided.validation)) == (70 - held, held)

    def test_no_image_is_in_both(self, unsplit: DataSet) -> None:
        """And none is lost."""
        divided = unsplit.hold_out(20, seed=0)
        assert divided.validation is not None
        both = [
            tuple(image.flatten().tolist()) for part in (divided.train, divided.validation) for image in part.images
        ]
        assert len(set(both)) == 70

    def test_the_seed_decides_which(self, unsplit: DataSet) -> None:
        """The same one chooses the same images, another one others."""
        first, again, other = (unsplit.hold_out(20, seed=seed) for seed in (0, 0, 1))
        assert first.fingerprint == again.fingerprint
        assert first.fingerprint != other.fingerprint

    def test_a_validation_split_of_its_own_stays(self, data: DataSet) -> None:
        """An image folder may bring one."""
        assert data.hold_out(5, seed=0) is data

    @pytest.mark.parametrize("amount", [70, 10_000])
    def test_something_must_be_left_to_train_on(self, unsplit: DataSet, amount: int) -> None:
        """`lab` holds out 10,000, which small data sets do not have."""
        with pytest.raises(RunError, match=rf"70 training images, and {amount:,} of them are to be held out") as raised:
            unsplit.hold_out(amount, seed=0)
        assert "--set validation=0.2" in str(raised.value.hint)


class TestSubset:
    """A part of the training images."""

    def test_the_other_splits_stay_whole(self, data: DataSet) -> None:
        """A network that was trained on less is judged by as much."""
        small = data.subset(35, seed=0)
        assert [len(split) for split in small.splits.values()] == [35, 20, 20]

    def test_runs_of_before_took_as_large_a_part_of_all(self, data: DataSet) -> None:
        """35 of 70 training images, so half of the others; the training images are the same ones."""
        before = data.part_of_all(35, seed=0)
        assert [len(split) for split in before.splits.values()] == [35, 10, 10]
        assert torch.equal(before.train.images, data.subset(35, seed=0).train.images)

    def test_more_than_there_is_is_all(self, data: DataSet) -> None:
        """In the order in which it lies."""
        assert data.subset(1000, seed=0).fingerprint == data.fingerprint

    def test_the_seed_decides_which(self, data: DataSet) -> None:
        """And labels stay with their images."""
        small = data.subset(30, seed=4)
        assert small.fingerprint == data.subset(30, seed=4).fingerprint != data.subset(30, seed=5).fingerprint
        of = {
            tuple(image.flatten().tolist()): int(label)
            for image, label in zip(data.train.images, data.train.labels, strict=True)
        }
        assert all(
            of[tuple(image.flatten().tolist())] == label
            for image, label in zip(small.train.images, small.train.labels.tolist(), strict=True)
        )


class TestWithChannels:
    """Gray images for networks that take color."""

    def test_gray_is_repeated_at_no_cost(self, data: DataSet) -> None:
        """In every split, and also after images were drawn from it."""
        color = data.with_channels(3)
        assert color.channels == 3
        assert torch.equal(color.train.images[:, 2], data.train.images[:, 0])
        assert all(is_repeated(split.images) for split in color.subset(40, seed=0).splits.values())

    def test_as_many_as_there_are_is_no_change(self, data: DataSet) -> None:
        """Color to color too."""
        assert data.with_channels(1) is data

    def test_color_is_not_made_gray(self) -> None:
        """Nothing is repaired silently."""
        color = DataSet("photos", ("a", "b", "c", "d"), quadrants(8, 0, channels=3))
        with pytest.raises(RunError, match="photos has 3 channels and the network takes 1"):
            color.with_channels(1)


class TestChecked:
    """What no trainer should see."""

    @pytest.mark.parametrize("label", [-100, -1, 4, 10])
    def test_a_label_that_names_no_class_is_refused(self, data: DataSet, label: int) -> None:
        """-100 would be silently ignored, 10 an IndexError in the middle of an epoch."""
        labels = data.train.labels.clone()
        labels[3] = label
        with pytest.raises(RunError, match=f"label {label} in train, and the 4 classes count from 0"):
            replace(data, train=Split(data.train.images, labels)).checked()

    def test_an_empty_split_is_refused(self, data: DataSet) -> None:
        """And named."""
        with pytest.raises(RunError, match="no image in the test split"):
            replace(data, test=data.train[:0]).checked()

    def test_images_and_labels_are_as_many(self, data: DataSet) -> None:
        """A file may be short."""
        with pytest.raises(RunError, match="70 images and 69 labels in train"):
            replace(data, train=Split(data.train.images, data.train.labels[1:])).checked()

    def test_what_is_right_passes(self, data: DataSet) -> None:
        """As itself."""
        assert data.checked() is data


class TestFingerprint:
    """A checksum of what is trained on."""

    def test_one_pixel_one_label_or_one_name_changes_it(self, data: DataSet) -> None:
        """Each of them makes other data."""
        pixels, labels = data.train.images.clone(), data.train.labels.clone()
        pixels[0, 0, 0, 0] += 1
        labels[0] = 3
        variants = [
            data,
            replace(data, train=Split(pixels, data.train.labels)),
            replace(data, train=Split(data.train.images, labels)),
            replace(data, classes=(*data.classes[:3], "elsewhere")),
            replace(data, test=None),
        ]
        assert len({each.fingerprint for each in variants}) == len(variants)
