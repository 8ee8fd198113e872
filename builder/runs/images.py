"""The images of a run, from the name of a data set: the one way to load, hold out, draw and name them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from builder.diagnostics import RunError
from builder.training.recipe.data_sets import RANDOM_DATA, has_folder

if TYPE_CHECKING:
    from builder.choices import SplitName
    from builder.training.data.dataset import DataSet
    from builder.training.folder.run_files import RunData
    from builder.training.recipe.recipe import Recipe

RANDOM = 2048  # random images, or four batches of them
FOLDER = "imagefolder"

_DRAWN_BY = 0  # the seed of what cells of a study share; which images train and validate depends on the cell's own


def load_images(chosen: RunData, recipe: Recipe, channels: int, *, download: bool = True) -> DataSet:
    """Return the images that a run is trained with, its validation split held out before a subset is drawn.

    Raises ArchError for an unknown data set; RunError for images that can't be had, or are not of ``channels``.
    """
    from builder.training.data.named import load

    if chosen.name == RANDOM_DATA:
        from builder.training.speed.benchmark import random_images

        return random_images(max(RANDOM, 4 * recipe.batch_size), channels)
    if chosen.name is None or (chosen.folder is None and has_folder(chosen.name)):
        raise RunError("nothing says with which images", "name them: --data and --data-dir")
    found = load(chosen.name, Path(chosen.folder or ""), recipe.resize, download=download)
    data = found.hold_out(recipe.validation, recipe.seed)
    if chosen.subset is not None:
        draw = data.part_of_all if chosen.subset_of_all else data.subset
        data = draw(chosen.subset, recipe.seed)
    return data.with_channels(channels)


def load_others(name: str, folder: Path, recipe: Recipe, channels: int, split: SplitName) -> DataSet:
    """Return images that a network is only judged by, on one ``split``: a plain folder of classes is the test split.

    Validation images are held out only where they, or those that are left, are asked for. Raises what ``load_images``
    raises.
    """
    from builder.training.data.named import load

    data = load(name, folder, recipe.resize)
    if name == FOLDER and list(data.splits) == ["train"]:
        return data.as_test().with_channels(channels)
    if split != "test":
        data = data.hold_out(recipe.validation, recipe.seed)
    return data.with_channels(channels)


def load_shared(name: str, folder: Path, side: int | None, test: int | None) -> DataSet:
    """Return the images that all cells of a study share, with ``test`` test images; None takes all of them.

    ``side`` is what image folders are resized to. Raises RunError for data that can't be had, have too few test images,
    or no test split to judge by.
    """
    from builder.training.data.named import load

    data = load(name, folder, side)
    if data.test is None:
        raise RunError(f"{name} has no test split, which a study needs", "add a folder `test` beside `train`")
    if test is None or test == len(data.test):
        return data
    if test > len(data.test):
        raise RunError(f"{name} has {len(data.test):,} test images, and {test:,} were requested", "ask for fewer")
    return replace(data, test=data.test.drawn(test, _DRAWN_BY))


def groups_of_tests(folder: Path, file: str, test: int | None) -> list[int]:
    """Return the number of the group of each test image that ``load_shared`` gives of an image folder.

    ``file`` says them, as ``image_groups`` reads it. Raises RunError where that can't be used.
    """
    from builder.training.data.dataset import drawn
    from builder.training.data.image_folder import list_images
    from builder.training.data.image_groups import groups_of

    images = [path for path, _ in list_images(folder / "test").images]
    if test is not None and test < len(images):
        images = [images[place] for place in drawn(len(images), test, _DRAWN_BY).tolist()]
    return groups_of(folder, file, images)
