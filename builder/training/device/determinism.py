"""Arithmetic that gives the same bits every time, where a device does not by itself.

https://docs.pytorch.org/docs/stable/notes/randomness.html
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d

from builder.diagnostics import RunError

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


def with_even_pooling(model: nn.Module) -> nn.Module:
    """Return ``model`` with its adaptive average pooling made of windows of one size, where these fit.

    Torch's own has no deterministic gradients on a GPU, and AlexNet would not train.
    """
    for parent in model.modules():
        for name, child in parent.named_children():
            if isinstance(child, nn.AdaptiveAvgPool2d):
                setattr(parent, name, EvenPooling(child.output_size))
    return model


class EvenPooling(nn.Module):
    """Adaptive average pooling, by windows that do not overlap where the input is a multiple of the output."""

    def __init__(self, output_size: int | tuple[int | None, int | None] | None) -> None:
        """Take height and width, or one number for both; None keeps what comes."""
        super().__init__()
        self.output_size = output_size

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return ``values`` (N, C, H, W) in the output's height and width."""
        height, width = values.shape[-2:]
        asked = self.output_size if isinstance(self.output_size, tuple) else (self.output_size, self.output_size)
        rows, columns = asked[0] or height, asked[1] or width
        if height % rows or width % columns:
            return adaptive_avg_pool2d(values, (rows, columns))
        return avg_pool2d(values, (height // rows, width // columns))
