"""Resizing, pixel for pixel as Pillow does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from builder.training.data import resizing
from builder.training.data.resizing import exact, fast_is_exact, resize

if TYPE_CHECKING:
    from builder.training.data.dataset import DataSet


def by_pillow(images: torch.Tensor, size: int) -> torch.Tensor:
    """Return the images as Pillow resizes them, channel by channel."""
    planes = [
        np.array(Image.fromarray(plane.numpy()).resize((size, size), Image.BILINEAR)) for plane in images.flatten(0, 1)
    ]
    return torch.from_numpy(np.stack(planes)).view(*images.shape[:2], size, size)


def noise(side: int, seed: int, count: int = 2) -> torch.Tensor:
    """Return random color images, the hardest there are."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, side, side), dtype=torch.uint8, generator=generator)


class TestExact:
    """Two matrix products of whole numbers."""

    @settings(max_examples=50, deadline=None)
    @given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 1000))
    def test_it_equals_pillow_at_every_size(self, side: int, size: int, seed: int) -> None:
        """Enlarging and shrinking."""
        images = noise(side, seed)
        assert torch.equal(exact(images, size), by_pillow(images, size))


class TestResize:
    """The fast kernel where it proves itself, else the exact one."""

    @settings(max_examples=20, deadline=None)
    @given(st.sampled_from([8, 28]), st.integers(4, 60), st.integers(0, 1000))
    def test_it_equals_pillow_at_every_size(self, side: int, size: int, seed: int) -> None:
        """Whichever kernel is taken."""
        images = noise(side, seed)
        assert torch.equal(resize(images, size), by_pillow(images, size))

    @pytest.mark.parametrize("size", [64, 73, 224, 256])
    def test_it_equals_pillow_on_real_images(self, cifar10: DataSet, size: int) -> None:
        """The sizes of the recipes, and one at which PyTorch's kernel is wrong."""
        images = cifar10.train.images[:200]
        assert torch.equal(resize(images, size), by_pillow(images, size))

    def test_the_same_size_is_the_same_tensor(self) -> None:
        """Nothing is copied where nothing changes."""
        images = noise(8, 0)
        assert resize(images, 8) is images

    def test_the_exact_kernel_serves_where_the_fast_one_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As on a processor where PyTorch's kernel goes another way."""
        monkeypatch.setattr(resizing, "fast_is_exact", lambda side, size, channels: False)
        monkeypatch.setattr(resizing, "_fast", lambda images, size: pytest.fail("the fast kernel was used"))
        images = noise(8, 0)
        assert torch.equal(resize(images, 64), by_pillow(images, 64))


class TestFastIsExact:
    """Trying all pairs of neighbors."""

    def test_shrinking_is_never_trusted(self) -> None:
        """More than two pixels mix, which are too many cases."""
        assert not fast_is_exact(32, 16, 3)

    @pytest.mark.parametrize(("side", "size"), [(8, 24), (8, 73), (5, 13)])
    def test_what_it_answers_is_what_random_images_show(self, side: int, size: int) -> None:
        """Where it says True, no random image may differ."""
        images = noise(side, 0, count=200)
        if fast_is_exact(side, size, 3):
            assert torch.equal(resizing._fast(images, size), exact(images, size))

    def test_a_kernel_that_is_off_by_one_once_is_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """In one of 65,536 pairs, in one direction."""
        true_kernel = resizing.interpolate

        def off_by_one(images: torch.Tensor, size: tuple[int, int], **how: object) -> torch.Tensor:
            resized = true_kernel(images, size, **how)
            if size == (16, 256):  # only where columns are resized
                resized[..., 0, 201] += ((images[..., 0, 201] == 17) & (images[..., 1, 201] == 201)).to(torch.uint8)
            return resized

        monkeypatch.setattr(resizing, "interpolate", off_by_one)
        assert not fast_is_exact.__wrapped__(8, 16, 1)
