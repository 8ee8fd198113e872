"""How many images each cell of a study has, and whether a cell could be trained with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, Diagnostic
from builder.training.recipe.data_sets import DATA_SETS, ImageCounts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.study.page.page import Study


def counted(study: Study) -> ImageCounts:
    """Return what there is of a data set of known counts, with the test images that ``study`` takes.

    Raises ArchError where it asks for more test images than there are.
    """
    whole = DATA_SETS[study.data].counts
    assert whole is not None, "whoever plans without the images has looked"
    if study.test is not None and study.test > whole.test:
        message = f"{study.data} has {whole.test:,} test images, and `test` asks for {study.test:,}"
        raise ArchError(Diagnostic("bad-value", message, study.page.key_mark("data"), "ask for fewer"))
    return whole._replace(test=study.test or whole.test)


def images_of_cells(study: Study, images: Mapping[str, int]) -> dict[str, int]:
    """Return how many images of each split a cell has, where there are ``images`` of each split before any is held out.

    A subset is of the training images that are left beside those of validation, as ``train --subset`` takes it. Where
    a grid changes how many are held out, the recipe's own count. Raises ArchError where nothing would be left to train
    on, or less than the page asks for.
    """
    found = [_split(study, images, each.recipe.validation) for each in study.grid]
    return {**found[0], "test": images["test"]}


def _split(study: Study, images: Mapping[str, int], held_out: float) -> dict[str, int]:
    train = images["train"]
    held = images.get("validation", 0)
    if not held:
        held = held_out if isinstance(held_out, int) else max(1, round(held_out * train))
        train -= held
    if train < 1:
        message = f"{study.data} has {images['train']:,} training images, and the recipe holds out {held:,}"
        hint = "hold out fewer: `set: {validation: 0.2}`"
        raise ArchError(Diagnostic("bad-value", message, study.page.key_mark("data"), hint))
    if study.subset is not None and study.subset > train:
        message = (
            f"`subset` asks for {study.subset:,} training images, and {study.data} has {train:,} beside the {held:,} "
            "of validation"
        )
        hint = "ask for fewer, or hold out fewer: `set: {validation: …}`"
        raise ArchError(Diagnostic("bad-value", message, study.page.key_mark("data"), hint))
    return {"train": study.subset or train, "validation": held}
