"""The size of training images, plain or growing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from builder.diagnostics import ArchError
from builder.reader import read_text
from builder.training.recipe.image_size import Growth
from builder.training.recipe.optimizer import Sgd
from builder.training.recipe.overrides import override
from builder.training.recipe.recipe import Augment, Recipe, recipe_from

HEAD = "name: own\nepochs: 15\nbatch_size: 8\noptimizer: {name: sgd, lr: 0.1}\n"


def recipe(size: str) -> Recipe:
    """Return a recipe of 15 epochs with that ``size``."""
    return recipe_from(read_text(f"{HEAD}size: {size}\n", "own.yaml"))


def said(size: str) -> str:
    """Return what is said of a wrong ``size``."""
    with pytest.raises(ArchError) as caught:
        recipe(size)
    return "\n".join(each.message for each in caught.value.diagnostics)


class TestSide:
    """The side of the training images of an epoch."""

    def test_it_rises_in_steps_until_a_part_of_the_epochs_is_over(self) -> None:
        """In seven tenths of 15 epochs, by 8 px at a time."""
        found = recipe("{from: 64, to: 96, until: 0.7}").sides
        assert found == (64, 64, 72, 72, 80, 80, 80, 88, 88, 88, 96, 96, 96, 96, 96)

    def test_another_step_gives_other_sizes(self) -> None:
        """One that is as large as the difference gives two phases."""
        found = recipe("{from: 64, to: 96, until: 0.7, step: 32}").sides
        assert set(found) == {64, 96}
        assert found.count(64) == 7 - 1

    @given(st.integers(1, 300), st.integers(0, 300), st.floats(0.01, 1), st.integers(1, 64), st.integers(2, 60))
    def test_it_never_falls_and_begins_and_ends_as_written(
        self, start: int, more: int, until: float, step: int, epochs: int
    ) -> None:
        """Whatever is written, sizes between are whole steps, and all from ``until`` on are the final one."""
        growth = Growth.model_validate({"from": start, "to": start + more, "until": until, "step": step})
        sides = [growth.side(epoch, epochs) for epoch in range(1, epochs + 1)]
        assert sides == sorted(sides)
        assert (sides[0], sides[-1]) == (start, start + more)
        assert all(side == start + more for epoch, side in enumerate(sides) if epoch >= until * epochs)
        assert all((side - start) % step == 0 for side in sides if side != start + more)

    def test_a_single_epoch_has_the_final_size(self) -> None:
        """Such as a try of a minute: the last epoch always has it."""
        one = recipe("{from: 64, to: 96, until: 0.7}").model_copy(update={"epochs": 1})
        assert (one.side, one.sides) == (96, ())
        assert one.in_epoch(1) is one


class TestRecipe:
    """The field ``size``."""

    def test_a_number_is_one_size(self) -> None:
        """Nothing grows, and the recipe of every epoch is the recipe itself."""
        plain = recipe("96")
        assert (plain.side, plain.sides, plain.training_sides) == (96, (), ())
        assert plain.in_epoch(3) is plain

    def test_what_does_not_grow_is_a_number_too(self) -> None:
        """From 96 to 96."""
        same = recipe("{from: 96, to: 96, until: 0.5}")
        assert (same.side, same.sides) == (96, ())

    def test_the_network_is_judged_at_the_final_size(self) -> None:
        """With the same crop."""
        grown = recipe("{from: 64, to: 96, until: 0.7}\ncrop_pct: 0.75")
        assert (grown.side, grown.resize) == (96, 128)
        assert (grown.in_epoch(1).side, grown.in_epoch(1).resize) == (64, 85)

    def test_pixels_of_augmentation_grow_with_the_images(self) -> None:
        """Four of 96 are three of 64, so that small images are not shifted further."""
        augment = Augment(flip=True, crop_padding=4, cutout=24)
        grown = recipe("{from: 64, to: 96, until: 0.7}").model_copy(update={"augment": augment})
        assert grown.in_epoch(1).augment == Augment(flip=True, crop_padding=3, cutout=16)
        assert grown.in_epoch(15).augment == augment

    def test_it_is_written_as_it_is_read(self) -> None:
        """By its name on the page, which is a word of Python."""
        grown = recipe("{from: 64, to: 96, until: 0.7}")
        assert "from: 64" in grown.to_yaml()
        assert recipe_from(read_text(grown.to_yaml(), "own.yaml")) == grown

    def test_its_fields_are_set_one_by_one_or_as_a_whole(self) -> None:
        """From the command line."""
        grown = override(recipe("{from: 64, to: 96, until: 0.7}"), {"size.from": "48", "until": "0.5"}.items())
        assert grown.sides[0] == 48
        assert override(grown, {"size": "64"}.items()).size == 64
        assert override(recipe("64"), {"size": "{from: 32, to: 64, until: 1}"}.items()).sides[0] == 32

    @pytest.mark.parametrize(
        ("size", "message"),
        [
            ("big", "a recipe: `size` is a whole number or a mapping, not the text `big`"),
            ("0", "a recipe: `size` is at least 1, not the number `0`"),
            ("5000", "a recipe: `size` is at most 4,096, not the number `5000`"),
            ("{from: 96, to: 64, until: 0.7}", "a recipe: `size` grows, and 96 is more than 64"),
            ("{from: 64, to: 96}", "a recipe: `size.until` is required"),
            ("{from: 64, to: 96, until: 1.5}", "a recipe: `size.until` is at most 1, not the number `1.5`"),
            ("{from: 64, to: 96, untill: 0.7}", "`untill` is not a field of a recipe"),
            ("{from: 64, to: 96, until: 0.7, step: 0}", "a recipe: `size.step` is at least 1, not the number `0`"),
        ],
    )
    def test_mistakes_are_said_in_its_words(self, size: str, message: str) -> None:
        """What is written where a size or its growth is."""
        assert said(size) == message

    def test_a_value_of_python_is_checked_too(self) -> None:
        """A recipe that no file holds."""
        with pytest.raises(ValidationError, match="greater than or equal to 1"):
            Recipe(name="own", epochs=1, batch_size=1, optimizer=Sgd(name="sgd", lr=0.1), size=0)
