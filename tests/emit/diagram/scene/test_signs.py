"""The signs where values meet are strokes of their own."""

from __future__ import annotations

import pytest

from builder.emit.diagram.scene.signs import strokes
from builder.ops import MERGES

SIGNED = ("add", "mul", "div", "max")


class TestSigns:
    """Each in its circle."""

    @pytest.mark.parametrize("kind", SIGNED)
    def test_every_merge_but_a_concatenation_has_one(self, kind: str) -> None:
        """Its label is the sign."""
        assert set(SIGNED) == set(MERGES) - {"concat"}
        assert strokes(MERGES[kind]().label(), 10, 20)

    def test_no_two_are_alike(self) -> None:
        """A sum is upright, a product stands on its edge, a quotient is a slash and a maximum a wedge."""
        found = {kind: strokes(MERGES[kind]().label(), 0, 0) for kind in SIGNED}
        assert found["add"] == [[(-3.6, 0), (3.6, 0)], [(0, -3.6), (0, 3.6)]]
        assert found["mul"] == [[(-2.7, -2.7), (2.7, 2.7)], [(-2.7, 2.7), (2.7, -2.7)]]
        assert found["div"] == [[(-2.7, 2.7), (2.7, -2.7)]]
        assert found["max"] == [[(-2.7, -2.7), (0, 2.7)], [(0, 2.7), (2.7, -2.7)]]

    def test_they_are_around_their_center(self) -> None:
        """Wherever that is."""
        assert strokes("÷", 10, 20) == [[(7.3, 22.7), (12.7, 17.3)]]
