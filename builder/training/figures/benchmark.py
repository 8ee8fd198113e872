"""Speeds as bars, with the line that no bar can pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.training.figures.style import save, styled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

WIDTH, BAR = 5.2, 0.34  # inches
OURS, THEIRS, LIMIT = "#0072B2", "#999999", "#D55E00"  # Okabe and Ito's, apart in gray too


def draw_benchmark(bars: Sequence[tuple[str, float]], limit: float, title: str, paths: Iterable[Path]) -> list[Path]:
    """Draw images a second, the first bar in gray as what the others are compared with, and the limit as a line.

    Raises RunError if a file can't be written.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - takes a second, and few commands draw

    with styled():
        figure = Figure(figsize=(WIDTH, 1.0 + BAR * len(bars)), layout="constrained")
        axes = figure.add_subplot()
        _draw(axes, bars, limit)
        axes.set_title(title, loc="left", fontsize=9)
        return save(figure, paths)


def _draw(axes: Axes, bars: Sequence[tuple[str, float]], limit: float) -> None:
    names, values = zip(*bars, strict=True)
    places = range(len(bars))
    colors = [THEIRS] + [OURS] * (len(bars) - 1)
    axes.barh(places, values, height=0.66, color=colors)
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("Images a second")
    axes.axvline(limit, color=LIMIT, linewidth=1.2, linestyle="--")
    axes.annotate(
        f"the hardware's limit: {limit:,.0f}",
        (limit, 0),
        xycoords=axes.get_xaxis_transform(),
        xytext=(-4, 4),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=8,
        color=LIMIT,
        annotation_clip=False,
    )
    for place, value in zip(places, values, strict=True):
        axes.annotate(
            f"{value:,.0f}" if value >= 10 else f"{value:.1f}",
            (value, place),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
    axes.set_xlim(0, 1.06 * max(limit, *values))
