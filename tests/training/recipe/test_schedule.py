"""Schedules by themselves; what they give in a run is beside torch's in ``steps/test_schedules.py``."""

from __future__ import annotations

import pytest

from builder.training.recipe.recipe import choices
from builder.training.recipe.schedule import StepOfRun, open_ended

FIELDS = {"step": {"every": 2, "factor": 0.5}, "multistep": {"at": (1, 3)}}


class TestOpenEnded:
    """The schedules of which a run can get more epochs."""

    def test_they_are_named(self) -> None:
        """In the order in which a recipe names them."""
        assert open_ended() == ["constant", "step", "multistep"]

    @pytest.mark.parametrize("name", list(choices("schedule")))
    def test_a_record_says_the_truth_of_itself(self, name: str) -> None:
        """Its first steps are the same however long the run is, or they are not."""
        schedule = choices("schedule")[name](name=name, **FIELDS.get(name, {}))
        short, long = ([schedule.part(StepOfRun(step, count, 6, 0)) for step in range(24)] for count in (24, 48))
        assert (short == long) == (name in open_ended())
        assert schedule.looks_at_end == (short != long)
