"""A training step recorded as one CUDA graph, and the step as PyTorch runs it wherever that can't be trusted.

At small batches a GPU waits for Python to start its next kernel; a graph starts all kernels of a step at once.
https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs

The recording is made once in a session, after a resume too, and computes the same kernels on the same numbers as the
step that it was made of: the learning rate is read from the device, dropout goes on drawing from the generator's
offset at each replay, and what an optimizer would have begun with is zero, which steps as nothing does. So where
each step by itself repeats its bits, a run of replays does, wherever it was stopped and recorded again. That this
holds for a network is not believed but tried, before the first step counts.
"""

from __future__ import annotations

import gc
import traceback
from math import isfinite, sqrt
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import torch

from builder.training.device.execution import can_record
from builder.training.device.failures import is_out_of_memory
from builder.training.device.generators import global_states
from builder.training.device.kinds import best_kind
from builder.training.progress import StepChosen
from builder.training.steps.optimizers import set_learning_rate
from builder.training.steps.recorder import GpuRecorder
from builder.training.steps.step_state import StepState

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from builder.choices import StepName
    from builder.training.data.batches import Batch
    from builder.training.steps.recorder import Recorder, Recording
    from builder.training.steps.step import EagerStep, TrainingStep

SAME_LOSS = 1e-3  # of a loss; where sums are added up in another order each time, the sixth digit differs
SMALL_LOSS = 1e-2  # below, what a loss is rounded to is no longer small beside it
SAME_UPDATE = 0.25  # of the length of an update; Adam makes much of gradients that are nothing but such differences


class CudaGraphStep:
    """The step as a recording of itself. A batch of another size, such as an epoch's last, is not recorded."""

    def __init__(self, eager: EagerStep, batch: Batch, recorder: Recorder) -> None:
        """Record ``eager`` on ``batch``, which is trained on for that; RuntimeError if it can't be recorded."""
        self._eager = eager
        self._images, self._labels = batch.images.clone(), batch.labels.clone()
        recorder.rehearse(self._work)
        self._recording: Recording = recorder.record(self._work)

    @property
    def model(self) -> nn.Module:
        """The network."""
        return self._eager.model

    def __call__(self, batch: Batch, rate: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Train on ``batch``; return loss and logits, which the next call overwrites."""
        if batch.images.shape != self._images.shape:
            return self._eager(batch, rate)
        set_learning_rate(self._eager.optimizer, rate)
        self._images.copy_(batch.images)
        self._labels.copy_(batch.labels)
        self._recording.replay()
        return self._recording.outputs

    def _work(self) -> tuple[torch.Tensor, torch.Tensor]:
        return self._eager.compute(self._images, self._labels)


def recorder_for(device: torch.device, processes: int = 1) -> Recorder | None:
    """Return what records steps of one of ``processes`` on ``device``, None where nothing can."""
    return GpuRecorder(device) if can_record(device, processes) else None


def choose_step(
    eager: EagerStep, wanted: StepName, recorder: Recorder | None, first_batch: Callable[[], Batch]
) -> tuple[TrainingStep, StepChosen]:
    """Return a recording of ``eager`` that was found to do the same, else ``eager`` itself and why.

    Training stands where it stood, whatever was tried; ``first_batch`` is a whole batch to try it on.
    """
    if wanted == "eager":
        return eager, StepChosen("eager", "as asked for")
    if recorder is None:
        return eager, StepChosen("eager", "" if wanted == "auto" else "a CUDA graph needs one process on a GPU")
    began, rewind, reason = perf_counter(), None, ""
    try:
        batch = first_batch()
        rewind = StepState(eager.model, eager.optimizer, batch.images.device)
        graphed = _recorded(eager, batch, rewind, recorder)
        return graphed, StepChosen("CUDA graph", seconds=perf_counter() - began)
    except (RuntimeError, AssertionError, MemoryError) as error:
        reason = _reason(error)
        traceback.clear_frames(error.__traceback__)  # they hold the memory of what was recorded
    if rewind is not None:
        rewind.back_to_nothing()
    gc.collect()
    best_kind().empty_cache()
    return eager, StepChosen("eager", reason)


def _recorded(eager: EagerStep, batch: Batch, rewind: StepState, recorder: Recorder) -> CudaGraphStep:
    """Return a recording of ``eager`` that does the same, and training where it stood; RuntimeError if there is none.

    Whatever an optimizer is going to remember is there afterwards, at the addresses that were recorded.
    """
    eager.model.train()
    set_learning_rate(eager.optimizer, eager.recipe.optimizer.lr)
    graphed = CudaGraphStep(eager, batch, recorder)
    _try_both(graphed, eager, rewind, batch)
    rewind.back()
    return graphed


class _DifferenceError(RuntimeError):
    """A recording does not do what the step does."""


class _Trial(NamedTuple):
    """What came of two steps."""

    losses: list[float]
    weights: list[torch.Tensor]
    random: dict[str, torch.Tensor]


def _try_both(graphed: TrainingStep, eager: EagerStep, rewind: StepState, batch: Batch) -> None:
    """Raise RuntimeError unless two steps of each do the same, on images and at rates that were not recorded.

    The second finds what was frozen: random numbers, images, the learning rate, weights that stay as they are. That
    the eager one is tried beside the recording also shows that there is memory for an epoch's last batch.
    """
    rewind.back()
    before = [each.detach().clone() for each in eager.model.parameters()]
    recorded, stepped = (_trial(each, rewind, batch, eager.recipe.optimizer.lr) for each in (graphed, eager))
    if any(not torch.equal(each, stepped.random[name]) for name, each in recorded.random.items()):
        raise _DifferenceError("its replay draws other random numbers than the step")
    for ours, theirs in zip(recorded.losses, stepped.losses, strict=True):
        if not isfinite(theirs):
            raise _DifferenceError(f"the loss is {theirs}, and nothing can be compared with that")
        if not abs(ours - theirs) <= (0 if eager.precision.deterministic else SAME_LOSS * max(theirs, SMALL_LOSS)):
            raise _DifferenceError(f"its replay has a loss of {ours:.6g}, and the step one of {theirs:.6g}")
    apart, moved = _distance(recorded.weights, stepped.weights), _distance(before, stepped.weights)
    if apart > (0 if eager.precision.deterministic else SAME_UPDATE * moved):
        raise _DifferenceError("its replay changes the weights in another way than the step")


def _trial(step: TrainingStep, rewind: StepState, batch: Batch, rate: float) -> _Trial:
    """Return what comes of two steps from where ``rewind`` was taken, the second with mirrored images exchanged."""
    rewind.back()
    losses = []
    mirrored = torch.empty_like(batch.images).copy_(batch.images.flip(0, 3))  # with the strides of what was recorded
    for images, share in ((batch.images, 0.5), (mirrored, 0.25)):
        loss, _ = step(batch._replace(images=images), share * rate)
        losses.append(float(loss))
    weights = [each.detach().clone() for each in step.model.parameters()]
    return _Trial(losses, weights, global_states(batch.images.device))


def _distance(some: list[torch.Tensor], others: list[torch.Tensor]) -> float:
    """Return the length of the difference of all tensors as one vector; infinite where it is not a number."""
    squares = [(one - other).double().square().sum() for one, other in zip(some, others, strict=True)]
    found = sqrt(float(torch.stack(squares).sum()))
    return found if isfinite(found) else float("inf")


def _reason(error: BaseException) -> str:
    """Return in a line why there is no recording: what went wrong first."""
    while error.__context__ is not None:
        error = error.__context__
    if isinstance(error, _DifferenceError):
        return f"a CUDA graph was tried, and {error}"
    if is_out_of_memory(error):
        return "there is too little memory for a CUDA graph"
    lines = str(error).strip().splitlines()
    said = lines[0] if lines else type(error).__name__
    if "synchronizing CUDA operation" in said:
        return (
            f"the network waits for the device in the middle of a step, which a CUDA graph cannot do ({_place(error)})"
        )
    return f"no CUDA graph can be recorded of it: {said}"


def _place(error: BaseException) -> str:
    """Return in which line ``error`` was raised."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}, line {last.lineno}"
