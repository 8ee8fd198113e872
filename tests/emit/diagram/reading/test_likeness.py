"""Which blocks of a stage are drawn as one box with ×N."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from builder.emit.diagram.reading.outline import OutlineCell
from builder.emit.diagram.reading.summary import summary
from builder.lowering import load

if TYPE_CHECKING:
    from pathlib import Path

POINTS = ("in", "branch_in", "conv1", "conv2", "branch", "shortcut", "pre_activation", "out")


def titles(folder: Path, base: str, *places: str) -> list[str]:
    """Return the titles of the boxes of the first stage of a network with a gate at each place."""
    path = folder / "gated.yaml"
    inserts = ", ".join(f"{{se: {{}}, at: {place}}}" for place in places)
    path.write_text(f"name: gated\nextends: {base}\ninsert: [{inserts}]\n", "utf-8")
    found = [token.label for token in summary(load(path)) if isinstance(token, OutlineCell) and token.folded]
    return [title for title in found if title.lower().startswith(("layer1", "layer 1"))]


class TestPlacesOfGates:
    """Blocks whose gates stand elsewhere are not one block ×N."""

    @pytest.mark.parametrize("point", POINTS)
    def test_at_one_point_of_all_blocks(self, tmp_path: Path, point: str) -> None:
        """One box, although the first block has a projection."""
        assert titles(tmp_path, "resnet50", f"layer1.*.{point}") == ["Layer 1 ×3"]

    @pytest.mark.parametrize(("one", "other"), list(combinations(POINTS, 2)))
    def test_at_two_points(self, tmp_path: Path, one: str, other: str) -> None:
        """Two boxes: gates have the same name everywhere."""
        found = titles(tmp_path, "resnet34", f"layer1.0.{one}", f"layer1.1.{other}", f"layer1.2.{other}")
        assert found == ["layer1.0", "layer1.1–2 ×2"]
