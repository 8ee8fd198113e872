"""Lanes that meet in unusual ways are said on a page, equal bit for bit."""

from __future__ import annotations

import pytest
import torch

from tests.importing.lanes import (
    Blurred,
    ChannelsLast,
    LinearGate,
    Modulated,
    PyramidGates,
    RunAgain,
    SelectiveKernels,
    SplitAttention,
    StackedFirst,
)
from tests.importing.networks import imported
from tests.importing.norms import Around, page


class TestLanes:
    """What is cut, weighed and put together again."""

    def test_channels_that_come_last_are_cut_and_joined_where_they_come_first(self) -> None:
        """The axes are changed around it, and no change is undone by the next."""
        found = imported(ChannelsLast())
        assert found.is_equal, found.unproven
        assert "narrow: {length: 12}" in found.text
        assert found.text.count("{permute:") == 4

    def test_gates_of_one_channel_weigh_values_of_one_position(self) -> None:
        """Each axis of a product is as long as the longer one."""
        found = imported(Modulated())
        assert found.is_equal, found.unproven

    def test_a_stack_is_its_lanes(self) -> None:
        """Its sum is their sum, its weights are cut for them."""
        found = imported(SelectiveKernels())
        assert found.is_equal, found.unproven
        assert "softmax: {groups: 2}" in found.text

    def test_halves_of_the_channels_are_a_stack_too(self) -> None:
        """They are weighed in one row, and their sum is that of shares: a template, for it occurs twice."""
        found = imported(SplitAttention())
        assert found.is_equal, found.unproven
        assert (
            "  Sum:\n    key: .\n    split: true\n    branches:\n      - {}\n      - {}\n    merge: add\n" in found.text
        )
        assert found.text.count(": Sum\n") == 2

    def test_shares_of_two_widths_are_one_template(self) -> None:
        """The channels of its branches are parameters; numbers that are not learned are a blur."""
        found = imported(Blurred())
        assert found.is_equal, found.unproven
        assert "split: [$share0, 2]" in found.text
        assert "blurpool" in found.text

    def test_numbers_that_are_no_blur_are_told_by_the_proof(self) -> None:
        """They are on no page."""
        net = Blurred()
        net.blur = torch.rand(12, 1, 3, 3)
        assert "the outputs differ" in imported(net).unproven

    @pytest.mark.parametrize("form", ["view", "index", "unsqueeze"])
    def test_gates_of_linear_layers_weigh_channels(self, form: str) -> None:
        """However their two axes are written; an argument with a default is what it says."""
        found = imported(LinearGate(form))
        assert found.is_equal, found.unproven
        assert "unflatten: unflatten\n    shortcut: identity\n    merge: mul\n" in found.text
        assert "head: {linear:" in found.text

    def test_lanes_may_be_stacked_before_the_batch(self) -> None:
        """The softmax between them is one between groups, also where it is a module."""
        found = imported(Around(StackedFirst(), channels=32))
        assert found.is_equal, found.unproven
        text = found.text
        assert "softmax: {groups: 3}" in text
        assert text.count(", by: mul}") == 3
        assert text.count("merge: add") == 2

    def test_gates_of_shares_meet_their_lanes_again(self) -> None:
        """Each lane is read by its path."""
        text = page(PyramidGates())
        assert text.count("split: true") == 2
        assert "softmax: {groups: 4}" in text

    def test_a_layer_of_another_block_runs_again(self) -> None:
        """Its path leads there."""
        found = imported(RunAgain())
        assert found.is_equal, found.unproven
        assert "reuse: {layer: residual.conv}" in found.text

    def test_what_is_no_layer_says_why(self) -> None:
        """A norm of the batch, and what belongs to the loss in another place than at the end."""
        reasons = {hole.said: hole.reason for hole in imported(RunAgain(early_loss=True)).holes}
        assert reasons == {
            "BatchNorm2d": "`BatchNorm2d` without running statistics computes other outputs for other batches; "
            "a page's norm keeps them",
            "log_softmax": "`log_softmax` is part of the loss, cross entropy: return the logits",
        }

    def test_weights_of_lanes_may_stand_in_parts(self) -> None:
        """As a convolution in groups makes them, which are put in the order of the lanes."""
        found = imported(SplitAttention(groups=2))
        assert (found.is_equal, "cardinality: 2" in found.text) == (True, True), found.unproven
