"""Shapes and windows against PyTorch's own arithmetic."""

from __future__ import annotations

import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch.nn.functional import conv2d, max_pool2d

from builder.shapes import Shape, window_output


class TestShape:
    """Sizes of one image's tensors."""

    def test_it_is_written_with_true_times_signs(self) -> None:
        """As figures and messages show it."""
        assert str(Shape((64, 27, 27))) == "64×27×27"

    def test_channels_may_come_last(self) -> None:
        """After a permutation."""
        shape = Shape((7, 7, 96), 2)
        assert (shape.channels, shape.is_image) == (96, False)
        assert shape.with_channels(384) == Shape((7, 7, 384), 2)


class TestWindows:
    """The length that a sliding window leaves."""

    @given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 4), st.integers(0, 3), st.integers(1, 3))
    def test_a_convolution_leaves_what_pytorch_leaves(
        self, size: int, kernel: int, stride: int, padding: int, dilation: int
    ) -> None:
        """For every size, kernel, stride, padding and dilation that fits."""
        length = window_output(size, kernel, stride, padding, dilation)
        assume(length >= 1)
        image, weight = torch.zeros(1, 1, size, size), torch.zeros(1, 1, kernel, kernel)
        assert conv2d(image, weight, None, stride, padding, dilation).shape[-1] == length

    @given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 4), st.integers(0, 3), st.booleans())
    def test_a_pool_leaves_what_pytorch_leaves(
        self, size: int, kernel: int, stride: int, padding: int, ceil: bool
    ) -> None:
        """In ceil mode the last window must begin inside the input or its left padding."""
        assume(padding <= kernel // 2)
        length = window_output(size, kernel, stride, padding, ceil=ceil)
        assume(length >= 1)
        pooled = max_pool2d(torch.zeros(1, 1, size, size), kernel, stride, padding, ceil_mode=ceil)
        assert pooled.shape[-1] == length
