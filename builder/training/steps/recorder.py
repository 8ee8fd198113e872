"""A piece of work on a GPU recorded as a CUDA graph: all that needs one, so that the rest can be tried without.

https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Outputs: TypeAlias = tuple[torch.Tensor, torch.Tensor]
RecordedWork: TypeAlias = "Callable[[], Outputs]"


class Recording(NamedTuple):
    """Work that ``replay`` does again, on the same addresses; what comes of it lies in ``outputs``."""

    replay: Callable[[], None]
    outputs: Outputs


class Recorder(Protocol):
    """What records work."""

    def rehearse(self, work: RecordedWork) -> None:
        """Do the work a few times; raise RuntimeError if it waits for the device, which nothing recorded can."""

    def record(self, work: RecordedWork) -> Recording:
        """Return the work as a recording; raise RuntimeError if it can't be recorded."""


class GpuRecorder:
    """Records the kernels that work starts."""

    def __init__(self, device: torch.device) -> None:
        """Take a stream of the GPU ``device``: a graph can't be recorded on the one that everything else runs on."""
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch gives it no types

    def rehearse(self, work: RecordedWork) -> None:
        """Do the work three times; whatever waits for the device in the last two raises RuntimeError.

        In the first, libraries start and make their workspaces, on the stream that is recorded later.
        """
        before = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(before)
        with torch.cuda.stream(self._stream):
            work()
            with _waiting_is_an_error():
                work()
                work()
        before.wait_stream(self._stream)

    def record(self, work: RecordedWork) -> Recording:
        """Return the work as a graph, which keeps memory of its own; RuntimeError if it can't be recorded.

        Where it can't, the stream and the random numbers are those of before: a recording that breaks off may leave
        the one current, and the generator of the others in the belief that it is recorded.
        """
        with torch.cuda.device(self._device):
            before = torch.cuda.current_stream()
            generator = torch.cuda.default_generators[torch.cuda.current_device()]
            spare = generator.clone_state()
            graph = torch.cuda.CUDAGraph()
            try:
                with torch.cuda.graph(graph, stream=self._stream):
                    outputs = work()
            except BaseException:
                torch.cuda.set_stream(before)
                generator.graphsafe_set_state(spare)
                raise
        return Recording(graph.replay, outputs)


@contextmanager
def _waiting_is_an_error() -> Iterator[None]:
    """Raise RuntimeError where the program would wait for the device.

    Only here can that be found in time: a recording that it ends is left half done.
    https://docs.pytorch.org/docs/stable/generated/torch.cuda.set_sync_debug_mode.html
    """
    before = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns that it does not find everything
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)
