"""A run that goes on on another kind of device: what is put back, and what is new and told."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
import torch

from builder.training import trainer
from builder.training.device.kinds import KINDS, DeviceKind
from builder.training.folder.checkpoints import read_checkpoint
from builder.training.folder.run_folder import RunFolder
from builder.training.interrupts import Interrupted
from builder.training.progress import BatchDone, GoingOn, Progress
from builder.training.snapshot import changed_generator
from builder.training.trainer import train
from tests.training.tiny_task import TinyNetwork

if TYPE_CHECKING:
    from pathlib import Path

    from builder.training.data.dataset import DataSet
    from builder.training.recipe.recipe import Recipe

CPU = torch.device("cpu")


class Gpu(DeviceKind):
    """Stands in for a GPU with a generator of its own, which here is a tensor: it computes as the CPU does."""

    state = torch.zeros(16, dtype=torch.uint8)

    def random_state(self, device: torch.device) -> torch.Tensor:
        """Return the state."""
        return self.state.clone()

    def set_random_state(self, device: torch.device, state: torch.Tensor) -> None:
        """Take another."""
        type(self).state = state.clone()

    def seeded_state(self, device: torch.device, seed: int) -> torch.Tensor:
        """Return something that only the seed decides."""
        return torch.tensor([*seed.to_bytes(8, "big")] * 2, dtype=torch.uint8)


class Begun:
    """A run that was stopped in its second epoch, on a CPU or on what stands in for a GPU."""

    GPU = Gpu("gpu", is_host=False, tells_memory=False)

    def __init__(self, data: DataSet, recipe: Recipe, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Draw no curves."""
        self._data, self._recipe, self._place, self._monkeypatch = data, recipe, place, monkeypatch
        monkeypatch.setattr(trainer, "draw_curves", lambda rows, folder: None)

    def stopped(self, *, gpu: bool) -> RunFolder:
        """Return its folder."""
        steps = 0

        def stop(event: Progress) -> None:
            nonlocal steps
            steps += isinstance(event, BatchDone) and event.phase == "train"
            if steps == 7:
                signal.raise_signal(signal.SIGINT)

        folder = RunFolder.create(self._place, "tiny")
        self._on(gpu=gpu)
        with pytest.raises(Interrupted):
            train(TinyNetwork(), self._data, self._recipe, folder, CPU, stop)
        return folder

    def resumed(self, folder: RunFolder, *, gpu: bool) -> tuple[tuple[str, ...], torch.Tensor]:
        """Return what is told to be another thing, and the state of the GPU's generator when it goes on."""
        told: list[tuple[str, ...]] = []
        states: list[torch.Tensor] = []

        def report(event: Progress) -> None:
            if isinstance(event, GoingOn):
                told.append(event.changed)
                states.append(Gpu.state.clone())

        self._on(gpu=gpu)
        train(TinyNetwork(), self._data, self._recipe, folder, CPU, report)
        return told[0], states[0]

    def _on(self, *, gpu: bool) -> None:
        self._monkeypatch.undo()
        self._monkeypatch.setattr(trainer, "draw_curves", lambda rows, folder: None)
        self._monkeypatch.setattr(Gpu, "state", torch.full((16,), 9, dtype=torch.uint8))
        if gpu:
            self._monkeypatch.setitem(KINDS, "cpu", self.GPU)


@pytest.fixture
def begun(data: DataSet, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Begun:
    """Return what begins runs and goes on with them."""
    return Begun(data, recipe, tmp_path, monkeypatch)


class TestAnotherDevice:
    """Tried on a laptop, finished on a server, or the other way round."""

    def test_a_run_of_a_cpu_goes_on_on_a_gpu_and_says_what_is_new(self, begun: Begun) -> None:
        """Its generator is seeded by the run's seed and its step: the same each time, and another in each step."""
        folder = begun.stopped(gpu=False)
        kept = folder.last.read_bytes()
        told, state = begun.resumed(folder, gpu=True)
        assert told == ("device: cpu (1 threads) before, cpu now", "dropout: random numbers of cpu before, of gpu now")
        assert not torch.equal(state, torch.full((16,), 9, dtype=torch.uint8)), "it was seeded"
        folder.last.write_bytes(kept)
        assert torch.equal(begun.resumed(folder, gpu=True)[1], state)

    def test_a_run_of_a_gpu_goes_on_on_a_cpu_and_says_what_is_new(self, begun: Begun) -> None:
        """Its own generator, as it stood, draws from now on."""
        folder = begun.stopped(gpu=True)
        told, _ = begun.resumed(folder, gpu=False)
        assert told[1:] == ("dropout: random numbers of gpu before, of cpu now",)

    @pytest.mark.parametrize("gpu", [False, True])
    def test_on_the_same_kind_nothing_is_new(self, begun: Begun, *, gpu: bool) -> None:
        """The generator stands where it stood."""
        folder = begun.stopped(gpu=gpu)
        told, state = begun.resumed(folder, gpu=gpu)
        assert told == ()
        assert torch.equal(state, torch.full((16,), 9, dtype=torch.uint8))

    def test_the_checkpoint_knows_what_it_drew_from(self, begun: Begun) -> None:
        """By the generators whose states it holds."""
        taken = read_checkpoint(begun.stopped(gpu=True).last)
        assert "random/gpu/0" in taken.tensors
        assert changed_generator(taken, CPU) == ()
