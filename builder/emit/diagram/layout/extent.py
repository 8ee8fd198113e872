"""How far a strand reaches to the left and right of its spine, and where its lanes and frames run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from builder.emit.diagram.layout.spacing import ASIDE, BRANCH, MARGIN, box_width, needed_width
from builder.emit.diagram.reading.outline import Closing, Fork, Head, Join, Opening, OutlineCell, OutlineSplit, Strand
from builder.emit.diagram.scene.metrics import text_width
from builder.emit.diagram.scene.theme import SHAPE

ASIDE_SHARE: Final = 2 / 3
"""Width of the boxes on a shortcut, in widths of those on the spine."""

TO_LANE: Final = 13.0
"""From whatever a shortcut passes to its lane, or to the boxes on it."""

TO_HEAD: Final = 16.0
"""From the spine to a head beside it."""

BETWEEN: Final = 10.0
"""From one branch of a split to the next."""

PASSING: Final = 8.0
"""Room on both sides of a branch without boxes."""

STRAIGHT: Final = 24.0
"""A branch that would stand nearer to the spine than this is put on it."""

BESIDE: Final = 4.0
"""From the spine to the shape written beside it."""


@dataclass
class Extent:
    """Distances from the spine, in pt: how far the strand reaches, its boxes' width, its lanes, frames and branches."""

    width: float
    left: float
    right: float
    lanes: dict[str, float] = field(default_factory=dict)
    asides: dict[str, Extent] = field(default_factory=dict)
    frames: dict[str, tuple[float, float]] = field(default_factory=dict)
    branches: dict[str, list[tuple[float, Extent]]] = field(default_factory=dict)


def extent(strand: Strand, least_width: float) -> Extent:
    """Return how far ``strand`` reaches with boxes of at least ``least_width``."""
    width = box_width(strand, least_width)
    half = width / 2 if strand else PASSING
    found = Extent(width, half, half)
    regions = [[found.left, found.right]]  # the innermost frame or fork last
    for token in strand:
        match token:
            case Opening() | Fork(path=str()):
                regions.append([width / 2, width / 2])
            case Closing():
                left, right = regions.pop()
                found.frames[token.path] = (left + MARGIN, right + MARGIN)
                _widen(regions[-1], *found.frames[token.path])
            case Join():
                left, right = regions.pop()
                aside = extent(token.lane, min(ASIDE, ASIDE_SHARE * width))
                found.asides[token.path] = aside
                found.lanes[token.path] = right + TO_LANE + (aside.left if token.lane else 0.0)
                _widen(regions[-1], left, found.lanes[token.path] + (aside.right if token.lane else 2.0))
            case OutlineSplit():
                found.branches[token.path] = _side_by_side(token)
                _widen(regions[-1], *_reach(token, found.branches[token.path]))
            case Head():
                aside = extent(token.strand, BRANCH)
                found.asides[token.path] = aside
                found.lanes[token.path] = TO_HEAD + aside.left
                _widen(regions[-1], 0.0, TO_HEAD + aside.left + aside.right)
            case OutlineCell():
                _widen(regions[-1], 0.0, _shape_width(token.shape))
            case Fork():
                pass
    found.left, found.right = regions[0]
    return found


def _side_by_side(split: OutlineSplit) -> list[tuple[float, Extent]]:
    """Return for each branch where its spine stands, the row of branches being centered on the common spine."""
    extents = [extent(branch, BRANCH) for branch in split.branches]
    total = sum(each.left + each.right for each in extents) + BETWEEN * (len(extents) - 1)
    placed = []
    edge = -total / 2
    for each in extents:
        placed.append((edge + each.left, each))
        edge += each.left + each.right + BETWEEN
    nearest = min((x for x, _ in placed), key=abs)
    shift = -nearest if abs(nearest) < STRAIGHT else 0.0
    return [(x + shift, each) for x, each in placed]


def _shape_width(shape: str) -> float:
    """Return how far to the right of the spine a shape beside it reaches."""
    return BESIDE + text_width(shape, SHAPE) + 2 if shape else 0.0


def _reach(split: OutlineSplit, branches: list[tuple[float, Extent]]) -> tuple[float, float]:
    """Return how far branches reach to both sides of the common spine."""
    half = needed_width(split.cell) / 2
    left = max([half, *(each.left - x for x, each in branches)])
    right = max([half, *(each.right + x for x, each in branches)])
    return left, right


def _widen(region: list[float], left: float, right: float) -> None:
    """Make a region reach at least this far to both sides."""
    region[0] = max(region[0], left)
    region[1] = max(region[1], right)
