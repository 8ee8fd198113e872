"""What a study found, and how it was judged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from builder.study.report.sections.blocks import Paragraph
from builder.study.report.sections.verdict import sure

if TYPE_CHECKING:
    from tests.study.report.conftest import Made


class TestMethod:
    """How networks are judged."""

    @pytest.mark.parametrize("kind", ["plain", "factors"])
    @pytest.mark.parametrize(
        ("selection", "said"),
        [
            ("best", "Every run picks its best epoch on the validation split and then reads the test split once."),
            ("last", "Every run reads the test split once, with the weights of its last epoch."),
        ],
    )
    def test_the_weights_that_are_tested_are_said(
        self, request: pytest.FixtureRequest, kind: str, selection: str, said: str
    ) -> None:
        """As the recipe selects them."""
        made: Made = request.getfixturevalue(kind)
        plan = made.content.plan
        arms = tuple(replace(arm, recipe=arm.recipe.model_copy(update={"selection": selection})) for arm in plan.arms)
        content = replace(made.content, plan=replace(plan, arms=arms))
        paragraphs = [each.text for each in sure(content).blocks if isinstance(each, Paragraph)]
        assert any(each.startswith(said) for each in paragraphs)
