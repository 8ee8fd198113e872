"""A folder of images with a folder for each class, as torchvision's ``ImageFolder`` reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torchvision.datasets import ImageFolder
from torchvision.datasets.folder import default_loader
from torchvision.transforms import functional

from builder.diagnostics import RunError
from builder.training.data.dataset import DataSet, Split
from builder.training.device.memory import available_memory

if TYPE_CHECKING:
    from pathlib import Path

LAYOUT = "a folder holds one folder for each class, or `train/` and `val/` (and `test/`) that do"


def load_image_folder(folder: Path, side: int | None) -> DataSet:
    """Return the images of ``folder`` as squares of ``side`` pixels: the shorter side resized, the centre cut.

    ``folder`` holds class folders, or ``train/`` and, as far as they are there, ``val/`` and ``test/`` which do.
    Raises RunError for a folder without classes, a class without images, and an image that can't be read.
    """
    if side is None:
        raise RunError("an image folder needs the size of its images", "add `--set size=224`")
    parts = {name: folder / name for name in ("train", "val", "test") if (folder / name).is_dir()}
    if "train" not in parts:
        parts = {"train": folder}
    found = {name: _listed(path) for name, path in parts.items()}
    for name, listed in found.items():
        if listed.classes != found["train"].classes:
            differ = ", ".join(sorted(set(listed.classes) ^ set(found["train"].classes)))
            raise RunError(f"{folder}: the classes of train/ and {name}/ differ: {differ}")
    splits = {name: _read(listed, side) for name, listed in found.items()}
    classes = tuple(found["train"].classes)
    return DataSet(folder.name, classes, splits["train"], splits.get("val"), splits.get("test"))


def _listed(path: Path) -> ImageFolder:
    try:
        return ImageFolder(str(path))
    except OSError as error:  # also FileNotFoundError, for a class without images
        raise RunError(f"{path}: {str(error).splitlines()[0]}", LAYOUT) from error


def _read(listed: ImageFolder, side: int) -> Split:
    needed = len(listed.samples) * 3 * side * side
    if needed > available_memory() // 2 > 0:
        message = f"{len(listed.samples):,} images of {side}×{side} take {needed / 1e9:.1f} GB of memory"
        raise RunError(message, "make them smaller with `--set size=…`, or train on a machine with more")
    images = torch.empty(len(listed.samples), 3, side, side, dtype=torch.uint8)
    for index, (path, _) in enumerate(listed.samples):
        images[index] = _square(path, side)
    return Split(images, torch.tensor(listed.targets, dtype=torch.int64))


def _square(path: str, side: int) -> torch.Tensor:
    try:
        image = default_loader(path)
    except Exception as error:  # Pillow's decoders raise whatever a broken file leads them to
        raise RunError(f"cannot read the image {path}: {error}", "mend it or take it out of the folder") from error
    pixels: torch.Tensor = functional.pil_to_tensor(
        functional.center_crop(functional.resize(image, side), [side, side])
    )
    return pixels
