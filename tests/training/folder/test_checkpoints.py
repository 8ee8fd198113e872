"""Checkpoints: whole, verified, readable by others."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from builder.diagnostics import RunError
from builder.training.folder.checkpoints import Checkpoint, read_checkpoint, write_checkpoint

TENSORS = {
    "model/weight": torch.arange(6.0).reshape(2, 3),
    "model/half": torch.ones(2, dtype=torch.bfloat16),
    "model/steps": torch.tensor(7),
    "model/empty": torch.zeros(0, 3),
    "random/cpu": torch.arange(5, dtype=torch.uint8),
}
RECORD = {"position": {"epoch": 3, "best_accuracy": 0.1 + 0.2}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a small checkpoint."""
    write_checkpoint(tmp_path / "last.safetensors", Checkpoint(TENSORS, RECORD))
    return tmp_path / "last.safetensors"


class TestRoundTrip:
    """What is written is what is read."""

    def test_every_bit_comes_back(self, path: Path) -> None:
        """Tensors of any type and shape, and numbers of the record."""
        found = read_checkpoint(path)
        assert found.record == RECORD
        assert found.tensors.keys() == TENSORS.keys()
        for name, tensor in TENSORS.items():
            assert found.tensors[name].dtype == tensor.dtype
            assert torch.equal(found.tensors[name], tensor)

    def test_a_group_is_the_tensors_of_one_prefix(self, path: Path) -> None:
        """By the rest of their names."""
        assert read_checkpoint(path).group("random").keys() == {"cpu"}

    def test_others_can_read_it(self, path: Path) -> None:
        """It is a plain safetensors file."""
        assert torch.equal(load_file(path)["model/weight"], TENSORS["model/weight"])

    def test_the_same_content_is_the_same_bytes(self, path: Path) -> None:
        """Whatever the order of the names."""
        other = path.with_name("other.safetensors")
        write_checkpoint(other, Checkpoint(dict(reversed(TENSORS.items())), RECORD))
        assert other.read_bytes() == path.read_bytes()

    def test_shared_and_partial_memory_is_written_whole(self, tmp_path: Path) -> None:
        """Tied weights, views of larger tensors and transposed ones."""
        base = torch.arange(12.0).reshape(3, 4)
        tensors = {"one": base, "tied": base, "row": base[1], "turned": base.T}
        write_checkpoint(tmp_path / "x", Checkpoint(tensors, {}))
        found = read_checkpoint(tmp_path / "x").tensors
        assert all(torch.equal(found[name], tensor) for name, tensor in tensors.items())


class TestDamage:
    """Whatever happened to the file, wrong weights never come out of it."""

    def test_every_flipped_byte_is_found(self, path: Path) -> None:
        """Safetensors by itself would read flipped weights without a word."""
        content = path.read_bytes()
        for position in range(len(content)):
            torn = bytearray(content)
            torn[position] ^= 1 << position % 8
            path.write_bytes(torn)
            with pytest.raises(RunError, match=r"damaged|not a complete checkpoint"):
                read_checkpoint(path)

    def test_every_shorter_file_is_found(self, path: Path) -> None:
        """As after a copy that broke off."""
        content = path.read_bytes()
        for length in range(len(content)):
            path.write_bytes(content[:length])
            with pytest.raises(RunError, match=r"damaged|not a complete checkpoint"):
                read_checkpoint(path)

    def test_a_file_of_others_has_no_checksum(self, tmp_path: Path) -> None:
        """And is not taken for a checkpoint."""
        save_file({"weight": torch.ones(2)}, tmp_path / "theirs")
        with pytest.raises(RunError, match="damaged"):
            read_checkpoint(tmp_path / "theirs")

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        """As any that can't be read."""
        with pytest.raises(RunError, match="nowhere"):
            read_checkpoint(tmp_path / "nowhere")

    def test_a_full_disk_is_an_answer(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """And the old checkpoint stays."""

        def full(written: Path, content: bytes) -> None:
            with written.open("wb") as file:
                file.write(content[: len(content) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(Path, "write_bytes", full)
        with pytest.raises(RunError, match=r"cannot write .*last\.safetensors: .*No space left"):
            write_checkpoint(path, Checkpoint({"a": torch.ones(1)}, {}))
        assert read_checkpoint(path).record == RECORD
