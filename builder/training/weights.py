"""Weights from a file into a network, by name, with a report of what fitted."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open

from builder.diagnostics import RunError
from builder.training.checkpoints import is_ours, read_checkpoint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import nn

_MISTAKEN = {
    b"version https://git-lfs": "a Git LFS pointer; `git lfs pull` gets the file",
    b"<": "a web page",
    b"{": "a text",
}


@dataclass(frozen=True)
class Loaded:
    """Names of what was loaded, what the file lacks, what the network lacks, and what has another shape."""

    loaded: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    mismatched: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether every weight of the network came from the file, and the file holds no other."""
        return not (self.missing or self.unexpected or self.mismatched)


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a safetensors file, or of one that ``torch.save`` wrote, by name.

    Nothing in the file is executed (``weights_only=True``). Raises RunError if it is neither, or damaged.
    """
    try:
        with path.open("rb") as file:
            start = file.read(32)
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror or error}") from error
    if start[8:9] == b"{":
        return _from_safetensors(path)
    if start.startswith((b"PK", b"\x80")):
        return _from_torch(path)
    mistaken = next((what for prefix, what in _MISTAKEN.items() if start.startswith(prefix)), None)
    seen = "it is empty" if not start else f"it looks like {mistaken}" if mistaken else "its first bytes are neither's"
    raise RunError(f"{path} holds no weights of safetensors or PyTorch: {seen}")


def load_weights(model: nn.Module, state: Mapping[str, torch.Tensor]) -> Loaded:
    """Copy into ``model`` every tensor of ``state`` that has a name and a shape of its own there; say which.

    Raises RunError, and changes nothing, if one of them is not finite or of another kind of number.
    """
    own = model.state_dict()
    fitting = {name: state[name] for name in own if name in state and state[name].shape == own[name].shape}
    for name, tensor in fitting.items():
        _check_numbers(name, tensor, own[name])
    with torch.no_grad():
        for name, tensor in fitting.items():
            own[name].copy_(tensor)
    return Loaded(
        loaded=tuple(fitting),
        missing=tuple(name for name in own if name not in state),
        unexpected=tuple(name for name in state if name not in own),
        mismatched=tuple(name for name in own if name in state and name not in fitting),
    )


def _check_numbers(name: str, given: torch.Tensor, wanted: torch.Tensor) -> None:
    if given.is_floating_point() != wanted.is_floating_point() or given.is_complex() != wanted.is_complex():
        raise RunError(
            f"weights: `{name}` holds {given.dtype}, and the network has {wanted.dtype} there".replace("torch.", "")
        )
    if not bool(given.isfinite().all()):
        raise RunError(f"weights: `{name}` holds numbers that are infinite or not a number")


def _from_safetensors(path: Path) -> dict[str, torch.Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            if not is_ours(file.metadata() or {}):
                return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (OSError, SafetensorError) as error:
        raise RunError(f"{path} is not a whole safetensors file: {error}") from error
    return dict(read_checkpoint(path).tensors)


def _from_torch(path: Path) -> dict[str, torch.Tensor]:
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise RunError(f"{path} holds more than weights, or is damaged: it is not read", _SAVE_HINT) from error
    except Exception as error:  # damaged files end in nine types of error, KeyError among them
        raise RunError(f"{path} is not a whole PyTorch file: {type(error).__name__}: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(each, torch.Tensor) for each in found.values()):
        raise RunError(f"{path} does not hold tensors by name", _SAVE_HINT)
    return {str(name): each for name, each in found.items()}


_SAVE_HINT = "save the weights alone: `torch.save(model.state_dict(), path)`"
