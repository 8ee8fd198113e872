"""In which format a network computes."""

from __future__ import annotations

import torch

from builder.training.precision import Precision


class TestPrecision:
    """float32 so far."""

    def test_it_is_reported_in_words(self) -> None:
        """A run's summary holds it."""
        assert str(Precision()) == "float32, contiguous_format"

    def test_images_take_its_format_and_layout(self) -> None:
        """Nothing is copied where nothing changes."""
        images = torch.ones(2, 3, 4, 4)
        assert Precision().prepared(images) is images
        other = Precision(torch.bfloat16, torch.channels_last).prepared(images)
        assert other.dtype == torch.bfloat16
        assert other.is_contiguous(memory_format=torch.channels_last)
