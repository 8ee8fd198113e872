"""How many images and classes the named data sets have, known without loading one."""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

from builder.diagnostics import RunError


class ImageCounts(NamedTuple):
    """The sizes of a data set's splits, and its number of classes."""

    train: int
    test: int
    classes: int


KNOWN = MappingProxyType(
    {
        "cifar10": ImageCounts(50_000, 10_000, 10),
        "cifar100": ImageCounts(50_000, 10_000, 100),
        "digits": ImageCounts(1_500, 297, 10),
        "fashion_mnist": ImageCounts(60_000, 10_000, 10),
        "svhn": ImageCounts(73_257, 26_032, 10),
    }
)
"""Those of the data sets that are always the same; the pages of each say so."""


def counted(name: str, subset: int | None, test: int | None) -> ImageCounts:
    """Return what is left of a data set in ``KNOWN``, drawn as ``builder.study.workers.images.load_images`` draws.

    Raises RunError where more images are asked for than there are.
    """
    whole = KNOWN[name]
    train = whole.train if subset is None else subset
    tested = test or max(1, round(train / whole.train * whole.test))
    for asked, there, what in ((train, whole.train, "training"), (tested, whole.test, "test")):
        if asked > there:
            raise RunError(f"{name} has {there:,} {what} images, and {asked:,} are asked for", "ask for fewer")
    return ImageCounts(train, tested, whole.classes)
