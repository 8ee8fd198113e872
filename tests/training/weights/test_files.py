"""Weights from files into networks."""

from __future__ import annotations

import os
import pickle
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from builder.diagnostics import RunError
from builder.training.folder.checkpoints import Checkpoint, write_checkpoint
from builder.training.weights.files import Loaded, load_weights, read_weights
from tests.training.tiny_task import TinyNetwork

if TYPE_CHECKING:
    from pathlib import Path


class Trap:
    """Would leave a file behind if anybody unpickled it."""

    def __init__(self, path: Path) -> None:
        """Take the file's path."""
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        """Ask the unpickler to make the file."""
        return (self.path.touch, ())


class TestReadWeights:
    """Files of both kinds."""

    def test_safetensors_and_torch_files_hold_the_same(self, tmp_path: Path, network: TinyNetwork) -> None:
        """Which kind it is, the content says, not the name."""
        save_file(network.state_dict(), tmp_path / "one.bin")
        torch.save(network.state_dict(), tmp_path / "two.bin")
        torch.save(network.state_dict(), tmp_path / "three.bin", _use_new_zipfile_serialization=False)
        write_checkpoint(tmp_path / "four.bin", Checkpoint(network.state_dict(), {}))
        for name in ("one", "two", "three", "four"):
            found = read_weights(tmp_path / f"{name}.bin")
            assert found.keys() == network.state_dict().keys()
            assert torch.equal(found["head.weight"], network.head.weight)

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "it is empty"),
            (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
            (b"<!DOCTYPE html><html>", "a web page"),
            (b"hello, these are no weights at all", "its first bytes are neither's"),
        ],
    )
    def test_what_is_no_weights_file_is_said_to_be_none(self, tmp_path: Path, content: bytes, said: str) -> None:
        """In words, where torch ends in KeyError: 101."""
        path = tmp_path / "weights.pth"
        path.write_bytes(content)
        with pytest.raises(RunError, match=r"holds no weights of safetensors or PyTorch") as raised:
            read_weights(path)
        assert said in raised.value.message

    @pytest.mark.parametrize("kept", [9, 100, 1000, 2000])
    def test_a_torn_file_is_an_answer(self, tmp_path: Path, network: TinyNetwork, kept: int) -> None:
        """Of either kind, wherever it is torn."""
        save_file(network.state_dict(), tmp_path / "a")
        torch.save(network.state_dict(), tmp_path / "b")
        torch.save(network.state_dict(), tmp_path / "c", _use_new_zipfile_serialization=False)
        for name in "abc":
            path = tmp_path / name
            path.write_bytes(path.read_bytes()[:kept])
            with pytest.raises(RunError, match=f"{path}"):
                read_weights(path)

    def test_a_flipped_bit_in_a_file_of_ours_is_found(self, tmp_path: Path, network: TinyNetwork) -> None:
        """Its checksum is verified whoever reads it."""
        path = tmp_path / "best.safetensors"
        write_checkpoint(path, Checkpoint(network.state_dict(), {}))
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        with pytest.raises(RunError, match="damaged"):
            read_weights(path)

    def test_nothing_in_a_file_is_executed(self, tmp_path: Path) -> None:
        """Neither in a pickle nor in a file of torch's."""
        for name, write in (("a", lambda trap, path: path.write_bytes(pickle.dumps(trap))), ("b", torch.save)):
            write({"weight": Trap(tmp_path / "sprung")}, tmp_path / name)
            with pytest.raises(RunError, match=r"(is a pickle that|holds more than weights, `).*: it is not read"):
                read_weights(tmp_path / name)
        assert not (tmp_path / "sprung").exists()

    @pytest.mark.parametrize("content", [[torch.ones(1)], {"epoch": 3, "state_dict": {}}, torch.ones(1)])
    def test_what_is_not_tensors_by_name_is_refused(self, tmp_path: Path, content: object) -> None:
        """With how to save them."""
        torch.save(content, tmp_path / "x.pth")
        with pytest.raises(RunError, match="does not hold tensors by name") as raised:
            read_weights(tmp_path / "x.pth")
        assert "torch.save(model.state_dict(), path)" in str(raised.value.hint)

    @pytest.mark.parametrize(
        "wrapper", ["state_dict", "model", "model_state_dict", "net", "params", "model_ema", "ema"]
    )
    def test_a_training_scripts_checkpoint_is_unwrapped(self, tmp_path: Path, wrapper: str) -> None:
        """The weights lie beside an epoch and an optimizer, at times one deeper."""
        weights = {"fc.weight": torch.ones(2)}
        for content in (weights, {"state_dict": weights, "epoch": 3}):
            torch.save({"epoch": 3, "optimizer": {"state": {}}, wrapper: content}, tmp_path / "all.pth")
            assert read_weights(tmp_path / "all.pth").keys() == {"fc.weight"}

    def test_averaged_weights_come_second(self, tmp_path: Path) -> None:
        """Where a file has both, the ones that were trained count."""
        torch.save({"model_ema": {"a": torch.zeros(1)}, "model": {"a": torch.ones(1)}}, tmp_path / "both.pth")
        assert read_weights(tmp_path / "both.pth")["a"].item() == 1

    def test_more_than_weights_is_told_from_damage(self, tmp_path: Path, network: TinyNetwork) -> None:
        """With what it is that is more."""
        path = tmp_path / "whole.pth"
        torch.save({"state_dict": network.state_dict(), "where": tmp_path}, path)
        with pytest.raises(RunError, match=r"holds more than weights, `pathlib\S*\.PosixPath`: it is not read"):
            read_weights(path)
        path.write_bytes(path.read_bytes()[:400])
        with pytest.raises(RunError, match=r"is not a complete PyTorch file"):
            read_weights(path)

    @pytest.mark.parametrize("suffix", ["pth", "safetensors"])
    def test_a_pipe_and_a_device_are_no_file(self, tmp_path: Path, suffix: str) -> None:
        """Reading from them would never end."""
        os.mkfifo(tmp_path / f"pipe.{suffix}")
        (tmp_path / f"zero.{suffix}").symlink_to("/dev/zero")
        for name, kind in (("pipe", "pipe"), ("zero", "device")):
            with pytest.raises(RunError, match=rf"cannot read .*{name}\.{suffix}: it is a {kind}, and no file"):
                read_weights(tmp_path / f"{name}.{suffix}")

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        """As any that can't be read."""
        with pytest.raises(RunError, match=r"cannot read .*nowhere.*: No such file"):
            read_weights(tmp_path / "nowhere")


class TestLoadWeights:
    """By name, with a report."""

    def test_all_of_a_twin_fits(self, network: TinyNetwork) -> None:
        """Bit for bit, batch norm's statistics too."""
        other = TinyNetwork()
        assert load_weights(other, network.state_dict()).complete
        assert all(torch.equal(each, network.state_dict()[name]) for name, each in other.state_dict().items())

    def test_the_report_tells_every_name(self, network: TinyNetwork) -> None:
        """What was loaded, what the file lacks, what the network lacks, what has another shape."""
        state = network.state_dict()
        state["gate.weight"] = state.pop("conv.bias")
        state["head.weight"] = torch.zeros(1000, 128)
        before = network.head.weight.detach().clone()
        found = load_weights(network, state)
        assert found.missing == ("conv.bias",)
        assert found.unexpected == ("gate.weight",)
        assert found.mismatched == ("head.weight",)
        assert set(found.loaded) == network.state_dict().keys() - {"conv.bias", "head.weight"}
        assert not found.complete
        assert torch.equal(network.head.weight, before)

    def test_half_precision_becomes_the_networks_own(self, network: TinyNetwork) -> None:
        """Weights are often published so."""
        state = {name: each.half() if each.is_floating_point() else each for name, each in network.state_dict().items()}
        assert load_weights(network, state).complete
        assert network.head.weight.dtype == torch.float32

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            (torch.full((4,), float("nan")), "infinite values or NaN"),
            (torch.full((4,), float("inf")), "infinite values or NaN"),
            (torch.ones(4, dtype=torch.int64), "holds int64, and the network has float32"),
            (torch.ones(4, dtype=torch.complex64), "holds complex64, and the network has float32"),
        ],
    )
    def test_what_is_no_weight_is_refused_before_anything_changes(
        self, network: TinyNetwork, wrong: torch.Tensor, said: str
    ) -> None:
        """Torch takes all of them without a word."""
        before = {name: each.clone() for name, each in network.state_dict().items()}
        state = {name: each + 1 for name, each in before.items()} | {"head.bias": wrong}
        with pytest.raises(RunError, match=f"`head.bias` .*{said}"):
            load_weights(network, state)
        assert all(torch.equal(each, before[name]) for name, each in network.state_dict().items())

    def test_a_linear_gate_fits_a_pointwise_convolution(self) -> None:
        """And the other way round: on one pixel they compute the same."""
        linear, convolution = nn.Linear(8, 2), nn.Conv2d(8, 2, 1)
        assert load_weights(convolution, linear.state_dict()).reshaped == ("weight",)
        assert torch.equal(convolution.weight.flatten(1), linear.weight)
        other = nn.Linear(8, 2)
        assert load_weights(other, convolution.state_dict()).reshaped == ("weight",)
        assert torch.equal(other.weight, linear.weight)
        assert load_weights(nn.Conv2d(8, 2, 3), linear.state_dict()).mismatched == ("weight",)

    def test_a_gray_networks_first_convolution_sums_the_colors(self) -> None:
        """Its answer to a gray image is then that of the file's network to the same image in three equal colors."""
        color, gray = nn.Conv2d(3, 4, 3), nn.Conv2d(1, 4, 3)
        found = load_weights(gray, color.state_dict())
        assert (found.summed, found.complete) == (("weight",), True)
        image = torch.rand(1, 1, 8, 8)
        assert torch.allclose(gray(image), color(image.expand(-1, 3, -1, -1)), atol=1e-6)

    def test_only_the_first_convolution_does(self) -> None:
        """A depthwise one further on has a single channel for another reason."""
        theirs = nn.Sequential(nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 3))
        ours = nn.Sequential(nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 3, groups=3))
        found = load_weights(ours, theirs.state_dict())
        assert (found.summed, found.mismatched) == ((), ("1.weight",))

    def test_nothing_fits_nothing(self, network: TinyNetwork) -> None:
        """The report is not empty even then."""
        assert load_weights(network, {}) == Loaded((), tuple(network.state_dict()), (), ())
