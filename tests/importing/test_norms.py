"""Norms, gates and margins that are written as arithmetic are said on a page, equal bit for bit."""

from __future__ import annotations

import pytest
from torch import nn

from tests.importing.networks import imported
from tests.importing.norms import (
    Around,
    ChannelNorm,
    Context,
    EvolvedNorm,
    Margins,
    OneChannelEach,
    Rectified,
    ResponseNorm,
    SimpleNorm,
    ToDepth,
)


def page(inner: nn.Module, leaving: int | None = None) -> str:
    """Return the page of a network around a module, proven."""
    found = imported(Around(inner, leaving=leaving))
    assert found.is_equal, (found.unproven, found.holes, found.refused)
    return found.text


class TestNorms:
    """What is divided by what."""

    @pytest.mark.parametrize(("last", "dims"), [(False, "[2, 3]"), (True, "[1, 2]")])
    def test_channels_that_compete_by_their_norms(self, last: bool, dims: str) -> None:
        """The norm over the mean of the norms; `addcmul` of two parameters rounds once, and is `affine`."""
        text = page(ResponseNorm(last=last))
        assert f"{{reduce: {{by: norm, dims: {dims}}}}}" in text
        assert "merge: div" in text
        assert "inner: affine\n" in text

    def test_the_deviation_of_groups_is_that_of_their_channels(self) -> None:
        """However its five axes are laid out."""
        text = page(EvolvedNorm())
        assert "{reduce: {by: var, groups: 4, correction: 0}}" in text
        assert "weight: {scale: {vector: true}}\n      bias: {shift: {vector: true}}\n" in text

    def test_channels_that_come_last_are_divided_by_their_deviation(self) -> None:
        """A product of a value with itself is its square, and parameters of one number are for all channels."""
        text = page(SimpleNorm())
        assert "{reduce: {by: var, dims: [3]}}" in text
        assert "rsqrt: rsqrt" in text
        assert "square: square" in text
        assert "scale: {scale: {single: true, vector: true}}\n" in text
        assert "shift: {shift: {single: true, vector: true}}\n" in text

    def test_two_norms_over_channels_keep_their_axes(self) -> None:
        """What Python turns and turns back, a page does too."""
        text = page(nn.Sequential(ChannelNorm(8), ChannelNorm(8)))
        assert "layernorm2d" in text
        assert "permute" not in text


class TestGates:
    """What is weighed by what."""

    def test_a_context_is_added_to_all_positions(self) -> None:
        """Its one position is repeated where the sum needs it, which is a shortcut."""
        text = page(Context())
        assert "scores: contextpool\n" in text
        assert "expandas: {expandas: {from: in}}" in text
        assert "shortcut: identity" in text

    def test_a_view_that_changes_nothing_is_none(self) -> None:
        """Channels of one position are not seen as a stack."""
        assert "merge: mul" in page(OneChannelEach())


class TestPositions:
    """What is moved, left out and added."""

    @pytest.mark.parametrize(
        ("order", "said"),
        [((0, 3, 5, 1, 2, 4), "channelshuffle: {groups: 8}"), ((0, 1, 3, 5, 2, 4), "pixelunshuffle: {factor: 4}")],
    )
    def test_squares_of_positions_become_channels(self, order: tuple[int, ...], said: str) -> None:
        """In either order."""
        text = page(ToDepth(order), leaving=128)
        assert "pixelunshuffle: {factor: 4}" in text
        assert said in text

    def test_another_order_is_a_hole(self) -> None:
        """It is not taken for one that there is."""
        assert {hole.said for hole in imported(Around(ToDepth((0, 5, 3, 1, 2, 4)), leaving=128)).holes} == {"view"}

    @pytest.mark.parametrize(("margin", "said"), [((1, 1, 1, 1), "padding: 1"), ((0, 1, 0, 1), "ceil: true")])
    def test_what_is_lower_than_all_is_a_margin_of_the_pool(self, margin: tuple[int, ...], said: str) -> None:
        """Rows left out are a crop, and the blur of an image among zeros has its mode."""
        text = page(Margins(margin))
        assert f"maxpool: {{kernel: 3, stride: 2, {said}}}" in text
        assert "crop: {top: 1, left: 1}" in text
        assert "mode: constant" in text

    def test_an_activation_of_the_module_around_a_list_is_not_lost(self) -> None:
        """It belongs to the block in which the convolutions of the list meet."""
        assert "activation: relu" in page(Rectified())
