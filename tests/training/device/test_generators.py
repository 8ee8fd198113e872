"""Dropout's generators, on devices that have one of their own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch

from builder.training.device.generators import global_states, set_global_states
from builder.training.device.kinds import CUDA, KINDS, MPS, XPU, DeviceKind


@dataclass(frozen=True)
class WithOwnGenerator(DeviceKind):
    """Stands in for a GPU: its generator's state is a tensor in a list."""

    states: tuple[torch.Tensor, ...] = ()

    def random_state(self, device: torch.device) -> torch.Tensor:
        """Return the state."""
        return self.states[device.index or 0].clone()

    def set_random_state(self, device: torch.device, state: torch.Tensor) -> None:
        """Take another."""
        self.states[device.index or 0].copy_(state)


class TestGlobalStates:
    """Whatever a step draws from is kept."""

    def test_a_cpu_has_one(self, cpu: torch.device) -> None:
        """Put back, it draws the same."""
        states = global_states(cpu)
        drawn = torch.rand(3)
        set_global_states(states, cpu)
        assert list(states) == ["cpu"]
        assert torch.equal(torch.rand(3), drawn)

    def test_numbers_that_are_no_state(self, cpu: torch.device) -> None:
        """They have its length, and torch refuses them."""
        state = global_states(cpu)["cpu"]
        with pytest.raises(ValueError, match="it is no state of a generator: Invalid mt19937 state"):
            set_global_states({"cpu": torch.zeros_like(state)}, cpu)
        assert torch.equal(torch.get_rng_state(), state)

    @pytest.mark.parametrize("kind", [CUDA, MPS, XPU])
    def test_every_gpu_has_another(self, monkeypatch: pytest.MonkeyPatch, kind: DeviceKind) -> None:
        """An Apple's and an Intel's too: without it a run with dropout would not resume to the same bits."""
        stand_in = WithOwnGenerator(**vars(kind), states=(torch.tensor([1]), torch.tensor([2])))
        monkeypatch.setitem(KINDS, kind.name, stand_in)
        device = torch.device(kind.name, 1)
        states = global_states(device)
        assert {name: state for name, state in states.items() if name != "cpu"} == {kind.name: torch.tensor([2])}
        stand_in.set_random_state(device, torch.tensor([7]))
        set_global_states(states, device)
        assert [int(state) for state in stand_in.states] == [1, 2]

    def test_the_record_decides(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A device without a generator of its own has the CPU's alone."""
        monkeypatch.setitem(KINDS, "mps", replace(MPS, has_generator=False))
        assert list(global_states(torch.device("mps"))) == ["cpu"]
