"""Where values part and meet: chains, lanes, and what is neither."""

from __future__ import annotations

import pytest

from builder.importing.steps import ModuleCall, TracedStep
from builder.importing.structure import Joint, Structure


def network(*steps: TracedStep) -> ModuleCall:
    """Return the call of a whole network."""
    return ModuleCall("", "Net", list(steps), (-1,), (steps[-1].value,))


def step(word: str, value: int, *inputs: int) -> TracedStep:
    """Return a step."""
    return TracedStep(word, {}, inputs, value, said=word)


class TestChains:
    """What everything passes cuts a chain."""

    def test_one_after_another(self) -> None:
        """Three layers are three items."""
        items = Structure().network(network(step("conv", 0, -1), step("relu", 1, 0), step("conv", 2, 1)))
        assert [each.word for each in items if isinstance(each, TracedStep)] == ["conv", "relu", "conv"]

    def test_a_sum_of_two_lanes(self) -> None:
        """The identity is an empty lane."""
        items = Structure().network(network(step("conv", 0, -1), step("relu", 1, 0), step("add", 2, 1, -1)))
        (joint,) = items
        assert isinstance(joint, Joint)
        assert [len(lane) for lane in joint.lanes] == [2, 0]

    def test_lanes_that_begin_together_are_nested(self) -> None:
        """One-shot aggregation: every layer is joined, and each reads the one before."""
        steps = (step("conv", 0, -1), step("conv", 1, 0), step("conv", 2, 1), step("concat", 3, -1, 0, 1, 2))
        (joint,) = Structure().network(network(*steps))
        assert isinstance(joint, Joint)
        depth = 0
        while isinstance(joint, Joint):
            depth, joint = depth + 1, joint.lanes[-1][-1]
        assert depth == 3

    @pytest.mark.parametrize("word", ["add", "concat"])
    def test_lanes_that_exchange_values_are_a_hole(self, word: str) -> None:
        """The second reads what the first has made, and something else."""
        steps = (
            *(step("conv", 0, -1), step("conv", 1, -1), step("add", 2, 0, 1), step("relu", 3, 0)),
            step(word, 4, 2, 3),
        )
        structure = Structure()
        (hole,) = structure.network(network(*steps))
        assert isinstance(hole, TracedStep)
        assert hole.word == "?"
        assert [reason for _, reason in structure.holes] == ["the lanes exchange values before they meet"]
