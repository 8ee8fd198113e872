"""Everything that a run must know to go on from where it stands to the same final weights, bit for bit."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from builder.diagnostics import RunError
from builder.json_files import from_object
from builder.training.device.distributed import ALONE
from builder.training.device.generators import global_states, set_global_states
from builder.training.device.kinds import CPU, kind_of
from builder.training.folder.checkpoints import Checkpoint
from builder.training.folder.header import RunHeader, changed_in
from builder.training.randomness import stream
from builder.training.steps.loop import EpochTally
from builder.training.weights.files import load_weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import nn
    from torch.optim import Optimizer

    from builder.training.device.distributed import ProcessGroup
    from builder.training.steps.average import Average, SlowWeights


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


@dataclass(frozen=True)
class SnapshotOrigin:
    """What a run is of: its network, recipe and data, what its bits depend on besides, and by how many it is trained.

    The header's ``metrics`` are those of the moment, and tell nothing of where a run comes from.
    """

    header: RunHeader
    arithmetic: Mapping[str, str]
    processes: int = 1

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> SnapshotOrigin:
        """Return what ``checkpoint`` was taken of."""
        record: Mapping[str, Any] = checkpoint.record
        try:
            origin, header = record["origin"], RunHeader.of(record)
            return cls(header, dict(origin["arithmetic"]), int(origin["processes"]))
        except (KeyError, TypeError, ValueError, OverflowError):
            raise _foreign("another version of this program") from None

    @property
    def record(self) -> dict[str, object]:
        """The same as JSON values, by the names under which a checkpoint's record holds them."""
        own = {"arithmetic": dict(self.arithmetic), "processes": self.processes}
        return {"origin": own, **self.header.record}

    def changed(self, before: SnapshotOrigin) -> tuple[str, ...]:
        """Return what the bits depend on and is not what it was, with both values."""
        return tuple(
            f"{name}: {before.arithmetic.get(name)} before, {now} now"
            for name, now in self.arithmetic.items()
            if before.arithmetic.get(name) != now
        )

    def after(self, before: SnapshotOrigin) -> SnapshotOrigin:
        """Return the same with what only ``before`` says of the network, for a folder that has lost a file."""
        return replace(self, header=replace(self.header, network=self.header.network or before.header.network))

    def check_same_run(self, before: SnapshotOrigin) -> None:
        """Raise RunError, with what is another, unless this goes on with the run that ``before`` was."""
        now, then = self.header, before.header
        changed = changed_in(then.recipe, now.recipe) if then.recipe and now.recipe else []
        if changed:
            raise _foreign(f"another {', '.join(f'`{name}`' for name in changed)} in its recipe")
        if now.network and then.network and now.network != then.network:
            raise _foreign("another network")
        if now.fingerprint != then.fingerprint:
            raise _foreign("other data")
        if self.processes != before.processes:
            message = f"this run was begun by {_counted(before.processes)}, and this is {_counted(self.processes)}"
            raise RunError(message, _same_command(before.processes))


def take_snapshot(
    model: nn.Module,
    optimizer: Optimizer,
    tally: EpochTally,
    position: Position,
    origin: SnapshotOrigin,
    group: ProcessGroup = ALONE,
    average: Average | None = None,
    slow: SlowWeights | None = None,
) -> Checkpoint:
    """Return the state of a run of ``origin``; all processes of a ``group`` take it together."""
    tensors = {f"model/{name}": each for name, each in model.state_dict().items()}
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{number}/{name}": each for name, each in state.items() if each is not None}
    if average is not None:
        tensors |= {f"average/{name}": each for name, each in average.tensors.items()}
    if slow is not None:
        tensors |= {f"lookahead/{name}": each for name, each in slow.tensors.items()}
    whole = tally.all_reduce(group)
    tensors |= {"tally/losses": whole.losses, "tally/correct": whole.correct}
    for name, own in global_states(tally.losses.device).items():
        tensors |= {f"random/{name}/{number}": each for number, each in enumerate(group.all_gather(own))}
    return Checkpoint(tensors, {"position": asdict(position), **origin.record})


def restore_snapshot(
    checkpoint: Checkpoint,
    model: nn.Module,
    optimizer: Optimizer,
    device: torch.device,
    group: ProcessGroup = ALONE,
    average: Average | None = None,
    slow: SlowWeights | None = None,
) -> tuple[Position, EpochTally]:
    """Put everything, torch's random numbers too, where it was when ``checkpoint`` was taken; return what is new.

    What all processes had measured, the first one has from now on.

    A checkpoint of a CPU goes on on a GPU and the other way round, where dropout then draws from another generator.

    Raises RunError if it belongs to another network or optimizer, or lacks something.
    """
    try:
        return _restored(checkpoint, model, optimizer, device, group, average, slow)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _foreign("another version of this program") from error


def _restored(
    checkpoint: Checkpoint,
    model: nn.Module,
    optimizer: Optimizer,
    device: torch.device,
    group: ProcessGroup,
    average: Average | None,
    slow: SlowWeights | None,
) -> tuple[Position, EpochTally]:
    """Restore as ``restore_snapshot`` does; raise KeyError, TypeError, ValueError or AttributeError for what lacks."""
    if not load_weights(model, checkpoint.group("model")).complete:
        raise _foreign("another network")
    _restore_optimizer(checkpoint, optimizer)
    if average is not None:
        average.restore(checkpoint.group("average"))
    if slow is not None:
        slow.restore(checkpoint.group("lookahead"))
    position = from_object(Position, checkpoint.record["position"])  # type: ignore[arg-type]  # it says what is none
    tally = checkpoint.group("tally")
    done = (position.epoch - 1) * len(tally["losses"]) + position.step
    _restore_random_states(checkpoint, device, group.rank, done)
    if not group.is_first:
        return position, EpochTally.empty(position.epoch, len(tally["losses"]), device)
    return position, EpochTally(position.epoch, tally["losses"].to(device), tally["correct"].to(device))


def _restore_optimizer(checkpoint: Checkpoint, optimizer: Optimizer) -> None:
    """Restore what the optimizer remembers of each weight; torch itself would take any shape for it."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    for name, tensor in checkpoint.group("optimizer").items():
        number, _, what = name.partition("/")
        if int(number) >= len(weights) or (tensor.dim() and tensor.shape != weights[int(number)].shape):
            raise _foreign("another optimizer or network")
        state.setdefault(int(number), {})[what] = (
            tensor if tensor.dim() == 0 else _laid_out(tensor, weights[int(number)])
        )
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _laid_out(tensor: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return ``tensor`` with its numbers in the order of ``weight``: fused optimizers pair them as they lie."""
    return torch.empty_like(weight, dtype=tensor.dtype, device="cpu", requires_grad=False).copy_(tensor)


def changed_generator(checkpoint: Checkpoint, device: torch.device) -> tuple[str, ...]:
    """Return that dropout will draw from the generator of another kind of device than it drew from, if so."""
    drew = {name.partition("/")[0] for name in checkpoint.group("random")} - {CPU.name}
    before = next(iter(sorted(drew)), CPU.name)
    now = kind_of(device).name if kind_of(device).has_generator else CPU.name
    return () if before == now else (f"dropout: random numbers of {before} before, of {now} now",)


def _restore_random_states(checkpoint: Checkpoint, device: torch.device, number: int, done: int) -> None:
    """Put the generators back; one that the checkpoint does not know is seeded, and so is the same each time."""
    states, kind = checkpoint.group("random"), kind_of(device)
    own = {name.removesuffix(f"/{number}"): each for name, each in states.items() if name.endswith(f"/{number}")}
    if kind.has_generator and kind.name not in own:
        recipe = SnapshotOrigin.of(checkpoint).header.recipe
        seed = stream(recipe.seed if recipe else 0, f"dropout of {number}", done).initial_seed()
        own[kind.name] = kind.seeded_state(device, seed)
    set_global_states(own, device)


def _counted(processes: int) -> str:
    return "one process" if processes == 1 else f"{processes} processes"


def _same_command(processes: int) -> str:
    if processes == 1:
        return "continue it without torchrun"
    return f"continue with as many processes: torchrun --nproc-per-node {processes} --no-python archcli resume …"


def _foreign(what: str) -> RunError:
    return RunError(f"this run cannot continue: its checkpoint was taken with {what}", "start a new run")
