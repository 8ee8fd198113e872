"""Everything that a run must know to go on from where it stands to the same final weights, bit for bit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import torch

from builder.diagnostics import RunError
from builder.training.checkpoints import Checkpoint
from builder.training.loop import Tally
from builder.training.weights import load_weights

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer


@dataclass
class Position:
    """How far a run has come. Seconds count over all its sessions, and metrics in bytes of their file."""

    epoch: int = 1
    step: int = 0
    best_epoch: int = 0
    best_accuracy: float = 0.0
    metrics_bytes: int = 0
    seconds: float = 0.0
    epoch_began: float = 0.0


def take_snapshot(
    model: nn.Module, optimizer: Optimizer, tally: Tally, position: Position, identity: dict[str, str]
) -> Checkpoint:
    """Return the state of a run; ``identity`` says of which recipe and data."""
    tensors = {f"model/{name}": each for name, each in model.state_dict().items()}
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{number}/{name}": each for name, each in state.items() if each is not None}
    tensors |= {"tally/losses": tally.losses, "tally/correct": tally.correct}
    tensors |= {f"random/{name}": state for name, state in _random_states(tally.losses.device).items()}
    return Checkpoint(tensors, {"position": asdict(position), "identity": identity})


def restore_snapshot(
    checkpoint: Checkpoint, model: nn.Module, optimizer: Optimizer, device: torch.device, identity: dict[str, str]
) -> tuple[Position, Tally]:
    """Put ``model``, ``optimizer`` and torch's random numbers where ``checkpoint`` was taken; return the rest.

    Raises RunError if it belongs to another network, recipe or data, or to a machine without this device.
    """
    recorded = checkpoint.record["identity"]
    changed = [
        what for what, value in identity.items() if not isinstance(recorded, dict) or recorded.get(what) != value
    ]
    if changed:
        raise _foreign(f"another {' and another '.join(changed)}")
    if not load_weights(model, checkpoint.group("model")).complete:
        raise _foreign("another network")
    _restore_optimizer(checkpoint, optimizer)
    _restore_random_states(checkpoint, device)
    position = Position(**checkpoint.record["position"])  # type: ignore[arg-type]  # our own record, checksum verified
    tally = checkpoint.group("tally")
    return position, Tally(position.epoch, tally["losses"].to(device), tally["correct"].to(device))


def _restore_optimizer(checkpoint: Checkpoint, optimizer: Optimizer) -> None:
    """Restore what the optimizer remembers of each weight; torch itself would take any shape for it."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    for name, tensor in checkpoint.group("optimizer").items():
        number, _, what = name.partition("/")
        if int(number) >= len(weights) or (tensor.dim() and tensor.shape != weights[int(number)].shape):
            raise _foreign("another optimizer or network")
        state.setdefault(int(number), {})[what] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _random_states(device: torch.device) -> dict[str, torch.Tensor]:
    """Return the states of the global generators that dropout draws from."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def _restore_random_states(checkpoint: Checkpoint, device: torch.device) -> None:
    states = checkpoint.group("random")
    if device.type == "cuda" and "cuda" not in states:
        raise _foreign("a CPU, where dropout draws other random numbers")
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)


def _foreign(what: str) -> RunError:
    return RunError(f"this run can't go on: its checkpoint was taken with {what}", "start a new run")
