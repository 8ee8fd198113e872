"""A folder of images with a folder for each class, as torchvision's ``ImageFolder`` reads it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from builder.choices import IMAGE_SUFFIXES
from builder.diagnostics import RunError
from builder.training.data.dataset import DataSet, Split
from builder.training.data.image_file import read_square
from builder.training.device.memory import available_memory

if TYPE_CHECKING:
    from collections.abc import Iterator

LAYOUT = "a folder holds one folder for each class, or `train/` and `val/` (and `test/`) that do"


@dataclass(frozen=True)
class Listed:
    """The images of a folder: names of its classes, and path and class of each image."""

    classes: tuple[str, ...]
    images: tuple[tuple[Path, int], ...]


def load_image_folder(folder: Path, side: int | None) -> DataSet:
    """Return the images of ``folder`` as squares of ``side`` pixels: the shorter side resized, the centre cut.

    ``folder`` holds class folders, or ``train/`` and, as far as they are there, ``val/`` and ``test/`` which do.
    Raises RunError for a folder without classes, a class without images, links that bring a folder or an image in
    twice, and an image that can't be read.
    """
    if side is None:
        raise RunError("an image folder needs the size of its images", "add `--set size=224`")
    parts = {name: folder / name for name in ("train", "val", "test") if (folder / name).is_dir()}
    if "train" not in parts:
        parts = {"train": folder}
    found = {name: list_images(path) for name, path in parts.items()}
    for name, listed in found.items():
        if listed.classes != found["train"].classes:
            differ = ", ".join(sorted(set(listed.classes) ^ set(found["train"].classes)))
            raise RunError(f"{folder}: the classes of train/ and {name}/ differ: {differ}")
    splits = {name: _read(listed, side) for name, listed in found.items()}
    classes = found["train"].classes
    return DataSet(folder.name, classes, splits["train"], splits.get("val"), splits.get("test"))


def list_images(folder: Path) -> Listed:
    """Return the images below ``folder`` in the order of their names, as torchvision's ``ImageFolder`` lists them.

    Links are followed, but not to a folder above, nor to one that is in it already, nor to an image of another class:
    the same pixels would be learned under several labels. Raises RunError for these, and for a class without images.
    """
    try:
        classes = sorted(each.name for each in os.scandir(folder) if each.is_dir())
        if not classes:
            raise RunError(f"{folder}: there is no folder of a class in it", LAYOUT)
        walk = _Walk(folder)
        images = [(path, label) for label, name in enumerate(classes) for path in walk.images(folder / name, label)]
    except OSError as error:
        raise RunError(f"{error.filename or folder}: {error.strerror or error}", LAYOUT) from error
    empty = sorted(set(range(len(classes))) - {label for _, label in images})
    if empty:
        names = ", ".join(classes[label] for label in empty)
        raise RunError(
            f"{folder}: there is no image of {names}; names of images end in {', '.join(IMAGE_SUFFIXES)}", LAYOUT
        )
    return Listed(tuple(classes), tuple(images))


def images_below(folder: Path) -> list[Path]:
    """Return the images below ``folder``, whatever its folders mean, in the order of ``list_images``.

    Raises RunError for a folder that can't be read or that links bring in twice.
    """
    try:
        return list(_Walk(folder / os.pardir).images(folder, 0))
    except OSError as error:
        raise RunError(f"{error.filename or folder}: {error.strerror or error}") from error


class _Walk:
    """Goes through the folders of all classes, and knows where it has been."""

    def __init__(self, root: Path) -> None:
        real = Path(os.path.realpath(root))
        self._above = {str(real), *map(str, real.parents)}
        self._folders: dict[str, str] = {}
        self._images: dict[str, tuple[str, int]] = {}

    def images(self, folder: Path, label: int) -> Iterator[Path]:
        """Yield the images below ``folder``, those of a folder by name before those of the folders after it."""
        found = [
            (place, sorted(names))
            for place, _, names in os.walk(folder, onerror=_refuse, followlinks=True)
            if self._enter(place)
        ]
        for place, names in sorted(found):
            real = os.path.realpath(place)
            for name in names:
                if name.lower().endswith(IMAGE_SUFFIXES):
                    path = os.path.join(place, name)  # noqa: PTH118 - a million times
                    self._note(path, os.path.join(real, name), label)  # noqa: PTH118 - the same
                    yield Path(path)

    def _enter(self, place: str) -> bool:
        real = os.path.realpath(place)
        if real in self._above:
            raise RunError(f"{place} is a link to a folder above: {real}", "remove the link")
        if real in self._folders:
            raise RunError(f"{place} and {self._folders[real]} are the same folder", "remove the link")
        self._folders[real] = place
        return True

    def _note(self, path: str, real: str, label: int) -> None:
        if os.path.islink(real):  # noqa: PTH114 - a million times
            real = os.path.realpath(real)
        before, other = self._images.setdefault(real, (path, label))
        if other != label:
            raise RunError(f"{path} and {before} are the same image, and of two classes", "remove the link")


def _refuse(error: OSError) -> None:
    raise error


def _read(listed: Listed, side: int) -> Split:
    count = len(listed.images)
    needed = count * 3 * side * side
    if needed > available_memory() // 2 > 0:
        message = f"{count:,} images of {side}×{side} take {needed / 1e9:.1f} GB of memory"
        raise RunError(message, "make them smaller with `--set size=…`, or train on a machine with more")
    images = torch.empty(count, 3, side, side, dtype=torch.uint8)
    for index, (path, _) in enumerate(listed.images):
        images[index] = read_square(path, side)
    return Split(images, torch.tensor([label for _, label in listed.images], dtype=torch.int64))
