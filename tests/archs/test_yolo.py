"""The classifier of YOLO v8: its sizes, and its C2f block against the formula written by hand."""

from __future__ import annotations

import pytest
import torch

from builder.costs import graph_cost
from builder.lowering import load
from builder.runtime.compile import build

COUNTED = {
    "yolov8n_cls": 2_719_288,
    "yolov8s_cls": 6_361_736,
    "yolov8m_cls": 17_053_336,
    "yolov8l_cls": 37_480_744,
    "yolov8x_cls": 57_422_840,
}
"""Parameters, counted by hand with version 8.4.190 of the public package, whose code was run and not read."""


class TestClassifier:
    """Five sizes of one network."""

    @pytest.mark.parametrize("name", COUNTED)
    def test_parameters_are_those_of_the_package(self, name: str) -> None:
        """All of them."""
        assert graph_cost(load(name)).parameters == COUNTED[name]

    @pytest.mark.parametrize("place", [2, 4])
    def test_halves_and_bottlenecks_are_joined_in_order(self, place: int) -> None:
        """The first half, the second, and what each bottleneck makes of the value before it; with one and with two."""
        torch.manual_seed(0)
        network = build(load("yolov8n_cls")).eval()
        block = network.model[place]
        image = torch.rand(2, block.cv1.conv.in_channels, 8, 8)
        with torch.inference_mode():
            values = list(block.cv1(image).chunk(2, 1))
            for bottleneck in block.m.children():
                values.append(values[-1] + bottleneck.cv2(bottleneck.cv1(values[-1])))
            assert len(values) == 2 + place // 2
            assert torch.equal(block(image), block.cv2(torch.cat(values, 1)))
