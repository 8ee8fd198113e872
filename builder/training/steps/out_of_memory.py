"""What is said where memory is too small: which batch size would fit, found by trying."""

from __future__ import annotations

import gc
import traceback
from typing import TYPE_CHECKING

from builder.diagnostics import RunError
from builder.training.data.batches import EVALUATION_BATCH
from builder.training.device.devices import describe_device
from builder.training.device.failures import is_out_of_memory
from builder.training.device.kinds import best_kind, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    import torch


class OutOfMemoryExplained:
    """While entered, turns an allocator's error into a RunError that says which batch size would fit."""

    def __init__(self, batch_size: int, device: torch.device) -> None:
        self._batch_size, self._device = batch_size, device
        self.try_step: Callable[[int], None] | None = None
        """Makes a training step of so many images; set as soon as there is one to be made."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raise RunError if ``error`` says that memory is too small."""
        if error is None or not is_out_of_memory(error):
            return
        traceback.clear_frames(trace)  # they hold the activations of the step that failed
        where = f"{describe_device(self._device)} has too little memory"
        if self.try_step is None:
            message = f"{where} for this network and batches of {self._batch_size:,} images"
            raise RunError(message, "try smaller ones, `--set batch_size=…`") from error
        fitting = largest_fitting(self._batch_size, self.try_step)
        if fitting == self._batch_size:
            message = f"{where}, though a training step of {fitting:,} images fits"
            hint = f"validation takes {EVALUATION_BATCH} images at a time; other programs may hold memory too"
            graph = (
                ", and so does a CUDA graph: `--step eager` trains without" if kind_of(self._device).has_graphs else ""
            )
            raise RunError(message, f"{hint}{graph}") from error
        message = f"{where} for batches of {self._batch_size:,} images"
        if fitting == 0:
            raise RunError(f"{message}, and for one image", "try a smaller network or `--set size=…`") from error
        raise RunError(f"{message}; a step of {fitting:,} fits", f"try `--set batch_size={fitting}`") from error


def largest_fitting(batch_size: int, try_step: Callable[[int], None]) -> int:
    """Return the first of ``batch_size``, its half, its quarter, … that ``try_step`` can do, 0 if none."""
    while batch_size:
        gc.collect()
        best_kind().empty_cache()
        try:
            try_step(batch_size)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            traceback.clear_frames(error.__traceback__)
            batch_size //= 2
        else:
            return batch_size
    return 0
