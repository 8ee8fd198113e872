"""What the figures of runs share: one style, labels that do not touch, and files with the same bytes every time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from builder.files import replacing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from matplotlib.figure import Figure

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
    "pdf.fonttype": 42,  # publishers refuse matplotlib's default, Type 3
}
DPI = 200
SUFFIXES = ("svg", "png", "pdf")
_UNDATED: dict[str, dict[str, None]] = {
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


@contextmanager
def styled() -> Iterator[None]:
    """Let matplotlib draw in our style inside."""
    from matplotlib import rc_context  # noqa: PLC0415 - takes a second, and few commands draw

    with rc_context(STYLE):
        yield


def save(figure: Figure, paths: Iterable[Path]) -> list[Path]:
    """Write the figure to each path, whose suffix says the format, whole or not at all; return the paths.

    Without date or program, and laid out once, so that equal figures have equal bytes whatever was written before.
    Raises RunError if a file can't be written.
    """
    written = list(paths)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for path in written:
        form = path.suffix.lower().removeprefix(".")
        with replacing(path) as temporary:
            figure.savefig(temporary, format=form, dpi=DPI, metadata=_UNDATED[form])
    return written


def epoch_ticks(last: int) -> list[int]:
    """Return which epochs an axis names: all of a few, else the first and round ones."""
    step = next(step for step in (1, 5, 10, 25, 50, 100, 250, 500, 1000, last) if last // step <= 12)
    return sorted({1, *range(step, last + 1, step)})


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return where labels for ``places`` go: as near to them as they can be with ``gap`` between any two.

    They keep their order and stay between ``low`` and ``high`` where there is room for all. Least squares under order
    constraints, by pooling adjacent violators: https://doi.org/10.1214/aoms/1177728423.
    """
    order = sorted(range(len(places)), key=lambda index: places[index])
    pools: list[tuple[float, int]] = []  # mean and size of those that are pushed together
    for rank, index in enumerate(order):
        mean, size = places[index] - rank * gap, 1
        while pools and pools[-1][0] > mean:
            before, count = pools.pop()
            mean, size = (before * count + mean * size) / (count + size), count + size
        pools.append((mean, size))
    room = max(low, high - (len(places) - 1) * gap)
    settled = [min(max(mean, low), room) for mean, size in pools for _ in range(size)]
    found = [0.0] * len(places)
    for rank, index in enumerate(order):
        found[index] = settled[rank] + rank * gap
    return found
