"""The data sets that can be named, and what is to be known of each without torch; ``data/named.py`` reads them."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from builder.diagnostics import Diagnostic, suggest_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.diagnostics import Mark


class ImageCounts(NamedTuple):
    """The sizes of a data set's splits, and its number of classes."""

    train: int
    test: int
    classes: int


SMALL = 32
"""Height and width of images, in px, for which networks are small."""


@dataclass(frozen=True)
class NamedData:
    """What it holds, where it comes from, and the recipe that it is trained by unless another is named.

    ``small_recipe`` is that of networks for images of at most ``SMALL`` px, where they need another one. ``counts`` are
    of a data set that is always the same; the pages of each say so. ``is_gray`` where its images have one channel,
    which is repeated for a network that takes more.
    """

    about: str
    counts: ImageCounts | None
    source: Literal["downloaded", "bundled", "own"] = "downloaded"
    recipe: str = "lab"
    small_recipe: str | None = None
    is_gray: bool = False


DATA_SETS: Mapping[str, NamedData] = MappingProxyType(
    {
        "cifar10": NamedData("photographs of 10 things, 32×32", ImageCounts(50_000, 10_000, 10)),
        "cifar100": NamedData("photographs of 100 things, 32×32", ImageCounts(50_000, 10_000, 100)),
        "fashion_mnist": NamedData("10 kinds of clothes, gray, 28×28", ImageCounts(60_000, 10_000, 10), is_gray=True),
        "svhn": NamedData("house numbers, 32×32", ImageCounts(73_257, 26_032, 10)),
        "imagefolder": NamedData("a folder of yours with a folder for each class", None, "own"),
        "digits": NamedData(
            "scikit-learn's digits, gray, 8×8, which need no network",
            ImageCounts(1_500, 297, 10),
            source="bundled",
            recipe="digits",
            small_recipe="digits32",
            is_gray=True,
        ),
    }
)
"""Every data set by its name; one is added here, and its reader in ``data/named.py``."""

DEFAULT_DATA = "cifar10"

RANDOM_DATA = "random"
"""Noise, for benchmarks; no data set, since nothing can be learned from it."""

if TYPE_CHECKING:
    DataName: TypeAlias = str
    BenchData: TypeAlias = str
else:
    DataName = Literal[*DATA_SETS]  # what the command line offers
    BenchData = Literal[RANDOM_DATA, *DATA_SETS]


def recipe_of(name: str, side: int | None = None) -> str:
    """Return the name of the recipe by which a data set, or noise, is trained unless another is asked for.

    ``side`` is that of the images of the network's page, in px; None where there are several networks.
    """
    found = DATA_SETS.get(name)
    if found is None:
        return NamedData.recipe
    return found.small_recipe if found.small_recipe and side is not None and side <= SMALL else found.recipe


def is_gray(name: str | None) -> bool:
    """Return whether the images of the data set ``name`` have one channel; those of an unknown one are not known to."""
    return name is not None and name in DATA_SETS and DATA_SETS[name].is_gray


def has_folder(name: str) -> bool:
    """Return whether a data set lies in a folder that has to be found: noise, and what comes with a package, do not."""
    return name in DATA_SETS and DATA_SETS[name].source != "bundled"


def bundled() -> list[str]:
    """Return the names of those that are there without a network."""
    return [name for name, each in DATA_SETS.items() if each.source == "bundled"]


def unknown_data(name: str, mark: Mark | None = None) -> Diagnostic:
    """Return the answer to a name that no data set has."""
    hint = suggest_value(name, list(DATA_SETS), "there are")
    return Diagnostic("unknown-data", f"there is no data set `{name}`", mark, hint)


def described() -> str:
    """Return all names, each with what it holds, as they stand in a sentence."""
    return ", ".join(f"`{name}` ({each.about})" for name, each in DATA_SETS.items())


def quick_training(page: str) -> str:
    """Return the command that trains a page on bundled images in about a minute."""
    return f"archcli train {page} --data digits"
