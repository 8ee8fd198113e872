"""Which images of a folder belong together, such as the frames of one film, from a CSV file beside them."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING

from builder.diagnostics import RunError
from builder.files import read_regular, reason_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

COLUMNS = ("image", "group")
"""What the file's columns are called; others are passed over."""

_MAX_BYTES = 200_000_000
"""Two million images with long names."""

_HELP = "its first line is `image,group`, and each other one an image's path from the data's folder and its group"


def groups_of(folder: Path, file: str, images: Sequence[Path]) -> list[int]:
    """Return the number of each image's group, from 0 in the order in which they occur among ``images``.

    ``file`` lies in ``folder``, or is named from there, and so are the images in it; it may list more of them.
    Raises RunError where it can't be read, names an image in two groups, or does not name one of ``images``.
    """
    path = folder / file
    known = _read(path)
    numbers: dict[str, int] = {}
    found = []
    for image in images:
        name = image.relative_to(folder).as_posix()
        group = known.get(name)
        if group is None:
            message = f"{path} has no line for the image {name}"
            raise RunError(message, f"add `{name},GROUP`; an image that belongs to no other has a group of its own")
        found.append(numbers.setdefault(group, len(numbers)))
    return found


def _read(path: Path) -> dict[str, str]:
    """Return the group of each image that the file names."""
    known: dict[str, str] = {}
    try:
        rows = csv.DictReader(StringIO(read_regular(path, _MAX_BYTES).decode("utf-8-sig"), newline=""), strict=True)
        missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise RunError(f"{path} has no column `{missing[0]}`", _HELP)
        for row in rows:
            image, group = row["image"], row["group"]
            if not image or not group:
                raise RunError(f"{path}, line {rows.line_num}: there is no {'group' if image else 'image'}", _HELP)
            image = image.replace("\\", "/").removeprefix("./")
            if known.setdefault(image, group) != group:
                message = f"{path}, line {rows.line_num}: {image} is in the groups {known[image]} and {group}"
                raise RunError(message, "an image has one group; merge those that share images")
    except (OSError, ValueError, csv.Error) as error:
        raise RunError(f"{path} can't be read: {reason_of(error)}", _HELP) from error
    return known
