"""A network's answers as pictures: which class it takes for which, and the mistakes of which it was most certain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.training.figures.style import save, styled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import torch
    from matplotlib.axes import Axes

COLUMNS = 6  # pictures in a row
CELL = 1.15  # inches of a picture, its two lines of text left out
LONGEST, LONGEST_ALONE = 14, 24  # characters of a class's name at a picture, and beside a matrix
LEAST = 4.6  # inches that a title needs
LETTERS = 8  # points
COUNTED = 20  # classes up to which every cell has room for its number
NAMED = 120  # classes up to which each can be named
DARK = 0.55  # share from which a cell is so dark that its number is white


@dataclass(frozen=True)
class WrongAnswer:
    """An image (C, H, H) in uint8 as the data set has it, its class, and the answer with its confidence from 0 to 1."""

    image: torch.Tensor
    label: str
    answer: str
    confidence: float


def draw_confusion(
    counts: Sequence[Sequence[int]], rows: Sequence[str], columns: Sequence[str], title: str, paths: Sequence[Path]
) -> list[Path]:
    """Draw how many images of each class (a row) got each answer (a column) into every path; return the paths.

    A cell is as dark as its share of the row. Raises RunError if a file can't be written.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - takes a second, and nothing else of an evaluation needs it

    side = _side(len(columns))
    with styled():
        wide = len(columns) > COUNTED
        size = max(LEAST, side * len(columns) + (2.2 if wide else 1.5)), side * len(rows) + (1.2 if wide else 1.6)
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.add_subplot()
        shares = [[count / max(1, sum(row)) for count in row] for row in counts]
        picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
        axes.set(xlabel="Answer", ylabel="Class")
        figure.suptitle(title, x=0.01, ha="left", fontsize=9, color="#333333")
        _name_cells(axes, rows, columns)
        if wide:
            figure.colorbar(picture, label="Share of the class's images", shrink=0.5)
        else:
            _write_counts(axes, counts, shares)
        return save(figure, paths)


def _side(classes: int) -> float:
    """Return the inches of a cell."""
    return 0.46 if classes <= COUNTED else max(0.02, min(0.2, 9 / classes))


def _name_cells(axes: Axes, rows: Sequence[str], columns: Sequence[str]) -> None:
    """Name rows and columns, in small letters where there are many, and not at all where there are too many."""
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    size = LETTERS if len(columns) <= COUNTED else 4.5
    if len(columns) <= NAMED:
        axes.set_xticks(range(len(columns)), [_shortened(name, LONGEST_ALONE) for name in columns], fontsize=size)
        if any(len(name) > 3 for name in columns):
            axes.tick_params("x", rotation=45 if size == LETTERS else 90)
            for label in axes.get_xticklabels() if size == LETTERS else ():
                label.set(ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(rows)), [_shortened(name, LONGEST_ALONE) for name in rows], fontsize=size)


def _write_counts(axes: Axes, counts: Sequence[Sequence[int]], shares: Sequence[Sequence[float]]) -> None:
    """Write the number into each cell that has one."""
    for row, (numbers, parts) in enumerate(zip(counts, shares, strict=True)):
        for column, (number, part) in enumerate(zip(numbers, parts, strict=True)):
            if number:
                color = "white" if part > DARK else "#1A1A1A"
                axes.text(column, row, f"{number:,}", ha="center", va="center", fontsize=7, color=color)


def draw_mistakes(mistakes: Sequence[WrongAnswer], title: str, paths: Sequence[Path]) -> list[Path]:
    """Draw the images with class, answer and confidence into every path, in the order given; return the paths.

    Without mistakes, nothing is drawn. Raises RunError if a file can't be written.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    if not mistakes:
        return []
    columns = min(COLUMNS, len(mistakes))
    rows = -(-len(mistakes) // columns)
    with styled():
        figure = Figure(figsize=(CELL * COLUMNS, (CELL + 0.38) * rows + 0.45), layout="constrained")
        figure.suptitle(f"{title}\nclass above, answer and its confidence below", x=0.01, ha="left", fontsize=9)
        grid = figure.subplots(rows, COLUMNS, squeeze=False)
        for axes in grid.flat:
            axes.set_axis_off()
        for axes, mistake in zip(grid.flat, mistakes, strict=False):
            _show(axes, mistake)
        return save(figure, paths)


def _show(axes: Axes, mistake: WrongAnswer) -> None:
    """Draw one image, its pixels as squares."""
    pixels = mistake.image.permute(1, 2, 0).numpy()
    if pixels.shape[-1] == 3:
        axes.imshow(pixels, interpolation="nearest")
    else:
        axes.imshow(pixels[..., 0], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_title(_shortened(mistake.label, LONGEST), fontsize=8, fontweight="bold", pad=3)
    below = f"→ {_shortened(mistake.answer, LONGEST)}, {100 * mistake.confidence:.2f} %"
    axes.text(0.5, -0.05, below, transform=axes.transAxes, ha="center", va="top", fontsize=7, color="#B34700")


def _shortened(name: str, longest: int) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1]}…"
