"""A network as a program of PyTorch's exporter: its forward in evaluation, for any number of images."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch

from builder.diagnostics import RunError

if TYPE_CHECKING:
    from torch import nn
    from torch.export import ExportedProgram

    from builder.graph import Graph

_TRACED = 2
"""Images in the example; one image would be taken for a number that never changes."""

BATCHES = (1, 3)
"""Numbers of images with which what was written is compared; the example had another one."""


def program_of(model: nn.Module, graph: Graph) -> ExportedProgram:
    """Return ``model``, which is ``graph`` built, in evaluation; raise RunError where it can't be exported."""
    model = copy.deepcopy(model).eval()
    example = (torch.zeros(_TRACED, *graph.input.sizes),)
    try:
        return torch.export.export(model, example, dynamic_shapes=({0: torch.export.Dim("batch")},), strict=False)
    except Exception as error:  # a plugin's module may do what can't be exported
        raise RunError(f"{graph.name} can't be exported: {first_line(error)}") from error


def images(graph: Graph, count: int) -> torch.Tensor:
    """Return random images (N×C×H×W), the same each time; the global random numbers stay as they are."""
    return torch.randn(count, *graph.input.sizes, generator=torch.Generator().manual_seed(count))


def evaluated(model: nn.Module, batch: torch.Tensor) -> torch.Tensor:
    """Return what ``model`` gives in evaluation; it is left as it was."""
    was_training = model.training
    with torch.no_grad():
        result: torch.Tensor = model.eval()(batch)
    model.train(was_training)
    return result


def first_line(error: Exception) -> str:
    """Return what an exporter said, without the pages that follow, which begin in color."""
    said = str(error).partition("\x1b")[0].strip().splitlines()
    return f"{type(error).__name__}: {said[0]}" if said else type(error).__name__
