"""Several processes that train one network together, each on its part of every batch, as torchrun starts them.

https://docs.pytorch.org/docs/stable/elastic/run.html says how they are started and which variables tell them apart,
https://docs.pytorch.org/docs/stable/notes/ddp.html how their gradients become one. A process by itself is a group of
one, for which nothing here does anything.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from inspect import signature
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from builder.diagnostics import RunError
from builder.training.device.devices import choose_device
from builder.training.device.kinds import CPU, KINDS, best_kind, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Self

Answer = TypeVar("Answer")

NO_LABEL = -100  # of an image that only fills a part up; cross_entropy leaves it out
_CPU = torch.device("cpu")
_IS_NEWER = "forward_sync_buffers" in signature(DistributedDataParallel.__init__).parameters
_NO_BUFFERS: dict[str, Any] = {"forward_sync_buffers" if _IS_NEWER else "broadcast_buffers": False}
"""Buffers are not sent around in each step; before PyTorch 2.15 this had the other name."""


class ProcessGroup:
    """A process that trains alone, and what every process can ask of those that it trains with.

    ``rank`` counts from 0; the first process speaks and writes for all.
    """

    rank, world_size = 0, 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Part."""

    @property
    def is_first(self) -> bool:
        """Whether this process speaks and writes."""
        return self.rank == 0

    def shard(self, samples: torch.Tensor) -> tuple[torch.Tensor, int]:
        """Return what of a batch is this process's, and how many images at its end only fill it up."""
        return samples, 0

    def wrap(self, model: nn.Module) -> nn.Module:
        """Return what computes as ``model`` does, and gives its weights the gradients of the whole batch."""
        return model

    def convert_sync_batch_norm(self, model: nn.Module) -> None:
        """Let batch norm take its statistics over all processes' images from now on; RunError where it can't."""

    def backward(self, loss: torch.Tensor) -> None:
        """Compute gradients of the sum of all processes' ``loss``."""
        loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types

    def broadcast_buffers(self, model: nn.Module) -> None:
        """Give every process the first one's buffers, such as batch norm's running statistics."""

    def all_reduce(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return the sum over all processes."""
        return tensor

    def all_gather(self, tensor: torch.Tensor) -> list[torch.Tensor]:
        """Return every process's tensor on the CPU, in their order; all have the same shape."""
        return [tensor]

    def broadcast_from_rank0(self, say: Callable[[], Answer]) -> Answer:
        """Return what ``say`` returns in the first process; the others don't call it."""
        return say()

    @contextmanager
    def rank0_first(self) -> Iterator[None]:
        """Let the first process do what is inside before the others, which then find it done."""
        yield

    def barrier(self) -> None:
        """Go on when all have come here."""

    def agreed(self, *wishes: int) -> tuple[int, ...]:
        """Return the highest of all processes' wishes."""
        return wishes


class DistributedGroup(ProcessGroup):
    """One of several processes of torchrun."""

    def __init__(self, device: torch.device) -> None:
        """Find the others; raise RunError if this device can't be one of several, or they are not found."""
        kind = kind_of(device)
        if kind.backend is None:
            raise RunError(f"several processes train together on CPUs or CUDA GPUs, not on `{device}`")
        if not kind.is_host:
            torch.accelerator.set_device_index(device)
        try:
            dist.init_process_group(kind.process_backends())
        except (ValueError, RuntimeError) as error:
            message = f"WORLD_SIZE is set, and the other processes are not found: {str(error).splitlines()[0]}"
            raise RunError(message, "start them with torchrun; for one process unset WORLD_SIZE") from error
        self.rank, self.world_size = dist.get_rank(), dist.get_world_size()
        self._device = device
        self._asked: tuple[dist.Work, torch.Tensor] | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Part; where another process is gone, say so."""
        if error is None and self._asked is not None:
            self._asked[0].wait()
        dist.destroy_process_group()
        if isinstance(error, dist.DistError) or (isinstance(error, RuntimeError) and "gloo" in str(error)):
            raise _left_alone() from error

    def shard(self, samples: torch.Tensor) -> tuple[torch.Tensor, int]:
        """Return as even a part as can be; at least two images, for batch norm can't normalize one by itself."""
        own = samples.tensor_split(self.world_size)[self.rank]
        missing = max(0, 2 - len(own)) if len(samples) > 1 else 1 - len(own)
        return torch.cat([own, samples[:missing]]), missing

    def wrap(self, model: nn.Module) -> nn.Module:
        """Return ``model`` as torch averages its gradients.

        Without looking for unused weights torch would put gradients into other buckets after the first step, add them
        up in another order, and three processes that go on would no longer compute the same bits. Buffers are not sent
        around in each step: training normalizes by its own batch, and ``broadcast_buffers`` comes before evaluation.
        """
        return DistributedDataParallel(model, find_unused_parameters=True, **_NO_BUFFERS)

    def convert_sync_batch_norm(self, model: nn.Module) -> None:
        """Put torch's own, which is for GPUs alone, in the place of each; weights and keys stay."""
        if not kind_of(self._device).has_sync_batch_norm:
            hint = "leave it out, `--set sync_batchnorm=false`, or train on GPUs: PyTorch's works there alone"
            raise RunError("`sync_batchnorm` is not available for processes on CPUs", hint)
        nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]  # torch gives it no types

    def backward(self, loss: torch.Tensor) -> None:
        """Compute gradients of the sum of all processes' ``loss``, of which torch takes the mean."""
        super().backward(loss * self.world_size)

    def broadcast_buffers(self, model: nn.Module) -> None:
        """Give every process the first one's buffers."""
        for buffer in model.buffers():
            dist.broadcast(buffer, 0)

    def all_reduce(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return the sum over all processes."""
        result = tensor.clone()
        dist.all_reduce(result)
        return result

    def all_gather(self, tensor: torch.Tensor) -> list[torch.Tensor]:
        """Return every process's tensor on the CPU, in their order."""
        here = tensor.cpu()
        every = [torch.empty_like(here) for _ in range(self.world_size)]
        dist.all_gather(every, here)
        return every

    def broadcast_from_rank0(self, say: Callable[[], Answer]) -> Answer:
        """Return what ``say`` returns in the first process."""
        said = [say() if self.is_first else None]
        dist.broadcast_object_list(said, 0, device=_CPU)
        return said[0]  # type: ignore[return-value]  # the first process's, and so no None in its place

    @contextmanager
    def rank0_first(self) -> Iterator[None]:
        """Let the first process do what is inside before the others."""
        if not self.is_first:
            self.barrier()
        yield
        if self.is_first:
            self.barrier()

    def barrier(self) -> None:
        """Go on when all have come here; raise RunError if another ended before."""
        try:
            self.all_reduce(torch.zeros(1))  # a barrier would wait for the GPU as well
        except RuntimeError as error:
            raise _left_alone() from error

    def agreed(self, *wishes: int) -> tuple[int, ...]:
        """Return the highest of all processes' wishes of the step before: nobody waits for the answer to the last."""
        wished = torch.tensor(wishes)
        work = dist.all_reduce(wished, dist.ReduceOp.MAX, async_op=True)
        before, self._asked = self._asked, (work, wished)
        if before is None:
            return (0,) * len(wishes)
        before[0].wait()
        return tuple(before[1].tolist())


ALONE = ProcessGroup()


def is_distributed() -> bool:
    """Return whether torchrun, or what sets the same variables, has started this process and others."""
    return os.environ.get("WORLD_SIZE", "1") != "1"


def choose_own_device(name: str | None) -> torch.device:
    """Return the device called ``name``, or the best that is here; of several GPUs the one of this process.

    Raises RunError if it isn't there, or several processes are to share one.
    """
    kind = best_kind() if name is None else KINDS.get(name)
    if not is_distributed() or (name is not None and kind is CPU):
        return choose_device(name)
    if kind is None or (name is not None and kind.backend is None):
        message = f"`{name}` can't be the device of several processes"
        raise RunError(message, "use `cuda`, and each process gets its own GPU, or `cpu`")
    if kind.is_host or kind.backend is None:
        return _CPU
    return choose_device(f"{kind.name}:{os.environ.get('LOCAL_RANK', '0')}")


def join(device: torch.device) -> ProcessGroup:
    """Return the group of this process, which computes on ``device``; RunError if the others are not found."""
    return DistributedGroup(device) if is_distributed() else ALONE


def _left_alone() -> RunError:
    return RunError("another process of this run has ended, so this one ends too")
