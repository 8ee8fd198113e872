"""Bilinear resizing of uint8 images, equal to Pillow's on every pixel.

Pillow resizes the rows, rounds to uint8, then resizes the columns, with weights of 22 bits:
https://github.com/python-pillow/Pillow/blob/main/src/libImaging/Resample.c. PyTorch's uint8 kernel is several
times faster and keeps 15 bits, which changes some pixels for some sizes and on some processors. So it is
used where it proves itself here, and two exact matrix products elsewhere.
"""

from __future__ import annotations

from functools import cache

import torch
from torch.nn.functional import interpolate

from builder.training.device.kinds import kind_of

WEIGHT_BITS = 22  # PRECISION_BITS of Pillow's Resample.c
LEVELS = 256  # of a uint8 channel


def resize(images: torch.Tensor, size: int) -> torch.Tensor:
    """Return square uint8 images (N, C, H, H) as (N, C, size, size), pixel for pixel as Pillow would."""
    side = images.shape[-1]
    if side == size:
        return images
    is_fast = kind_of(images.device).is_host and fast_is_exact(side, size, images.shape[1])
    return (_fast if is_fast else exact)(images, size)


def exact(images: torch.Tensor, size: int) -> torch.Tensor:
    """Resize as Pillow does, by two matrix products.

    The products are of whole numbers below 2**53, so float64 holds every sum exactly, in any order: on a GPU too,
    where PyTorch's kernel for uint8 does not run.
    """
    weights = _weights_on(images.device, images.shape[-1], size)
    rows = _round_to_uint8(images.double() @ weights)
    return _round_to_uint8(weights.T @ rows).to(torch.uint8)


@cache
def fast_is_exact(side: int, size: int, channels: int) -> bool:
    """Return whether PyTorch's kernel equals ``exact`` on this processor, by trying every case there is.

    Enlarging mixes two neighbors, so rows that alternate between two values show every case in
    256 × 256 rows, and columns likewise. Shrinking mixes more, which nobody can try: False.
    """
    if size < side:
        return False
    levels = torch.arange(LEVELS, dtype=torch.uint8)
    pairs = torch.cartesian_prod(levels, levels).repeat(1, -(-side // 2))[:, :side]
    cycle = torch.arange(-(-len(pairs) // (channels * LEVELS)) * channels * LEVELS) % len(pairs)
    weights = _weights(side, size)
    for rows in torch.split(pairs[cycle].view(-1, channels, LEVELS, side), 8):
        right = _round_to_uint8(rows.double() @ weights).to(torch.uint8)
        wide = interpolate(rows, (LEVELS, size), mode="bilinear", antialias=True)
        tall = interpolate(rows.mT, (size, LEVELS), mode="bilinear", antialias=True)
        if not (torch.equal(wide, right) and torch.equal(tall, right.mT.contiguous())):
            return False
    return True


def _fast(images: torch.Tensor, size: int) -> torch.Tensor:
    return interpolate(images, (size, size), mode="bilinear", antialias=True)


def _round_to_uint8(sums: torch.Tensor) -> torch.Tensor:
    """Divide weighted sums by the weights' unit, rounding halves up, in place."""
    half = 1 << (WEIGHT_BITS - 1)
    return sums.add_(half).mul_(2.0**-WEIGHT_BITS).floor_().clamp_(0, LEVELS - 1)


@cache
def _weights_on(device: torch.device, side: int, size: int) -> torch.Tensor:
    """Return the same on ``device``, where each batch would else wait for them."""
    return _weights(side, size).to(device)


@cache
def _weights(side: int, size: int) -> torch.Tensor:
    """Return Pillow's coefficients as whole numbers in a float64 matrix (side, size)."""
    scale = side / size
    support = max(scale, 1.0)  # of the triangle filter, widened when shrinking
    weights = torch.zeros(side, size, dtype=torch.float64)
    for column in range(size):
        center = (column + 0.5) * scale
        taps = range(max(int(center - support + 0.5), 0), min(int(center + support + 0.5), side))
        heights = [max(1 - abs((tap - center + 0.5) * (1 / support)), 0.0) for tap in taps]
        total = sum(heights)
        for tap, height in zip(taps, heights, strict=True):
            weights[tap, column] = int(height / total * (1 << WEIGHT_BITS) + 0.5)
    return weights
