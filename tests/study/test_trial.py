"""One cell, trained as ``archcli train`` would train it."""

from __future__ import annotations

import pytest
import torch

import builder
from builder.study.trial import precision_of
from builder.training.devices import Hardware
from builder.training.precision import PLAIN, Precision
from builder.training.recipe import Recipe, Sgd

RECIPE = Recipe(name="r", epochs=1, batch_size=32, optimizer=Sgd(name="sgd", lr=0.1))


class TestPrecision:
    """In which numbers a cell computes."""

    @pytest.mark.parametrize(
        ("hardware", "precision"),
        [
            (Hardware("cpu"), PLAIN),
            (Hardware("cpu", has_avx512=True, has_bf16=True), Precision("bf16", "channels_last")),
            (Hardware("cuda", has_tf32=True), Precision("bf16", "channels_last")),
        ],
    )
    def test_it_is_what_pays_on_the_device(
        self, monkeypatch: pytest.MonkeyPatch, hardware: Hardware, precision: Precision
    ) -> None:
        """For the network and the batches of the recipe, by the rule that ``train`` follows."""
        monkeypatch.setattr(Hardware, "of", lambda _: hardware)
        assert precision_of(builder.load("alexnet32"), RECIPE, torch.device("cpu")) == precision
