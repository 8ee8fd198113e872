"""Files of weights: safetensors, what ``torch.save`` writes, and our own checkpoints with a record and a checksum."""

from __future__ import annotations

import io
import json
import struct
import warnings
import zipfile
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from benchmarks.fuzzing.mutation import byte_mutant, json_mutant, tree_mutant
from benchmarks.fuzzing.target import Target
from builder.runs.weights import Weights, described
from builder.training.folder.checkpoints import KEY, _checksum, read_checkpoint
from builder.training.folder.header import RunHeader
from builder.training.folder.run_files import RunData
from builder.training.recipe.recipe import load_recipe
from builder.training.snapshot import Position, SnapshotOrigin, restore_snapshot, take_snapshot
from builder.training.steps.loop import EpochTally
from builder.training.weights.files import load_weights, read_weights

if TYPE_CHECKING:
    import random
    from pathlib import Path

CPU = torch.device("cpu")
DTYPES = (
    torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.uint8, torch.bool, torch.complex64,
    torch.float8_e4m3fn, torch.uint16,
)  # fmt: skip
SHAPES = ((4, 3, 3, 3), (4,), (2, 4), (2,), (), (0,), (1, 1), (4, 1, 3, 3), (2, 4, 1, 1), (0, 4))
WRAPPERS = ("state_dict", "model", "net", "module", "params", "model_ema", "optimizer", "epoch")
DTYPE_WORDS = ("F32", "F16", "BF16", "F64", "I64", "U8", "BOOL", "F8_E4M3", "F8_E5M2", "C64", "U16", "F4", "dtype",
               "shape", "data_offsets", "__metadata__")  # fmt: skip


def safetensors_target() -> Target:
    """Return safetensors files."""
    return Target(_read_weights, _safetensors_seeds, _safetensors_mutant, DTYPE_WORDS, 4096, seconds=2.0)


def torch_target() -> Target:
    """Return files of ``torch.save``: archives with a pickle, and pickles alone as before PyTorch 1.6."""
    return Target(_read_weights, _torch_seeds, _torch_mutant, WRAPPERS, 8192, seconds=2.0)


def checkpoint_target() -> Target:
    """Return our own checkpoints; their checksum is made right again most of the time."""
    return Target(_read_last, _checkpoint_seeds, _checkpoint_mutant, DTYPE_WORDS, 16_384, seconds=2.0)


def network() -> torch.nn.Module:
    """Return what weights are loaded into: a convolution, a norm, a linear layer; always with the same numbers."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        return torch.nn.Sequential(
            torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(),
            torch.nn.Linear(4, 2),
        )  # fmt: skip


def _quantized(tensor: torch.Tensor) -> torch.Tensor:
    """Return whole numbers with a scale, as older PyTorch made them; newer ones warn, and still read them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return torch.quantize_per_tensor(tensor, 0.1, 0, torch.qint8)


def _read_weights(data: bytes, folder: Path) -> None:
    """Read weights, put them into a network, and say what fitted."""
    path = folder / "weights"
    path.write_bytes(data)
    fitted = load_weights(network(), read_weights(path))
    described(Weights(str(path), fitted), verbose=True).encode("utf-8", "replace")
    described(Weights(str(path), fitted)).encode("utf-8", "replace")


def _read_last(data: bytes, folder: Path) -> None:
    """Read a checkpoint and put everything where it was."""
    path = folder / "last.safetensors"
    path.write_bytes(data)
    checkpoint = read_checkpoint(path)
    origin = SnapshotOrigin.of(checkpoint)
    origin.changed(origin)
    model = network()
    restore_snapshot(checkpoint, model, torch.optim.SGD(model.parameters(), 0.1, momentum=0.9), CPU)


def _safetensors_seeds() -> list[bytes]:
    state = {name: each.contiguous() for name, each in network().state_dict().items()}
    typed = {f"{n}.weight": torch.zeros(2, 3).to(each) for n, each in enumerate(DTYPES)}
    return [save(state), save(typed, {"format": "pt"}), save({"0.weight": torch.ones(4, 1, 3, 3)})]


def _split(data: bytes) -> tuple[bytes, bytes]:
    """Return the JSON header and what follows it."""
    length = int.from_bytes(data[:8], "little")
    return data[8 : 8 + length], data[8 + length :]


def _joined(header: bytes, content: bytes, numbers: random.Random) -> bytes:
    length = len(header) if numbers.random() < 0.95 else numbers.choice([0, 1, len(header) - 1, 2**40, 2**64 - 1])
    return struct.pack("<Q", max(0, length)) + header + content


def _safetensors_mutant(data: bytes, numbers: random.Random) -> bytes:
    """Change the header; most often its offsets are made to fit the shapes again."""
    header, content = _split(data)
    kind = numbers.random()
    if kind < 0.15:
        return byte_mutant(data, numbers)
    if kind < 0.5:
        return _joined(json_mutant(header, numbers, DTYPE_WORDS), content, numbers)
    try:
        tensors = json.loads(header)
        names = [name for name in tensors if name != "__metadata__"]
        chosen = tensors[numbers.choice(names)]
        chosen["shape"] = list(numbers.choice(SHAPES)) if numbers.random() < 0.7 else tree_mutant([2, 3], numbers)
        chosen["dtype"] = numbers.choice(DTYPE_WORDS) if numbers.random() < 0.3 else chosen["dtype"]
        header, length = _fitted(tensors, names)
        return _joined(header, (content + bytes(length))[:length], numbers)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError):
        return byte_mutant(data, numbers)


SIZES = {"F64": 8, "I64": 8, "C64": 8, "F32": 4, "F16": 2, "BF16": 2, "U16": 2}


def _fitted(tensors: dict[str, Any], names: list[str]) -> tuple[bytes, int]:
    """Return the header with each tensor behind the one before it, and the length of all."""
    at = 0
    for name in names:
        size = SIZES.get(tensors[name]["dtype"], 1)
        for side in tensors[name]["shape"]:
            size *= int(side)
        tensors[name]["data_offsets"] = [at, at + size]
        at += size
    if at > 4000:
        raise OverflowError("longer than an input may be")
    return json.dumps(tensors).encode(), at


def _torch_seeds() -> list[bytes]:
    state = network().state_dict()
    odd: dict[str, Any] = {
        "0.weight": torch.nn.Parameter(torch.ones(4, 3, 3, 3)), "4.weight": torch.ones(2, 4).to_sparse(),
        "4.bias": _quantized(torch.ones(2)),
    }  # fmt: skip
    values = (state, {"state_dict": state, "epoch": 3}, odd, {"0.weight": torch.ones(4, 3, 3, 3, device="meta")})
    return [*map(_saved, values), _saved(state, legacy=True)]


def _saved(value: object, *, legacy: bool = False) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=not legacy)
    return file.getvalue()


_UNREADABLE = (ValueError, KeyError, IndexError, OSError, NotImplementedError, RuntimeError, EOFError)


def _torch_mutant(data: bytes, numbers: random.Random) -> bytes:
    """Save another mapping, or change bytes of the pickle inside the archive, of the archive, or of a member."""
    kind = numbers.random()
    if kind < 0.35:
        return _saved(_state(numbers), legacy=numbers.random() < 0.2)
    if kind < 0.85:
        try:
            return _rezipped(data, numbers)
        except (zipfile.BadZipFile, *_UNREADABLE):  # an archive without a member too
            pass
    return byte_mutant(data, numbers)


def _state(numbers: random.Random, depth: int = 2) -> dict[Any, Any]:
    """Return names with tensors, as people save them, or nearly."""
    names = [
        "0.weight",
        "0.bias",
        "1.running_mean",
        "1.num_batches_tracked",
        "4.weight",
        "4.bias",
        "module.0.weight",
        3,
    ]
    found = {numbers.choice(names): _tensor(numbers) for _ in range(numbers.randint(0, 5))}
    if depth and numbers.random() < 0.3:
        return {numbers.choice(WRAPPERS): _state(numbers, depth - 1), "epoch": numbers.choice([1, None, "x", 2.5])}
    return found


def _tensor(numbers: random.Random) -> object:
    """Return a tensor of any type, shape and layout."""
    tensor = torch.zeros(numbers.choice(SHAPES)).to(numbers.choice(DTYPES))
    kind = numbers.random()
    if kind < 0.1:
        return tensor.to("meta")
    if kind < 0.2 and tensor.dtype == torch.float32 and tensor.dim():
        return numbers.choice([tensor.to_sparse(), _quantized(tensor)])
    if kind < 0.3 and tensor.is_floating_point() and tensor.dtype.itemsize > 1:
        return numbers.choice([tensor.fill_(float("nan")), torch.nn.Parameter(tensor), tensor.expand(1, *tensor.shape)])
    if kind < 0.35:
        return numbers.choice([None, 1, "x", [tensor], {"a": tensor}])
    return tensor


def _rezipped(data: bytes, numbers: random.Random) -> bytes:
    """Return the archive with the bytes of one member changed, or without one."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(written, "w") as after:
        names = before.namelist()
        chosen = numbers.choice([*names, *([name for name in names if name.endswith("data.pkl")] * 5)])
        for name in names:
            content = before.read(name)
            if name == chosen and numbers.random() < 0.1:
                continue
            member = zipfile.ZipInfo(name)  # with a date that is always the same
            after.writestr(member, byte_mutant(content, numbers) if name == chosen else content)
    return written.getvalue()


def _checkpoint_seeds() -> list[bytes]:
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    model(torch.ones(2, 3, 8, 8)).sum().backward()
    optimizer.step()
    header = RunHeader("0123", load_recipe("digits"), ("a", "b"), RunData("digits", None, 100), "4567")
    origin = SnapshotOrigin(header, {"precision": "fp32, contiguous"})
    taken = take_snapshot(model, optimizer, EpochTally.empty(1, 3, CPU), Position(2, 1, 1, 0.5, 99, 1.5), origin)
    # the state of the random numbers is half of the file, and its bytes say nothing
    return [_sealed(dict(taken.tensors), taken.record)]


def _sealed(tensors: dict[str, torch.Tensor], record: object) -> bytes:
    text = json.dumps(record)
    whole = {name: each.contiguous() for name, each in tensors.items()}
    return save(whole, {KEY: json.dumps({"record": text, "sha256": _checksum(whole, text)})})


def _checkpoint_mutant(data: bytes, numbers: random.Random) -> bytes:
    """Change the record, or a tensor, under a right checksum; one time in six change bytes."""
    try:
        if numbers.random() < 0.17:
            raise ValueError("bytes")  # noqa: TRY301 - the other way to this change
        return _resealed(data, numbers)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RuntimeError, SafetensorError):
        return byte_mutant(data, numbers, 3000)


def _resealed(data: bytes, numbers: random.Random) -> bytes:
    tensors = load(data)
    record = json.loads(json.loads(json.loads(_split(data)[0])["__metadata__"][KEY])["record"])
    if numbers.random() < 0.7:
        return _sealed(tensors, tree_mutant(record, numbers, ("position", "origin", "epoch", "recipe", "step")))
    name = numbers.choice(sorted(tensors))
    kind = numbers.random()
    if kind < 0.3:
        del tensors[name]
    elif kind < 0.6:
        tensors[numbers.choice([f"{name}x", name.replace("0", "9"), f"optimizer/{name}", "tally", "random/cpu/9"])] = (
            tensors[name]
        )
    else:
        changed = _tensor(numbers)
        if isinstance(changed, torch.Tensor) and changed.layout == torch.strided and not changed.is_meta:
            tensors[name] = changed
    return _sealed(tensors, record)
