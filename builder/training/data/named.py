"""The data sets that can be named: torchvision's and scikit-learn's. They decode; here they become ``DataSet``."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch

from builder.diagnostics import ArchError, RunError
from builder.training.data.dataset import DataSet, Split
from builder.training.randomness import shuffled, stream
from builder.training.recipe.data_sets import bundled, unknown_data

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

DIGITS_TEST = 297  # of 1,797 images, so that a round 1,500 are left to train on


@dataclass(frozen=True)
class _Source:
    """A data set of torchvision: its class, how a split is asked for, and the files that it is found in."""

    kind: str
    train: dict[str, object]
    test: dict[str, object]
    unpacked: str
    files: str

    def split(self, data_dir: Path, asked: dict[str, object], *, download: bool) -> Any:
        """Return torchvision's object for one split; ``download`` it if it is not there."""
        from torchvision import datasets  # noqa: PLC0415 - takes seconds, and digits need none of it

        with redirect_stdout(sys.stderr):  # some of them print, and stdout is for results
            return getattr(datasets, self.kind)(root=str(data_dir), download=download, **asked)


_BY_FLAG: tuple[dict[str, object], dict[str, object]] = ({"train": True}, {"train": False})
_BY_NAME: tuple[dict[str, object], dict[str, object]] = ({"split": "train"}, {"split": "test"})
_FASHION_FILES = "train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz and both t10k- files into FashionMNIST/raw in"
_SOURCES = {
    "cifar10": _Source(
        "CIFAR10", *_BY_FLAG, "cifar-10-batches-py", "cifar-10-python.tar.gz or cifar-10-batches-py/ into"
    ),
    "cifar100": _Source("CIFAR100", *_BY_FLAG, "cifar-100-python", "cifar-100-python.tar.gz or cifar-100-python/ into"),
    "fashion_mnist": _Source("FashionMNIST", *_BY_FLAG, "FashionMNIST/raw", _FASHION_FILES),
    "svhn": _Source("SVHN", *_BY_NAME, "train_32x32.mat", "train_32x32.mat and test_32x32.mat into"),
}


def load(name: str, data_dir: Path, side: int | None = None, *, download: bool = True) -> DataSet:
    """Return the data set ``name``, looked for in ``data_dir`` and else downloaded into it, unless that is forbidden.

    ``digits`` needs neither. ``imagefolder`` is the folder ``data_dir`` itself, and its images are made squares
    of ``side`` pixels, which a recipe gives as ``resize``.
    Raises ArchError for an unknown name, RunError for data that can't be had, or are empty or damaged.
    """
    if name not in _READERS:
        raise ArchError(unknown_data(name))
    return _READERS[name](data_dir, side, download).checked()


def _image_folder(data_dir: Path, side: int | None, _: bool) -> DataSet:
    from builder.training.data.image_folder import load_image_folder  # noqa: PLC0415 - torchvision takes seconds

    return load_image_folder(data_dir, side)


def _from_torchvision(name: str, source: _Source, data_dir: Path, _: int | None, download: bool) -> DataSet:
    there, before = (data_dir / source.unpacked).exists(), data_dir.exists()
    try:
        train = source.split(data_dir, source.train, download=download)
        test = source.split(data_dir, source.test, download=download)
    except (OSError, RuntimeError, ValueError, EOFError, AssertionError) as error:
        if not before:
            _remove_empty(data_dir)
        if not download:
            message = f"{name} does not lie unpacked in {data_dir}, and a dry run downloads nothing"
            raise RunError(message, "train without --dry-run to download it, or choose `--data digits`") from error
        state = f"in {data_dir} but incomplete or damaged" if there else f"not in {data_dir}"
        reason = str(error).splitlines()[0].rstrip(":") if str(error) else type(error).__name__
        message = f"{name} is {state}, and could not be downloaded: {reason}"
        raise RunError(
            message, f"put {source.files} {data_dir}, or train offline with `--data {bundled()[0]}`"
        ) from error
    classes = tuple(getattr(train, "classes", None) or map(str, range(10)))  # SVHN's are the digits
    return DataSet(name, classes, _split(train), test=_split(test))


def _remove_empty(folder: Path) -> None:
    """Remove the folders that a download was to fill, if nothing came."""
    for path in [*sorted(folder.glob("**/"), reverse=True), folder]:
        with suppress(OSError):
            path.rmdir()


def _split(decoded: Any) -> Split:
    """Return torchvision's arrays, whichever way round their axes are, as a split."""
    images = torch.as_tensor(decoded.data)
    if images.dim() == 3:
        images = images.unsqueeze(1)
    elif images.shape[-1] == 3:
        images = images.permute(0, 3, 1, 2)
    labels = decoded.labels if hasattr(decoded, "labels") else decoded.targets
    return Split(images.contiguous(), torch.as_tensor(labels, dtype=torch.int64))


def _digits(_: Path, __: int | None, ___: bool) -> DataSet:
    """Return scikit-learn's 1,797 gray digits of 8×8 pixels, shuffled once and for all.

    https://scikit-learn.org/stable/modules/generated/sklearn.datasets.load_digits.html
    """
    from sklearn.datasets import load_digits  # noqa: PLC0415 - takes a second, for this data set alone

    found = load_digits()
    pixels = np.rint(found.images * (255 / 16)).astype(np.uint8)  # its levels go from 0 to 16
    every = Split(torch.from_numpy(pixels).unsqueeze(1), torch.from_numpy(found.target).to(torch.int64))
    order = shuffled(len(every), stream(0, "digits test split"))
    classes = tuple(str(label) for label in found.target_names)
    return DataSet("digits", classes, every[order[DIGITS_TEST:]], test=every[order[:DIGITS_TEST]])


_Reader: TypeAlias = "Callable[[Path, int | None, bool], DataSet]"
_READERS: Mapping[str, _Reader] = {
    **{name: partial(_from_torchvision, name, source) for name, source in _SOURCES.items()},
    "imagefolder": _image_folder,
    "digits": _digits,
}
"""How each data set is read; they are named in ``recipe/data_sets.py``."""
