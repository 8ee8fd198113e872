"""Norms that are written as arithmetic are said on a page, equal bit for bit."""

from __future__ import annotations

import pytest
from torch import nn

from tests.importing.norms import (
    ChannelNorm,
    EvolvedNorm,
    FilterResponseNorm,
    Gained,
    ResponseNorm,
    ShortcutFirst,
    SimpleNorm,
    WrittenNorm,
    page,
)


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

    def test_the_larger_one_of_a_value_and_a_parameter(self) -> None:
        """A learned threshold, whichever of the two is named first."""
        assert "tau: {tlu: {vector: true}}\n" in page(FilterResponseNorm())

    @pytest.mark.parametrize(("shape", "said"), [((1, 8, 1, 1), "{batch: true}"), ((1, 1, 1, 1), "single: true")])
    def test_weights_may_have_an_axis_for_the_batch(self, shape: tuple[int, ...], said: str) -> None:
        """As many write them, and as they are saved."""
        text = page(Gained(shape))
        assert said in text
        assert text.count("batch: true") == 2

    def test_channels_that_come_last_are_divided_by_their_deviation(self) -> None:
        """A product of a value with itself is its square, and parameters of one number are for all channels."""
        text = page(SimpleNorm())
        assert "{reduce: {by: var, dims: [3]}}" in text
        assert "rsqrt: rsqrt" in text
        assert "square: square" in text
        assert "scale: {scale: {single: true, vector: true}}\n" in text
        assert "shift: {shift: {single: true, vector: true}}\n" in text

    def test_one_channel_is_subtracted_from_all(self) -> None:
        """It is repeated first; the quotient is that of two values."""
        text = page(WrittenNorm())
        assert "{expandas: {from: stem, channels: true}}" in text
        assert "weight: {scale: {vector: true}}\n      bias: {shift: {vector: true}}\n" in text

    def test_a_sum_lies_in_memory_as_its_first_term(self) -> None:
        """Which decides the last bits of the next convolution; only there are numbers laid out anew."""
        assert "contiguous: true" in page(nn.Sequential(ShortcutFirst(), ShortcutFirst()))
        assert "contiguous: true" not in page(ChannelNorm(8))

    def test_two_norms_over_channels_keep_their_axes(self) -> None:
        """What Python turns and turns back, a page does too."""
        text = page(nn.Sequential(ChannelNorm(8), ChannelNorm(8)))
        assert "layernorm2d" in text
        assert "permute" not in text
