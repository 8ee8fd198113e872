"""The global generators that dropout draws from, on whatever device: their states are kept and put back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from builder.training.device.kinds import CPU, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping


def global_states(device: torch.device) -> dict[str, torch.Tensor]:
    """Return the states of the global generators that a step on ``device`` draws from, by kind: ``cpu``, ``cuda``."""
    states, kind = {CPU.name: torch.get_rng_state()}, kind_of(device)
    if kind.has_generator:
        states[kind.name] = kind.random_state(device)
    return states


def set_global_states(states: Mapping[str, torch.Tensor], device: torch.device) -> None:
    """Put the global generators where they were when ``states`` were taken; raise KeyError or ValueError for others."""
    kind = kind_of(device)
    if states[CPU.name].shape != torch.get_rng_state().shape:
        raise ValueError("it is no state of a generator")
    try:
        torch.set_rng_state(states[CPU.name])
        if kind.has_generator:
            kind.set_random_state(device, states[kind.name])
    except RuntimeError as error:  # what torch raises where a state's numbers are none of its generator's
        raise ValueError(f"it is no state of a generator: {error}") from error
