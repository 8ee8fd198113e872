"""Weights from a file into a network, by name, with a report of what fitted."""

from __future__ import annotations

import pickle
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open

from builder.diagnostics import RunError
from builder.files import open_regular, replacing
from builder.training.folder.checkpoints import is_ours, read_checkpoint
from builder.training.weights.foreign_names import translated

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
    """Names of what was loaded, what the file lacks, what the network lacks, and what has another shape.

    ``renamed`` are pairs of the file's name and the network's, where another program wrote the file. Of the loaded,
    ``reshaped`` changed between a linear layer and a 1×1 convolution, which compute the same on one pixel, and
    ``summed`` are the first convolution's weights, added up over the colors for a network that sees one gray channel.
    """

    loaded: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    mismatched: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...] = ()
    reshaped: tuple[str, ...] = ()
    summed: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every weight of the network came from the file, and the file holds no other."""
        return not (self.missing or self.unexpected or self.mismatched)


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a safetensors file, or of one that ``torch.save`` wrote, by name.

    Nothing in the file is executed (``weights_only=True``). Raises RunError if it is neither, or damaged.
    """
    try:
        with open_regular(path) as file:
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

    Names of other programs are understood (``foreign_names``). Raises RunError, and changes nothing, if
    a tensor is not finite or of another kind of number.
    """
    own = model.state_dict()
    names = translated(state, own)
    state = {names[name]: tensor for name, tensor in state.items()}
    for name in own:
        _check_dense(name, state.get(name))
    first = [name for name, tensor in own.items() if tensor.dim() == 4][:1]
    reshaped = tuple(name for name in own if name in state and _is_pointwise(state[name].shape, own[name].shape))
    summed = tuple(name for name in first if name in state and _is_gray(state[name].shape, own[name].shape))
    state |= {name: state[name].reshape(own[name].shape) for name in reshaped}
    state |= {name: state[name].sum(1, keepdim=True) for name in summed}
    fitting = {name: state[name] for name in own if name in state and state[name].shape == own[name].shape}
    for name, tensor in fitting.items():
        _check_numbers(name, tensor, own[name])
    with torch.no_grad():
        for name, tensor in fitting.items():
            own[name].copy_(tensor)
    return Loaded(
        loaded=tuple(fitting),
        missing=tuple(name for name in own if name not in state and not _is_old_counter(name, state)),
        unexpected=tuple(name for name in state if name not in own),
        mismatched=tuple(name for name in own if name in state and name not in fitting),
        renamed=tuple((theirs, ours) for theirs, ours in names.items() if theirs != ours),
        reshaped=reshaped,
        summed=summed,
    )


def save_weights(model: nn.Module, path: Path) -> None:
    """Write the ``state_dict`` of ``model`` as ``torch.save`` does, versions of its modules included."""
    with replacing(path) as written, written.open("wb") as file:  # given a name, it would be part of the content
        torch.save(model.state_dict(), file)


def _is_pointwise(given: torch.Size, wanted: torch.Size) -> bool:
    """Return whether one is a linear layer's shape [out, in], and the other [out, in, 1, 1]."""
    return given != wanted and len(given) + len(wanted) == 6 and (*given, 1, 1)[:4] == (*wanted, 1, 1)[:4]


def _is_gray(given: torch.Size, wanted: torch.Size) -> bool:
    """Return whether a convolution of three colors is given where one of a single channel is wanted."""
    return len(given) == len(wanted) == 4 and (given[1], wanted[1]) == (3, 1) and (given[0], *given[2:]) == (
        wanted[0], *wanted[2:]
    )  # fmt: skip


def _is_old_counter(name: str, state: Mapping[str, torch.Tensor]) -> bool:
    """Return whether ``name`` counts batches beside statistics that were saved before PyTorch 0.4.1 counted any."""
    module, _, leaf = name.rpartition(".")
    return leaf == "num_batches_tracked" and f"{module}.running_mean" in state


def _check_dense(name: str, given: torch.Tensor | None) -> None:
    """Raise RunError where a tensor has no numbers, or not one for each place: what is computed with takes neither."""
    if given is None:
        return
    kind = (
        "quantized" if given.is_quantized
        else "sparse" if given.layout != torch.strided
        else "nested" if given.is_nested
        else "without values (a `meta` tensor)" if given.is_meta
        else None
    )  # fmt: skip
    if kind is not None:
        raise RunError(f"weights: `{name}` is {kind}", "save plain tensors: `tensor.to_dense()`, `.dequantize()`")


def _check_numbers(name: str, given: torch.Tensor, wanted: torch.Tensor) -> None:
    if given.is_floating_point() != wanted.is_floating_point() or given.is_complex() != wanted.is_complex():
        raise RunError(
            f"weights: `{name}` holds {given.dtype}, and the network has {wanted.dtype} there".replace("torch.", "")
        )
    if not bool(given.isfinite().all()):
        raise RunError(f"weights: `{name}` holds infinite values or NaN")


def _from_safetensors(path: Path) -> dict[str, torch.Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            if not is_ours(file.metadata() or {}):
                return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (OSError, SafetensorError) as error:
        raise RunError(f"{path} is not a complete safetensors file: {error}") from error
    return dict(read_checkpoint(path).tensors)


def _from_torch(path: Path) -> dict[str, torch.Tensor]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of what it then refuses
            found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        more = _MORE.search(str(error))
        what = f"holds more than weights, `{more[1]}`" if more else "is a pickle that `torch.save` has not written"
        raise RunError(f"{path} {what}: it is not read", _SAVE_HINT) from error
    except Exception as error:  # damaged files end in nine types of error, KeyError among them
        raise RunError(f"{path} is not a complete PyTorch file: {type(error).__name__}: {error}") from error
    state = _unwrapped(found)
    if state is None:
        raise RunError(f"{path} does not hold tensors by name", _SAVE_HINT)
    return state


def _unwrapped(found: object, depth: int = 2) -> dict[str, torch.Tensor] | None:
    """Return the tensors by name that a file holds, at once or under the names that training scripts give them."""
    if not isinstance(found, dict) or not found:
        return None
    if all(isinstance(each, torch.Tensor) for each in found.values()):
        return {str(name): each for name, each in found.items()}
    inner = (_unwrapped(found[key], depth - 1) for key in _WRAPPERS if depth and key in found)
    return next((each for each in inner if each is not None), None)


_WRAPPERS = (
    "state_dict", "model", "model_state_dict", "net", "params", "network", "weights", "module",
    "model_ema", "state_dict_ema", "ema_state_dict", "params_ema", "ema",
)  # fmt: skip
"""Where training scripts put the weights beside their optimizer and epoch; averaged ones only where there are no other.

timm, torchvision's references, mmpretrain, pytorch-cifar (``net``), BasicSR (``params``).
"""

_MORE = re.compile(r"(?:GLOBAL|class|[Uu]nsupported \w+:?) `?([\w.]+\.[\w.]+)`?")
"""What torch names when something is neither a tensor nor a plain value."""

_SAVE_HINT = "save only the weights: `torch.save(model.state_dict(), path)`"
