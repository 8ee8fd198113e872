"""What the recorder asks of CUDA, and in which order: a stand-in for torch's own notes it, for want of a GPU."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import torch

from builder.training.steps import recorder
from builder.training.steps.recorder import GpuRecorder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.training.steps.recorder import Outputs

DEVICE = torch.device("cuda:0")
OUTPUTS = (torch.tensor(1.0), torch.tensor([2.0]))


class Stream:
    """A stream that notes for whom it waits."""

    def __init__(self, name: str, notes: list[str]) -> None:
        """Take its name."""
        self.name, self._notes = name, notes

    def wait_stream(self, other: Stream) -> None:
        """Note it."""
        self._notes.append(f"{self.name} waits for {other.name}")


class Generator:
    """A generator whose state is a word."""

    state = "sound"

    def clone_state(self) -> str:
        """Return a copy."""
        return f"copy of {self.state}"

    def graphsafe_set_state(self, state: str) -> None:
        """Take another state."""
        self.state = state


class Cuda:
    """As much of ``torch.cuda`` as the recorder uses."""

    def __init__(self) -> None:
        """Begin on the stream that everything runs on."""
        self.notes: list[str] = []
        self.current, self.sync_mode = Stream("main", self.notes), 0
        self.default_generators = [Generator()]

    def Stream(self, device: torch.device) -> Stream:  # noqa: N802 - torch's name
        """Return the stream of the recorder."""
        return Stream("side", self.notes)

    def CUDAGraph(self) -> SimpleNamespace:  # noqa: N802 - torch's name
        """Return a graph."""
        return SimpleNamespace(replay=lambda: self.notes.append("replay"))

    def current_stream(self, device: torch.device | None = None) -> Stream:
        """Return where kernels go."""
        return self.current

    def current_device(self) -> int:
        """Return the first."""
        return 0

    def set_stream(self, stream: Stream) -> None:
        """Let kernels go there."""
        self.current = stream

    @contextmanager
    def device(self, device: torch.device) -> Iterator[None]:
        """Be on the first, as always."""
        yield

    @contextmanager
    def stream(self, stream: Stream) -> Iterator[None]:
        """Let kernels go there while this lasts."""
        before, self.current = self.current, stream
        yield
        self.current = before

    @contextmanager
    def graph(self, graph: object, stream: Stream) -> Iterator[None]:
        """Record; a recording that breaks off leaves its stream current, as older versions of torch did."""
        self.current = stream
        self.default_generators[0].state = "recorded"
        yield
        self.default_generators[0].state = "sound"
        self.current = Stream("main", self.notes)

    def get_sync_debug_mode(self) -> int:
        """Return what happens where the program waits."""
        return self.sync_mode

    def set_sync_debug_mode(self, mode: int | str) -> None:
        """Change it."""
        self.sync_mode = mode


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Cuda:
    """Return what stands in for ``torch.cuda``."""
    made = Cuda()
    monkeypatch.setattr(recorder, "torch", SimpleNamespace(cuda=made))
    return made


class TestRehearse:
    """Three times, beside what everything else runs on."""

    def test_only_the_first_may_wait(self, cuda: Cuda) -> None:
        """When libraries start; each stream waits for the other before it goes on."""

        def work() -> Outputs:
            cuda.notes.append(f"{cuda.current.name}, waiting is {cuda.sync_mode}")
            return OUTPUTS

        GpuRecorder(DEVICE).rehearse(work)
        assert cuda.notes == [
            "side waits for main",
            "side, waiting is 0",
            "side, waiting is error",
            "side, waiting is error",
            "main waits for side",
        ]
        assert cuda.sync_mode == 0

    def test_after_an_error_waiting_is_allowed_again(self, cuda: Cuda) -> None:
        """The run goes on without a recording, and waits at its end."""

        def work() -> Outputs:
            if cuda.sync_mode == "error":
                raise RuntimeError("called a synchronizing CUDA operation")
            return OUTPUTS

        with pytest.raises(RuntimeError, match="synchronizing"):
            GpuRecorder(DEVICE).rehearse(work)
        assert cuda.sync_mode == 0


class TestRecord:
    """Once, on the stream of the rehearsal."""

    def test_outputs_and_replay_are_the_graphs(self, cuda: Cuda) -> None:
        """And the generator is the one that the graph knows."""
        seen = []

        def work() -> Outputs:
            seen.append(cuda.current.name)
            return OUTPUTS

        recording = GpuRecorder(DEVICE).record(work)
        recording.replay()
        assert (seen, cuda.notes) == (["side"], ["replay"])
        assert recording.outputs is OUTPUTS
        assert cuda.default_generators[0].state == "sound"

    @pytest.mark.parametrize("error", [RuntimeError("not permitted"), KeyboardInterrupt()])
    def test_where_it_breaks_off_everything_is_as_before(self, cuda: Cuda, error: BaseException) -> None:
        """The stream, and a generator that does not believe that it is recorded."""

        def work() -> Outputs:
            raise error

        with pytest.raises(type(error)):
            GpuRecorder(DEVICE).record(work)
        assert cuda.current.name == "main"
        assert cuda.default_generators[0].state == "copy of sound"
