"""Shapes of values that meet."""

from __future__ import annotations

import pytest

from builder.ops.base import ShapeError
from builder.ops.merging import Divide, Multiply
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

    def test_channels_that_come_last_meet_theirs(self) -> None:
        """Numbers of channels have their axis."""
        last = Shape((4, 5, 8), 2)
        assert Multiply().output(last, Shape((1, 1, 8), 2)) == last
        with pytest.raises(ShapeError):
            Multiply().output(last, Shape((8, 1, 1)))


class TestDivide:
    """A quotient has two lanes, of the shapes that a product may have."""

    def test_numbers_of_channels_and_of_positions_fit(self) -> None:
        """On both sides."""
        assert Divide().output(CHANNELS, IMAGE) == Divide().output(IMAGE, POSITIONS) == IMAGE

    @pytest.mark.parametrize("lanes", [(IMAGE,) * 3, (IMAGE, Shape((4, 4, 5)))])
    def test_anything_else_is_an_error(self, lanes: tuple[Shape, ...]) -> None:
        """It names the shapes."""
        with pytest.raises(ShapeError, match=r"8×4×5 and .* cannot be divided"):
            Divide().output(*lanes)
