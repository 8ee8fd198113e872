"""The curves of several runs in one figure: accuracy beside loss, a color, a dash and a marker for each."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from builder.training.figures.style import epoch_ticks, save, spread, styled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from builder.training.folder.metrics import EpochMetrics

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's, which stay apart under the common color blindnesses; their yellow is too light for white paper."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
DASHES: tuple[tuple[float, ...], ...] = ((), (4, 1.5), (8, 1.5, 1.5, 1.5))
"""Lengths of strokes and gaps of validation curves, in line widths: for grayscale print, and for more than 7 curves."""
TRAINING_DASHES = (1.5, 2.0)
PANEL, HEIGHT, FRAME = 4.9, 3.6, 1.1  # inches: a panel, the least height, and what of it is not axis
LABEL = 0.16  # inches from one label to the next
KEY = 1.06  # where the markers of the labels stand, in widths of the axes
LEADER = {"arrowstyle": "-", "color": "#AAAAAA", "linewidth": 0.6, "shrinkA": 5, "shrinkB": 4}
"""From a label's marker to the end of its curve, too light to be taken for a curve."""
MARKED = 8  # markers on a curve, at most about


@dataclass(frozen=True)
class RunCurve:
    """What is drawn as one line: a name, and the rows of one run, or of several that differ in their seed only."""

    label: str
    runs: tuple[tuple[EpochMetrics, ...], ...]

    @property
    def epochs(self) -> range:
        """The epochs that all of its runs have."""
        return range(1, min(len(rows) for rows in self.runs) + 1)

    def values(self, of: Callable[[EpochMetrics], float]) -> list[tuple[float, float, float]]:
        """Return lowest, mean and highest value over the runs, for each epoch."""
        found = []
        for epoch in self.epochs:
            values = [of(rows[epoch - 1]) for rows in self.runs]
            found.append((min(values), fmean(values), max(values)))
        return found


@dataclass(frozen=True)
class CurveStyle:
    """How a curve is drawn, the same in both panels."""

    color: str
    marker: str
    dashes: tuple[float, ...]
    number: int


class ComparedQuantity(NamedTuple):
    """What a panel shows: its axis, and what of an epoch it takes, validation and training."""

    label: str
    validation: Callable[[EpochMetrics], float]
    training: Callable[[EpochMetrics], float]


ACCURACY = ComparedQuantity("Accuracy (%)", lambda row: 100 * row.val_accuracy, lambda row: 100 * row.train_accuracy)
LOSS = ComparedQuantity("Cross-entropy loss", lambda row: row.val_loss, lambda row: row.train_loss)


def draw_overlay(curves: Iterable[RunCurve], paths: Sequence[Path]) -> list[Path]:
    """Draw all ``curves`` that have an epoch into every path (.svg, .png, .pdf) and return the paths.

    Validation is drawn thick with markers, training thin and dotted in the same color. Where a curve stands for
    several seeds it is their mean, with a band from the lowest to the highest.
    Raises RunError if a file can't be written.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - takes a second, and nothing else of a comparison needs it

    shown = [curve for curve in curves if curve.epochs]
    with styled():
        height = max(HEIGHT, LABEL * len(shown) + FRAME)
        figure = Figure(figsize=(2 * PANEL, height), layout="constrained")
        for axes, quantity in zip(figure.subplots(1, 2), (ACCURACY, LOSS), strict=True):
            _draw(axes, quantity, shown)
            _label(axes, quantity, shown, LABEL / (height - FRAME))
        _explain(figure, any(len(curve.runs) > 1 for curve in shown))
        return save(figure, paths)


def _looks(count: int) -> list[CurveStyle]:
    """Return as many looks, no two alike for the first 189."""
    chosen = zip(range(count), cycle(COLORS), cycle(MARKERS), strict=False)
    return [
        CurveStyle(color, marker, DASHES[(number + number // len(COLORS)) % len(DASHES)], number)
        for number, color, marker in chosen
    ]


def _draw(axes: Axes, quantity: ComparedQuantity, curves: Sequence[RunCurve]) -> None:
    """Draw one quantity of all curves, validation over training."""
    last = max((curve.epochs[-1] for curve in curves), default=1)
    axes.set(xlabel="Epoch", ylabel=quantity.label, xticks=epoch_ticks(last))
    for curve, look in zip(curves, _looks(len(curves)), strict=True):
        training = [mean for _, mean, _ in curve.values(quantity.training)]
        axes.plot(curve.epochs, training, color=look.color, linewidth=0.8, dashes=TRAINING_DASHES, zorder=2)
        lowest, means, highest = zip(*curve.values(quantity.validation), strict=True)
        if len(curve.runs) > 1:
            axes.fill_between(curve.epochs, lowest, highest, color=look.color, alpha=0.18, linewidth=0, zorder=1)
        step = max(1, len(curve.epochs) // MARKED)
        axes.plot(curve.epochs, means, color=look.color, linewidth=1.6, dashes=look.dashes or (None, None),
                  marker=look.marker, markersize=4, markevery=(look.number % step, step), clip_on=False,
                  zorder=3 + 0.01 * look.number)  # fmt: skip


def _label(axes: Axes, quantity: ComparedQuantity, curves: Sequence[RunCurve], gap: float) -> None:
    """Name each curve at the right, with its marker, and lead to its end; ``gap`` is a share of the axis."""
    bottom, top = axes.get_ylim()
    ends = [curve.values(quantity.validation)[-1][1] for curve in curves]
    places = spread(ends, gap * (top - bottom), bottom, top)
    for curve, look, end, place in zip(curves, _looks(len(curves)), ends, places, strict=True):
        height = (place - bottom) / (top - bottom)
        axes.plot([KEY], [height], transform=axes.transAxes, color=look.color, marker=look.marker, markersize=4,
                  clip_on=False)  # fmt: skip
        axes.annotate("", (curve.epochs[-1], end), (KEY, height), textcoords="axes fraction", arrowprops=LEADER)
        axes.annotate(curve.label, (KEY, height), (6, 0), "axes fraction", "offset points", va="center", fontsize=8,
                      color="#333333", annotation_clip=False)  # fmt: skip


def _explain(figure: Figure, has_bands: bool) -> None:
    """Say below the panels which lines are validation and which training."""
    from matplotlib.lines import Line2D  # noqa: PLC0415 - as the figure
    from matplotlib.patches import Patch  # noqa: PLC0415 - the same

    gray = "#555555"
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=gray, linewidth=1.6, marker="o", markersize=4.5, label="validation"),
        Line2D([], [], color=gray, linewidth=0.8, dashes=TRAINING_DASHES, label="training"),
    ]
    if has_bands:
        handles.append(Patch(color=gray, alpha=0.18, linewidth=0, label="lowest to highest seed (line: mean)"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
