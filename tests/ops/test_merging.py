"""Shapes of values that meet."""

from __future__ import annotations

import pytest

from builder.ops.base import ShapeError
from builder.ops.merging import Multiply
from builder.shapes import Shape

IMAGE, CHANNELS, POSITIONS = Shape((8, 4, 5)), Shape((8, 1, 1)), Shape((1, 4, 5))


class TestMultiply:
    """A product is as long in every axis as its longest lane."""

    @pytest.mark.parametrize(
        "lanes", [(IMAGE, IMAGE), (IMAGE, CHANNELS), (POSITIONS, IMAGE), (CHANNELS, POSITIONS), (POSITIONS, CHANNELS)]
    )
    def test_numbers_of_channels_and_of_positions_fit(self, lanes: tuple[Shape, ...]) -> None:
        """Also each other: FocalNet weighs a context of one position by a gate of one channel."""
        assert Multiply().output(*lanes) == IMAGE

    @pytest.mark.parametrize("other", [Shape((4, 4, 5)), Shape((8, 1, 5)), Shape((8,)), Shape((8, 4, 5), 2)])
    def test_anything_else_is_an_error(self, other: Shape) -> None:
        """It names both shapes."""
        with pytest.raises(ShapeError, match=f"8×4×5 and {other} cannot be multiplied"):
            Multiply().output(IMAGE, other)
