"""A data set as the trainer holds it: whole, as uint8 images and int64 labels in main memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

import torch

from builder.diagnostics import RunError, suggest
from builder.training.randomness import shuffled, stream

if TYPE_CHECKING:
    from collections.abc import Callable


def is_repeated(images: torch.Tensor) -> bool:
    """Return whether ``images`` are one gray channel shown several times."""
    return images.shape[1] > 1 and images.stride(1) == 0


def drawn(total: int, count: int, seed: int) -> torch.Tensor:
    """Return which ``count`` of ``total`` images ``seed`` draws (count,), in the order in which they lie."""
    return shuffled(total, stream(seed, "subset"))[:count].sort().values


@dataclass(frozen=True, eq=False)
class Split:
    """Square images (N, C, H, H) in uint8 and their labels (N,) in int64."""

    images: torch.Tensor
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, samples: torch.Tensor | slice) -> Split:
        """Return the images and labels at ``samples``."""
        if is_repeated(self.images):  # keep it so: one third of the memory
            gray = self.images[:, :1][samples]
            return Split(gray.expand(-1, self.images.shape[1], -1, -1), self.labels[samples])
        return Split(self.images[samples], self.labels[samples])

    def drawn(self, count: int, seed: int) -> Split:
        """Return ``count`` of the images, drawn by ``seed``, in the order in which they lie."""
        return self[drawn(len(self), count, seed)]


@dataclass(frozen=True, eq=False)
class DataSet:
    """Images to train on, to choose the best epoch by, and to test on once at the end."""

    name: str
    classes: tuple[str, ...]
    train: Split
    validation: Split | None = None
    test: Split | None = None

    @property
    def channels(self) -> int:
        """Number of channels of an image."""
        return self.train.images.shape[1]

    @property
    def splits(self) -> dict[str, Split]:
        """The splits that there are, by name."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: split for name, split in named.items() if split is not None}

    @property
    def fingerprint(self) -> str:
        """SHA-256 over class names, labels and pixels of every split, in hexadecimal."""
        digest = sha256("\n".join(self.classes).encode())
        for name, split in self.splits.items():
            digest.update(f"{name} {tuple(split.images.shape)}".encode())
            digest.update(split.labels.contiguous().numpy().data)
            digest.update(split.images.contiguous().numpy().data)
        return digest.hexdigest()

    def checked(self) -> DataSet:
        """Return the data set itself; raise RunError where a split is empty or a label names no class."""
        for name, split in self.splits.items():
            if len(split) == 0:
                raise RunError(f"{self.name}: there is no image in the {name} split")
            if len(split.images) != len(split):
                raise RunError(f"{self.name}: {len(split.images):,} images and {len(split):,} labels in {name}")
            low, high = int(split.labels.min()), int(split.labels.max())
            if low < 0 or high >= len(self.classes):
                wrong = low if low < 0 else high
                raise RunError(
                    f"{self.name}: label {wrong} in {name}, and the {len(self.classes)} classes count from 0"
                )
        return self

    def with_channels(self, channels: int) -> DataSet:
        """Return the images with gray repeated to ``channels``, at no cost in memory; RunError for color."""
        if channels == self.channels:
            return self
        if self.channels != 1:
            message = f"{self.name} has {self.channels} channels and the network takes {channels}"
            raise RunError(message, f"set the page's input to [{self.channels}, …]")
        return self._each(lambda split: Split(split.images.expand(-1, channels, -1, -1), split.labels))

    def hold_out(self, amount: float, seed: int) -> DataSet:
        """Return the data set with ``amount`` training images, a count or a fraction, kept for validation.

        Which ones depends on ``seed`` alone. Where there is a validation split already, it stays.
        Raises RunError if none would be left to train on.
        """
        if self.validation is not None:
            return self
        total = len(self.train)
        held = amount if isinstance(amount, int) else max(1, round(amount * total))
        if held >= total:
            message = f"{self.name} has {total:,} training images, and {held:,} of them are to be held out"
            raise RunError(message, "give a smaller `validation`, such as `--set validation=0.2`")
        order = shuffled(total, stream(seed, "validation split"))
        return replace(self, train=self.train[order[held:]], validation=self.train[order[:held]])

    def subset(self, count: int, seed: int) -> DataSet:
        """Return the data set with ``count`` of its training images, or all if there are no more, drawn by ``seed``.

        The other splits stay whole: what a network is judged by does not depend on how much it was trained on.
        """
        return replace(self, train=self.train.drawn(min(count, len(self.train)), seed))

    def part_of_all(self, count: int, seed: int) -> DataSet:
        """Return ``count`` training images and as large a part of the other splits, as runs of before took them."""
        part = min(1.0, count / len(self.train))
        return self._each(lambda split: split.drawn(max(1, round(part * len(split))), seed))

    def with_classes(self, classes: tuple[str, ...], of: str) -> DataSet:
        """Return the images with the numbers that their classes have by name among ``classes``, those of ``of``.

        A class may have no image here. Raises RunError where images are of a class that is not among them.
        """
        if self.classes == classes:
            return self
        unknown = [name for name in self.classes if name not in classes]
        if unknown:
            named = ", ".join(f"`{name}`" for name in unknown[:8]) + (" …" if len(unknown) > 8 else "")
            hint = suggest(unknown[0], classes, "its classes are")
            raise RunError(f"{self.name} has images of {named}, which {of} was not trained to tell", hint)
        places = torch.tensor([classes.index(name) for name in self.classes])
        found = self._each(lambda split: Split(split.images, places[split.labels]))
        return replace(found, classes=classes)

    def as_test(self) -> DataSet:
        """Return the data set whose test split is all of its training images: what it has besides is nothing."""
        return replace(self, validation=None, test=self.train)

    def _each(self, change: Callable[[Split], Split]) -> DataSet:
        held, test = self.validation, self.test
        return replace(self, train=change(self.train), validation=held and change(held), test=test and change(test))
