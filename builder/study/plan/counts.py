"""How many images a study takes of a data set, known without loading one."""

from __future__ import annotations

from builder.diagnostics import RunError
from builder.training.recipe.data_sets import DATA_SETS, ImageCounts


def counted(name: str, subset: int | None, test: int | None) -> ImageCounts:
    """Return what is left of a data set of known counts, drawn as ``builder.runs.images.load_shared`` draws.

    Raises RunError where more images are asked for than there are.
    """
    whole = DATA_SETS[name].counts
    assert whole is not None, "whoever plans without the images has looked"
    train = whole.train if subset is None else subset
    tested = test or max(1, round(train / whole.train * whole.test))
    for asked, there, what in ((train, whole.train, "training"), (tested, whole.test, "test")):
        if asked > there:
            raise RunError(f"{name} has {there:,} {what} images, and {asked:,} are asked for", "ask for fewer")
    return ImageCounts(train, tested, whole.classes)
