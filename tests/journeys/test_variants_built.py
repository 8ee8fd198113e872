"""Prices and ids of variants against the modules that are built from their pages."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from builder.identity import graph_id
from builder.runtime.compile import build
from builder.variants import Sample, variants
from tests.test_costs import kept_bytes

GRIDS = {
    "alexnet": {
        "which": {"insert": {"se": {"reduction": [8, 16]}}, "among": ["block*.pre_activation", "block*.out"]},
        "residual": {"set": {"block*": {"shortcut": ["none", "auto"]}}},
    },
    "resnet50": {"which": {"insert": "se", "among": ["Bottleneck.branch", "Bottleneck.out", "Bottleneck.shortcut"]}},
}


class TestBuilt:
    """A random sample, counted by PyTorch."""

    @pytest.mark.slow
    @pytest.mark.parametrize("name", GRIDS)
    def test_prices_are_those_of_the_modules(self, name: str) -> None:
        """Parameters by their elements, MACs as half of the flops, memory by what is saved for backward."""
        for variant in variants(name, GRIDS[name], sample=Sample(3, seed=5)):
            graph = variant.graph
            network = build(graph).eval()
            assert graph_id(graph) == variant.id
            assert sum(each.numel() for each in network.parameters()) == variant.cost.parameters
            with FlopCounterMode(display=False) as counter, torch.no_grad():
                network(torch.empty(1, *graph.input.sizes))
            assert counter.get_total_flops() == 2 * variant.cost.macs
            assert kept_bytes(graph) == variant.cost.memory
