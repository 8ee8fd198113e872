"""Accuracy and loss over the epochs, as figures for a paper: SVG and PNG, the same bytes for the same numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from builder.training.durable import replacing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from builder.training.metrics import EpochMetrics

STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that every machine draws the same
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.labelcolor": "#333333",
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.8,
    "svg.hashsalt": "archcli",  # else ids are random
    "svg.fonttype": "path",
}
WIDTH, HEIGHT, DPI = 5.2, 3.3, 200  # inches; a column of a paper, and a screen
LABEL_GAP = 0.065  # of the axis: two labels nearer than this would touch


class Line(NamedTuple):
    """How a split is drawn: two colours of Okabe and Ito's, and apart without colour by dashes and markers."""

    label: str
    colour: str
    dashes: str
    marker: str


TRAINING = Line("training", "#0072B2", "--", "o")
VALIDATION = Line("validation", "#D55E00", "-", "s")


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
    from matplotlib import rc_context  # noqa: PLC0415 - takes a second, and only at the end of a run
    from matplotlib.figure import Figure  # noqa: PLC0415 - the same

    paths: list[Path] = []
    with rc_context(STYLE):
        for quantity in _quantities(rows) if rows else ():
            figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
            _draw(figure.add_subplot(), [row.epoch for row in rows], quantity, _best(rows))
            paths += _save(figure, folder / quantity.name)
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
    axes.set(xlabel="Epoch", ylabel=quantity.label, xticks=_ticks(epochs[-1]))
    _draw_line(axes, epochs, quantity.training, TRAINING)
    _draw_line(axes, epochs, quantity.validation, VALIDATION)
    value = quantity.validation[best]
    _mark_best(axes, epochs[best], value, f"best epoch {epochs[best]}: {quantity.written.format(value)}")
    _label_ends(axes, epochs[-1], quantity)


def _ticks(last: int) -> list[int]:
    """Return which epochs the axis names: all of a few, else the first and round ones."""
    step = next(step for step in (1, 5, 10, 25, 50, 100, 250, 500, 1000, last) if last // step <= 12)
    return sorted({1, *range(step, last + 1, step)})


def _draw_line(axes: Axes, epochs: list[int], values: list[float], line: Line) -> None:
    axes.plot(
        epochs,
        values,
        color=line.colour,
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
        markeredgecolor=VALIDATION.colour,
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
    ends = sorted([(quantity.training[-1], TRAINING), (quantity.validation[-1], VALIDATION)])
    overlap = max(0.0, LABEL_GAP * (top - bottom) - (ends[1][0] - ends[0][0]))
    for (value, line), shift in zip(ends, (-overlap / 2, overlap / 2), strict=True):
        axes.annotate(
            line.label,
            (epoch, value + shift),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            color=line.colour,
            annotation_clip=False,
        )


def _save(figure: Figure, path: Path) -> list[Path]:
    """Write the figure as SVG and PNG without date or program, so that equal figures have equal bytes."""
    paths = [path.with_suffix(".svg"), path.with_suffix(".png")]
    for each, metadata in zip(paths, ({"Date": None, "Creator": None}, {"Software": None}), strict=True):
        with replacing(each) as written:
            figure.savefig(written, format=each.suffix[1:], dpi=DPI, metadata=metadata)
    return paths
