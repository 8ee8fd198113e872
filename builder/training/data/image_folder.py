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
    from collections.abc import Iterator, Mapping

_SPLITS = ("train", "val", "test")
_NAMES_OF_SPLITS = {*_SPLITS, "training", "valid", "validation", "testing", "eval", "evaluation", "dev"}
"""What splits are called by others; where all folders are called so, none is a class."""

LAYOUT = "a folder holds one folder for each class, or `train/` and `val/` (and `test/`) that do"


@dataclass(frozen=True)
class Listed:
    """The images of a folder: names of its classes, and path and class of each image."""

    classes: tuple[str, ...]
    images: tuple[tuple[Path, int], ...]


def load_image_folder(folder: Path, side: int | None) -> DataSet:
    """Return the images of ``folder`` as squares of ``side`` pixels: the shorter side resized, the center cut.

    ``folder`` holds class folders, or ``train/`` and, as far as they are there, ``val/`` and ``test/`` which do.
    Raises RunError for a folder without classes, a class without images, splits under other names, links that lead
    nowhere or bring a folder or an image in twice, also into two splits, and an image that can't be read.
    """
    if side is None:
        raise RunError("an image folder needs the size of its images", "add `--set size=224`")
    parts = _parts(folder)
    walk = _Walk(*parts.values())
    found = {name: _list(path, walk) for name, path in parts.items()}
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
    return _list(folder, _Walk(folder))


def _parts(folder: Path) -> dict[str, Path]:
    """Return the folders of the splits, by name; RunError where some are called otherwise: they would be no splits."""
    parts = {name: folder / name for name in _SPLITS if (folder / name).is_dir()}
    try:
        names = sorted(each.name for each in os.scandir(folder) if each.is_dir())
        others = [name for name in names if name.lower() in _NAMES_OF_SPLITS and not _is_one_of(folder / name, parts)]
    except OSError:
        others, names = [], []  # said by who reads it
    has_train, only_splits = "train" in parts, bool(names) and {name.lower() for name in names} <= _NAMES_OF_SPLITS
    if others and (has_train or only_splits):
        raise RunError(f"{folder}: {others[0]}/ looks like a split, and is called neither train, val nor test", LAYOUT)
    if only_splits and not has_train:
        raise RunError(f"{folder} has {' and '.join(f'{name}/' for name in names)}, and no train/", LAYOUT)
    return parts if has_train else {"train": folder}


def _is_one_of(path: Path, parts: Mapping[str, Path]) -> bool:
    return path.name in parts or any(path.samefile(each) for each in parts.values())


def _list(folder: Path, walk: _Walk) -> Listed:
    try:
        entries = sorted(os.scandir(folder), key=lambda each: each.name)
        classes = [each.name for each in entries if each.is_dir() or _leads_nowhere(each.path)]
        if not classes:
            raise RunError(f"{folder}: there is no folder of a class in it", LAYOUT)
        images = [
            (path, label) for label, name in enumerate(classes) for path in walk.images(folder / name, label, folder)
        ]
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
        return list(_Walk(folder / os.pardir).images(folder, 0, folder))
    except OSError as error:
        raise RunError(f"{error.filename or folder}: {error.strerror or error}") from error


class _Walk:
    """Goes through the folders of all classes of all splits, and knows where it has been."""

    def __init__(self, *roots: Path) -> None:
        real = [Path(os.path.realpath(root)) for root in roots]
        self._above = {str(each) for root in real for each in (root, *root.parents)}
        self._folders: dict[str, str] = {}
        self._images: dict[str, tuple[str, int, Path]] = {}

    def images(self, folder: Path, label: int, split: Path) -> Iterator[Path]:
        """Yield the images below ``folder``, those of a folder by name before those of the folders after it."""
        if _leads_nowhere(folder):
            raise _nowhere(folder)
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
                    self._note(path, os.path.join(real, name), label, split)  # noqa: PTH118 - the same
                    yield Path(path)
                elif _leads_nowhere(os.path.join(place, name)):  # noqa: PTH118 - the same
                    raise _nowhere(os.path.join(place, name))  # noqa: PTH118 - the same

    def _enter(self, place: str) -> bool:
        real = os.path.realpath(place)
        if real in self._above:
            raise RunError(f"{place} is a link to a folder above: {real}", "remove the link")
        if real in self._folders:
            raise RunError(f"{place} and {self._folders[real]} are the same folder", "remove the link")
        self._folders[real] = place
        return True

    def _note(self, path: str, real: str, label: int, split: Path) -> None:
        if os.path.islink(real):  # noqa: PTH114 - a million times
            real = os.path.realpath(real)
        before, other, place = self._images.setdefault(real, (path, label, split))
        if other != label:
            raise RunError(f"{path} and {before} are the same image, and of two classes", "remove the link")
        if place != split:
            raise RunError(f"{path} and {before} are the same image, and of two splits", "remove the link")


def _leads_nowhere(path: str | Path) -> bool:
    """Return whether a path is a link to nothing; hidden ones are editors' locks."""
    return os.path.islink(path) and not os.path.exists(path) and os.path.basename(path)[0] != "."  # noqa: PTH110, PTH114, PTH119 - a million times


def _nowhere(path: str | Path) -> RunError:
    return RunError(f"{path} is a link that leads nowhere", "remove the link, or bring back what it leads to")


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
