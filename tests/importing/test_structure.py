"""Where values part and meet: chains, lanes, and what is neither."""

from __future__ import annotations

import pytest

from builder.importing.steps import ModuleCall, TracedStep
from builder.importing.structure import Item, Joint, Structure


def network(*steps: TracedStep) -> ModuleCall:
    """Return the call of a whole network."""
    return ModuleCall("", "Net", list(steps), (-1,), (steps[-1].value,))


def step(word: str, value: int, *inputs: int) -> TracedStep:
    """Return a step."""
    return TracedStep(word, {}, inputs, value, said=word)


def words(items: list[Item]) -> list[str]:
    """Return the words of steps."""
    return [each.word if isinstance(each, TracedStep) else "" for each in items]


def streams(word: str, *inputs: int) -> ModuleCall:
    """Return a network of two streams that meet by a word; one of them goes on beside it."""
    lanes = step("conv", 0, -1), step("conv", 1, -1)
    return network(*lanes, step(word, 2, *inputs), step("relu", 3, 0), step("concat", 4, 2, 3))


def joins(items: list[Item]) -> list[TracedStep]:
    """Return the steps that read earlier values."""
    return [each for each in items if isinstance(each, TracedStep) and each.word == "join"]


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

    def test_what_was_made_one_behind_another_is_joined(self) -> None:
        """One-shot aggregation: each layer reads the one before, and all are concatenated at the end."""
        steps = (step("conv", 0, -1), step("conv", 1, 0), step("conv", 2, 1), step("concat", 3, -1, 0, 1, 2))
        *layers, join = Structure().network(network(*steps))
        assert words(layers) == ["conv", "conv", "conv"]
        assert isinstance(join, TracedStep)
        assert (join.word, join.reads, join.fields) == ("join", (-1, 0, 1), {"by": "concat", "first": False})

    def test_a_lane_may_read_what_an_earlier_one_has_made(self) -> None:
        """Res2Net: each share of the channels is added to what the share before it became."""
        shares = [TracedStep("narrow", {"start": 4 * each, "length": 4}, (-1,), each, channels=12) for each in range(3)]
        steps = (
            *shares, step("conv", 3, 0), step("add", 4, 3, 1), step("conv", 5, 4), step("concat", 6, 3, 5, 2),
        )  # fmt: skip
        (joint,) = Structure().network(network(*steps))
        assert isinstance(joint, Joint)
        assert joint.split == (4, 4, 4)
        assert [words(lane) for lane in joint.lanes] == [["conv"], ["join", "conv"], []]

    def test_an_inner_residual_block_stays_one(self) -> None:
        """Deep layer aggregation: two of them, and both are concatenated behind the second."""
        steps = (
            *(step("conv", 0, -1), step("add", 1, 0, -1), step("conv", 2, 1), step("add", 3, 2, 1)),
            step("concat", 4, 3, 1, -1),
        )
        *blocks, join = Structure().network(network(*steps))
        assert [type(each) for each in blocks] == [Joint, Joint]
        assert isinstance(join, TracedStep)
        assert join.reads == (1, -1)
        assert join.fields["first"] is True

    @pytest.mark.parametrize("word", ["add", "concat"])
    def test_streams_that_exchange_values_go_on_from_earlier_ones(self, word: str) -> None:
        """As in high-resolution networks: what reads neither what comes in nor a lane of its own is a `read`."""
        steps = (
            *(step("conv", 0, -1), step("conv", 1, -1), step("add", 2, 0, 1), step("relu", 3, 0)),
            step(word, 4, 2, 3),
        )
        items = Structure().network(network(*steps))
        assert words(items) == ["conv", "read", "conv", "join", "read", "relu", "join"]

    @pytest.mark.parametrize(("in_order", "first"), [(False, True), (True, False)])
    def test_a_sum_may_keep_the_order_of_python(self, in_order: bool, first: bool) -> None:
        """Its own input is first where that is nothing to the bits that follow."""
        items = Structure(in_order=in_order).network(streams("add", 0, 1))
        assert next(each.fields for each in joins(items)) == {"by": "add", "first": first}

    @pytest.mark.parametrize(("one", "two", "first"), [(0, 1, False), (1, 0, True)])
    def test_a_quotient_knows_which_is_the_divisor(self, one: int, two: int, first: bool) -> None:
        """What comes in is divided, or divides what was there before."""
        items = Structure().network(streams("div", one, two))
        assert next(each.fields for each in joins(items)) == {"by": "div", "first": first}

    def test_two_values_that_meet_otherwise_are_a_hole(self) -> None:
        """Such as in a product of matrices."""
        structure = Structure()
        (hole,) = structure.network(network(step("conv", 0, -1), step("conv", 1, -1), step("matmul", 2, 0, 1)))
        assert isinstance(hole, TracedStep)
        assert hole.word == "?"
        expected = "values meet here in what is no sum, product or concatenation"
        assert [reason for _, reason in structure.holes] == [expected]
