"""What the signs of a figure mean."""

from __future__ import annotations

import pytest

from builder.emit.diagram.layout.blocks import blocks
from builder.emit.diagram.layout.legend import legend
from builder.lowering import load


def meanings(name: str) -> set[str]:
    """Return what the legend of a shipped network says."""
    scene = blocks([load(name)])
    before = len(scene.texts)
    legend(scene)
    return {text.text for text in scene.texts[before:]}


class TestLegend:
    """It explains what the figure shows, and nothing else."""

    @pytest.mark.parametrize(
        ("name", "gate"),
        [("se_resnet50", "squeeze and excitation"), ("ese_vovnet39b", "gate"), ("ecaresnet26t", "gate")],
    )
    def test_gates_in_other_boxes_count(self, name: str, gate: str) -> None:
        """Only those of the paper are called squeeze and excitation."""
        assert meanings(name) & {"squeeze and excitation", "gate"} == {gate}

    def test_a_value_that_a_gate_reads_is_no_shortcut(self) -> None:
        """Both lines are orange, the shortcut is thick."""
        lines = {"shortcut", "value that is read"}
        assert meanings("alexse_cross") & lines == {"value that is read"}
        assert meanings("alexresnet") & lines == {"shortcut"}

    def test_what_is_not_shown_is_not_explained(self) -> None:
        """AlexNet has neither."""
        assert meanings("alexnet") == {"convolution", "fully connected", "pooling", "activation, normalization"}
