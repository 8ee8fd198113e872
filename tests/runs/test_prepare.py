"""Everything that a run needs, from what is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import builder
from builder.ops import OPERATIONS
from builder.runs.prepare import Shared, TrainOptions, choose_for, prepare
from builder.training.device.devices import Hardware
from builder.training.device.precision import PLAIN, Precision
from builder.training.recipe.optimizer import Sgd
from builder.training.recipe.recipe import Recipe
from builder.training.speed.benchmark import random_images

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

    def test_a_recipe_may_be_given_whole(self) -> None:
        """As a study gives its cells theirs; settings change it as they change one that is named."""
        asked = TrainOptions(page="alexnet_tiny", recipe=RECIPE, settings=("batch_size=16",))
        ready = prepare(asked, shared=Shared(random_images(64, 3, 10), torch.device("cpu"), OPERATIONS))
        assert ready.recipe == RECIPE.model_copy(update={"batch_size": 16, "size": ready.graph.input.sizes[1]})
        assert not ready.recipe_is_default


class TestShared:
    """What the cells of a study share is loaded once."""

    IMAGES = random_images(64, 3, 7)

    def test_it_stands_for_what_is_named(self) -> None:
        """The network gets its classes; the data set that is named is not looked for."""
        asked = TrainOptions(page="alexnet_tiny", data="cifar10", recipe=RECIPE, threads=1)
        ready = prepare(asked, shared=Shared(self.IMAGES, torch.device("cpu"), OPERATIONS))
        assert (ready.graph.classes, ready.data.name, ready.execution.threads) == (7, self.IMAGES.name, 1)

    @pytest.mark.parametrize("validation", [8, 0.25])
    def test_which_of_its_images_validate_depends_on_the_seed(self, validation: float) -> None:
        """Of the recipe, as in any run; the test split is one for all."""
        images = replace(self.IMAGES, validation=None)
        found = []
        for seed in (0, 0, 1):
            recipe = RECIPE.model_copy(update={"validation": validation, "seed": seed})
            asked = TrainOptions(page="alexnet_tiny", recipe=recipe, threads=1)
            found.append(prepare(asked, shared=Shared(images, torch.device("cpu"), OPERATIONS)).data.fingerprint)
        assert found[0] == found[1] != found[2]
