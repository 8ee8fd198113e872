"""Weights that are chosen by name."""

from __future__ import annotations

import pytest

from builder.diagnostics import ArchError
from builder.reader import read_text
from builder.training.recipe.recipe import recipe_from
from builder.training.recipe.weight_group import WeightGroup

START = "name: mine\nepochs: 3\nbatch_size: 8\noptimizer:\n  name: sgd\n  lr: 0.1\n  groups:\n"


class TestMatches:
    """Names are matched part by part, as places of the language are."""

    @pytest.mark.parametrize(
        ("weights", "name", "met"),
        [
            ("stem.conv.bias", "stem.conv.bias", True),
            ("stem.conv.bias", "stem.conv.weight", False),
            ("stem.*.bias", "stem.conv.bias", True),
            ("stem.*", "stem.conv.bias", False),
            ("*.bias", "stem.conv.bias", False),
            ("block[13].conv*.weight", "block3.conv2.weight", True),
            ("block[13].conv*.weight", "block2.conv2.weight", False),
            ("**.norm*.bias", "block1.norm2.bias", True),
            ("**.norm*.bias", "norm.bias", True),
            ("**.norm*.bias", "block1.conv1.bias", False),
            ("block1.**.bias", "block1.bias", True),
            ("block1.**.bias", "block1.a.b.bias", True),
            ("block1.**.block1.bias", "block1.bias", False),
            ("**", "a", True),
            ("scale", "SCALE", False),
        ],
    )
    def test_a_star_stays_in_its_part_and_two_stand_for_any(self, weights: str, name: str, met: bool) -> None:
        """None is a possible number of parts too."""
        assert WeightGroup(weights=weights).matches(name) is met


class TestMistakes:
    """What is answered where one is wrong."""

    @pytest.mark.parametrize(
        ("group", "message"),
        [
            ("{weights: '**.a.**'}", "a recipe: `**` can be used once in a name, and `**.a.**` has more"),
            (
                "{weights: a, lr_factor: 0}",
                "a recipe: `optimizer.groups.1.lr_factor` is greater than 0, not the number `0`",
            ),
            ("{weights: a, epochs: -1}", "a recipe: `optimizer.groups.1.epochs` is at least 0, not the number `-1`"),
            ("{weights: a, lr: 2}", "`lr` is not a field of a recipe"),
            ("{lr_factor: 2}", "a recipe: `optimizer.groups.1.weights` is required"),
        ],
    )
    def test_it_is_named_at_its_line(self, group: str, message: str) -> None:
        """The second group's."""
        with pytest.raises(ArchError) as raised:
            recipe_from(read_text(f"{START}    - {{weights: a}}\n    - {group}\n", "mine.yaml"))
        (found,) = raised.value.diagnostics
        assert found.message == message
        assert found.mark is not None
        assert found.mark.line == 9
