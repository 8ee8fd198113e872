"""The answers of a network, named and drawn: which class it takes for which, and its most confident mistakes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from builder.files import make_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from builder.training.data.dataset import DataSet
    from builder.training.evaluation.evaluate import Evaluation
    from builder.training.evaluation.mistakes import Mistake

KEPT = 24  # mistakes that are listed and drawn
OTHER = "other"


@dataclass(frozen=True)
class MistakeRow:
    """A wrong answer: the image's place in its split (from 0), its class, and the answer with its confidence."""

    index: int
    label: str
    answer: str
    confidence: float


class Confusion(NamedTuple):
    """How many images of each class (``rows``) got each answer (``columns``)."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


def confusion_of(counts: Sequence[Sequence[int]], classes: Sequence[str]) -> Confusion:
    """Return the confusion of a network that may have more outputs than there are classes: those are one column."""
    known = len(classes)
    named = [tuple(row[:known]) for row in counts[:known]]
    others = [sum(row[known:]) for row in counts[:known]]
    if not any(others):
        return Confusion(tuple(classes), tuple(classes), tuple(named))
    rows = tuple((*row, other) for row, other in zip(named, others, strict=True))
    return Confusion(tuple(classes), (*classes, OTHER), rows)


def named(mistake: Mistake, classes: Sequence[str]) -> MistakeRow:
    """Return a mistake with its classes by name."""
    answer = classes[mistake.answer] if mistake.answer < len(classes) else OTHER
    return MistakeRow(mistake.index, classes[mistake.label], answer, mistake.confidence)


def draw_answers(
    found: Evaluation, mistakes: Sequence[MistakeRow], data: DataSet, split: str, network: str, folder: Path
) -> tuple[Path, ...]:
    """Draw ``confusion-SPLIT`` and ``mistakes-SPLIT`` as .svg and .png into ``folder`` and return their paths.

    Raises RunError if they can't be written.
    """
    from builder.training.figures.answers import WrongAnswer, draw_confusion, draw_mistakes

    make_folder(folder)
    images = data.splits[split].images
    where = f"{network} on {found.images:,} {split} images of {data.name}"
    confusion = confusion_of(found.confusion, data.classes)
    title = f"{where}: {found.accuracy:.2%} right"
    drawn = draw_confusion(
        confusion.counts, confusion.rows, confusion.columns, title, _paths(folder, f"confusion-{split}")
    )
    wrong = [WrongAnswer(images[each.index], each.label, each.answer, each.confidence) for each in mistakes]
    title = f"The {len(wrong)} most confident mistakes of {where}"
    return (*drawn, *draw_mistakes(wrong, title, _paths(folder, f"mistakes-{split}")))


def _paths(folder: Path, name: str) -> list[Path]:
    return [folder / f"{name}.svg", folder / f"{name}.png"]
