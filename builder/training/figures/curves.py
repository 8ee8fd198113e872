"""Accuracy and loss over the epochs, as figures for a paper: SVG and PNG, the same bytes for the same numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from builder.training.figures.style import epoch_ticks, save, spread, styled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from builder.training.folder.metrics import EpochMetrics

WIDTH, HEIGHT = 5.2, 3.3  # inches: a column of a paper
LABEL_GAP = 0.065  # of the axis: two labels nearer than this would touch


class MetricLine(NamedTuple):
    """How a split is drawn: two colors of Okabe and Ito's, and apart without color by dashes and markers."""

    label: str
    color: str
    dashes: str
    marker: str


TRAINING = MetricLine("training", "#0072B2", "--", "o")
VALIDATION = MetricLine("validation", "#D55E00", "-", "s")


class Quantity(NamedTuple):
    """What a figure shows: its file, the axis, how a value is written, and both splits' values, one an epoch."""

    name: str
    label: str
    written: str
    training: list[float]
    validation: list[float]


def draw_curves(rows: Sequence[EpochMetrics], folder: Path) -> list[Path]:
    """Write ``accuracy`` and ``loss`` as .svg and .png into ``folder`` and return their paths.

    The best epoch, the first with the highest validation accuracy, is marked in both. Without rows, nothing is drawn.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - takes a second, and nothing else of a run needs it

    paths: list[Path] = []
    with styled():
        for quantity in _quantities(rows) if rows else ():
            figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
            _draw(figure.add_subplot(), [row.epoch for row in rows], quantity, _best(rows))
            paths += save(figure, (folder / f"{quantity.name}.{suffix}" for suffix in ("svg", "png")))
    return paths


def _quantities(rows: Sequence[EpochMetrics]) -> list[Quantity]:
    percent = [100 * row.train_accuracy for row in rows], [100 * row.val_accuracy for row in rows]
    loss = [row.train_loss for row in rows], [row.val_loss for row in rows]
    return [
        Quantity("accuracy", "Accuracy (%)", "{:.2f} %", *percent),
        Quantity("loss", "Cross-entropy loss", "{:.3f}", *loss),
    ]


def _best(rows: Sequence[EpochMetrics]) -> int:
    """Return the index of the best epoch."""
    return max(range(len(rows)), key=lambda index: rows[index].val_accuracy)


def _draw(axes: Axes, epochs: list[int], quantity: Quantity, best: int) -> None:
    """Draw both curves, ring the best epoch, and name the curves at their ends."""
    axes.set(xlabel="Epoch", ylabel=quantity.label, xticks=epoch_ticks(epochs[-1]))
    _draw_line(axes, epochs, quantity.training, TRAINING)
    _draw_line(axes, epochs, quantity.validation, VALIDATION)
    value = quantity.validation[best]
    _mark_best(axes, epochs[best], value, f"best epoch {epochs[best]}: {quantity.written.format(value)}")
    _label_ends(axes, epochs[-1], quantity)


def _draw_line(axes: Axes, epochs: list[int], values: list[float], line: MetricLine) -> None:
    axes.plot(
        epochs,
        values,
        color=line.color,
        linestyle=line.dashes,
        linewidth=1.6,
        marker=line.marker,
        markersize=3,
        markevery=max(1, len(epochs) // 25),  # else markers run into each other
        clip_on=False,
        zorder=3,
    )


def _mark_best(axes: Axes, epoch: int, value: float, words: str) -> None:
    axes.axvline(epoch, color="#BBBBBB", linewidth=0.8, linestyle=":", zorder=1)
    axes.plot(
        [epoch],
        [value],
        marker="o",
        markersize=9,
        markerfacecolor="none",
        markeredgecolor=VALIDATION.color,
        markeredgewidth=1.2,
        clip_on=False,
        zorder=4,
    )
    axes.annotate(
        words,
        (epoch, 1.0),
        xycoords=axes.get_xaxis_transform(),
        xytext=(0, 3),
        textcoords="offset points",
        ha="center",
        va="bottom",
        color="#555555",
        fontsize=8,
        annotation_clip=False,
    )


def _label_ends(axes: Axes, epoch: int, quantity: Quantity) -> None:
    """Write each curve's name at its right end, both moved apart where they would touch."""
    bottom, top = axes.get_ylim()
    values = [quantity.training[-1], quantity.validation[-1]]
    places = spread(values, LABEL_GAP * (top - bottom), bottom, top)
    for place, line in zip(places, (TRAINING, VALIDATION), strict=True):
        axes.annotate(
            line.label,
            (epoch, place),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            color=line.color,
            annotation_clip=False,
        )
