"""Everything that a run needs, from what is asked for."""

from __future__ import annotations

import pytest
import torch

import builder
from builder.runs.prepare import TrainOptions, choose_for
from builder.training.device.devices import Hardware
from builder.training.device.precision import PLAIN, Precision
from builder.training.recipe.optimizer import Sgd
from builder.training.recipe.recipe import Recipe

RECIPE = Recipe(name="r", epochs=1, batch_size=32, optimizer=Sgd(name="sgd", lr=0.1))


class TestPrecision:
    """In which numbers a run or a cell of a study computes."""

    @pytest.mark.parametrize(
        ("hardware", "precision"),
        [
            (Hardware("cpu"), PLAIN),
            (Hardware("cpu", has_avx512=True, has_bf16=True), Precision("bf16", "channels_last")),
            (Hardware("cuda", has_tf32=True, has_bf16=True), Precision("tf32", "channels_last")),
        ],
    )
    def test_it_is_what_pays_on_the_device(
        self, monkeypatch: pytest.MonkeyPatch, hardware: Hardware, precision: Precision
    ) -> None:
        """For the network and the batches of the recipe, by one rule for both."""
        monkeypatch.setattr(Hardware, "of", lambda _: hardware)
        assert choose_for(builder.load("alexnet32"), RECIPE, torch.device("cpu")).precision == precision


class TestOptions:
    """What is asked of a run."""

    def test_they_are_given_by_name_only(self) -> None:
        """Seventeen of them in a row are seventeen places to be wrong in."""
        with pytest.raises(TypeError):
            TrainOptions("alexnet")  # type: ignore[misc]  # that is what fails
        assert TrainOptions(page="alexnet").data == "cifar10"
