"""Programs of PyTorch's exporter as networks: read from a file, or made where torch.fx cannot trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import nn
    from torch.export import ExportedProgram


def as_network(program: ExportedProgram) -> nn.Module:
    """Return a program with the modules that it was made of, and one input by name as networks have it."""
    net = torch.export.unflatten(program)
    kind = type(net)

    class WithOneInput(kind):  # type: ignore[valid-type, misc]  # whatever PyTorch makes of a program
        """The same program."""

        def forward(self, x: torch.Tensor) -> Any:
            """Return what the program does."""
            return super().forward(x)

    net.__class__ = WithOneInput
    return net


def exported(net: nn.Module, image: torch.Tensor) -> nn.Module:
    """Return a network as PyTorch's exporter sees it: its Python runs once, with the sizes of ``image``."""
    return as_network(torch.export.export(net, (image,), strict=False))
