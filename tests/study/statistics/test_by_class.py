"""Differences on the images of one class, all classes as one family."""

from __future__ import annotations

import numpy as np
import pytest

from builder.study.statistics import Arm, Design, Factor, Group, by_class, compare, full_product

LABELS = (np.arange(600) % 3).astype(np.uint16)
DESIGN = Design(1.0, 6, 1.0)


def arms(better: float = 0.0) -> tuple[Arm, ...]:
    """Return four arms of six runs; the last two are ``better`` on images of class 2."""
    chance = np.random.default_rng(0)
    chances = np.full((4, 1, 600), 0.7)
    chances[2:, :, LABELS == 2] += better
    correct = chance.random((4, 6, 600)) < chances
    return tuple(Arm(str(number), tuple(range(6)), each) for number, each in enumerate(correct))


class TestByClass:
    """The same estimates on some of the images."""

    def test_each_is_that_of_a_study_with_the_images_of_the_class_alone(self) -> None:
        """Number by number."""
        group = Group("", arms(), "0")
        found = by_class([group], None, LABELS, DESIGN)
        assert len(found) == 9
        few = Group("", tuple(Arm(arm.name, arm.seeds, arm.correct[:, LABELS == 1]) for arm in group.arms), "0")
        alone = compare([few], DESIGN, analysis="blocked", against="base")
        mine = [each for each in found if each.label == 1]
        assert [(each.a, each.b, each.images) for each in mine] == [(a.a, a.b, 200) for a in alone]
        assert [each.difference for each in mine] == pytest.approx([each.difference for each in alone])
        assert [each.p for each in mine] == pytest.approx([each.p for each in alone])

    def test_p_values_are_adjusted_over_all_classes(self) -> None:
        """Nine differences are one family."""
        found = by_class([Group("", arms(0.2), "0")], None, LABELS, DESIGN)
        surest = min(found, key=lambda each: each.p or 1.0)
        assert surest.p is not None
        assert surest.adjusted_p == pytest.approx(9 * surest.p)
        assert {(each.label, each.a) for each in found if each.can_tell} == {(2, "2"), (2, "3")}

    def test_of_factors_it_is_the_main_effects(self) -> None:
        """Every run says something about every factor."""
        factorial = full_product([Factor("one", ("off", "on")), Factor("two", ("off", "on"))])
        found = by_class([Group("", arms(0.2), "0")], factorial, LABELS, DESIGN)
        assert len(found) == 6
        told = [each for each in found if each.can_tell]
        assert [(each.label, each.contrast.factors) for each in told if each.contrast] == [(2, ("one",))]

    def test_an_arm_without_runs_leaves_its_differences_untested(self) -> None:
        """And they still count."""
        nothing = Arm("4", (), np.zeros((0, 0), bool), failed=tuple(range(6)))
        found = by_class([Group("", (*arms(), nothing), "0")], None, LABELS, DESIGN)
        assert len(found) == 12
        assert [each.p for each in found if each.a == "4"] == [None] * 3
