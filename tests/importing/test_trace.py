"""Networks are traced with values, so that Python may ask for sizes."""

from __future__ import annotations

import torch
from torch import nn

from builder.importing.trace import trace


class Asking(nn.Module):
    """It asks for everything that plain symbols do not know."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x with zeros around it, as many as its size says."""
        assert isinstance(x, torch.Tensor)
        assert x.ndim == 4
        more = x.shape[-1] % 4
        if more:
            x = nn.functional.pad(x, (0, 4 - more, 0, 0))
        return x[:, : int(x.size(1)) - 1]


class TestValues:
    """Every value is known."""

    def test_sizes_are_numbers(self) -> None:
        """Branches and loops over them are taken as when the network runs."""
        graph, told = trace(Asking(), torch.zeros(2, 3, 6, 6))
        assert not told
        called = [node for node in graph.nodes if node.op == "call_function"]
        assert [tuple(node.meta["known"].shape) for node in called] == [(2, 3, 6, 8), (2, 2, 6, 8)]

    def test_it_needs_no_numbers(self) -> None:
        """On the meta device nothing is computed."""
        graph, _ = trace(Asking(), torch.zeros(2, 3, 6, 6, device="meta"))
        assert all(node.meta["known"].is_meta for node in graph.nodes if node.op == "call_function")

    def test_operations_of_torch_are_not_looked_into(self) -> None:
        """A norm is one node."""
        graph, _ = trace(nn.Sequential(nn.BatchNorm2d(3), nn.ReLU()).eval(), torch.zeros(2, 3, 6, 6))
        assert [node.target for node in graph.nodes if node.op == "call_module"] == ["0", "1"]

    def test_a_function_in_c_does_not_take_it_for_a_tensor(self) -> None:
        """Those that also take numbers ask first, and would read a tensor's memory."""

        class Power(nn.Module):
            """Powers, by three functions that also take numbers."""

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                """Return as many values."""
                assert isinstance(x, torch.Tensor)
                assert issubclass(x.__class__, torch.Tensor)
                return torch.where(x > 0, torch.pow(x, 3), torch.float_power(x, 2.0).float())

        graph, _ = trace(Power(), torch.ones(2, 3, 4, 4))
        assert [each.target for each in graph.nodes if each.op == "call_function"][1] is torch.pow
