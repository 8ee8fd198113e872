"""What is said of a study's plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builder.commands.study import Planned
from builder.commands.text.study import planned
from tests.study.conftest import make_plan


class TestPlanned:
    """The plan as text."""

    @pytest.mark.parametrize(
        ("groups", "end"), [(None, "the same ones for all"), (13, "the same ones for all, in 13 groups")]
    )
    def test_groups_of_test_images_are_counted(self, groups: int | None, end: str) -> None:
        """Where images of one group are one observation."""
        plan = make_plan()
        text = planned(Planned(None, True, replace(plan, data=replace(plan.data, groups=groups))))
        (line,) = (each for each in text.splitlines() if each.startswith("data"))
        assert line.endswith(end)
