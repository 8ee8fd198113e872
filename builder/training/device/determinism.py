"""Arithmetic that gives the same bits every time, where a device does not by itself.

https://docs.pytorch.org/docs/stable/notes/randomness.html
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from builder.diagnostics import RunError
from builder.training.device.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def set_workspace() -> None:
    """Give cuBLAS workspaces of a fixed size, without which it may add up in any order; before CUDA starts.

    https://docs.nvidia.com/cuda/cublas/#results-reproducibility
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


@contextmanager
def deterministic() -> Iterator[None]:
    """Let torch take only what repeats its bits while this lasts; raise RunError where it has no such thing."""
    memory: Any = torch.utils.deterministic  # a module with a property, which no type checker knows
    cudnn = torch.backends.cudnn
    before = torch.are_deterministic_algorithms_enabled(), memory.fill_uninitialized_memory
    chosen = cudnn.benchmark, cudnn.deterministic
    torch.use_deterministic_algorithms(mode=True)
    memory.fill_uninitialized_memory = False  # only finds mistakes of torch's own, and costs time
    cudnn.benchmark, cudnn.deterministic = False, True  # measuring takes now this, now that algorithm
    try:
        yield
    except RuntimeError as error:
        operation, without, _ = str(error).partition(" does not have a deterministic implementation")
        if not without:
            raise
        message = f"`{operation}` has no deterministic version on this device"
        raise RunError(message, "leave out --deterministic, or train on the CPU") from error
    finally:
        torch.use_deterministic_algorithms(mode=before[0])
        memory.fill_uninitialized_memory = before[1]
        cudnn.benchmark, cudnn.deterministic = chosen


def with_deterministic_pooling(model: nn.Module, device: torch.device) -> nn.Module:
    """Return ``model`` with pooling that is the same every time on ``device``; a CPU's is so, and keeps its bits."""
    return model if kind_of(device).has_deterministic_pooling else with_matrix_pooling(model)


def with_matrix_pooling(model: nn.Module) -> nn.Module:
    """Return ``model`` with its adaptive average pooling made of products, whose gradients are the same every time.

    Torch's own adds them up in any order on a GPU. To one number it takes the mean, which is the same every time.
    """
    for parent in model.modules():
        for name, child in parent.named_children():
            if isinstance(child, nn.AdaptiveAvgPool2d) and _pair(child.output_size) != (1, 1):
                setattr(parent, name, MatrixPooling(child.output_size))
    return model


class MatrixPooling(nn.Module):
    """Adaptive average pooling of any size: rows and columns are averaged by a matrix each, windows may overlap."""

    def __init__(self, output_size: int | tuple[int | None, int | None] | None) -> None:
        """Take height and width, or one number for both; None keeps what comes."""
        super().__init__()
        self.output_size = output_size

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return ``values`` (N, C, H, W) in the output's height and width."""
        height, width = values.shape[-2:]
        asked = _pair(self.output_size)
        rows, columns = asked[0] or height, asked[1] or width
        if (rows, columns) == (height, width):
            return values
        with torch.autocast(values.device.type, enabled=False):  # sums in float32, as torch's own does
            kept = averaging_matrix(height, rows, values.device) @ values.float()
            return (kept @ averaging_matrix(width, columns, values.device).T).to(values.dtype)


def averaging_matrix(before: int, after: int, device: torch.device) -> torch.Tensor:
    """Return the matrix (after, before) whose row ``i`` averages from ``i * before // after`` to the next, rounded up.

    The windows are those of ``adaptive_avg_pool2d``. Made on the device, so that a recorded step never waits for it.
    """
    row = torch.arange(after, device=device)[:, None]
    column = torch.arange(before, device=device)
    first = row * before // after
    last = ((row + 1) * before + after - 1) // after
    return ((column >= first) & (column < last)).float() / (last - first)


def _pair(size: int | tuple[int | None, int | None] | None) -> tuple[int | None, int | None]:
    return size if isinstance(size, tuple) else (size, size)
