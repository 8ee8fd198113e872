"""What ``predict`` prints, in pieces while images are answered: a table, CSV, or the JSON of the whole result."""

from __future__ import annotations

from heapq import nsmallest
from typing import TYPE_CHECKING

from builder.json_output import encode
from builder.tables import GAP, csv_line, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.commands.predict import Predicting, Prediction

TOP = 5
"""Classes of an image that are shown unless another number is asked for."""

_HEAD = ("file", "class", "probability")
_NOTHING = '"images": []'


def predicted(value: Predicting, top: int | None = None) -> Iterator[str]:
    """Yield a table's head, then for each image its ``top`` most probable classes, a line each, under its name.

    Nothing where no image can be read. Every line is as wide as the longest name of a file and of a class make it.
    """
    shown = min(top or TOP, len(value.classes))
    files = max(len(str(each)) for each in (*value.files, _HEAD[0]))
    classes = max(map(len, (*value.classes, _HEAD[1])))

    def line(file: str, name: str, share: str) -> str:
        return GAP.join([one_line(file).ljust(files), one_line(name).ljust(classes), share.rjust(len(_HEAD[2]))])

    for number, image in enumerate(value.images):
        if not number:
            yield line(*_HEAD)
        yield "\n".join(line(*row) for row in _most_probable(image, value.classes, shown))


def _most_probable(image: Prediction, classes: Sequence[str], count: int) -> list[tuple[str, str, str]]:
    """Return a row for each of the ``count`` most probable classes, that of the prediction first."""
    shares = image.probabilities
    places = nsmallest(
        count, range(len(shares)), key=lambda place: (-shares[place], classes[place] != image.class_, place)
    )
    return [
        ("" if rank else str(image.file), classes[place], f"{shares[place]:.2%}") for rank, place in enumerate(places)
    ]


def as_csv(value: Predicting) -> Iterator[str]:
    """Yield a head, then a line for each image: its class, the probability, and a column for each class."""
    yield csv_line([*_HEAD, *value.classes])
    for image in value.images:
        yield csv_line([image.file, image.class_, image.probability, *image.probabilities])


def as_json(value: Predicting) -> Iterator[str]:
    """Yield the lines of the result as ``encode`` writes it whole, while no more than an image is held."""
    before, _, _ = encode(value.finished(())).partition(_NOTHING)
    image = next(value.images, None)
    if image is not None:
        yield f'{before}"images": ['
        for following in value.images:
            yield _indented(encode(image)) + ","
            image = following
        yield _indented(encode(image))
        yield "  ]" + encode(value.finished(())).partition(_NOTHING)[2]
    else:
        yield encode(value.finished(()))


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.split("\n"))
