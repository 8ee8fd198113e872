"""The images of a study: the same for every cell, so that every cell answers the same test images."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from builder.diagnostics import RunError
from builder.study.results.result import TrueLabels
from builder.training.data.named import load

if TYPE_CHECKING:
    from pathlib import Path

    from builder.training.data.dataset import DataSet, Split

_DRAWN_BY = 0  # the seed of a subset; which of its images validate depends on the cell's


def load_images(name: str, data_dir: Path, side: int | None, subset: int | None, test: int | None) -> DataSet:
    """Return the data set ``name`` with ``subset`` training and ``test`` test images; None takes all of them.

    Of test images there is by default as large a part as of the others; ``side`` is what image folders are resized to.
    Raises RunError for data that can't be had, have too few images, or no test split to judge by.
    """
    data = load(name, data_dir, side)
    if data.test is None:
        raise RunError(f"{name} has no test split, which a study needs", "add a folder `test` beside `train`")
    part = 1.0 if subset is None else subset / len(data.train)
    whole = replace(data, train=_drawn(data.train, subset, "training", name))
    held = data.validation
    return replace(
        whole,
        validation=held and _drawn(held, round(part * len(held)), "validation", name),
        test=_drawn(data.test, test or round(part * len(data.test)), "test", name),
    )


def _drawn(split: Split, count: int | None, what: str, name: str) -> Split:
    if count is None or count == len(split):
        return split
    if count > len(split):
        raise RunError(f"{name} has {len(split):,} {what} images, and {count:,} were requested", "ask for fewer")
    return split.drawn(max(1, count), _DRAWN_BY)


def true_labels(data: DataSet) -> TrueLabels:
    """Return the labels of the test split."""
    assert data.test is not None, "load_images sees to it"
    return TrueLabels(data.classes, data.test.labels.numpy().astype(np.uint16))
