"""Fields of a recipe by their Python names."""

from __future__ import annotations

import pytest

from builder.runs.settings import as_texts
from builder.training.recipe.overrides import override
from builder.training.recipe.recipe import load_recipe


class TestSettings:
    """What Python says is what ``--set`` would say."""

    @pytest.mark.parametrize("value", [0.01, 1e-05, 1.5e-10, 1])
    def test_a_number_is_that_number(self, value: float) -> None:
        """However Python writes it."""
        (text,) = as_texts({"weight_decay": value})
        path, _, written = text.partition("=")
        assert override(load_recipe("lab"), [(path, written)]).optimizer.weight_decay == value

    def test_a_mapping_is_its_fields(self) -> None:
        """Only those are changed; a list stays one value."""
        texts = as_texts({"normalize": {"mean": [0.5, 0.25]}, "augment": {"flip": True}, "clip_norm": None})
        assert texts == ("normalize.mean=[0.5, 0.25]", "augment.flip=true", "clip_norm=null")
