"""Shapes of one image's tensors, without the batch axis, and the arithmetic of windows over them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a tensor without its batch axis; ``channel_axis`` says which of them counts channels.

    An image is ``(channels, height, width)`` with channel axis 0, a vector ``(features,)``;
    after ``permute`` an image may be ``(height, width, channels)`` with channel axis 2.
    """

    sizes: tuple[int, ...]
    channel_axis: int = 0

    @property
    def channels(self) -> int:
        """Number of channels, or of features of a vector."""
        return self.sizes[self.channel_axis]

    @property
    def elements(self) -> int:
        """Number of elements for one image."""
        return prod(self.sizes)

    @property
    def is_image(self) -> bool:
        """Whether this is channels x height x width, as a convolution takes it."""
        return len(self.sizes) == 3 and self.channel_axis == 0

    def with_channels(self, channels: int) -> Shape:
        """Return the same shape with another number of channels."""
        axis = self.channel_axis
        return Shape((*self.sizes[:axis], channels, *self.sizes[axis + 1 :]), axis)

    def __str__(self) -> str:
        """Return the sizes as figures and messages show them, such as 64x27x27 with a true times sign."""
        return "×".join(str(size) for size in self.sizes)


def window_output(size: int, kernel: int, stride: int, padding: int, dilation: int = 1, *, ceil: bool = False) -> int:
    """Return the length that a sliding window leaves of an axis of ``size``; below 1 it does not fit.

    PyTorch's formula for Conv2d, MaxPool2d and AvgPool2d: in ceil mode the last window must begin
    inside the input or its left padding.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html

    >>> window_output(224, kernel=11, stride=4, padding=2)
    55
    """
    reach = size + 2 * padding - dilation * (kernel - 1) - 1
    if not ceil:
        return reach // stride + 1
    length = -(-reach // stride) + 1
    return length - 1 if (length - 1) * stride >= size + padding else length
