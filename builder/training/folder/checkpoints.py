"""Tensors and a JSON record in one file, with a checksum over both.

The file is a safetensors file, so that anybody can read the weights; it holds no code.
https://huggingface.co/docs/safetensors. Its metadata carry the record and the SHA-256 that safetensors lacks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from builder.diagnostics import RunError
from builder.files import check_regular, reason_of, replacing
from builder.json_files import parse_json
from builder.training.folder.header import KEY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LOST = "train again; best.safetensors, where it is whole, holds the weights of the best epoch so far"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Named tensors on the CPU, and what else is to be remembered, as JSON values."""

    tensors: Mapping[str, torch.Tensor]
    record: Mapping[str, object]

    def group(self, prefix: str) -> dict[str, torch.Tensor]:
        """Return the tensors whose names begin with ``prefix`` and a slash, by the rest of their names."""
        return {
            name.removeprefix(f"{prefix}/"): each
            for name, each in self.tensors.items()
            if name.startswith(f"{prefix}/")
        }


def write_checkpoint(path: Path, checkpoint: Checkpoint, former: Path | None = None) -> None:
    """Write ``checkpoint`` to ``path``, whole or not at all, and keep what was there as ``former``.

    Raises RunError if it can't be written; what was there stays.
    """
    tensors = _unshared(checkpoint.tensors)
    record = json.dumps(checkpoint.record, sort_keys=True)
    metadata = {KEY: json.dumps({"record": record, "sha256": _checksum(tensors, record)})}
    with replacing(path, former) as written:
        written.write_bytes(save(tensors, metadata))  # save_file's own temporary file would outlive a killed process


def read_checkpoint(path: Path) -> Checkpoint:
    """Return the checkpoint at ``path``; raise RunError unless it is there, whole and what was written."""
    try:
        check_regular(path)
        with safe_open(path, framework="pt") as file:
            ours = parse_json((file.metadata() or {})[KEY])
            record, checksum = str(ours["record"]), str(ours["sha256"])
            content = parse_json(record)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (OSError, SafetensorError) as error:
        raise RunError(f"{path} is not a complete checkpoint: {reason_of(error)}") from error
    except (KeyError, ValueError, TypeError) as error:
        raise RunError(f"{path} is damaged, or not a checkpoint of archcli: no `{KEY}` record") from error
    if checksum != _checksum(tensors, record):
        raise RunError(f"{path} is damaged: its checksum is not that of its content")
    return Checkpoint(tensors, content)


def read_newest(last: Path, previous: Path) -> tuple[Checkpoint, str | None]:
    """Return the checkpoint at ``last`` or else the one before it, and what is wrong with ``last``.

    There is no ``last``, and nothing wrong, where a process was killed while one took the other's place.
    Raises RunError, with what is wrong with each, if neither is whole.
    """
    try:
        return read_checkpoint(last), None
    except RunError as error:
        damage = error.message if last.exists() else None
    try:
        return read_checkpoint(previous), damage
    except RunError as error:
        wrong = [damage or f"{last} is gone", error.message if previous.exists() else f"{previous.name} is gone too"]
        raise RunError(f"this run cannot continue: {'; '.join(wrong)}", LOST) from error


def read_best(path: Path) -> Checkpoint:
    """Return the weights of a run's best epoch, which it can't end without; raise RunError unless they are whole."""
    try:
        return read_checkpoint(path)
    except RunError as error:
        hint = "restore it, or train again: at its end, a run tests the weights of its best epoch"
        raise RunError(error.message, hint) from error


def is_ours(metadata: Mapping[str, str]) -> bool:
    """Return whether a safetensors file with this metadata was written here, and so has a checksum to verify."""
    return KEY in metadata


def _unshared(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the tensors on the CPU, with a copy of each that shares memory: safetensors refuses those."""
    seen: set[int] = set()
    alone = {}
    for name, tensor in tensors.items():
        here = tensor.detach().cpu().contiguous()
        address = here.untyped_storage().data_ptr()
        alone[name] = here.clone() if address in seen or here.untyped_storage().nbytes() != here.nbytes else here
        seen.add(address)
    return alone


def _checksum(tensors: Mapping[str, torch.Tensor], record: str) -> str:
    """Return SHA-256 over the record and every tensor's name, type, shape and bytes."""
    digest = sha256(record.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
